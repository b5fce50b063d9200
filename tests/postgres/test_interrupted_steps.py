"""A run that is cut off around a step: nothing runs twice, nothing of another run is undone, and what is told is so."""

import dataclasses
from collections.abc import Callable

import psycopg
import pytest

from lambda_fn import wiring
from lambda_fn.deadline import Deadline
from lambda_fn.domain.journal import Journal
from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.domain.recheck import Recheck
from lambda_fn.domain.request import parse_request
from lambda_fn.domain.steps import Step
from lambda_fn.errors import MigrateError
from lambda_fn.errors import deadline as deadline_errors
from lambda_fn.postgres import announcement, transaction
from lambda_fn.postgres.advisory_lock import PolledAdvisoryLock
from lambda_fn.postgres.connection import Connection
from lambda_fn.postgres.course import Course
from lambda_fn.postgres.gap import identity
from lambda_fn.postgres.outside import OutsideSteps
from tests.fixtures.projects import Project
from tests.fixtures.proxy import CountingProxy

A, B = "20240101000000_a", "20240102000000_b"
INCREMENT = "UPDATE counter SET n = n + 1;"
ROUTINE = "DO $$ BEGIN UPDATE counter SET n = n + 1; COMMIT; END $$;"
INDEX = "CREATE INDEX CONCURRENTLY i ON t (x);"


@pytest.fixture
def counted(project: Project) -> Project:
    """A project with a counter and a table."""
    project.write(A, "CREATE TABLE counter AS SELECT 0 AS n; CREATE TABLE t AS SELECT 1 AS x, 1 AS y;")
    project.run()
    return project


def counter(project: Project) -> int:
    return int(project.value("SELECT n FROM counter"))


def error_of(outcome: Outcome) -> MigrateError:
    assert outcome.error is not None
    return outcome.error


