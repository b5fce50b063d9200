"""Prisma's checks of how `_prisma_migrations` is written and read."""

import uuid
from collections.abc import Iterator

import pytest

from lambda_fn.domain.execution import plan_execution
from lambda_fn.domain.history import MigrationState
from lambda_fn.domain.journal import Journal
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.outcome import Status
from lambda_fn.errors import HistoryBlocked
from lambda_fn.postgres.advisory_lock import PolledAdvisoryLock
from lambda_fn.postgres.attempts import Attempt, Attempts
from lambda_fn.postgres.connection import Connection
from lambda_fn.postgres.fence import new_fence
from lambda_fn.postgres.migrations_table import PostgresMigrationsTable
from tests.conformance.connecting import connect
from tests.fixtures.projects import Project, RecordingReporter

# Recorded only: PostgreSQL would not run them.
FIRST = Migration("initial_migration", b'CREATE ENUM MyBoolean ( "TRUE", "FALSE" )')
SECOND = Migration("second_migration", b"DROP ENUM MyBoolean")
FIRST_CHECKSUM = "e0c9674d3b332d71b8bc304aae5b7b8a8bb8ec720e07072429fb20d8cc69a864"
SECOND_CHECKSUM = "822db1ee793d76eaa1319eb2c453a7ec92ab6ec235268b4d27ac395c6c5a6e0f"
JOURNAL_IN_LOGS = "While a migration is under way, its logs hold how far it has come; Prisma leaves them NULL."
COUNTED_WHEN_FINISHED = "The step is counted when the migration is finished, in the same statement."


class Recorder:
    """Records attempts in a new table, without running anything."""

    def __init__(self, connection: Connection) -> None:
        self.table = PostgresMigrationsTable(connection)
        self.table.create()
        PolledAdvisoryLock(connection, RecordingReporter()).acquire(5)
        self.connection = connection
        self.attempts = Attempts(connection)

    def start(self, migration: Migration) -> Attempt:
        attempt = Attempt(migration, plan_execution(migration), str(uuid.uuid4()))
        self._write(self.attempts.started(attempt, Journal(1), new_fence()))
        return attempt

    def finish(self, attempt: Attempt) -> None:
        self._write(self.attempts.entered(attempt, Journal(1, done=1), new_fence()))

    def _write(self, statements: list[bytes]) -> None:
        self.connection.fetch([*self.connection.clean_state, *statements], doing="recording", writes=True)


@pytest.fixture
def recorder(project: Project) -> Iterator[Recorder]:
    connection = connect(project.url)
    yield Recorder(connection)
    connection.close()


@pytest.mark.conformance("migration_persistence", "starting_a_migration_works", differs=JOURNAL_IN_LOGS)
def test_a_started_migration_has_its_checksum_and_is_not_finished(project: Project, recorder: Recorder) -> None:
    attempt = recorder.start(FIRST)

    [row] = project.rows()
    assert (row["id"], row["migration_name"], row["checksum"]) == (attempt.row_id, FIRST.name, FIRST_CHECKSUM)
    assert (row["finished_at"], row["rolled_back_at"]) == (None, None)
    assert Journal.read(row["logs"]) == Journal(1)
    assert row["applied_steps_count"] == 0
    assert 0 <= project.value("SELECT extract(epoch FROM now() - started_at)::float FROM _prisma_migrations") < 60


@pytest.mark.conformance("migration_persistence", "finishing_a_migration_works", differs=COUNTED_WHEN_FINISHED)
def test_a_finished_migration_is_finished_after_it_was_started(project: Project, recorder: Recorder) -> None:
    attempt = recorder.start(FIRST)
    recorder.finish(attempt)

    [row] = project.rows()
    assert (row["id"], row["migration_name"], row["checksum"]) == (attempt.row_id, FIRST.name, FIRST_CHECKSUM)
    assert row["finished_at"] > row["started_at"]
    assert (row["rolled_back_at"], row["logs"], row["applied_steps_count"]) == (None, None, 1)


@pytest.mark.conformance("migration_persistence", "updating_then_finishing_a_migration_works")
def test_a_deployed_migration_has_one_step_and_no_logs(project: Project) -> None:
    """One step however many statements it has: none in this one."""
    project.write("20240101000000_initial_migration", "-- This is an empty migration.")

    assert project.run().status is Status.APPLIED

    [row] = project.rows()
    assert row["migration_name"] == "20240101000000_initial_migration"
    assert row["checksum"] == "122d743a0403e77ad7e0ed9447f5b8826f2fbdbc55612d936eff004dd13c2eec"
    assert row["finished_at"] > row["started_at"]
    assert (row["rolled_back_at"], row["logs"], row["applied_steps_count"]) == (None, None, 1)


@pytest.mark.conformance("migration_persistence", "multiple_successive_migrations_work", differs=COUNTED_WHEN_FINISHED)
def test_rows_are_read_in_the_order_in_which_they_were_started(project: Project, recorder: Recorder) -> None:
    first = recorder.start(FIRST)
    recorder.finish(first)
    second = recorder.start(SECOND)

    assert [(record.id, record.checksum, record.state) for record in recorder.table.read().records] == [
        (first.row_id, FIRST_CHECKSUM, MigrationState.APPLIED),
        (second.row_id, SECOND_CHECKSUM, MigrationState.FAILED),
    ]
    assert [row["applied_steps_count"] for row in project.rows()] == [1, 0]


@pytest.mark.conformance("migration_persistence", "starting_a_migration_on_a_non_empty_database_errors")
def test_the_history_is_not_begun_in_a_schema_with_tables(project: Project) -> None:
    project.query("CREATE TABLE cats (id int)")
    project.write("20240101000000_init", "CREATE TABLE dogs (id int);")

    error = project.run().error

    assert isinstance(error, HistoryBlocked)
    assert error.code == "P3005"
    assert "https://pris.ly/d/migrate-baseline" in error.headline
    assert project.tables() == {"cats"}


@pytest.mark.conformance(
    "migration_persistence",
    "starting_a_migration_on_db_with_existing_external_table_does_not_errors",
    differs="Tables cannot be declared external: P3005 says how to go on, which is to mark a baseline as applied.",
)
def test_tables_of_others_need_a_baseline(project: Project) -> None:
    project.query("CREATE TABLE cats (id int)")
    project.write("20240101000000_baseline", "-- cats are made elsewhere")
    project.write("20240102000000_init", "CREATE TABLE dogs (id int);")

    refused = project.run().error
    project.run("resolve", applied="20240101000000_baseline")

    assert refused is not None
    assert refused.code == "P3005"
    assert "baseline --to 20240101000000_baseline" in refused.next_step
    assert [migration.name for migration in project.run().applied] == ["20240102000000_init"]
