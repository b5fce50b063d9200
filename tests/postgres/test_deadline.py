"""The invoker's time: what runs is cancelled in time, and what is told is true."""

import dataclasses
import socket
import time

import pytest

from lambda_fn import wiring
from lambda_fn.deadline import Deadline
from lambda_fn.domain.event import Event
from lambda_fn.domain.execution import plan_execution
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.domain.request import parse_request
from lambda_fn.domain.statements import split
from lambda_fn.errors import DeadlineExceeded, MigrateError
from lambda_fn.postgres.connection import Connection
from lambda_fn.postgres.runner import PostgresScriptRunner
from tests.fixtures.planted import check_said
from tests.fixtures.projects import Project, RecordingReporter
from tests.fixtures.proxy import CountingProxy
from tests.fixtures.sessions import open_session

A, B = "20240101000000_a", "20240102000000_b"
SLEEP = "SELECT pg_sleep(60);"
TABLE = "CREATE TABLE b (id int);"
INDEX = "CREATE INDEX CONCURRENTLY a_id ON a (id);"
HISTORY = b'"public"."_prisma_migrations"'


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


def test_a_concurrent_index_that_takes_too_long_is_cancelled_and_the_next_run_goes_on(project: Project) -> None:
    project.write(A, "CREATE TABLE a (id int);")
    project.run()
    project.write(B, INDEX)
    with project.connect() as blocker, blocker.transaction():
        blocker.execute("INSERT INTO a VALUES (1)")

        outcome, left_s = run(project, remaining_s=4.0, reserve_s=3.0)

    error = deadline_error(outcome)
    assert error.code == "M608"
    assert "no resolve is needed" in error.next_step
    assert left_s > 0.5
    [_, row] = project.rows()
    assert (row["finished_at"], row["rolled_back_at"]) == (None, None)
    assert project.run().status is Status.APPLIED
    assert project.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_id'::regclass")


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

    assert deadline_error(outcome).code == "M609", "a caller that tries again would only use the time up again"
    assert outcome.status is Status.UNKNOWN
    assert left_s > 0.5


def test_a_cancel_that_a_script_swallows_is_repeated(project: Project) -> None:
    swallowing = "BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN PERFORM pg_sleep(60); END"
    project.write(A, f"{TABLE}\nDO $$ {swallowing} $$;")

    outcome, left_s = run(project, remaining_s=12.0, reserve_s=10.0)

    assert deadline_error(outcome).code == "M606"
    assert left_s > 4.0
    assert project.tables() == set()
    [row] = project.rows()
    assert row["rolled_back_at"] is not None


def test_a_script_that_swallows_every_cancel_is_given_up_and_ends_when_its_server_sees_that(project: Project) -> None:
    """The server looks every second whether its client is there: then it is known that nothing was committed."""
    swallowing = "LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP;"
    project.write(A, f"{TABLE}\nDO $$ BEGIN {swallowing} END $$;")

    outcome, left_s = run(project, remaining_s=12.0, reserve_s=10.0)

    assert (deadline_error(outcome).code, outcome.status) == ("M606", Status.FAILED)
    assert left_s > 2.0
    assert project.tables() == set()
    assert project.rows() == []


@pytest.mark.parametrize(
    ("after", "code", "status"),
    [(b"SELECT id, migration_name", "M607", Status.FAILED), (b"CREATE TABLE " + HISTORY, "M609", Status.UNKNOWN)],
)
def test_a_server_that_falls_silent_before_the_first_migration_is_given_up_as_out_of_time(
    one_project: Project, counting_proxy: CountingProxy, after: bytes, code: str, status: Status
) -> None:
    """What only reads leaves nothing open."""
    if status is Status.FAILED:
        one_project.write(A, "SELECT 1;")
        one_project.run()
    one_project.write(B, TABLE)
    counting_proxy.fall_silent_after = after

    outcome, left_s = run(one_project, remaining_s=6.0, reserve_s=4.0, url=counting_proxy.url(one_project.database))

    assert (deadline_error(outcome).code, outcome.status) == (code, status)
    assert left_s > 0.5


def test_a_statement_alone_whose_server_falls_silent_is_said_to_be_recorded_as_started(
    one_project: Project, counting_proxy: CountingProxy
) -> None:
    one_project.write(A, "CREATE TABLE a (id int);")
    one_project.run()
    one_project.write(B, INDEX)
    counting_proxy.fall_silent_after = INDEX.encode()

    outcome, _ = run(one_project, remaining_s=6.0, reserve_s=4.0, url=counting_proxy.url(one_project.database))

    error = deadline_error(outcome)
    assert (error.code, outcome.status, error.where.migration) == ("M609", Status.UNKNOWN, B)
    assert "may be recorded as started" in error.problem


UNTIL_FINISHED = "WHEN (NEW.finished_at IS NOT NULL)"


