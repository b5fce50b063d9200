"""What the ports promise, of the database in memory and of every real one alike."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Protocol

import psycopg
import pytest

from lambda_fn.credentials import SettingsCredentials
from lambda_fn.domain.execution import plan_execution
from lambda_fn.domain.failure import attempts_in
from lambda_fn.domain.history import History, MigrationState
from lambda_fn.domain.journal import Journal
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.outcome import AppliedMigration
from lambda_fn.domain.resolution import Resolution, resolve_applied, resolve_rolled_back
from lambda_fn.domain.resumption import plan_resumption, plan_script
from lambda_fn.domain.row import RowFilter, Rows, RowState
from lambda_fn.errors import HistoryBlocked, LockTimeout, MigrationFailed
from lambda_fn.ports import Database
from lambda_fn.postgres.connection import Connection
from lambda_fn.settings import Settings
from lambda_fn.wiring import Adapters
from local.postgres import Origin
from tests.fakes import RUN_ID, FakeServer, FakeSession
from tests.fixtures.projects import RecordingReporter
from tests.fixtures.servers import Servers, new_database

A = Migration("20240101000000_a", b"CREATE TABLE a (id int);\nCREATE TABLE b (id int);\n")
MARKED = Migration("20240104000000_marked", b"SELECT 1;")
FAILS = Migration(A.name, b"CREATE TABLE a (id int);\n  SELECT 1/0;\n")
FAILS_OTHERWISE = Migration(A.name, b"SELECT 2; SELECT 1/0;")
ALONE = Migration("20240102000000_alone", b"VACUUM pg_database;")
FAILS_ALONE = Migration(ALONE.name, b"VACUUM nowhere;")
STEPWISE = Migration(
    "20240103000000_stepwise",
    b"-- migrate: stepwise\nCREATE TABLE c (id int);\nCREATE TABLE d (id int);\nSELECT 1;\nCREATE TABLE e (id int);\n",
)
FAILS_HALFWAY = Migration(STEPWISE.name, STEPWISE.script.replace(b"SELECT 1", b"SELECT 1/0"))
FAILS_FURTHER = Migration(STEPWISE.name, STEPWISE.script.replace(b"TABLE e", b"TABLE e AS SELECT * FROM nowhere;--"))
FAILS_AT_ONCE = Migration(STEPWISE.name, STEPWISE.script.replace(b"CREATE TABLE c", b"SELECT 1/0;\nCREATE TABLE c"))
FAILS_UNKNOWABLY_HALFWAY = Migration(
    STEPWISE.name, b"CREATE TABLE c (id int);\nCREATE INDEX CONCURRENTLY ON nowhere (id);\nSELECT 1;"
)
FAILS_UNKNOWABLY = Migration(ALONE.name, b"CREATE INDEX CONCURRENTLY ON nowhere (id);")


class Session(Protocol):
    """One connection."""

    @property
    def database(self) -> Database:
        """Its adapters."""

    def close(self) -> None:
        """End it."""


class World(Protocol):
    """An empty database that sessions can be opened on."""

    def session(self) -> Session:
        """A new session."""

    def occupy(self) -> None:
        """Put a table of somebody else's into the schema."""

    def drop_history(self) -> None:
        """Drop `_prisma_migrations`."""


class FakeWorld:
    """In memory."""

    def __init__(self) -> None:
        self._server = FakeServer()

    def session(self) -> FakeSession:
        """A new session."""
        return self._server.session()

    def occupy(self) -> None:
        """Put a table of somebody else's into the schema."""
        self._server.occupied = True

    def drop_history(self) -> None:
        """Drop the table."""
        self._server.exists = False
        self._server.records.clear()


class PostgresSession:
    """One connection to a real server."""

    def __init__(self, url: str) -> None:
        settings = Settings(database_url=url)
        credentials = SettingsCredentials(settings)
        self._connection = Connection(credentials, schema=None, owner_role=None, run_id=RUN_ID)
        self.database: Database = Adapters(self._connection, RecordingReporter(), settings)

    def close(self) -> None:
        """End it."""
        self._connection.close()


