"""A migration tries for its locks in short attempts, so that readers do not queue up behind it."""

import dataclasses
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lambda_fn import wiring
from lambda_fn.deadline import Interruption
from lambda_fn.domain.event import Event
from lambda_fn.domain.lock_event import LockContended
from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.domain.request import parse_request
from lambda_fn.errors import LockTimeout, MigrateError
from tests.fixtures.projects import Project
from tests.fixtures.proxy import CountingProxy

A, B = "20240101000000_a", "20240102000000_b"
ALTER = "ALTER TABLE a ADD COLUMN n int;"


@pytest.fixture
def table(project: Project) -> Project:
    """A project with a table that many read, and a migration of it pending."""
    project.write(A, "CREATE TABLE a (id int); INSERT INTO a VALUES (1);")
    project.run()
    project.write(B, ALTER)
    return project


@contextmanager
def reading(project: Project, statement: str = "SELECT 'secret-7', id FROM a") -> Iterator[None]:
    """A transaction of somebody else's that holds a lock on the table."""
    with project.connect() as other, other.transaction():
        other.execute(statement)
        yield


def error_of(outcome: Outcome) -> MigrateError:
    assert outcome.error is not None
    return outcome.error


def test_a_lock_that_is_free_again_in_time_is_taken_and_the_migration_recorded_once(table: Project) -> None:
    with reading(table):
        running = threading.Thread(target=table.run)
        running.start()
        time.sleep(1.5)
        assert running.is_alive()
    running.join()

    assert [row["migration_name"] for row in table.rows()] == [A, B]
    assert all(row["finished_at"] and not row["logs"] for row in table.rows())


def test_readers_hardly_wait_while_a_migration_waits(table: Project) -> None:
    """With the wait of one plain ALTER TABLE they would stand still for as long as the transaction is open."""
    longest_s = 0.0
    with reading(table), table.connect() as reader:
        running = threading.Thread(target=table.run)
        running.start()
        ends_at_s = time.monotonic() + 2.5
        while (begun_s := time.monotonic()) < ends_at_s:
            reader.execute("SELECT count(*) FROM a")
            longest_s = max(longest_s, time.monotonic() - begun_s)
    running.join()

    assert table.run().status is Status.UP_TO_DATE
    assert longest_s < 1.0, "a plain ALTER TABLE: 2.5 s"


def test_who_is_in_the_way_is_named_without_what_they_read(table: Project) -> None:
    with reading(table):
        outcome = table.run(lockBudgetS=4)

    error = error_of(outcome)
    assert isinstance(error, LockTimeout)
    assert (error.code, error.where.migration, error.where.line, error.where.sqlstate) == ("M329", B, 1, "55P03")
    assert "idle in transaction" in error.problem
    assert "SELECT ?, id FROM a" in error.problem
    assert "Nothing of it is in the database." in error.problem
    assert "secret-7" not in error.text
    [_, row] = table.rows()
    assert (row["finished_at"], row["rolled_back_at"] is None) == (None, False)
    assert table.run().status is Status.APPLIED, "the next run goes on without a resolve"


def test_those_who_wait_behind_the_migration_are_counted(table: Project) -> None:
    over = threading.Event()

    def read() -> None:
        with table.connect() as reader:
            while not over.wait(0.01):
                reader.execute("SELECT count(*) FROM a")

    readers = [threading.Thread(target=read) for _ in range(3)]
    with reading(table):
        for reader in readers:
            reader.start()
        error = error_of(table.run(lockBudgetS=3))
    over.set()
    for reader in readers:
        reader.join()

    assert isinstance(error, LockTimeout)
    assert any("wait behind us" in line for line in [error.problem, *table.reporter.lines])


def test_what_a_script_left_in_its_session_does_not_stop_the_next_attempt(table: Project) -> None:
    """A prepared statement outlives the rollback, and would fail with 42P05 (observed)."""
    table.write(B, f"PREPARE q AS SELECT 1; CREATE TEMP TABLE t (id int); SET ROLE pg_monitor; RESET ROLE; {ALTER}")

    with reading(table):
        running = threading.Thread(target=table.run)
        running.start()
        time.sleep(1)
    running.join()

    assert table.run().status is Status.UP_TO_DATE


def test_a_deadlock_is_tried_again(table: Project) -> None:
    table.query("CREATE TABLE other (id int)")
    table.write(B, "-- migrate: lock_timeout=0\nLOCK TABLE other;\nSELECT pg_sleep(0.5);\nLOCK TABLE a;")

    with table.connect() as rival:
        rival.execute("SET deadlock_timeout = '10s'")
        rival.execute("BEGIN")
        rival.execute("LOCK TABLE a")
        running = threading.Thread(target=table.run)
        running.start()
        while not table.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"):
            time.sleep(0.02)
        rival.execute("LOCK TABLE other")
        rival.execute("COMMIT")
    running.join()

    assert table.run().status is Status.UP_TO_DATE


