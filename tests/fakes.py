"""A database in memory that keeps the promises of `lambda_fn.ports`; tests/contract holds it to them.

It understands two kinds of statements: those that fail, because they hold a text of FAILURES, and all others.
"""

import dataclasses
import uuid
from collections.abc import Callable, Mapping

from lambda_fn.domain import location
from lambda_fn.domain.directive import Mode
from lambda_fn.domain.execution import Execution, plan_execution
from lambda_fn.domain.failure import (
    attempts_in,
    journal_logs,
    logs_text,
    migration_failed,
    outside_failed,
    step_failed,
)
from lambda_fn.domain.history import History, MigrationRecord, MigrationState
from lambda_fn.domain.journal import Journal
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.outcome import AppliedMigration
from lambda_fn.domain.recheck import Unknowable
from lambda_fn.domain.resolution import Resolution
from lambda_fn.domain.resumption import Resumption
from lambda_fn.domain.row import HistoryRow, Logs, RowFilter, Rows, RowState
from lambda_fn.domain.server_error import ServerError
from lambda_fn.domain.steps import Step, StepKind, Steps
from lambda_fn.errors import MigrateError, MigrationFailed, Whereabouts
from lambda_fn.errors import connection as connection_errors
from lambda_fn.ports import Database

FAILURES: Mapping[bytes, ServerError] = {
    b"1/0": ServerError("22012", "division by zero"),
    b"nowhere": ServerError("42P01", 'relation "nowhere" does not exist'),
}


def half_done(migration: Migration, done: int, *, begun: int | None = None) -> str:
    """The `logs` of a migration that is run step by step, of which so many steps are done."""
    steps = plan_execution(migration, stepwise=True).steps
    assert steps is not None
    begun_chain = steps.chain_after(begun) or "" if begun else ""
    return Journal(len(steps.steps), done, steps.chain_after(done) or "", begun, begun_chain=begun_chain).line(RUN_ID)


