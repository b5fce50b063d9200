"""The terminal as a process of its own: pipes, signals, full disks, and what it insists on."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fixtures.projects import Project
from tests.fixtures.terminal import environment, finish, run_on, start, start_in, start_on

A, B = "20240101000000_a", "20240102000000_b"
NOWHERE = "postgresql://app:hunter2@127.0.0.1:1/shop"


def test_a_process_of_its_own_does_the_same(one_project: Project) -> None:
    one_project.write(A, "CREATE TABLE a (id int);")

    pending, deployed, done = (run_on(one_project, action) for action in ("status", "deploy", "status"))

    assert (pending.exit_code, deployed.exit_code, done.exit_code) == (1, 0, 0)
    assert deployed.outcome["status"] == "applied"
    assert "Migrations completed successfully" in deployed.stderr


def test_a_terminal_that_knows_only_ascii_is_no_reason_to_fail(one_project: Project) -> None:
    """The tree of applied migrations has lines in it that ASCII lacks."""
    one_project.write("20240101000000_ü", "CREATE TABLE a (id int);")
    command = [sys.executable, "-m", "lambda_fn", "deploy", "--database-url", one_project.url]

    ended = subprocess.run(
        [*command, "--migrations", str(one_project.directory)],
        env=environment(PYTHONIOENCODING="ascii"),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.endswith("Migrations completed successfully\n")


def test_a_reader_that_goes_away_stops_no_deploy(one_project: Project) -> None:
    """As in `deploy | head -1`: what is in the database must not depend on who looks on."""
    one_project.write(A, "CREATE TABLE a (id int);")
    one_project.write(B, "CREATE TABLE b (id int);")
    command = [sys.executable, "-m", "lambda_fn", "deploy", "--database-url", one_project.url]
    process = subprocess.Popen(
        [*command, "--migrations", str(one_project.directory)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    process.stdout.close()
    process.wait()

    assert one_project.tables() == {"a", "b"}


def test_the_directory_has_to_be_there_or_named(one_project: Project, tmp_path: Path) -> None:
    """The one beside the program would else end in whatever database is configured."""
    (elsewhere := tmp_path / "elsewhere").mkdir()
    for arguments in ([], ["--migrations", ""]):
        ended = finish(start_in(elsewhere, "deploy", "--database-url", one_project.url, *arguments))
        assert ended.exit_code == 2
        assert "--migrations" in ended.stdout
    assert one_project.tables_with_history() == set()


@pytest.mark.parametrize("place", ["migrations", "prisma/migrations", "packages/prisma/migrations"])
def test_the_only_directory_in_a_usual_place_is_found(one_project: Project, tmp_path: Path, place: str) -> None:
    one_project.write(A, "CREATE TABLE a (id int);")
    shutil.copytree(one_project.directory, (team := tmp_path / "team") / place)

    ended = finish(start_in(team, "deploy", "--json", DATABASE_URL=one_project.url))

    assert (ended.exit_code, ended.outcome["directory"]) == (0, str(team / place))


def test_an_empty_url_is_not_another_one(one_project: Project) -> None:
    ended = finish(
        start("deploy", "--database-url", "", "--migrations", str(one_project.directory), DATABASE_URL=one_project.url)
    )

    assert ended.exit_code == 2
    assert "--database-url" in ended.stdout


def test_a_repeated_option_adds_to_the_names(one_project: Project) -> None:
    for name in (A, B):
        one_project.write(name, "SELECT 1;")

    ended = run_on(one_project, "resolve", "--applied", A, "--applied", B)

    assert ended.outcome["resolved"] == [A, B]


def test_resolving_one_of_two_failed_migrations_succeeds(one_project: Project) -> None:
    one_project.write(A, "SELECT 1;")
    one_project.run()
    for name in ("x", "y"):
        one_project.query(
            "INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES (%s, '', %s, now())",
            name,
            name,
        )

    assert run_on(one_project, "resolve", "--rolled-back", "x").exit_code == 0
    assert run_on(one_project, "status").exit_code == 4


def test_an_interrupted_deploy_says_so_and_leaves_nothing(one_project: Project) -> None:
    one_project.write(A, "CREATE TABLE a (id int); SELECT pg_sleep(1.5);")
    process = start_on(one_project, "deploy")
    while not one_project.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"):
        assert process.poll() is None
    os.kill(process.pid, signal.SIGINT)

    ended = finish(process)

    assert (ended.exit_code, ended.outcome["error"]["code"]) == (130, "M606")
    assert "Traceback" not in ended.stderr
    assert "Interrupted: " in ended.stderr
    while one_project.held_advisory_locks():
        time.sleep(0.05)
    assert one_project.tables() == set()


def test_a_full_disk_behind_the_output_stops_no_deploy(one_project: Project) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("the system has no /dev/full")
    one_project.write(A, "CREATE TABLE a (id int);")
    command = [sys.executable, "-m", "lambda_fn", "deploy", "--database-url", one_project.url]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [*command, "--migrations", str(one_project.directory)],
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert one_project.tables() == {"a"}
    assert ended.stderr.startswith("WARNING: The output could not be written: No space left on device.\n")


def test_streams_that_a_shell_has_closed_are_no_bug(one_project: Project) -> None:
    one_project.write(A, "CREATE TABLE a (id int);")
    place = f"--database-url '{one_project.url}' --migrations '{one_project.directory}'"

    ended = subprocess.run(
        f"{sys.executable} -m lambda_fn deploy {place} >&- 2>&- <&-", shell=True, env=environment(), check=False
    )

    assert (ended.returncode, one_project.tables()) == (0, {"a"})
