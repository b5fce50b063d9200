"""The invoker's time: what runs is cancelled in time, and what is told is true."""

import dataclasses
import socket
import time

import pytest

from lambda_fn import wiring
from lambda_fn.deadline import Deadline
from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.domain.request import parse_request
from lambda_fn.errors import DatabaseUnreachable, DeadlineExceeded, MigrateError
from tests.fixtures.planted import check_said
from tests.fixtures.projects import Project, RecordingReporter
from tests.fixtures.proxy import CountingProxy
from tests.fixtures.sessions import open_session

A, B = "20240101000000_a", "20240102000000_b"
SLEEP = "SELECT pg_sleep(60);"
TABLE = "CREATE TABLE b (id int);"


def run(project: Project, *, remaining_s: float, reserve_s: float, url: str | None = None) -> tuple[Outcome, float]:
    """Deploy within a time; the outcome, and the seconds that were left when it came."""
    settings = dataclasses.replace(project.settings_for(url or project.url), reserve_s=reserve_s)
    ends_at_s = time.monotonic() + remaining_s
    outcome = wiring.run(parse_request({}), settings, RecordingReporter(), run_id="run-1", remaining_s=remaining_s)
    check_said(outcome.error)
    return outcome, ends_at_s - time.monotonic()


def deadline_error(outcome: Outcome) -> MigrateError:
    assert isinstance(outcome.error, DeadlineExceeded)
    return outcome.error


def test_a_statement_that_takes_too_long_is_cancelled_rolled_back_and_recorded(project: Project) -> None:
    project.write(A, "CREATE TABLE a (id int);")
    project.write(B, f"{TABLE}\n{SLEEP}")

    outcome, left_s = run(project, remaining_s=6.0, reserve_s=4.0)

    error = deadline_error(outcome)
    assert (error.code, error.where.migration, error.where.line, error.where.statement) == ("M606", B, 2, 2)
    assert left_s > 1.5, "there is time to answer"
    assert [migration.name for migration in outcome.applied] == [A]
    assert project.tables() == {"a"}
    [_, row] = project.rows()
    assert (row["migration_name"], row["finished_at"]) == (B, None)
    assert row["rolled_back_at"] is not None
    assert project.held_advisory_locks() == 0


def test_a_statement_that_runs_alone_and_takes_too_long_is_cancelled_and_left_to_a_person(project: Project) -> None:
    project.write(A, "CREATE TABLE a (id int);")
    project.run()
    project.write(B, "CREATE INDEX CONCURRENTLY a_id ON a (id);")
    with project.connect() as blocker, blocker.transaction():
        blocker.execute("INSERT INTO a VALUES (1)")

        outcome, left_s = run(project, remaining_s=4.0, reserve_s=3.0)

    error = deadline_error(outcome)
    assert error.code == "M608"
    assert f"resolve --rolled-back {B}" in error.next_step
    assert left_s > 1.0
    [_, row] = project.rows()
    assert (row["finished_at"], row["rolled_back_at"]) == (None, None)


def test_the_next_run_goes_on_without_a_resolve(project: Project) -> None:
    project.write(B, f"{TABLE}\n{SLEEP}")
    run(project, remaining_s=3.0, reserve_s=2.0)
    project.write(B, TABLE)

    assert project.run().status is Status.APPLIED
    assert project.tables() == {"b"}


def test_a_migration_is_not_begun_when_the_time_is_up(project: Project) -> None:
    with open_session(project) as session:
        session.connection.deadline = Deadline.within(1.0, 2.0)

        with pytest.raises(DeadlineExceeded) as refused:
            session.apply_blindly(B, TABLE)

    assert (refused.value.code, refused.value.where.migration) == ("M605", B)
    assert project.tables() == set()
    assert project.rows() == []


def test_less_time_than_the_reserve_is_refused_before_anything_is_connected(one_project: Project) -> None:
    one_project.write(A, "CREATE TABLE a (id int);")

    outcome, _ = run(one_project, remaining_s=3.0, reserve_s=20.0, url="postgresql://u:p@127.0.0.1:1/d")

    error = deadline_error(outcome)
    assert error.code == "M605"
    assert "3.0 s left, and 20 s are kept" in error.problem
    assert "Timeout" in error.next_step


def test_a_chunk_of_a_long_script_is_not_sent_past_the_deadline(one_project: Project) -> None:
    filler = "\n".join(f"INSERT INTO b VALUES ({number}); -- {'x' * 200}" for number in range(12_000))
    one_project.write(A, f"{TABLE}\nSELECT pg_sleep(1.5);\n{filler}")

    outcome, left_s = run(one_project, remaining_s=4.0, reserve_s=3.0)

    assert deadline_error(outcome).code == "M606"
    assert left_s > 0.5
    assert one_project.tables() == set()


def test_reading_the_history_is_cancelled_too(project: Project) -> None:
    project.write(A, "SELECT 1;")
    project.run()
    with project.connect() as blocker, blocker.transaction():
        blocker.execute("LOCK TABLE _prisma_migrations IN ACCESS EXCLUSIVE MODE")

        outcome, left_s = run(project, remaining_s=3.0, reserve_s=2.0)

    assert deadline_error(outcome).code == "M607"
    assert left_s > 0.5


def test_a_host_that_takes_the_connection_and_says_nothing_is_given_up_in_time(one_project: Project) -> None:
    one_project.write(A, "SELECT 1;")
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"postgresql://u:p@127.0.0.1:{mute.getsockname()[1]}/d"

        outcome, left_s = run(one_project, remaining_s=6.0, reserve_s=3.0, url=url)

    assert outcome.error is not None
    assert outcome.error.code == "P1001"
    assert left_s > 1.5


def test_waiting_for_the_advisory_lock_ends_in_time(project: Project) -> None:
    project.write(A, "SELECT 1;")
    with open_session(project):
        outcome, left_s = run(project, remaining_s=3.0, reserve_s=2.0)

    assert outcome.error is not None
    assert outcome.error.code == "P1002"
    assert left_s > 1.0


def test_a_server_that_falls_silent_is_given_up_in_time_and_nothing_is_claimed(
    one_project: Project, counting_proxy: CountingProxy
) -> None:
    one_project.write(A, TABLE)
    counting_proxy.fall_silent_after = TABLE.encode()

    outcome, left_s = run(one_project, remaining_s=9.0, reserve_s=8.0, url=counting_proxy.url(one_project.database))

    assert isinstance(outcome.error, DatabaseUnreachable)
    assert outcome.status is Status.UNKNOWN
    assert left_s > 0.5
