"""Several runners at once."""

import os
import random
import signal
import time

import pytest

from lambda_fn.domain.outcome import Status
from tests.fixtures.projects import Project
from tests.fixtures.sessions import open_session
from tests.fixtures.terminal import finish, run_on, start_on

ROUNDS = 20


@pytest.mark.timeout(240)
def test_of_three_processes_started_together_exactly_one_applies_twenty_times(one_project: Project) -> None:
    for number in range(ROUNDS):
        one_project.write(f"{20240101000000 + number}_m{number}", f"CREATE TABLE t{number} (id int);")

        runners = [start_on(one_project, "deploy") for _ in range(3)]
        ended = [finish(runner) for runner in runners]

        assert [runner.exit_code for runner in ended] == [0, 0, 0]
        statuses = sorted(runner.outcome["status"] for runner in ended)
        assert statuses == [Status.APPLIED, Status.UP_TO_DATE, Status.UP_TO_DATE]
        assert len(one_project.rows()) == number + 1


def test_a_runner_that_gives_up_waiting_names_the_holder_of_the_lock(project: Project) -> None:
    project.write("20240101000000_a", "CREATE TABLE a (id int);")
    with open_session(project):
        outcome = project.run(lockWaitS=0.3)

    error = outcome.error
    assert error is not None
    assert (type(error).__name__, error.code, error.exit_code) == ("LockTimeout", "P1002", 3)
    assert "mig/test-run" in error.headline
    assert f"user {project.server.address.user}" in error.headline
    assert project.tables() == set()
    waiting = [line for line in project.reporter.lines if line.startswith("Waiting for the advisory lock")]
    assert waiting


def test_no_lock_is_needed_where_nothing_is_pending(project: Project) -> None:
    project.write("20240101000000_a", "CREATE TABLE a (id int);")
    project.run()
    with open_session(project):
        assert project.run(lockWaitS=0).status is Status.UP_TO_DATE
        assert project.run("status").status is Status.UP_TO_DATE
        assert project.run("plan").status is Status.UP_TO_DATE
        assert project.run("verify").status is Status.UP_TO_DATE


def test_a_lock_in_another_database_of_the_server_does_not_matter(project: Project) -> None:
    project.write("20240101000000_a", "CREATE TABLE a (id int);")
    with project.server.connect() as elsewhere:
        elsewhere.execute("SELECT pg_advisory_lock(72707369)")

        assert project.run(lockWaitS=0).status is Status.APPLIED


def is_working(project: Project) -> bool:
    activity = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
    return int(project.value(activity)) > 0


def wait_until_free(project: Project, limit_s: float = 15.0) -> None:
    give_up_at = time.monotonic() + limit_s
    while project.held_advisory_locks():
        assert time.monotonic() < give_up_at, "the dead runner's session still holds the advisory lock"
        time.sleep(0.05)


def test_a_runner_killed_in_the_middle_of_a_script_leaves_nothing_and_the_next_run_goes_on(project: Project) -> None:
    project.write("20240101000000_a", "CREATE TABLE a (id int); SELECT pg_sleep(30); CREATE TABLE b (id int);")
    runner = start_on(project, "deploy")
    while not is_working(project):
        assert runner.poll() is None
        time.sleep(0.02)
    os.kill(runner.pid, signal.SIGKILL)
    finish(runner)
    project.write("20240101000000_a", "CREATE TABLE a (id int); CREATE TABLE b (id int);")

    outcome = project.run()

    assert outcome.status is Status.APPLIED
    assert project.tables() == {"a", "b"}
    [row] = project.rows()
    assert row["finished_at"] is not None


def length_of_a_deploy_s(project: Project, name: str) -> float:
    """On this machine, as busy as it is."""
    project.write(name, "SELECT pg_sleep(0.15);")
    began_s = time.monotonic()
    assert run_on(project, "deploy").exit_code == 0
    return time.monotonic() - began_s


def test_a_runner_killed_at_any_moment_leaves_both_or_neither(one_project: Project) -> None:
    whole_s = min(length_of_a_deploy_s(one_project, f"2023123100000{number}_first") for number in range(3))
    chance = random.Random(20240101)
    both = 0
    for number in range(12):
        name = f"{20240101000000 + number}_m{number}"
        one_project.write(name, f"CREATE TABLE t{number} (id int); SELECT pg_sleep(0.15);")
        runner = start_on(one_project, "deploy")
        # From before its first connection until after its end.
        time.sleep(chance.uniform(0.3 * whole_s, 1.5 * whole_s))
        os.kill(runner.pid, signal.SIGKILL)
        finish(runner)
        wait_until_free(one_project)

        in_database = f"t{number}" in one_project.tables()
        recorded = "_prisma_migrations" in one_project.tables_with_history() and any(
            row["migration_name"] == name and row["finished_at"] for row in one_project.rows()
        )
        assert in_database is recorded
        both += in_database
        assert run_on(one_project, "deploy").exit_code == 0
    assert f"t{number}" in one_project.tables()
    assert 0 < both < 12, "the kills all came too early or too late to show anything"