def slow_history(project: Project, event: str, first: str, when: str = "") -> None:
    """One applied migration, one that runs alone; writing the latter's row does `first`, when it is the first time."""
    project.write(A, "CREATE TABLE a (id int);")
    project.run()
    project.query("CREATE SEQUENCE times")
    project.query(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF nextval('public.times') = 1 THEN {first} END IF; RETURN coalesce(NEW, OLD); END $$"
    )
    project.query(
        f"CREATE TRIGGER slow BEFORE {event} ON _prisma_migrations FOR EACH ROW {when} EXECUTE FUNCTION slow()"
    )
    project.write(B, INDEX)


def test_the_end_of_a_statement_alone_is_recorded_in_the_reserve(project: Project) -> None:
    """It is done and has no other trace: without the row, a person would have to look."""
    slow_history(project, "UPDATE", "PERFORM pg_sleep(60);", UNTIL_FINISHED)

    outcome, left_s = run(project, remaining_s=9.0, reserve_s=6.0)

    assert (outcome.status, outcome.error) == (Status.APPLIED, None)
    assert [row["finished_at"] is None for row in project.rows()] == [False, False]
    assert left_s > 2.0


def test_an_end_that_cannot_be_recorded_in_time_is_told_as_done(project: Project) -> None:
    slow_history(project, "UPDATE", "NULL; END IF; IF true THEN PERFORM pg_sleep(60);", UNTIL_FINISHED)

    outcome, left_s = run(project, remaining_s=9.0, reserve_s=6.0)

    error = deadline_error(outcome)
    assert (error.code, outcome.status) == ("M609", Status.UNKNOWN)
    assert f"A statement of migration {B} was run" in error.problem
    assert "the next run finds out" in error.next_step
    assert left_s > 1.0
    assert project.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_id'::regclass")


SWALLOWED = "BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END;"


@pytest.mark.parametrize("first", ["PERFORM pg_sleep(60);", SWALLOWED])
def test_a_statement_alone_that_was_not_sent_leaves_no_row(project: Project, first: str) -> None:
    """The time is up while its start is recorded, or right behind that."""
    slow_history(project, "INSERT", first)

    outcome, _ = run(project, remaining_s=8.0, reserve_s=5.0)

    error = deadline_error(outcome)
    assert (error.code, error.where.migration, error.lines) == ("M605", B, ())
    assert [row["migration_name"] for row in project.rows()] == [A]
    assert project.run().status is Status.APPLIED, "the next run goes on without a resolve"


def test_a_row_of_a_statement_that_was_not_sent_and_that_cannot_be_removed_is_told(project: Project) -> None:
    slow_history(project, "INSERT", SWALLOWED)
    project.query(
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'kept for ever'; END $$"
    )
    project.query("CREATE TRIGGER keep BEFORE DELETE ON _prisma_migrations FOR EACH ROW EXECUTE FUNCTION keep()")

    outcome, _ = run(project, remaining_s=8.0, reserve_s=5.0)

    error = deadline_error(outcome)
    assert error.code == "M605"
    [line] = error.lines
    assert "the next run finds out" in line
    assert "kept for ever" in line


class EndsTheTime:
    """A reporter at whose first news the invoker's time is up."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def report(self, event: Event) -> None:
        """Let the deadline pass."""
        self._connection.deadline = Deadline.within(19.0, 20.0)


def test_the_next_chunk_of_a_long_script_is_not_sent_when_the_time_is_up(one_project: Project) -> None:
    """What begins after the deadline is not cancelled, so a chunk must not begin then."""
    padding = f"SELECT 1; -- {'x' * 1000}\n" * 240
    last_of_the_first_chunk = "DO $$ BEGIN RAISE NOTICE 'now'; END $$;\n"
    script = f"{TABLE}\n{padding}{last_of_the_first_chunk}" + f"SELECT '{'y' * 260_000}';\n" * 4
    migration = Migration(B, script.encode())
    with open_session(one_project) as session:
        runner = PostgresScriptRunner(session.connection, session.advisory_lock, EndsTheTime(session.connection))

        with pytest.raises(DeadlineExceeded) as refused:
            runner.apply(migration, plan_execution(migration))

    assert refused.value.code == "M606"
    assert one_project.tables() == set()


def test_where_a_large_script_was_cancelled_is_found_in_the_reserve(one_project: Project) -> None:
    """The reserve is what reading each statement takes once: reading all of it again twice would come too late."""
    slow_to_read = f"DELETE FROM b WHERE 0 = 1{' + 1' * 26};\n"
    script = f"{TABLE}\n{slow_to_read * 20_000}{SLEEP}"
    began_s = time.monotonic()
    statements = list(split(script.encode()))
    reading_s = time.monotonic() - began_s
    one_project.write(B, script)

    outcome, left_s = run(one_project, remaining_s=reading_s + 4.0, reserve_s=reading_s)

    where = deadline_error(outcome).where
    assert (where.statement, where.line, where.column) == (len(statements), 20_002, 1)
    assert left_s > 0
    assert one_project.tables() == set()
