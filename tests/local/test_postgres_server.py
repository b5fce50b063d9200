"""The throw-away server: a real one, of each PostgreSQL found, that leaves nothing behind."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

import local.postgres
import local.postgres_home
from local.bound_child import Identity
from local.invocation import PROJECT_ROOT
from local.postgres import Binaries, Origin, PostgresServer, ServerAddress, ServerStartFailed, find_binaries
from local.postgres_home import is_open_to_others

NOBODY = 65534
LIMIT_S = 20.0
ORIGINS: tuple[Origin, ...] = ("wheel", "machine")

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change to another user")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")


def binaries_of(origin: Origin) -> Binaries:
    found = find_binaries(origin)
    if not found:
        pytest.skip(f"no PostgreSQL from the {origin}")
    return found[0]


@pytest.fixture(scope="module", params=ORIGINS)
def server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    settings: dict[str, str | int] = {"max_prepared_transactions": 5, "log_statement": "all"}
    with PostgresServer(binaries_of(request.param), settings=settings) as running:
        yield running


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + LIMIT_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def has_ended(pid: int) -> bool:
    """Tell whether a process has ended; one that nobody has waited for yet is a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


def test_is_the_version_that_its_binaries_say(server: PostgresServer) -> None:
    with server.connect() as connection:
        row = connection.execute("SHOW server_version").fetchone()
    assert row is not None
    assert row[0].split()[0] == server.address.version


def test_takes_settings(server: PostgresServer) -> None:
    with server.connect() as connection:
        rows = connection.execute(
            "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'max_prepared_transactions')"
        )
        assert dict(rows.fetchall()) == {"fsync": "off", "max_prepared_transactions": "5"}


def test_writes_a_log(server: PostgresServer) -> None:
    with server.connect() as connection:
        connection.execute("SELECT 'seen in the log'")
    assert "SELECT 'seen in the log'" in server.log


def test_creates_and_drops_databases_of_any_name(server: PostgresServer) -> None:
    url = server.create_database('a "b"/c?')
    with psycopg.connect(url) as connection:
        assert connection.info.dbname == 'a "b"/c?'
        server.drop_database('a "b"/c?')
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


def test_dropping_an_absent_database_is_fine(server: PostgresServer) -> None:
    server.drop_database("absent")

    with server.connect() as connection:
        assert connection.execute("SELECT 1 FROM pg_database WHERE datname = 'absent'").fetchone() is None


@pytest.mark.parametrize("password", ["wrong", ""])
def test_refuses_a_wrong_password(server: PostgresServer, password: str) -> None:
    address = server.address
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host=address.host, port=address.port, user=address.user, password=password, dbname="postgres")


def test_stores_passwords_for_scram(server: PostgresServer) -> None:
    with server.connect() as connection:
        row = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname = current_user").fetchone()
    assert row is not None
    assert row[0].startswith("SCRAM-SHA-256$")


def test_shows_no_password(server: PostgresServer) -> None:
    assert server.address.password not in f"{server!r} {server.address!r}"


def test_percent_encodes_urls() -> None:
    address = ServerAddress("127.0.0.1", 5432, "a@b", "p:/?#", "18.6", Path("/bin"))
    assert address.url("c d") == "postgresql://a%40b:p%3A%2F%3F%23@127.0.0.1:5432/c%20d"


