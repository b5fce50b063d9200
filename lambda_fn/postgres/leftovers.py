"""What an interrupted concurrent statement has left: looked for, and removed."""

import time

from lambda_fn.domain.outside_event import LeftoverRemoved
from lambda_fn.domain.recheck import Recheck
from lambda_fn.errors import MigrateError
from lambda_fn.errors import connection as connection_errors
from lambda_fn.postgres.gap import Gap, clean, find
from lambda_fn.postgres.run_context import RunContext
from lambda_fn.postgres.simple_query import QueryFailed

_PAUSE_S = 0.5
_LIMIT_IN_RESERVE_S = 2.0


class Leftovers:
    """Looks after what concurrent statements leave."""

    def __init__(self, context: RunContext) -> None:
        self._connection = context.connection
        self._reporter = context.reporter
        self._limits = context.limits

    def settle(self, migration: str, recheck: Recheck, before: str | None) -> Gap:
        """What is there of a statement, once what an interrupted attempt left is removed; see gap.find for `before`.

        Raises: LockTimeout M330, QueryFailed, ConnectionLost, MigrateError.
        """
        give_up_at_s = time.monotonic() + min(self._limits.lock_budget_s, self._connection.deadline.work_left_s)
        while (gap := find(self._connection, recheck, before=before)) in (Gap.BUSY, Gap.HALF_DONE):
            if gap is Gap.HALF_DONE:
                self._clean(migration, recheck, self._limits.concurrent_lock_timeout_s)
            elif time.monotonic() >= give_up_at_s:
                raise connection_errors.built_by_another_session(migration)
            else:
                time.sleep(_PAUSE_S)
        return gap

    def are_gone(self, migration: str, recheck: Recheck) -> bool:
        """Whether nothing is left of a statement that failed; past the deadline that is tried for a moment only."""
        passed = self._connection.deadline.passed
        limit_s = _LIMIT_IN_RESERVE_S if passed else self._limits.concurrent_lock_timeout_s
        try:
            if find(self._connection, recheck) is Gap.HALF_DONE:
                self._clean(migration, recheck, limit_s)
            return find(self._connection, recheck) in (Gap.NOT_DONE, Gap.DONE)
        except (QueryFailed, MigrateError):
            return False

    def _clean(self, migration: str, recheck: Recheck, lock_timeout_s: float) -> None:
        limit_s = self._limits.concurrent_statement_timeout_s or 0.0
        for statement in clean(self._connection, recheck, lock_timeout_s=lock_timeout_s, statement_timeout_s=limit_s):
            self._reporter.report(LeftoverRemoved(migration, statement))
