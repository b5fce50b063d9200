"""A database in memory that keeps the promises of `lambda_fn.ports`; tests/contract holds it to them.

It understands two kinds of scripts: those that fail, because they hold a text of FAILURES, and all others.
"""

import dataclasses
import uuid
from collections.abc import Callable, Mapping

from lambda_fn.domain import location
from lambda_fn.domain.directive import Mode
from lambda_fn.domain.execution import Execution
from lambda_fn.domain.failure import attempts_in, journal_logs, logs_text, migration_failed, outside_failed
from lambda_fn.domain.history import History, MigrationRecord, MigrationState
from lambda_fn.domain.journal import Journal
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.outcome import AppliedMigration
from lambda_fn.domain.recheck import Unknowable
from lambda_fn.domain.resolution import Resolution
from lambda_fn.domain.resumption import Resumption
from lambda_fn.domain.server_error import ServerError
from lambda_fn.errors import MigrationFailed
from lambda_fn.errors import connection as connection_errors
from lambda_fn.ports import Database

FAILURES: Mapping[bytes, ServerError] = {
    b"1/0": ServerError("22012", "division by zero"),
    b"nowhere": ServerError("42P01", 'relation "nowhere" does not exist'),
}
STARTED_AT = "2024-01-01 00:00:00.000"
RUN_ID = "test-run"


class FakeServer:
    """What several sessions share: the history, other tables, who holds the lock, and what was done in order."""

    def __init__(self) -> None:
        self.exists = False
        self.occupied = False
        self.records: list[MigrationRecord] = []
        self.holder: FakeSession | None = None
        self.actions: list[str] = []
        self.while_waiting: Callable[[], None] = lambda: None
        """What others do before the next session gets the lock."""

    def session(self) -> "FakeSession":
        """A new session."""
        return FakeSession(self)

    def record(self, migration: Migration, state: MigrationState, *, logs: str | None = None) -> MigrationRecord:
        """Add a row, and the table when it is absent."""
        self.exists = True
        row = MigrationRecord(
            str(uuid.uuid4()),
            migration.name,
            migration.checksum,
            finished=state is MigrationState.APPLIED,
            rolled_back=state is MigrationState.ROLLED_BACK,
            started_at=STARTED_AT,
            logs=logs,
        )
        self.records.append(row)
        return row

    def states(self) -> list[tuple[str, MigrationState]]:
        """Name and state of every row."""
        return [(record.name, record.state) for record in self.records]


class FakeSession:
    """The adapters of one connection to a fake server."""

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.table = FakeMigrationsTable(server)
        self.advisory_lock = FakeAdvisoryLock(self)
        self.runner = FakeScriptRunner(self)

    @property
    def database(self) -> Database:
        """The adapters as commands take them."""
        return Database(self.table, self.advisory_lock, self.runner)

    def close(self) -> None:
        """End the session, and with it the lock."""
        if self.server.holder is self:
            self.server.holder = None


class FakeMigrationsTable:
    """The history of a fake server."""

    schema = "public"

    def __init__(self, server: FakeServer) -> None:
        self._server = server

    def read(self) -> History:
        """The rows; when and why are told of failed ones only."""
        self._server.actions.append("read")
        if not self._server.exists:
            return History(exists=False, occupied=self._server.occupied)
        return History(exists=True, records=tuple(map(_as_read, self._server.records)))

    def create(self) -> None:
        """Create the table."""
        self._server.actions.append("create")
        self._server.exists = True

    def resolve(self, *resolutions: Resolution) -> None:
        """Mark the open rows, and add the finished ones."""
        for resolution in resolutions:
            self._resolve(resolution)

    def _resolve(self, resolution: Resolution) -> None:
        self._server.actions.append(f"resolve {resolution.name}")
        for number, record in enumerate(self._server.records):
            if record.id in resolution.mark_rolled_back:
                self._server.records[number] = dataclasses.replace(record, rolled_back=True)
        if resolution.record_applied is not None:
            self._server.record(resolution.record_applied, MigrationState.APPLIED)


def _as_read(record: MigrationRecord) -> MigrationRecord:
    if record.state is MigrationState.FAILED:
        return record
    return dataclasses.replace(record, started_at=None, logs=None)


class FakeAdvisoryLock:
    """The lock of a fake server; it never really waits."""

    def __init__(self, session: FakeSession) -> None:
        self._session = session

    def acquire(self, wait_s: float) -> int:
        """Take the lock, after others did what they do meanwhile."""
        server = self._session.server
        server.actions.append("lock")
        server.while_waiting()
        if server.holder not in (None, self._session):
            raise connection_errors.advisory_lock_timeout(wait_s, f"backend 1 (mig/{RUN_ID})")
        server.holder = self._session
        return 0


class FakeScriptRunner:
    """Applies scripts to a fake server."""

    def __init__(self, session: FakeSession) -> None:
        self._session = session
        self._server = session.server

    def apply(
        self, migration: Migration, execution: Execution, resumption: Resumption | None = None
    ) -> AppliedMigration | None:
        """Record the migration as applied, or the attempt as failed."""
        self._server.actions.append(f"apply {migration.name}")
        if self._server.holder is not self._session:
            raise connection_errors.advisory_lock_lost(migration.name)
        for text, error in FAILURES.items():
            if text in execution.text:
                raise self._failed(migration, execution, text, error)
        self._server.record(migration, MigrationState.APPLIED)
        return AppliedMigration(migration.name, execution.statements, 0)

    def _failed(self, migration: Migration, execution: Execution, text: bytes, error: ServerError) -> MigrationFailed:
        offset = execution.text.index(text)
        where = location.of_error(migration.name, execution.text, offset=offset, sqlstate=error.sqlstate)
        if execution.mode is Mode.ALONE and _leaves_no_trace(execution):
            logs = journal_logs(error, where, Journal(1, begun=1, attempts=1), RUN_ID)
            self._server.record(migration, MigrationState.FAILED, logs=logs)
            return outside_failed(error, where)
        attempts = 1 + self._forget_attempts(migration)
        logs = logs_text(error, where, attempts=attempts, run_id=RUN_ID)
        self._server.record(migration, MigrationState.ROLLED_BACK, logs=logs)
        return migration_failed(error, where)

    def _forget_attempts(self, migration: Migration) -> int:
        """Remove the row of former attempts at the same file, and return their number."""
        for record in self._server.records:
            same = (record.name, record.checksum) == (migration.name, migration.checksum)
            attempts = attempts_in(record.logs)
            if same and record.state is MigrationState.ROLLED_BACK and attempts:
                self._server.records.remove(record)
                return attempts
        return 0


def _leaves_no_trace(execution: Execution) -> bool:
    steps = execution.steps
    return steps is not None and isinstance(steps.steps[0].recheck, Unknowable)
