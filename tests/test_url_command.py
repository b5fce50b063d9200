"""`url encode` and `url check`."""

import io
import json
import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest

from lambda_fn.cli import url
from lambda_fn.cli.command import Given
from lambda_fn.errors import RequestInvalid, SettingsInvalid
from tests.fixtures.projects import ROOT

ENCODE, CHECK = (command.carry_out for command in url.OF_URL)
PASSWORD, ENCODED = "hunter2 #?/%é", "hunter2%20%23%3F%2F%25%C3%A9"


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory without files, and no URL in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)


def explained(capsys: pytest.CaptureFixture[str], given: str | None, *, as_json: bool = False) -> tuple[int, str]:
    code = CHECK(Given(url=given, json=as_json))
    said = capsys.readouterr()
    assert "hunter" not in said.out + said.err
    return code, said.out


def test_a_password_is_printed_encoded_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert ENCODE(Given(password=PASSWORD)) == 0
    assert capsys.readouterr() == (f"{ENCODED}\n", "")


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\nanother line\n"])
def test_without_one_a_line_of_standard_input_is_taken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + end, newline=""))

    assert ENCODE(Given(password=None)) == 0
    assert capsys.readouterr() == (f"{ENCODED}\n", "")


def test_on_a_terminal_it_is_asked_for_without_showing_it() -> None:
    program = "from lambda_fn.cli import url; from lambda_fn.cli.command import Given; url.encode(Given(password=None))"
    keyboard, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        start_new_session=True,  # or it would be asked for on the terminal that the tests are run from
    ) as process:
        assert process.stderr is not None
        if not select.select([process.stderr], [], [], 20)[0]:
            process.kill()
        assert process.stderr.read(len("Password: ")) == b"Password: "
        os.write(keyboard, f"{PASSWORD}\n".encode())
        stdout, _ = process.communicate(timeout=20)
    os.close(terminal)
    os.set_blocking(keyboard, False)
    echoed = _all_of(keyboard)
    os.close(keyboard)

    assert (process.returncode, stdout) == (0, f"{ENCODED}\n".encode())
    assert b"hunter2" not in echoed


def _all_of(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 10_000)
    except OSError:  # nothing was written
        return b""


@pytest.mark.parametrize("password", ["", "a\0b", "a\udcffb"])
def test_what_no_database_takes_for_a_password_is_refused(password: str) -> None:
    with pytest.raises(RequestInvalid):
        ENCODE(Given(password=password))


def test_a_good_url_is_explained_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = explained(capsys, "postgresql://app:hunter2@db.internal:6432/shop?connection_limit=5")

    assert code == 0
    assert said.splitlines() == [
        "user: app",
        "password: 7 characters",
        "host: db.internal",
        "port: 6432",
        "database: shop",
        "schema: public, as none is given",
        "TLS: verify-full: encrypted; the server's certificate and its name are checked; trusted authorities: those of "
        "Amazon RDS",
        "connection_limit: is for the connection pool of Prisma's client, and there is none here",
        "WARNING: 6432 is the port of PgBouncer; migrations need the database's own endpoint (M303).",
    ]


def test_a_bad_url_is_explained_with_how_it_should_be(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = explained(capsys, "postgresql://app:hunt#er2@db.internal/shop")

    assert code == 2
    assert said.splitlines() == [
        "ERROR: P1013 The provided database string is invalid. invalid port number in database URL. The password "
        "contains # (character 5): write %23. Or give the parts in a secret, where nothing needs encoding.",
        "Most likely it should be: postgresql://app:***@db.internal/shop",
    ]


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    good = explained(capsys, "postgresql://localhost/shop?utm=1", as_json=True)
    bad = explained(capsys, "mysql://app:hunter2@db/shop", as_json=True)

    assert (good[0], json.loads(good[1])) == (
        0,
        {
            "valid": True,
            "parts": {
                "user": "none; it is the user of this process, unless PGUSER says another",
                "password": "none",
                "host": "localhost",
                "port": "5432, as none is given",
                "database": "shop",
                "schema": "public, as none is given",
            },
            "tls": "prefer: encrypted if the server offers it; nothing of the server is checked",
            "dropped": [{"parameter": "utm", "reason": "is not known here"}],
            "warnings": [],
            "error": None,
            "corrected": None,
        },
    )
    told = json.loads(bad[1])
    assert (bad[0], told["valid"], told["error"]["code"]) == (2, False, "P1013")
    assert told["error"]["nextStep"].startswith("This is a URL of MySQL or MariaDB;")


def test_by_default_it_is_the_url_of_the_environment_else_of_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(".env").write_text("DATABASE_URL=postgresql://app:hunter2@of-the-file/shop\n")

    CHECK(Given(url=None, json=False))
    of_the_file = capsys.readouterr()
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:hunter2@of-the-process/shop")
    CHECK(Given(url=None, json=False))
    of_the_process = capsys.readouterr()

    assert "host: of-the-file\n" in of_the_file.out
    assert of_the_file.err == "Environment variables loaded from .env\n"
    assert "host: of-the-process\n" in of_the_process.out
    assert of_the_process.err == ""


@pytest.mark.parametrize("empty", ["", " "])
@pytest.mark.parametrize("place", [".env", "packages/prisma/.env"])
def test_a_file_beside_the_schema_is_seen_as_by_the_actions_and_an_empty_variable_hides_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, place: str, empty: str
) -> None:
    Path("packages/prisma/migrations/20240101000000_a").mkdir(parents=True)
    Path("packages/prisma/migrations/20240101000000_a/migration.sql").write_text("SELECT 1;")
    Path("package.json").write_text("{}")
    Path(place).write_text("DATABASE_URL=postgresql://app:hunter2@of-the-file/shop\n")
    monkeypatch.setenv("DATABASE_URL", empty)

    assert CHECK(Given(url=None, json=False)) == 0

    said = capsys.readouterr()
    assert "host: of-the-file\n" in said.out
    assert said.err == f"Environment variables loaded from {place}\n"


def test_without_any_url_it_is_said_what_to_set() -> None:
    with pytest.raises(SettingsInvalid) as refused:
        CHECK(Given(url=None, json=False))

    assert refused.value.code == "M202"
    assert all(word in refused.value.next_step for word in ("DATABASE_URL", ".env", "--secret", "--database-url"))