STARTED_AT = "2024-01-01 00:00:00.000"
TIME = "2024-01-01T00:00:00.000000Z"
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
        self.interruptions: dict[str, list[Callable[[], MigrateError | None]]] = {}
        """What comes of a migration instead, the first time, the second …: an error, or None for a connection that was
        lost and had anew."""
        self.while_reconnecting: dict[str, Callable[[], None]] = {}
        """What others do while the connection is lost and had anew behind the end of a migration."""

    def session(self) -> "FakeSession":
        """A new session."""
        return FakeSession(self)

    def record(
        self, migration: Migration, state: MigrationState, *, logs: str | None = None, row_id: str | None = None
    ) -> MigrationRecord:
        """Add a row, and the table when it is absent."""
        self.exists = True
        row = MigrationRecord(
            row_id or str(uuid.uuid4()),
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
        return self

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

    def is_occupied(self) -> bool:
        """Whether there are other tables."""
        return self._server.occupied

    def read_rows(self, wanted: RowFilter) -> Rows:
        """Whole rows; a fake server has one time only."""
        self._server.actions.append("read rows")
        if not self._server.exists:
            return Rows(count=None)
        rows = [row for row in map(_whole, self._server.records) if _is_wanted(row, wanted)]
        return Rows(len(rows), tuple(rows[-wanted.limit :] if wanted.limit else rows))

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
            self._server.record(resolution.record_applied, MigrationState.APPLIED, logs="")


def _as_read(record: MigrationRecord) -> MigrationRecord:
    if record.state is MigrationState.FAILED:
        return record
    return dataclasses.replace(record, started_at=None, logs=None)


def _whole(record: MigrationRecord) -> HistoryRow:
    told = Logs.read(record.logs)
    applied, failed = record.state is MigrationState.APPLIED, record.state is MigrationState.FAILED
    half_done = told.journal if failed else None
    return HistoryRow(
        record.id,
        record.name,
        record.checksum,
        RowState.HALF_DONE if half_done else RowState(record.state.value),
        TIME,
        finished_at=TIME if record.finished else None,
        rolled_back_at=TIME if record.rolled_back else None,
        elapsed_ms=0 if record.finished else None,
        marked=applied and record.logs == "",
        reason=None if applied else told.reason,
        attempts=None if applied else told.attempts,
        done=half_done.done if half_done else None,
        steps=half_done.steps if half_done else None,
    )


def _is_wanted(row: HistoryRow, wanted: RowFilter) -> bool:
    return wanted.state in (None, row.state) and (wanted.name_part or "") in row.name


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
        """Record the migration as applied, or the attempt as failed; or what interrupts it."""
        self._server.actions.append(f"apply {migration.name}")
        if self._server.holder is not self._session:
            raise connection_errors.advisory_lock_lost(migration.name)
        if interruptions := self._server.interruptions.get(migration.name):
            error = interruptions.pop(0)()
            if error is not None:
                raise error
            return None
        if execution.mode is Mode.ATOMIC:
            self._run(migration, execution)
        else:
            self._run_steps(migration, execution, resumption)
        reconnecting = self._server.while_reconnecting.pop(migration.name, None)
        if reconnecting:
            reconnecting()
        return AppliedMigration(migration.name, execution.statements, 0, reconnected=reconnecting is not None)

    def _run(self, migration: Migration, execution: Execution) -> None:
        if found := _failure_in(execution.text, 0, len(execution.text)):
            raise self._rolled_back(migration, *_placed(migration, *found))
        self._server.record(migration, MigrationState.APPLIED)

    def _run_steps(self, migration: Migration, execution: Execution, resumption: Resumption | None) -> None:
        assert execution.steps is not None
        steps = execution.steps
        journal = resumption.journal if resumption else Journal(len(steps.steps))
        for step in steps.steps[journal.done :]:
            self._server.actions.append(f"step {step.number}")
            if found := _failure_in(execution.text, step.start, step.stop):
                error, where = _placed(migration, *found)
                stopped = _stopped_at(steps, step, attempts=journal.attempts + 1)
                failed = self._step_failed(migration, error, where, stopped, resumption)
                failed.progressed = stopped.done > journal.done
                raise failed
        self._close(resumption)
        row_id = resumption.row_id if resumption else None
        self._server.record(migration, MigrationState.APPLIED, row_id=row_id)

    def _step_failed(
        self,
        migration: Migration,
        error: ServerError,
        where: Whereabouts,
        stopped: Journal,
        resumption: Resumption | None,
    ) -> MigrationFailed:
        self._close(resumption)
        if stopped.done == 0 and stopped.begun is None:
            return self._rolled_back(migration, error, where)
        row_id = resumption.row_id if resumption else None
        logs = journal_logs(error, where, stopped, RUN_ID)
        self._server.record(migration, MigrationState.FAILED, logs=logs, row_id=row_id)
        return step_failed(error, where, stopped) if stopped.begun is None else outside_failed(error, where)

    def _close(self, resumption: Resumption | None) -> None:
        """Remove the row of an unfinished migration: another one takes its place."""
        if resumption is not None:
            self._server.records[:] = [row for row in self._server.records if row.id != resumption.row_id]

    def _rolled_back(self, migration: Migration, error: ServerError, where: Whereabouts) -> MigrationFailed:
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


def _failure_in(text: bytes, start: int, stop: int) -> tuple[ServerError, int] | None:
    """The error of what fails between two offsets, and where it stands."""
    found = ((error, text.find(word, start, stop)) for word, error in FAILURES.items())
    return next(((error, offset) for error, offset in found if offset >= 0), None)


def _placed(migration: Migration, error: ServerError, offset: int) -> tuple[ServerError, Whereabouts]:
    return error, location.of_error(migration.name, migration.text, offset=offset, sqlstate=error.sqlstate)


def _stopped_at(steps: Steps, step: Step, *, attempts: int) -> Journal:
    """The journal of a migration of which this step failed; of one that leaves no trace nobody knows."""
    done = step.number - 1
    unknowable = step.kind is StepKind.OUTSIDE and isinstance(step.recheck, Unknowable)
    begun = step.number if unknowable else None
    begun_chain = step.chain if unknowable else ""
    return Journal(
        len(steps.steps), done, steps.chain_after(done) or "", begun, attempts=attempts, begun_chain=begun_chain
    )