class PostgresWorld:
    """A database of a real server."""

    def __init__(self, url: str, stack: ExitStack) -> None:
        self._url = url
        self._stack = stack

    def session(self) -> PostgresSession:
        """A new session, closed with the test."""
        return self._stack.enter_context(closing(PostgresSession(self._url)))

    def occupy(self) -> None:
        """Put a table of somebody else's into the schema."""
        self._execute("CREATE TABLE elsewhere (id int)")

    def drop_history(self) -> None:
        """Drop the table."""
        self._execute("DROP TABLE _prisma_migrations")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._url) as connection:
            connection.execute(statement)


@pytest.fixture(params=["memory", "wheel", "machine"])
def world(request: pytest.FixtureRequest, servers: Servers) -> Iterator[World]:
    """An empty database: in memory, and on each server."""
    if request.param == "memory":
        yield FakeWorld()
        return
    origin: Origin = request.param
    server = servers.get(origin)
    for database in new_database(server):
        with ExitStack() as stack:
            yield PostgresWorld(server.url(database), stack)


@pytest.fixture
def database(world: World) -> Database:
    """The adapters of one session."""
    return world.session().database


@pytest.fixture
def ready(database: Database) -> Database:
    """The same with the lock taken and the table created, as for work."""
    database.advisory_lock.acquire(5)
    database.table.create()
    return database


def apply(database: Database, migration: Migration) -> AppliedMigration:
    applied = database.runner.apply(migration, plan_execution(migration))
    assert applied is not None
    assert applied.name == migration.name
    return applied


def failure(database: Database, migration: Migration) -> MigrationFailed:
    with pytest.raises(MigrationFailed) as failed:
        apply(database, migration)
    return failed.value


def journal_of(database: Database) -> Journal:
    """That of the one row which is neither finished nor rolled back."""
    [record] = database.table.read().failed
    assert record.journal is not None
    return record.journal


def go_on(database: Database, migration: Migration) -> AppliedMigration | None:
    """Go on with the one migration that is half done, as deploy does."""
    [record] = database.table.read().failed
    execution = plan_script(migration, record)
    return database.runner.apply(migration, execution, plan_resumption(migration, execution, record))


def states(history: History) -> list[tuple[str, MigrationState]]:
    return [(record.name, record.state) for record in history.records]


def test_reading_where_there_is_no_table_finds_none_and_makes_none(world: World, database: Database) -> None:
    assert database.table.read() == History(exists=False, occupied=False)

    world.occupy()

    assert database.table.read() == History(exists=False, occupied=True)
    assert database.table.schema == "public"


def test_a_created_table_is_empty_and_seen_by_every_session(world: World, database: Database) -> None:
    database.table.create()

    assert database.table.read() == History(exists=True)
    assert world.session().database.table.read() == History(exists=True)


def test_a_table_that_others_create_is_seen(world: World, database: Database) -> None:
    assert not database.table.read().exists

    world.session().database.table.create()

    assert database.table.read().exists


def test_a_table_that_others_drop_is_gone(world: World, ready: Database) -> None:
    assert ready.table.read().exists

    world.drop_history()

    assert ready.table.read() == History(exists=False)


def test_whether_there_are_other_tables_is_known_whether_the_history_is_there_or_not(
    world: World, database: Database
) -> None:
    assert not database.table.is_occupied()

    database.table.create()

    assert not database.table.is_occupied(), "the history is none of them"
    world.occupy()
    assert database.table.is_occupied()
    world.drop_history()
    assert database.table.is_occupied()


def test_whole_rows_are_read_oldest_first_with_what_became_of_each(ready: Database) -> None:
    failure(ready, FAILS)
    failure(ready, FAILS)
    apply(ready, A)
    failure(ready, FAILS_UNKNOWABLY)
    failure(ready, FAILS_HALFWAY)
    ready.table.resolve(resolve_applied(MARKED.name, (MARKED,), ready.table.read()))

    found = ready.table.read_rows(RowFilter())

    assert found.count == 5
    rows = [(row.name, row.state, row.marked, row.attempts, row.done, row.steps) for row in found.rows]
    assert rows == [
        (A.name, RowState.ROLLED_BACK, False, 2, None, None),
        (A.name, RowState.APPLIED, False, None, None, None),
        (ALONE.name, RowState.HALF_DONE, False, 1, 0, 1),
        (STEPWISE.name, RowState.HALF_DONE, False, 1, 2, 4),
        (MARKED.name, RowState.APPLIED, True, None, None, None),
    ]
    assert [row.reason for row in found.rows] == [
        "ERROR: division by zero (SQLSTATE 22012)",
        None,
        'ERROR: relation "nowhere" does not exist (SQLSTATE 42P01)',
        "ERROR: division by zero (SQLSTATE 22012)",
        None,
    ]
    assert {row.id for row in found.rows} == {record.id for record in ready.table.read().records}
    assert found.rows[1].checksum == A.checksum


