"""At a terminal: progress that moves, colours, and Ctrl-C; nothing of it in a pipe."""

import os
import signal
import subprocess
import sys

import pytest

from tests.fixtures.projects import Project
from tests.fixtures.pseudo_terminal import CTRL_C, at_terminal
from tests.fixtures.terminal import environment, finish, printed_outcome, run_on, start_on

A, B = "20240101000000_a", "20240102000000_b"
ESCAPE = "\x1b"
SLEEPING = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


def test_progress_says_which_of_how_many_and_for_how_long(one_project: Project) -> None:
    one_project.write(A, "SELECT 1;")
    one_project.write(B, "SELECT pg_sleep(2.2);")

    with at_terminal(one_project, "deploy") as terminal:
        terminal.wait_for(f"Applying 2 of 2: {B}, 1 s")
        code = terminal.finish()

    assert code == 0
    assert "Migrations completed successfully" in terminal.lines
    assert not any("Applying 2 of 2" in line for line in terminal.lines), "it goes when it is over"


def test_what_is_waited_for_stands_in_the_last_line(one_project: Project) -> None:
    one_project.write(A, "CREATE TABLE a (id int);")
    with one_project.connect() as other:
        other.execute("SELECT pg_advisory_lock(72707369)")
        with at_terminal(one_project, "deploy") as terminal:
            terminal.wait_for(f"Waiting for the advisory lock, 0 s — backend {other.info.backend_pid} ")
            other.execute("SELECT pg_advisory_unlock(72707369)")
            assert terminal.finish() == 0


def test_a_migration_that_waits_for_a_lock_says_for_whom(one_project: Project) -> None:
    one_project.write(A, "CREATE TABLE a (id int);")
    one_project.run()
    one_project.write(B, "-- migrate: lock_timeout=500ms\nALTER TABLE a ADD COLUMN b int;")
    with one_project.connect() as other:
        other.execute("BEGIN; SELECT * FROM a")
        with at_terminal(one_project, "deploy") as terminal:
            terminal.wait_for(f"— waits for a lock: blocked by backend {other.info.backend_pid} ")
            other.execute("COMMIT")
            assert terminal.finish() == 0


def test_the_last_line_is_one_line_however_narrow_the_terminal_is(one_project: Project) -> None:
    name = f"20240102000000_{'long' * 10}"
    one_project.write(A, "CREATE TABLE a (id int);")
    one_project.run()
    one_project.write(name, "-- migrate: lock_timeout=200ms\nALTER TABLE a ADD COLUMN b int;")
    with one_project.connect() as other:
        other.execute("BEGIN; SELECT * FROM a")
        with at_terminal(one_project, "deploy", COLUMNS="40") as terminal:
            terminal.wait_for("has waited for a lock for 1")
            other.execute("COMMIT")
            assert terminal.finish() == 0

    # From where it begins to where it is cleared; behind what is printed above it.
    drawn = [
        f"Applying 1 of 1{line}".rstrip() for text in terminal.drawn for line in text.split(" Applying 1 of 1")[1:]
    ]
    assert len(drawn) >= 3
    assert not [line for line in drawn if "\n" in line or len(f"| {line}") > 40]
    assert drawn[-1].endswith("…")


def test_ctrl_c_leaves_a_clean_verdict(one_project: Project) -> None:
    """The server confirmed the rollback before it is told; the history has the attempt; the next deploy goes on."""
    one_project.write(A, "CREATE TABLE a (id int);")
    one_project.write(B, "CREATE TABLE b (id int); SELECT pg_sleep(60);")

    with at_terminal(one_project, "deploy") as terminal:
        terminal.wait_for("Applying 2 of 2")
        while not one_project.query(SLEEPING):
            pass
        terminal.type(CTRL_C)
        code = terminal.finish()

    assert code == 130
    verdict = next(line for line in terminal.lines if line.startswith("ERROR: "))
    assert verdict == (
        f"ERROR: M606 Migration {B} was cancelled in statement 2 (line 1, column 26), because the run was interrupted. "
        "Nothing of it is in the database. Run it again: the next run goes on from there."
    )
    assert one_project.tables() == {"a"}
    assert one_project.held_advisory_locks() == 0
    one_project.write(B, "CREATE TABLE b (id int);")
    assert run_on(one_project, "deploy").exit_code == 0


