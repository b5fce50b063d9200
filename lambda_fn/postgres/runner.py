"""Applies migrations on the run's connection, each in the way that its script can be run."""

import sys
import time
import uuid
from dataclasses import replace

from lambda_fn.domain.directive import Mode
from lambda_fn.domain.execution import Execution, falls_back, plan_execution
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.outcome import AppliedMigration
from lambda_fn.domain.resumption import Resumption
from lambda_fn.domain.step_event import FellBack
from lambda_fn.errors import MigrateError
from lambda_fn.errors import deadline as deadline_errors
from lambda_fn.ports import Reporter
from lambda_fn.postgres.advisory_lock import PolledAdvisoryLock
from lambda_fn.postgres.attempts import Attempt, Attempts
from lambda_fn.postgres.connection import Connection
from lambda_fn.postgres.message import Work
from lambda_fn.postgres.recovery import Recovery
from lambda_fn.postgres.run_context import RunContext, RunnerLimits
from lambda_fn.postgres.stepwise import StepwiseRunner
from lambda_fn.postgres.transaction import Refusal, Refused, Transactions
from lambda_fn.postgres.verdict import Verdicts

_DEFAULTS = RunnerLimits()


class PostgresScriptRunner:
    """Applies migrations on the run's connection; see ports.ScriptRunner."""

    def __init__(
        self,
        connection: Connection,
        advisory_lock: PolledAdvisoryLock,
        reporter: Reporter,
        limits: RunnerLimits = _DEFAULTS,
    ) -> None:
        recovery = Recovery(connection, advisory_lock)
        context = RunContext(connection, recovery, Attempts(connection), reporter, limits)
        self._context = context
        self._verdicts = Verdicts(context)
        self._transactions = Transactions(context)
        self._stepwise = StepwiseRunner(context, self._transactions)

    def apply(
        self, migration: Migration, execution: Execution, resumption: Resumption | None = None
    ) -> AppliedMigration | None:
        """Apply one migration and record it, or go on with one."""
        started = time.monotonic()
        if self._context.connection.deadline.passed:
            raise deadline_errors.before_migration(migration.name)
        self._context.recovery.begin()
        attempt = Attempt(migration, execution, resumption.row_id if resumption else str(uuid.uuid4()))
        if not self._run(attempt, resumption):
            return None
        elapsed_ms = round((time.monotonic() - started) * 1000)
        return AppliedMigration(migration.name, execution.statements, elapsed_ms, self._context.recovery.reconnected)

    def _run(self, attempt: Attempt, resumption: Resumption | None) -> bool:
        if attempt.execution.mode is not Mode.ATOMIC:
            return self._stepwise.apply(attempt, resumption)
        try:
            return self._transactions.run(self._work(attempt))
        except Refused as refused:
            stepwise = self._fallback(attempt, refused)
            if stepwise is None:
                raise self._verdicts.of(attempt, refused) from refused
        return self._stepwise.apply(stepwise, None)

    def _fallback(self, attempt: Attempt, refused: Refused) -> Attempt | None:
        """The attempt step by step, where the server says that nothing else can work; None where it does not."""
        migration, error = attempt.migration, refused.error
        if refused.why is not Refusal.SCRIPT or not falls_back(attempt.execution, error.sqlstate, refused.offset):
            return None
        try:
            # How large its statements may be was looked at before it ran at all.
            execution = plan_execution(migration, stepwise=True, max_statement_mib=sys.maxsize)
        except MigrateError:
            return None  # it cannot be run step by step either
        self._context.reporter.report(FellBack(migration.name, error.message, error.sqlstate))
        return replace(attempt, execution=execution)

    def _work(self, attempt: Attempt) -> Work:
        execution = attempt.execution
        return Work(
            migration=attempt.migration.name,
            text=execution.text,
            parts=execution.chunks,
            record=lambda fence: self._context.attempts.applied(attempt, fence),
            is_recorded=lambda: self._context.attempts.is_recorded(attempt),
            directives=execution.directives,
        )