def test_a_whole_row_has_the_times_that_it_has(ready: Database) -> None:
    failure(ready, FAILS)
    apply(ready, A)
    failure(ready, FAILS_UNKNOWABLY)

    rolled_back, applied, failed = ready.table.read_rows(RowFilter()).rows

    times = [rolled_back.started_at, rolled_back.rolled_back_at, applied.started_at, applied.finished_at]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", time or "") for time in times)
    assert (rolled_back.finished_at, applied.rolled_back_at) == (None, None)
    assert (failed.finished_at, failed.rolled_back_at, failed.elapsed_ms, rolled_back.elapsed_ms) == (None,) * 4
    assert applied.elapsed_ms is not None
    assert 0 <= applied.elapsed_ms < 60_000


@pytest.mark.parametrize(
    ("wanted", "names", "count"),
    [
        (RowFilter(state=RowState.APPLIED), ["b_users", "c_100%"], 2),
        (RowFilter(state=RowState.ROLLED_BACK), [A.name], 1),
        (RowFilter(state=RowState.HALF_DONE), [STEPWISE.name], 1),
        (RowFilter(state=RowState.FAILED), [], 0),
        (RowFilter(name_part="users"), ["b_users"], 1),
        (RowFilter(name_part="Users"), [], 0),
        (RowFilter(name_part="0%"), ["c_100%"], 1),
        (RowFilter(name_part="20240"), [A.name, STEPWISE.name], 2),
        (RowFilter(state=RowState.APPLIED, name_part="b_"), ["b_users"], 1),
        (RowFilter(limit=1), [STEPWISE.name], 4),
        (RowFilter(state=RowState.APPLIED, limit=1), ["c_100%"], 2),
        (RowFilter(limit=9), [A.name, "b_users", "c_100%", STEPWISE.name], 4),
    ],
    ids=str,
)
def test_whole_rows_are_chosen_and_counted(ready: Database, wanted: RowFilter, names: list[str], count: int) -> None:
    failure(ready, FAILS)
    for name in ("b_users", "c_100%"):
        apply(ready, Migration(name, b"SELECT 1;"))
    failure(ready, FAILS_HALFWAY)

    found = ready.table.read_rows(wanted)

    assert ([row.name for row in found.rows], found.count) == (names, count)


def test_whole_rows_of_no_table_are_told_from_none_of_an_empty_one(world: World, database: Database) -> None:
    assert database.table.read_rows(RowFilter()) == Rows(count=None)

    database.table.create()

    assert database.table.read_rows(RowFilter()) == Rows(count=0)
    world.drop_history()
    assert database.table.read_rows(RowFilter()) == Rows(count=None)


def test_an_applied_migration_is_recorded_with_its_checksum(ready: Database) -> None:
    applied = apply(ready, A)

    assert (applied.name, applied.statements) == (A.name, 2)
    assert applied.elapsed_ms >= 0
    [record] = ready.table.read().records
    assert (record.name, record.state, record.checksum) == (A.name, MigrationState.APPLIED, A.checksum)


def test_rows_are_read_oldest_first(ready: Database) -> None:
    for name in ("b", "a", "c"):
        apply(ready, Migration(name, b"SELECT 1;"))

    assert [record.name for record in ready.table.read().records] == ["b", "a", "c"]


def test_when_and_why_are_read_of_failed_rows_only(ready: Database) -> None:
    apply(ready, A)
    failure(ready, FAILS_OTHERWISE)
    failure(ready, FAILS_UNKNOWABLY)

    applied, rolled_back, failed = ready.table.read().records

    assert (applied.started_at, applied.logs, rolled_back.started_at, rolled_back.logs) == (None, None, None, None)
    assert failed.started_at is not None
    assert failed.reason == 'ERROR: relation "nowhere" does not exist (SQLSTATE 42P01)'
    assert attempts_in(failed.logs) == 1


