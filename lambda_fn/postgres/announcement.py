"""Writes down that a step begins which runs outside of a transaction, and makes its session ready."""

from lambda_fn.domain.directive import Directives
from lambda_fn.domain.lock_ladder import LockLadder
from lambda_fn.domain.recheck import Repeatable, Unknowable, is_concurrent
from lambda_fn.domain.server_error import ServerError
from lambda_fn.domain.steps import Step
from lambda_fn.postgres import sql
from lambda_fn.postgres.course import Course
from lambda_fn.postgres.fence import Fence, new_fence
from lambda_fn.postgres.gap import Gap, identity
from lambda_fn.postgres.leftovers import Leftovers
from lambda_fn.postgres.message import Range, milliseconds, statement_timeout_ms
from lambda_fn.postgres.run_context import RunContext
from lambda_fn.postgres.simple_query import QueryFailed
from lambda_fn.postgres.transaction import Refusal, Refused

_READ_OTHERWISE = ServerError(
    sqlstate="0A000",
    message="a script that is run step by step cannot change client_encoding or standard_conforming_strings",
)


class Announcements:
    """Announces steps."""

    def __init__(self, context: RunContext, leftovers: Leftovers) -> None:
        self._connection = context.connection
        self._attempts = context.attempts
        self._limits = context.limits
        self._leftovers = leftovers

    def announce(self, course: Course, step: Step) -> bool:
        """Write down that the step begins; its session is then ready. True when it turns out to be done already.

        Raises: Refused, QueryFailed, ConnectionLost, MigrateError.
        """
        leaves_traces = not isinstance(step.recheck, Repeatable | Unknowable)
        course.in_doubt = course.journal.begun == step.number
        if not course.in_doubt:
            before = ""
            if leaves_traces:
                # Names mean what they mean in the script's own state, so that it has to be there first.
                self.prepare(course, step)
                before = identity(self._connection, step.recheck)
            course.journal = course.begun_with(step, before)
        self.prepare(course, step)
        gap = self._leftovers.settle(course, step) if leaves_traces else Gap.NOT_DONE
        course.in_doubt = False
        return gap is Gap.DONE

    def prepare(self, course: Course, step: Step) -> None:
        """One message: a clean session, the lock looked at, the journal written, the script's own session state."""
        connection, fence, attempt = self._connection, new_fence(), course.attempt
        write = self._attempts.entered if course.is_recorded else self._attempts.started
        ours = [
            *connection.clean_state,
            fence.check_lock(connection),
            *write(attempt, course.journal, fence),
            *connection.script_state,
            *self._limits_of(step, attempt.execution.directives),
        ]
        ranges, text = course.steps.state_of(step), attempt.execution.text
        statements = [*ours, *(text[start:stop] for start, stop in ranges)]
        try:
            connection.send_again_if_cancelled(statements)
        except QueryFailed as failed:
            raise _refused(failed, fence, len(ours), ranges) from failed
        course.is_recorded = True
        if not connection.reads_as_expected:
            # The statement itself is read next, and would be read otherwise.
            raise Refused(Refusal.SCRIPT, _READ_OTHERWISE, ranges[-1][0] if ranges else step.start)

    def _limits_of(self, step: Step, directives: Directives) -> list[bytes]:
        """The limits of the statement; a routine that commits by itself waits for locks as the server is set up."""
        recheck, lock_ms, wished_ms = step.recheck, directives.lock_timeout_ms, directives.statement_timeout_ms
        if is_concurrent(recheck):
            limit_s = self._limits.concurrent_statement_timeout_s
            lock_ms = milliseconds(self._limits.concurrent_lock_timeout_s) if lock_ms is None else lock_ms
            wished_ms = milliseconds(limit_s) if wished_ms is None and limit_s is not None else wished_ms
        elif isinstance(recheck, Repeatable) and lock_ms is None:
            lock_ms = LockLadder().long_ms
        statement_ms = statement_timeout_ms(self._connection, wished_ms)
        wanted = ((sql.SESSION_LOCK_TIMEOUT, lock_ms), (sql.SESSION_STATEMENT_TIMEOUT, statement_ms))
        return [self._connection.compose(each, timeout_ms=ms) for each, ms in wanted if ms is not None]


def _refused(failed: QueryFailed, fence: Fence, ours: int, ranges: tuple[Range, ...]) -> Refused:
    error, index = failed.error, failed.before.statements - ours
    if fence.lost_lock(error):
        return Refused(Refusal.LOCK_LOST, error)
    if fence.lost_row(error):
        return Refused(Refusal.NOT_RECORDED, error)
    if 0 <= index < len(ranges):
        return Refused(Refusal.SCRIPT, error, ranges[index][0])
    return Refused(Refusal.OURS, error)
