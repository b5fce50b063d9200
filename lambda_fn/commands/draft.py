"""The outcome while it is being written: whatever ends a run, what is known by then is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lambda_fn.domain.migration import Migration, sort_key
from lambda_fn.domain.outcome import AppliedMigration, Outcome, PendingMigration, Status
from lambda_fn.domain.plan import Diagnostic, Plan
from lambda_fn.domain.request import Action, Request
from lambda_fn.domain.statement_limit import MAX_STATEMENT_MIB
from lambda_fn.errors import DeadlineExceeded, LockTimeout, MigrateError

if TYPE_CHECKING:
    from lambda_fn.domain.check import Check
    from lambda_fn.domain.destructive import Destructive
    from lambda_fn.domain.execution import Execution
    from lambda_fn.domain.row import Rows
    from lambda_fn.ports import AdvisoryLock

_LOCK_HELD, _NOTHING_BEGUN = "P1002", "M605"
_LONG_WAIT_MS = 1000


@dataclass(slots=True)
class Draft:
    """What a run has found out so far. Fields mean what they mean in Outcome.

    `max_statement_mib` is given: a larger statement is refused. `going_on` names those of `executions` that were
    decided for a migration that is half done.
    """

    request: Request
    run_id: str
    max_statement_mib: int = MAX_STATEMENT_MIB
    lock_wait_ms: int | None = None
    directory: str | None = None
    migrations: int | None = None
    database: str | None = None
    schema: str | None = None
    server_version: str | None = None
    applied: list[AppliedMigration] = field(default_factory=list)
    resolved: list[str] = field(default_factory=list)
    plan: Plan = field(default_factory=Plan)
    warnings: list[Diagnostic] = field(default_factory=list)
    executions: dict[str, Execution] = field(default_factory=dict)
    destructive: dict[str, tuple[Destructive, ...]] = field(default_factory=dict)
    going_on: set[str] = field(default_factory=set)
    checks: list[Check] = field(default_factory=list)
    rows: Rows | None = None

    def take_lock(self, advisory_lock: AdvisoryLock, wait_s: float) -> None:
        """Take the advisory lock, and keep how long that took, also when it was given up. Raises: LockTimeout P1002."""
        try:
            self.lock_wait_ms = advisory_lock.acquire(wait_s)
        except LockTimeout:
            self.lock_wait_ms = round(wait_s * 1000)
            raise

    def outcome(self, error: MigrateError | None, elapsed_ms: int) -> Outcome:
        """The outcome as it stands now."""
        return Outcome(
            action=self.request.action,
            status=self._status(error),
            run_id=self.run_id,
            elapsed_ms=elapsed_ms,
            lock_wait_ms=self.lock_wait_ms,
            directory=self.directory,
            migrations=self.migrations,
            database=self.database,
            schema=self.schema,
            server_version=self.server_version,
            applied=tuple(self.applied),
            # A run that got further than the plan saw does not know how far.
            pending=tuple(self._pending(m, moved_on=error is not None and error.progressed) for m in self._left()),
            failed=self.plan.failed_names,
            resolved=tuple(self.resolved),
            warnings=(*self.warnings, *self.plan.warnings),
            checks=tuple(self.checks),
            latest=self._latest(),
            history_count=self.rows.count if self.rows else None,
            history=self.rows.rows if self.rows else (),
            error=error,
        )

    def _status(self, error: MigrateError | None) -> Status:
        if error is not None and error.unknown:
            return Status.UNKNOWN
        if error is not None:
            return Status.INCOMPLETE if self._may_continue(error) else Status.FAILED
        if self.request.action in (Action.DOCTOR, Action.HISTORY):
            return Status.FAILED if any(check.has_failed for check in self.checks) else Status.PASSED
        if self.plan.failed:
            return Status.FAILED
        if self._left():
            return Status.PENDING
        return Status.APPLIED if self.applied else Status.UP_TO_DATE

    def _may_continue(self, error: MigrateError) -> bool:
        """Whether another invocation gets further: where this one got nowhere, the next one would not either.

        Unless it was another runner that kept this one from beginning.
        """
        if not self.request.comes_back:
            return False
        progressed = bool(self.applied) or error.progressed
        return (isinstance(error, DeadlineExceeded) and progressed) or (self.request.waits_on and self._held_up(error))

    def _held_up(self, error: MigrateError) -> bool:
        """Whether the lock was waited for in vain, or came when the time was up."""
        if isinstance(error, LockTimeout):
            return error.code == _LOCK_HELD
        began_nothing = not self.applied and not error.progressed and error.code == _NOTHING_BEGUN
        return began_nothing and (self.lock_wait_ms or 0) >= _LONG_WAIT_MS

    def _latest(self) -> str | None:
        known = [name for name in (self.plan.latest, *(m.name for m in self.applied)) if name is not None]
        return max(known, key=sort_key, default=None)

    def _left(self) -> tuple[Migration, ...]:
        done = {migration.name for migration in self.applied}
        return tuple(m for m in self.plan.pending if m.name not in done)

    def _pending(self, migration: Migration, *, moved_on: bool) -> PendingMigration:
        execution = self.executions.get(migration.name)
        record = self.plan.halfway_of(migration.name)
        journal = record.journal if record and not moved_on else None
        return PendingMigration(
            migration.name,
            mode=execution.mode if execution else None,
            statements=execution.statements if execution else None,
            done=journal.done if journal else None,
            steps=journal.steps if journal else None,
            destructive=self.destructive.get(migration.name),
        )