def test_a_stopped_container_gets_the_same_verdict(one_project: Project) -> None:
    one_project.write(A, "CREATE TABLE a (id int); SELECT pg_sleep(60);")
    process = start_on(one_project, "deploy")
    while not one_project.query(SLEEPING):
        assert process.poll() is None
    os.kill(process.pid, signal.SIGTERM)

    ended = finish(process)

    assert (ended.exit_code, ended.outcome["error"]["code"], ended.outcome["status"]) == (143, "M606", "failed")
    assert one_project.tables() == set()


def test_ctrl_c_while_another_runner_holds_the_lock_ends_the_waiting(one_project: Project) -> None:
    """At once, and not when the time for a verdict is over, of which there is no end here."""
    one_project.write(A, "CREATE TABLE a (id int);")
    with one_project.connect() as other:
        other.execute("SELECT pg_advisory_lock(72707369)")
        with at_terminal(one_project, "deploy", MIGRATE_RESERVE_S="5000") as terminal:
            terminal.wait_for("Waiting for the advisory lock")
            terminal.type(CTRL_C)
            code = terminal.finish()

    assert code == 130
    assert any(line.startswith("ERROR: M607 The run was interrupted while waiting for") for line in terminal.lines)


def test_ctrl_c_before_anything_runs_says_that_nothing_was_run(one_project: Project) -> None:
    """Here while connecting, to an address that says nothing."""
    one_project.write(A, "SELECT 1;")
    url = "postgresql://app:x@192.0.2.1/shop"  # the network for examples, which leads nowhere
    with at_terminal(one_project, "deploy", "--database-url", url) as terminal:
        terminal.wait_for("1 migration found")
        terminal.type(CTRL_C)
        assert terminal.finish() == 130

    assert any(
        line.startswith("ERROR: M610 The run was interrupted before it began; nothing was run.")
        for line in terminal.lines
    )


@pytest.mark.parametrize(
    "script",
    ["CREATE TABLE b (id int); SELECT pg_sleep(60);", "CREATE INDEX CONCURRENTLY i ON a ((pg_sleep(60) IS NULL));"],
    ids=["atomic", "concurrent"],
)
def test_a_second_ctrl_c_ends_at_once_and_does_not_say_that_nothing_was_run(one_project: Project, script: str) -> None:
    one_project.write(A, "CREATE TABLE a (id int); INSERT INTO a VALUES (1);")
    one_project.write(B, script.replace("pg_sleep(60) IS NULL", "slow(id)"))
    one_project.query("CREATE FUNCTION slow(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1 FROM pg_sleep(60)'")

    with at_terminal(one_project, "deploy") as terminal:
        while not one_project.query(SLEEPING):
            terminal.read()
        terminal.type(CTRL_C)
        terminal.wait_for("Interrupted: ")
        terminal.type(CTRL_C)
        assert terminal.finish() == 130

    verdict = next(line for line in terminal.lines if line.startswith("ERROR: "))
    assert verdict.startswith(("ERROR: M610 The run was cut off", f"ERROR: M606 Migration {B} was cancelled"))
    while one_project.held_advisory_locks():
        pass
    assert one_project.tables() == {"a"}


def test_who_closes_the_terminal_leaves_a_verdict_in_the_history(one_project: Project) -> None:
    one_project.write(A, "CREATE TABLE a (id int); SELECT pg_sleep(60);")
    process = start_on(one_project, "deploy")
    while not one_project.query(SLEEPING):
        assert process.poll() is None
    os.kill(process.pid, signal.SIGHUP)

    assert finish(process).exit_code == 129
    assert [row["rolled_back_at"] is not None for row in one_project.rows()] == [True]