def cut_off_before_the_entry(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is killed between a statement and its entry."""

    def killed(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(OutsideSteps, "_enter", killed)
        with pytest.raises(KeyboardInterrupt):
            project.run()


def test_a_run_whose_time_is_up_does_not_undo_what_another_did_while_it_had_no_connection(
    counted: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = list[int]()

    def overtaken(session: Connection, recheck: Recheck) -> str:
        if seen:
            return identity(session, recheck)
        seen.append(session.backend_pid)
        counted.query("SELECT pg_terminate_backend(%s, 2000)", session.backend_pid)
        counted.run()
        session._connection.pgconn.send_query(b"SELECT 1")
        session.deadline = Deadline.within(9.0, 10.0)
        raise deadline_errors.during("looking")

    monkeypatch.setattr(announcement, "identity", overtaken)
    counted.write(B, f"-- migrate: stepwise\n{INDEX}\n{INCREMENT}\nSELECT nosuch();")

    counted.run()

    [_, row] = counted.rows()
    journal = Journal.read(row["logs"])
    assert journal is not None
    assert journal.done == 2, "as the other run has left it"
    counted.run()
    assert counter(counted) == 1


def test_a_routine_whose_announcement_lost_its_connection_was_not_sent_and_is_run(
    one_project: Project, counting_proxy: CountingProxy
) -> None:
    one_project.write(A, "CREATE TABLE counter AS SELECT 0 AS n;")
    one_project.run()
    one_project.write(B, f"{INCREMENT}\n{ROUTINE}\n{INCREMENT}")
    counting_proxy.lose_answer = b'"begun": 2'

    outcome = one_project.run(settings=one_project.settings_for(counting_proxy.url(one_project.database)))

    assert (outcome.status, outcome.error) == (Status.APPLIED, None)
    assert counter(one_project) == 3


def test_an_entry_that_is_cancelled_by_somebody_is_tried_again(
    counted: Project,
) -> None:
    counted.query("CREATE SEQUENCE times")
    counted.query(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF nextval('public.times') = 1 THEN RAISE EXCEPTION 'no' USING ERRCODE = '57014'; END IF; RETURN NEW; END $$"
    )
    counted.query(
        "CREATE TRIGGER refuse BEFORE UPDATE ON _prisma_migrations FOR EACH ROW "
        "WHEN (NEW.finished_at IS NOT NULL) EXECUTE FUNCTION refuse()"
    )
    counted.write(B, f"{INCREMENT}\n{ROUTINE}")

    assert counted.run().status is Status.APPLIED
    assert counter(counted) == 2


def test_an_entry_that_can_never_be_made_is_told_as_run(counted: Project) -> None:
    counted.query(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'never' USING ERRCODE = '57014'; END $$"
    )
    counted.query(
        "CREATE TRIGGER refuse BEFORE UPDATE ON _prisma_migrations FOR EACH ROW "
        "WHEN (NEW.finished_at IS NOT NULL) EXECUTE FUNCTION refuse()"
    )
    counted.write(B, f"{INCREMENT}\n{ROUTINE}")

    error = error_of(counted.run())

    assert error.code == "M604"
    assert f"A statement of migration {B} was run" in error.problem
    assert any("never" in line for line in error.lines)


def test_while_it_is_in_doubt_nobody_says_that_nothing_is_there(
    counted: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted.write(B, INDEX)
    cut_off_before_the_entry(counted, monkeypatch)
    settings = dataclasses.replace(counted.settings, reserve_s=2.0)

    with counted.connect() as other, other.transaction():
        other.execute("SELECT FROM _prisma_migrations FOR UPDATE")
        outcome = wiring.run(parse_request({}), settings, counted.reporter, run_id="r", remaining_s=4.0)

    assert "Nothing of it" not in error_of(outcome).text
    assert counted.run().status is Status.APPLIED
    assert counted.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass")


@pytest.mark.parametrize("statement", [INDEX, "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON t (x);"])
def test_a_statement_that_was_done_before_the_cut_is_not_done_again(
    counted: Project, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    counted.write(B, f"{INCREMENT}\n{statement}\n{INCREMENT}")
    cut_off_before_the_entry(counted, monkeypatch)
    oid = counted.value("SELECT 'i'::regclass::oid")

    assert counted.run().status is Status.APPLIED
    assert counted.value("SELECT 'i'::regclass::oid") == oid
    assert counter(counted) == 2


def test_a_changed_client_encoding_does_not_let_a_statement_be_read_in_another_state(counted: Project) -> None:
    """RESET ALL would take the search_path along, and the index would be built on another schema's table."""
    counted.query("CREATE SCHEMA app")
    counted.query("CREATE TABLE app.t (x int)")
    counted.write(
        B, f"SET search_path = app;\nSELECT set_config('client_encoding', 'SQL_ASCII', false);\n{INCREMENT}\n{INDEX}"
    )

    counted.run()

    assert counted.query("SELECT 1 FROM pg_indexes WHERE indexname = 'i' AND schemaname = 'public'") == []


def test_a_file_that_became_atomic_while_it_was_waited_for_is_run_atomically(
    counted: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted.write(B, f"-- migrate: stepwise\n{INCREMENT}\nSELECT 1/0;")
    counted.run()
    counted.write(B, f"{INCREMENT}\nSELECT 1;\nSELECT 1/0;")
    acquire: Callable[[PolledAdvisoryLock, float], int] = PolledAdvisoryLock.acquire

    def resolved_meanwhile(lock: PolledAdvisoryLock, wait_s: float) -> int:
        counted.query("UPDATE _prisma_migrations SET rolled_back_at = now() WHERE finished_at IS NULL")
        return acquire(lock, wait_s)

    monkeypatch.setattr(PolledAdvisoryLock, "acquire", resolved_meanwhile)

    error = error_of(counted.run())

    assert "Nothing of it is in the database." in error.problem
    assert counter(counted) == 1, "of the first run"


def test_a_time_of_years_is_no_timeout_that_the_server_refuses(counted: Project) -> None:
    counted.write(B, f"{INCREMENT}\nVACUUM t;")

    outcome = wiring.run(parse_request({}), counted.settings, counted.reporter, run_id="r", remaining_s=9e7)

    assert (outcome.status, outcome.error) == (Status.APPLIED, None)


def test_a_connection_that_is_lost_between_two_attempts_at_a_lock_does_not_end_the_run(
    counted: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted.write(B, f"{INCREMENT}\nALTER TABLE t ADD COLUMN z int;")
    blocker = psycopg.connect(counted.url)
    blocker.execute("SELECT * FROM t")
    look = transaction.Climb._deadlock_timeout_ms

    def lost(climb: transaction.Climb) -> int:
        counted.query("SELECT pg_terminate_backend(%s, 2000)", climb._connection.backend_pid)
        blocker.close()
        return look(climb)

    monkeypatch.setattr(transaction.Climb, "_deadlock_timeout_ms", lost)

    outcome = counted.run()

    assert (outcome.status, outcome.error) == (Status.APPLIED, None)
    assert counter(counted) == 1


def test_the_reserve_is_enough_to_take_an_announcement_back(counted: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is up between the announcement and the statement."""
    counted.write(B, f"{INCREMENT}\nVACUUM t;\n{INCREMENT}")
    prepare = announcement.Announcements.prepare

    def late(announcements: announcement.Announcements, course: Course, step: Step) -> None:
        prepare(announcements, course, step)
        announcements._connection.deadline = Deadline.within(9.0, 10.0)

    with monkeypatch.context() as patched:
        patched.setattr(announcement.Announcements, "prepare", late)
        error = error_of(counted.run())

    assert error.code == "M605"
    assert "The first of its 3 steps is in the database" in error.problem
    assert counted.run().status is Status.APPLIED
    assert counter(counted) == 2