@pytest.mark.parametrize("mode", ["fast", "immediate", "kill"])
def test_keeps_its_data_and_address_over_stop_and_start(server: PostgresServer, mode: local.postgres.StopMode) -> None:
    before = server.address
    with psycopg.connect(server.create_database(f"kept_{mode}")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    server.stop(mode)
    assert server.pid is None
    server.start()
    assert server.address == before
    with server.connect(f"kept_{mode}") as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_cannot_start_twice(server: PostgresServer) -> None:
    with pytest.raises(RuntimeError, match="running already"):
        server.start()


@pytest.fixture
def homes(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The directories that servers of this test were given."""
    made: list[Path] = []
    create_home = local.postgres_home.create_home

    def recording(identity: Identity | None) -> Path:
        made.append(create_home(identity))
        return made[-1]

    monkeypatch.setattr(local.postgres, "create_home", recording)
    return made


def test_leaves_nothing_behind_after_an_error_in_the_block(homes: list[Path]) -> None:
    def fail_in_the_block() -> None:
        with PostgresServer() as server:
            pids.append(server.pid or 0)
            raise ZeroDivisionError

    pids: list[int] = []
    with pytest.raises(ZeroDivisionError):
        fail_in_the_block()
    assert [has_ended(pid) for pid in pids] == [True]
    assert [home.exists() for home in homes] == [False]


def test_says_why_it_did_not_start_and_leaves_nothing_behind(homes: list[Path]) -> None:
    with (
        pytest.raises(ServerStartFailed, match="no_such_setting"),
        PostgresServer(settings={"no_such_setting": 1}),
    ):
        pytest.fail("it started")
    assert [home.exists() for home in homes] == [False]


PARENT = """
import sys, time
from local.postgres import PostgresServer
with PostgresServer() as server:
    print(server.pid, server.home, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as p:
        yield p
        p.kill()


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that all users can enter; pytest's are closed."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def report_of(parent: subprocess.Popen[str]) -> tuple[int, Path]:
    assert parent.stdout
    pid, home = parent.stdout.readline().split()
    return int(pid), Path(home)


@on_linux
def test_ends_with_a_killed_parent(parent: subprocess.Popen[str]) -> None:
    pid, home = report_of(parent)
    assert not has_ended(pid)
    parent.kill()
    assert eventually(lambda: has_ended(pid))
    shutil.rmtree(home)


def test_leaves_nothing_behind_after_ctrl_c(parent: subprocess.Popen[str]) -> None:
    pid, home = report_of(parent)
    parent.send_signal(signal.SIGINT)
    parent.wait(LIMIT_S)
    assert has_ended(pid)
    assert not home.exists()


def test_leaves_nothing_behind_after_ctrl_c_in_the_midst_of_initdb(open_directory: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(open_directory)}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], cwd=PROJECT_ROOT, env=environment, stderr=subprocess.DEVNULL
    ) as parent:
        assert eventually(lambda: any(open_directory.glob("*/data/base")))
        parent.send_signal(signal.SIGINT)
    assert list(open_directory.iterdir()) == []


@as_root
def test_runs_as_nobody_when_started_by_root(server: PostgresServer) -> None:
    assert Path(f"/proc/{server.pid}").stat().st_uid == server.home.stat().st_uid != 0


@as_root
def test_copies_a_wheel_that_nobody_cannot_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = binaries_of("wheel")
    monkeypatch.setattr(local.postgres_home, "is_open_to_others", lambda path: wheel.directory not in path.parents)
    with PostgresServer(wheel) as server:
        assert server.address.bin_directory.is_relative_to(server.home)


@as_root
def test_runs_for_a_plain_user() -> None:
    binaries = find_binaries()[0]
    script = (
        "from local.postgres import PostgresServer, find_binaries\n"
        "with PostgresServer(find_binaries()[0]) as server, server.connect() as connection:\n"
        "    print(connection.execute('SHOW server_version').fetchone()[0].split()[0])\n"
    )
    path = os.pathsep.join((str(PROJECT_ROOT), str(Path(psycopg.__file__).parents[1])))
    answer = subprocess.run(
        [open_python(), "-B", "-c", script],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd="/",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (answer.stdout.strip(), answer.stderr) == (binaries.version, "")


def open_python() -> str:
    """Return an interpreter of this version that another user can run, with a project that it can read."""
    machine = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, machine):
        if Path(candidate).exists() and is_open_to_others(Path(candidate)) and is_open_to_others(PROJECT_ROOT):
            return candidate
    pytest.skip("the interpreter or the project is closed to other users")


def test_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = find_binaries()[-1]
    monkeypatch.setenv("PGBIN", str(chosen.directory))
    first = find_binaries()[0]
    assert (first.directory, first.origin) == (chosen.directory, "environment")


def test_empty_directories_are_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PGBIN", str(tmp_path))
    assert find_binaries("environment") == []
