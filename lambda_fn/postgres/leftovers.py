"""What an interrupted concurrent statement has left: looked for, and removed."""

import time

from lambda_fn.domain.step_event import LeftoverRemoved
from lambda_fn.domain.steps import Step
from lambda_fn.errors import MigrateError
from lambda_fn.errors import connection as connection_errors
from lambda_fn.postgres.course import Course
from lambda_fn.postgres.gap import Gap, clean, find
from lambda_fn.postgres.run_context import RunContext
from lambda_fn.postgres.simple_query import ConnectionLost, QueryFailed

_PAUSE_S = 0.5
_SHARE_OF_REST = 0.3  # of what is left behind the deadline; the rest is for the record and the answer


class Leftovers:
    """Looks after what concurrent statements leave."""

    def __init__(self, context: RunContext) -> None:
        self._connection = context.connection
        self._reporter = context.reporter
        self._limits = context.limits

    def settle(self, course: Course, step: Step) -> Gap:
        """What is there of a step that is announced, once what an interrupted attempt left is removed.

        Raises: LockTimeout M330, QueryFailed, ConnectionLost, MigrateError.
        """
        give_up_at_s = time.monotonic() + min(self._limits.lock_budget_s, self._connection.deadline.work_left_s)
        while (gap := self._find(course, step)) in (Gap.BUSY, Gap.HALF_DONE):
            if gap is Gap.HALF_DONE:
                self._clean(course, step, self._lock_timeout_s(course))
            elif time.monotonic() >= give_up_at_s:
                raise connection_errors.built_by_another_session(course.attempt.migration.name)
            else:
                time.sleep(_PAUSE_S)
        return gap

    def settle_failed(self, course: Course, step: Step) -> Gap:
        """The same after the step failed: HALF_DONE, or BUSY, when it could not be settled.

        Past the deadline it is tried for a moment only. Raises: ConnectionLost.
        """
        deadline = self._connection.deadline
        limit_s = deadline.verdict_left_s * _SHARE_OF_REST if deadline.passed else self._lock_timeout_s(course)
        try:
            if self._find(course, step) is Gap.HALF_DONE:
                self._clean(course, step, limit_s)
            return self._find(course, step)
        except (QueryFailed, MigrateError) as error:
            if not self._connection.is_idle:
                raise ConnectionLost(str(error), sent=True) from error
            return Gap.HALF_DONE

    def _find(self, course: Course, step: Step) -> Gap:
        return find(self._connection, step.recheck, before=course.journal.before)

    def _clean(self, course: Course, step: Step, lock_timeout_s: float) -> None:
        limit_s = self._limits.concurrent_statement_timeout_s or 0.0
        for statement in clean(
            self._connection, step.recheck, lock_timeout_s=lock_timeout_s, statement_timeout_s=limit_s
        ):
            self._reporter.report(LeftoverRemoved(course.attempt.migration.name, statement))

    def _lock_timeout_s(self, course: Course) -> float:
        wished_ms = course.attempt.execution.directives.lock_timeout_ms
        return self._limits.concurrent_lock_timeout_s if wished_ms is None else wished_ms / 1000