def test_a_failure_says_where_and_leaves_nothing_but_an_attempt(ready: Database) -> None:
    error = failure(ready, FAILS)

    assert (error.code, error.where.migration, error.where.sqlstate) == ("P3018", A.name, "22012")
    assert (error.where.statement, error.where.line) == (2, 2)
    assert states(ready.table.read()) == [(A.name, MigrationState.ROLLED_BACK)]
    apply(ready, A)
    assert ready.table.read().records[-1].state is MigrationState.APPLIED


def test_the_same_failure_again_is_the_same_row(ready: Database) -> None:
    for _ in range(3):
        failure(ready, FAILS)

    assert len(ready.table.read().records) == 1


def test_the_failure_of_another_file_is_another_row(ready: Database) -> None:
    failure(ready, FAILS)
    failure(ready, FAILS_OTHERWISE)

    assert states(ready.table.read()) == [(A.name, MigrationState.ROLLED_BACK)] * 2


def test_a_statement_that_runs_alone_is_recorded_too(ready: Database) -> None:
    apply(ready, ALONE)

    [record] = ready.table.read().records
    assert (record.state, record.checksum) == (MigrationState.APPLIED, ALONE.checksum)


def test_a_statement_that_fails_alone_and_leaves_nothing_is_rolled_back(ready: Database) -> None:
    for _ in range(2):
        error = failure(ready, FAILS_ALONE)

        assert (error.code, error.where.sqlstate) == ("P3018", "42P01")
        assert states(ready.table.read()) == [(ALONE.name, MigrationState.ROLLED_BACK)]


def test_a_statement_of_which_nobody_knows_what_it_left_stays_failed_until_it_is_resolved(ready: Database) -> None:
    error = failure(ready, FAILS_UNKNOWABLY)

    assert (error.code, error.where.sqlstate) == ("P3018", "42P01")
    assert states(ready.table.read()) == [(ALONE.name, MigrationState.FAILED)]
    ready.table.resolve(resolve_rolled_back(ALONE.name, ready.table.read()))
    assert states(ready.table.read()) == [(ALONE.name, MigrationState.ROLLED_BACK)]


def test_a_migration_in_steps_is_recorded_as_one(ready: Database) -> None:
    applied = apply(ready, STEPWISE)

    assert applied.statements == 4
    [record] = ready.table.read().records
    assert (record.state, record.checksum) == (MigrationState.APPLIED, STEPWISE.checksum)
    assert (record.journal, record.logs) == (None, None)


def test_a_step_that_fails_leaves_those_before_it_and_how_far_it_came(ready: Database) -> None:
    error = failure(ready, FAILS_HALFWAY)

    assert (error.code, error.where.sqlstate, error.where.statement, error.where.line) == ("P3018", "22012", 3, 4)
    assert error.progressed
    [record] = ready.table.read().records
    assert (record.state, record.reason) == (MigrationState.FAILED, "ERROR: division by zero (SQLSTATE 22012)")
    assert (journal_of(ready).done, journal_of(ready).steps, journal_of(ready).begun) == (2, 4, None)


def test_the_next_run_goes_on_behind_what_is_done_in_the_same_row(ready: Database) -> None:
    failure(ready, FAILS_HALFWAY)
    [before] = ready.table.read().records

    applied = go_on(ready, STEPWISE)

    assert applied is not None
    assert (applied.name, applied.statements) == (STEPWISE.name, 4)
    [record] = ready.table.read().records
    assert (record.id, record.state, record.checksum) == (before.id, MigrationState.APPLIED, STEPWISE.checksum)


def test_the_same_step_failing_again_is_counted_and_no_progress(ready: Database) -> None:
    failure(ready, FAILS_HALFWAY)

    with pytest.raises(MigrationFailed) as failed:
        go_on(ready, FAILS_HALFWAY)

    assert not failed.value.progressed
    assert (journal_of(ready).done, journal_of(ready).attempts) == (2, 2)


def test_a_later_step_failing_leaves_more(ready: Database) -> None:
    failure(ready, FAILS_HALFWAY)

    with pytest.raises(MigrationFailed) as failed:
        go_on(ready, FAILS_FURTHER)

    assert failed.value.progressed
    assert failed.value.where.sqlstate == "42P01"
    assert (journal_of(ready).done, journal_of(ready).attempts) == (3, 2)
    assert go_on(ready, STEPWISE) is not None