def test_a_window_that_is_closed_over_a_run_leaves_a_verdict_too(one_project: Project) -> None:
    """The system sends SIGHUP, and takes nothing that is still written."""
    one_project.write(A, "CREATE TABLE a (id int); SELECT pg_sleep(60);")
    with at_terminal(one_project, "deploy") as terminal:
        while not one_project.query(SLEEPING):
            terminal.read()
    _, status = os.waitpid(terminal.pid, 0)

    assert os.waitstatus_to_exitcode(status) == 129
    assert [row["rolled_back_at"] is not None for row in one_project.rows()] == [True]


def test_who_reads_may_die_of_the_same_ctrl_c(one_project: Project) -> None:
    """As in `deploy --json 2>&1 >out.json | tee log`."""
    one_project.write(A, "CREATE TABLE a (id int); SELECT pg_sleep(60);")
    process = start_on(one_project, "deploy")
    assert process.stderr is not None
    while not one_project.query(SLEEPING):
        assert process.poll() is None
    process.stderr.close()
    os.kill(process.pid, signal.SIGINT)

    assert process.stdout is not None
    outcome = printed_outcome(process.stdout.read())
    assert (process.wait(), outcome["error"]["code"]) == (130, "M606")
    process.stdout.close()


def test_ctrl_c_while_the_program_is_imported_is_no_traceback() -> None:
    script = """
import sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting())
from lambda_fn.cli import main
sys.exit(main(["status"]))
"""
    ended = subprocess.run(
        [sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "Interrupted. Nothing was run.\n")


def test_a_failure_is_shown_in_colour_and_as_a_whole_line(one_project: Project) -> None:
    one_project.write(A, "SELECT 1;\nSELECT nonsense;")

    with at_terminal(one_project, "deploy") as terminal:
        assert terminal.finish() == 5

    assert f"{ESCAPE}[1;31mERROR: P3018 Migration {A} failed" in terminal.shown
    assert "    2 | SELECT nonsense;" in terminal.lines


@pytest.mark.parametrize("variables", [{"CI": "true"}, {"TERM": "dumb"}], ids=["pipeline", "dumb"])
def test_lines_only_where_nobody_looks_on(one_project: Project, variables: dict[str, str]) -> None:
    one_project.write(A, "SELECT nonsense;")

    with at_terminal(one_project, "deploy", **variables) as terminal:
        assert terminal.finish() == 5

    assert ESCAPE not in terminal.shown
    assert terminal.shown.startswith("Running Database Migrations\r\n1 migration found in ")


def test_no_color_takes_the_colours_away(one_project: Project) -> None:
    one_project.write(A, "SELECT nonsense;")

    with at_terminal(one_project, "deploy", NO_COLOR="1") as terminal:
        assert terminal.finish() == 5

    assert f"{ESCAPE}[1;31m" not in terminal.shown


def test_a_pipe_gets_no_control_codes_and_grep_finds_the_whole_deploy(one_project: Project) -> None:
    """The guide looks at its logs with `grep -A 10 "Running Database Migrations"`."""
    one_project.write(A, "CREATE TABLE a (id int);")
    place = f"--database-url '{one_project.url}' --migrations '{one_project.directory}'"

    ended = subprocess.run(
        f"{sys.executable} -m lambda_fn deploy {place} | grep -A 10 'Running Database Migrations'",
        shell=True,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert ended.stdout.splitlines() == [
        "Running Database Migrations",
        f"1 migration found in {one_project.directory}",
        f"Applying migration `{A}`",
        ended.stdout.splitlines()[3],
        "The following migration(s) have been applied:",
        "migrations/",
        f"  └─ {A}/",
        "    └─ migration.sql",
        f"The following migrations have been applied: {A}",
        "All migrations have been successfully applied.",
        "Migrations completed successfully",
    ]
    assert ESCAPE not in ended.stdout + ended.stderr