def test_a_file_may_say_how_long_it_waits(one_project: Project, counting_proxy: CountingProxy) -> None:
    one_project.write(A, "CREATE TABLE a (id int);")
    one_project.run()
    one_project.write(B, f"-- migrate: lock_timeout=1234ms statement_timeout=5min\n{ALTER}")

    one_project.run(settings=one_project.settings_for(counting_proxy.url(one_project.database)))

    [script] = [query for query in counting_proxy.traffic.queries if ALTER.encode() in query]
    assert b"SET LOCAL lock_timeout = 1234;" in script
    assert b"SET LOCAL statement_timeout = 300000;" in script


def test_a_statement_that_takes_longer_than_its_file_allows_fails_and_says_so(table: Project) -> None:
    table.write(B, "-- migrate: statement_timeout=100ms\nSELECT pg_sleep(20);")

    error = error_of(table.run())

    assert (error.code, error.where.sqlstate) == ("P3018", "57014")
    assert "statement_timeout" in error.next_step


def test_a_lock_that_a_step_waits_for_is_tried_for_again_without_the_steps_before(table: Project) -> None:
    table.query("CREATE TABLE counter AS SELECT 0 AS n")
    table.write(B, f"-- migrate: stepwise\nUPDATE counter SET n = n + 1;\n{ALTER}\nUPDATE counter SET n = n + 1;")

    with reading(table):
        error = error_of(table.run(lockBudgetS=1))
        assert "The first of its 3 steps is in the database" in error.problem
    assert table.run().status is Status.APPLIED
    assert table.value("SELECT n FROM counter") == 2


def test_work_that_a_failed_attempt_throws_away_makes_the_next_one_wait_longer(
    one_project: Project, counting_proxy: CountingProxy
) -> None:
    one_project.write(A, "CREATE TABLE a (id int); INSERT INTO a VALUES (1);")
    one_project.run()
    one_project.write(B, f"SELECT pg_sleep(0.4);\n{ALTER}")

    with reading(one_project):
        settings = one_project.settings_for(counting_proxy.url(one_project.database))
        one_project.run(settings=settings, lockBudgetS=0.9)

    scripts = [query for query in counting_proxy.traffic.queries if query.startswith(b"BEGIN") and b"ALTER" in query]
    waits_ms = [int(query.split(b"lock_timeout = ")[1].split(b";")[0]) for query in scripts]
    assert waits_ms[0] == 5
    assert waits_ms[1] >= 400


def test_a_lock_is_waited_for_until_the_time_is_up_and_no_longer(table: Project) -> None:
    with reading(table):
        settings = dataclasses.replace(table.settings, reserve_s=2.0)

        began_s = time.monotonic()
        outcome = wiring.run(parse_request({}), settings, table.reporter, run_id="r", remaining_s=5.0)

    assert error_of(outcome).code in ("M329", "M606")
    assert time.monotonic() - began_s < 5
    assert table.run().status is Status.APPLIED


@dataclasses.dataclass(frozen=True)
class InterruptsPause:
    """Asks for the end of a run in the pause behind an attempt that did not get its lock."""

    interruption: Interruption

    def report(self, event: Event) -> None:
        if isinstance(event, LockContended):
            threading.Timer(0.1, self.interruption.request).start()


def test_what_was_cancelled_before_it_was_sent_is_told_in_words_that_are_true_for_ctrl_c_too(
    one_project: Project,
) -> None:
    """The history keeps them as what the server said, when nobody knows any more why the run ended."""
    one_project.write(A, "CREATE TABLE a (id int);")
    one_project.run()
    one_project.write(B, f"-- migrate: lock_timeout=250ms\n{ALTER}")  # the pause is half a second at least
    interruption = Interruption()

    with reading(one_project):
        reporter = InterruptsPause(interruption)
        outcome = wiring.run(parse_request({}), one_project.settings, reporter, run_id="r", interruption=interruption)

    _, row = one_project.run("history").history
    assert (error_of(outcome).code, row.reason) == ("M606", "ERROR: canceled before it was sent (SQLSTATE 57014)")


def test_that_a_migration_waits_is_told_and_who_is_in_the_way_as_soon_as_it_is_seen(table: Project) -> None:
    """It is told every ten seconds, and here there are five: the shortest attempts show nobody, a longer one does."""
    with reading(table):
        table.run(lockBudgetS=5)

    told = [line for line in table.reporter.lines if "has waited for a lock" in line]
    assert "idle in transaction" in told[-1]