def test_a_first_step_that_fails_leaves_nothing_but_an_attempt(ready: Database) -> None:
    for _ in range(2):
        error = failure(ready, FAILS_AT_ONCE)

        assert not error.progressed
        assert states(ready.table.read()) == [(STEPWISE.name, MigrationState.ROLLED_BACK)]
    apply(ready, STEPWISE)


def test_a_step_of_which_nobody_knows_what_it_left_stays_begun_and_nobody_goes_on(ready: Database) -> None:
    failure(ready, FAILS_UNKNOWABLY_HALFWAY)

    assert (journal_of(ready).done, journal_of(ready).begun) == (1, 2)
    with pytest.raises(HistoryBlocked) as blocked:
        go_on(ready, FAILS_UNKNOWABLY_HALFWAY)
    assert blocked.value.code == "M507"


def test_without_the_lock_nobody_goes_on(world: World) -> None:
    first, second = world.session(), world.session()
    first.database.advisory_lock.acquire(5)
    first.database.table.create()
    failure(first.database, FAILS_HALFWAY)
    before = first.database.table.read()

    with pytest.raises(LockTimeout) as lost:
        go_on(second.database, STEPWISE)

    assert lost.value.code == "M306"
    assert first.database.table.read() == before


@pytest.mark.parametrize("migration", [A, ALONE, STEPWISE], ids=["atomic", "alone", "stepwise"])
def test_without_the_lock_nothing_is_run(database: Database, migration: Migration) -> None:
    database.table.create()

    with pytest.raises(LockTimeout) as lost:
        apply(database, migration)

    assert lost.value.code == "M306"
    assert database.table.read() == History(exists=True)


def test_marking_as_applied_adds_a_finished_row(ready: Database) -> None:
    ready.table.resolve(resolve_applied(A.name, (A,), ready.table.read()))

    [record] = ready.table.read().records
    assert (record.name, record.state, record.checksum) == (A.name, MigrationState.APPLIED, A.checksum)


def test_marking_a_failed_row_as_applied_closes_it_and_adds_a_finished_one(ready: Database) -> None:
    failure(ready, FAILS_UNKNOWABLY)

    ready.table.resolve(resolve_applied(ALONE.name, (ALONE,), ready.table.read()))

    assert states(ready.table.read()) == [
        (ALONE.name, MigrationState.ROLLED_BACK),
        (ALONE.name, MigrationState.APPLIED),
    ]


def test_a_resolution_changes_the_rows_that_it_names_and_no_others(ready: Database) -> None:
    failure(ready, FAILS_UNKNOWABLY)
    failure(ready, FAILS_UNKNOWABLY)
    first, second = ready.table.read().records

    ready.table.resolve(Resolution(ALONE.name, (second.id,), None))

    assert {record.id: record.state for record in ready.table.read().records} == {
        first.id: MigrationState.FAILED,
        second.id: MigrationState.ROLLED_BACK,
    }


def test_a_resolution_with_nothing_to_do_changes_nothing(ready: Database) -> None:
    apply(ready, A)
    before = ready.table.read()

    ready.table.resolve(Resolution(A.name, (), None))

    assert ready.table.read() == before


def test_a_lock_is_had_at_once_where_nobody_holds_it_and_can_be_taken_twice(database: Database) -> None:
    assert 0 <= database.advisory_lock.acquire(0) < 1000
    assert 0 <= database.advisory_lock.acquire(0) < 1000


def test_a_lock_is_held_until_its_session_ends(world: World) -> None:
    holder, waiter = world.session(), world.session()
    holder.database.advisory_lock.acquire(0)
    started = time.monotonic()

    with pytest.raises(LockTimeout) as given_up:
        waiter.database.advisory_lock.acquire(0.2)

    assert given_up.value.code == "P1002"
    assert f"mig/{RUN_ID}" in given_up.value.headline, "the holder is named"
    assert time.monotonic() - started < 2
    holder.close()
    waiter.database.advisory_lock.acquire(5)


def test_a_reader_needs_no_lock(world: World, ready: Database) -> None:
    apply(ready, A)

    assert len(world.session().database.table.read().records) == 1
