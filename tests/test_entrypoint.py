"""`deploy -- CMD ARGS…` as the entrypoint of a container: migrate, then become the application."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.fixtures.projects import Project
from tests.fixtures.terminal import start

A, B = "20240101000000_a", "20240102000000_b"
APPLICATION = """
import json, os, sys
print(json.dumps({"pid": os.getpid(), "arguments": sys.argv[1:], "url": os.environ["DATABASE_URL"]}))
"""
WAITING = """
import os, signal, sys, time
def end(number, frame):
    os.write(1, b"the application got SIGTERM\\n")
    os._exit(3)
signal.signal(signal.SIGTERM, end)
print("listening", flush=True)
while True:
    time.sleep(0.1)  # a signal that comes right before a sleep does not end it
"""
STARTED_AT_ONCE = 10


def container(project: Project, *command: str) -> subprocess.Popen[str]:
    """The entrypoint of a container whose settings are in its environment."""
    return start("deploy", "--", *command, DATABASE_URL=project.url, MIGRATE_DIR=str(project.directory))


def finished(process: subprocess.Popen[str]) -> tuple[int, list[str], str]:
    """The exit code, the lines of standard output and standard error."""
    stdout, stderr = process.communicate(timeout=60)
    return process.returncode, stdout.splitlines(), stderr


def test_the_application_starts_in_the_same_process_once_the_migrations_are_applied(one_project: Project) -> None:
    one_project.write(A, "CREATE TABLE a (id int);")

    process = container(one_project, sys.executable, "-c", APPLICATION, "--port", "3000", "--", "x")
    code, lines, stderr = finished(process)

    assert (code, stderr) == (0, "")
    assert lines[-2] == "Migrations completed successfully"
    application = json.loads(lines[-1])
    assert application == {
        "pid": process.pid,
        "arguments": ["--port", "3000", "--", "x"],
        "url": one_project.url,
    }
    assert one_project.tables() == {"a"}


def test_a_broken_pipe_ends_the_application_as_if_it_had_been_started_by_itself(one_project: Project) -> None:
    """Python ignores SIGPIPE, which a program would inherit; and what a shell inherits as ignored it cannot reset."""
    one_project.write(A, "SELECT 1;")

    code, lines, _ = finished(container(one_project, "sh", "-c", "trap - PIPE; kill -PIPE $$; echo survived"))

    assert (code, lines[-1]) == (-signal.SIGPIPE, "Migrations completed successfully")


def test_signals_reach_the_application(one_project: Project) -> None:
    one_project.write(A, "SELECT 1;")
    process = container(one_project, sys.executable, "-c", WAITING)
    assert process.stdout is not None
    while process.stdout.readline() != "listening\n":
        assert process.poll() is None
    os.kill(process.pid, signal.SIGTERM)

    code, lines, _ = finished(process)

    assert (code, lines) == (3, ["the application got SIGTERM"])


def test_the_applications_exit_code_is_the_containers(one_project: Project) -> None:
    one_project.write(A, "SELECT 1;")

    assert finished(container(one_project, "sh", "-c", "exit 42"))[0] == 42


def test_a_failed_migration_stops_the_container(one_project: Project) -> None:
    one_project.write(A, "SELECT nonsense;")

    code, lines, _ = finished(container(one_project, "echo", "the application"))

    assert (code, "the application" in lines) == (5, False)
    assert any(line.startswith(f"ERROR: P3018 Migration {A} failed to apply") for line in lines)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (["no-such-program"], "there is no such program on the PATH"),
        (["./no-such-program"], "there is no such file"),
        ([], "there is nothing"),
        (["./tests"], "it is a directory"),
        (["./README.md"], "the file has no right to be executed (chmod +x)"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_program_that_cannot_be_run_is_told_before_anything_is_changed(
    one_project: Project, command: Sequence[str], reason: str
) -> None:
    one_project.write(A, "CREATE TABLE a (id int);")

    code, lines, _ = finished(container(one_project, *command))

    assert code == 2
    assert lines == [
        f"ERROR: M115 What stands behind -- cannot be run: {reason}. Nothing was changed. "
        "Give a program and its arguments, as in migrate-lambda deploy -- node server.js."
    ]
    assert one_project.tables_with_history() == set()


def test_a_file_that_cannot_be_run_is_told(one_project: Project, tmp_path: Path) -> None:
    one_project.write(A, "CREATE TABLE a (id int);")
    script = tmp_path / "start.sh"
    script.write_text("echo no interpreter is named\n")
    script.chmod(0o755)

    code, _, stderr = finished(container(one_project, str(script)))

    assert code == 126
    assert stderr == f"ERROR: The migrations are applied, but {script} could not be started: Exec format error.\n"


def test_a_container_that_is_stopped_while_it_migrates_does_not_start_the_application(one_project: Project) -> None:
    one_project.write(A, "CREATE TABLE a (id int); SELECT pg_sleep(60);")
    process = container(one_project, "echo", "the application")
    while not one_project.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"):
        assert process.poll() is None
    os.kill(process.pid, signal.SIGTERM)

    code, lines, _ = finished(process)

    assert (code, "the application" in lines) == (143, False)
    assert one_project.tables() == set()


def test_of_ten_that_start_at_once_one_applies_and_all_start(one_project: Project) -> None:
    one_project.write(A, "CREATE TABLE a (id int); SELECT pg_sleep(0.5);")
    one_project.write(B, "INSERT INTO a VALUES (1);")

    started = [container(one_project, "echo", "the application") for _ in range(STARTED_AT_ONCE)]
    ended = [finished(process) for process in started]

    assert [(code, lines[-1]) for code, lines, _ in ended] == [(0, "the application")] * STARTED_AT_ONCE
    assert [lines.count(f"Applying migration `{A}`") for _, lines, _ in ended].count(1) == 1
    assert one_project.query("SELECT id FROM a") == [{"id": 1}]
    assert len(one_project.rows()) == 2
