"""The time of the invoker is kept by the server too, and by those who come back for the rest."""

import dataclasses
import os
import signal
import time

import pytest

from lambda_fn import wiring
from lambda_fn.domain.event import Level
from lambda_fn.domain.outcome import Outcome, Status, to_json
from lambda_fn.domain.request import parse_request
from lambda_fn.errors import DeadlineExceeded
from tests.fixtures.projects import Project, check_outcome
from tests.fixtures.proxy import CountingProxy
from tests.fixtures.terminal import finish, run_on, start_on

A, B, C = "20240101000000_a", "20240102000000_b", "20240103000000_c"
SLEEP = "SELECT pg_sleep(60);"


def run(project: Project, remaining_s: float, *, url: str | None = None, comes_back: bool = False) -> Outcome:
    """Deploy within a time, with a reserve of 2 seconds."""
    settings = dataclasses.replace(project.settings_for(url or project.url), reserve_s=2.0)
    request = parse_request({"continue": comes_back})
    outcome = wiring.run(request, settings, project.reporter, run_id="run-1", remaining_s=remaining_s)
    check_outcome(to_json(outcome))
    return outcome


def is_asleep(project: Project) -> bool:
    return bool(project.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"))


def test_every_message_of_a_run_with_a_deadline_has_a_statement_timeout(
    one_project: Project, counting_proxy: CountingProxy
) -> None:
    one_project.write(A, "CREATE TABLE a (id int);")
    one_project.write(B, "-- migrate: stepwise\nINSERT INTO a VALUES (1);\nVACUUM a;")

    run(one_project, 600.0, url=counting_proxy.url(one_project.database))

    scripts = [query for query in counting_proxy.traffic.queries if b"CREATE TABLE a" in query or b"INTO a" in query]
    limits_ms = [int(query.split(b"SET LOCAL statement_timeout = ")[1].split(b";")[0]) for query in scripts]
    assert len(limits_ms) == 2
    assert all(580_000 < limit_ms <= 598_250 for limit_ms in limits_ms), "what is left, without the reserve"
    assert all(b"SET LOCAL transaction_timeout = 59" in query for query in scripts), "PostgreSQL 18 has it"
    assert any(b"\nSET statement_timeout = 59" in query for query in counting_proxy.traffic.queries), "VACUUM's"


def test_without_a_deadline_there_is_no_statement_timeout(one_project: Project, counting_proxy: CountingProxy) -> None:
    one_project.write(A, "CREATE TABLE a (id int);")

    one_project.run(settings=one_project.settings_for(counting_proxy.url(one_project.database)))

    assert not any(b"statement_timeout" in query for query in counting_proxy.traffic.queries)


@pytest.mark.timeout(90)
def test_a_frozen_runner_does_not_keep_its_transaction_open_behind_its_deadline(one_project: Project) -> None:
    """It cannot cancel; the server does, and nothing of the migration stays."""
    one_project.write(A, f"CREATE TABLE a (id int); {SLEEP}")
    runner = start_on(one_project, "deploy", "--timeout-s", "8", MIGRATE_RESERVE_S="5")
    while not is_asleep(one_project):
        assert runner.poll() is None
        time.sleep(0.02)
    os.kill(runner.pid, signal.SIGSTOP)
    try:
        give_up_at_s = time.monotonic() + 15
        while is_asleep(one_project):
            assert time.monotonic() < give_up_at_s, "the statement outlived its deadline"
            time.sleep(0.1)
    finally:
        os.kill(runner.pid, signal.SIGCONT)
    ended = finish(runner)

    assert ended.exit_code in (3, 6)
    assert one_project.tables() == set()
    one_project.write(A, "CREATE TABLE a (id int);")
    assert one_project.run().status is Status.APPLIED


def test_a_terminal_may_have_a_time_too(one_project: Project) -> None:
    one_project.write(A, SLEEP)

    ended = run_on(one_project, "deploy", "--timeout-s", "7", MIGRATE_RESERVE_S="5")

    assert ended.exit_code == 6
    assert ended.outcome["error"]["code"] == "M606"
    assert run_on(one_project, "deploy", "--timeout-s", "soon").outcome["error"]["code"] == "M104"
    assert run_on(one_project, "deploy", "--timeout-s", "0").outcome["error"]["code"] == "M104"


def last_level(project: Project) -> Level:
    """How loud the run's last sentence was."""
    return project.reporter.events[-1].sentences[-1].level


def test_who_comes_back_is_told_that_it_is_incomplete_and_gets_the_rest(project: Project) -> None:
    project.write(A, "CREATE TABLE a (id int);")
    project.write(B, f"-- migrate: stepwise\nCREATE TABLE b (id int);\n{SLEEP}\nCREATE TABLE c (id int);")

    first = run(project, 4.0, comes_back=True)

    assert (first.status, [m.name for m in first.applied]) == (Status.INCOMPLETE, [A])
    assert last_level(project) is Level.WARNING
    assert isinstance(first.error, DeadlineExceeded)
    project.write(B, "-- migrate: stepwise\nCREATE TABLE b (id int);\nSELECT 1;\nCREATE TABLE c (id int);")
    second = run(project, 60.0, comes_back=True)
    assert (second.status, second.error) == (Status.APPLIED, None)
    assert project.tables() == {"a", "b", "c"}


def test_steps_that_were_done_are_a_reason_to_come_back_too(project: Project) -> None:
    project.write(A, f"-- migrate: stepwise\nCREATE TABLE a (id int);\n{SLEEP}")

    first, second = run(project, 4.0, comes_back=True), run(project, 4.0, comes_back=True)

    assert first.status is Status.INCOMPLETE
    assert second.status is Status.FAILED, "one statement used up a whole invocation: coming back would not help"
    assert second.error is not None
    assert "terminal or a container" in second.error.next_step


def test_everybody_else_is_told_that_it_failed(project: Project) -> None:
    project.write(A, "CREATE TABLE a (id int);")
    project.write(B, SLEEP)

    outcome = run(project, 4.0)

    assert (outcome.status, [m.name for m in outcome.applied]) == (Status.FAILED, [A])
    assert last_level(project) is Level.ERROR
    assert isinstance(outcome.error, DeadlineExceeded)
