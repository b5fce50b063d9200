"""Runs a step that cannot run in a transaction: announced, sent, entered, and looked after in between."""

import contextlib
import random
import time

from lambda_fn.domain.index_progress import IndexBuildProgressed, IndexProgress
from lambda_fn.domain.journal import Journal
from lambda_fn.domain.recheck import Repeatable, Unknowable, is_concurrent
from lambda_fn.domain.server_error import ServerError
from lambda_fn.domain.step_event import StatementRetried, WaiterCancelled
from lambda_fn.domain.steps import Step
from lambda_fn.errors import DatabaseUnreachable, DeadlineExceeded, MigrateError, MigrationFailed
from lambda_fn.errors import apply as apply_errors
from lambda_fn.errors import connection as connection_errors
from lambda_fn.errors import deadline as deadline_errors
from lambda_fn.postgres import activity_sql, sql
from lambda_fn.postgres.activity import watch_index_build
from lambda_fn.postgres.announcement import Announcements
from lambda_fn.postgres.connection import NOT_SENT
from lambda_fn.postgres.course import Course
from lambda_fn.postgres.fence import new_fence
from lambda_fn.postgres.gap import Gap
from lambda_fn.postgres.leftovers import Leftovers
from lambda_fn.postgres.run_context import RunContext
from lambda_fn.postgres.simple_query import ConnectionLost, QueryFailed
from lambda_fn.postgres.transaction import Refusal, Refused, notice_sink
from lambda_fn.postgres.verdict import Verdicts

_TRIES = 3
_WORTH_TRYING_AGAIN = ("40P01", "55P03", "57014")
_WAITERS_LIMIT_S = 15.0
_WAITERS_PATIENCE_S = 12  # a real Prisma waits for 10 s
_PAUSE_S = 0.5
_PROGRESS_EVERY_S = 5.0
_LOOKING = "looking who waits for the advisory lock"


class OutsideSteps:
    """Runs steps outside of transactions; see `run`."""

    def __init__(self, context: RunContext) -> None:
        self._connection = context.connection
        self._recovery = context.recovery
        self._attempts = context.attempts
        self._reporter = context.reporter
        self._leftovers = Leftovers(context)
        self._announcements = Announcements(context, self._leftovers)
        self._verdicts = Verdicts(context)

    def run(self, course: Course, step: Step) -> bool:
        """Run a step and enter it. False when the connection was lost and had anew: the plan is to be made anew.

        Raises: MigrationFailed P3018, M603, M604; LockTimeout M306, M330; DeadlineExceeded; DatabaseUnreachable P1017.
        """
        try:
            done = self._announced(course, step)
        except ConnectionLost as lost:
            return self._lost_before(course, lost)
        try:
            if not done:
                self._send(course, step)
        except ConnectionLost as lost:
            return self._lost(course, lost)
        return self._enter(course, step)

    def _announced(self, course: Course, step: Step) -> bool:
        try:
            return self._announcements.announce(course, step)
        except DatabaseUnreachable as error:
            raise ConnectionLost(error.problem, sent=False) from error
        except DeadlineExceeded as late:
            raise self._not_begun(course) from late
        except Refused as refused:
            if self._connection.cancelled(refused.error):
                raise self._not_begun(course) from refused
            if course.in_doubt and refused.why is Refusal.SCRIPT:
                raise self._verdicts.of_leftover(course.attempt, refused, course.journal) from refused
            if not course.in_doubt:
                course.journal = course.not_begun
            # The row was written in the same message, unless it was there before.
            journal = course.journal if course.is_recorded else None
            raise self._verdicts.of(course.attempt, refused, journal) from refused
        except QueryFailed as failed:  # what an interrupted attempt left could not be removed
            unclean = Refused(Refusal.SCRIPT, failed.error, step.start)
            raise self._verdicts.of_leftover(course.attempt, unclean, course.journal) from failed

    def _send(self, course: Course, step: Step) -> None:
        name, text = course.attempt.migration.name, course.attempt.execution.text[step.start : step.stop]
        notices = notice_sink(name, self._reporter)
        for number in range(1, _TRIES + 1):
            try:
                with watch_index_build(
                    self._connection,
                    lambda progress: self._progressed(name, progress),
                    first_after_s=_PROGRESS_EVERY_S,
                    every_s=_PROGRESS_EVERY_S,
                ):
                    self._connection.send_script(text, notices)
            except QueryFailed as failed:
                if self._is_done_after(course, step, failed.error, is_last=number == _TRIES):
                    return
            else:
                return

    def _progressed(self, name: str, progress: IndexProgress) -> None:
        self._reporter.report(IndexBuildProgressed(name, progress))

    def _is_done_after(self, course: Course, step: Step, error: ServerError, *, is_last: bool) -> bool:
        """Clean up behind a failure, by which it may be done after all; if not, it is to be sent again.

        Raises: the verdict, where it is not.
        """
        recheck, attempt = step.recheck, course.attempt
        refused = Refused(Refusal.SCRIPT, error, step.start)
        if error is NOT_SENT:
            raise self._not_begun(course)
        if isinstance(recheck, Unknowable):
            raise self._verdicts.of_unknowable(attempt, refused, course.journal)
        if is_concurrent(recheck):
            gap = self._leftovers.settle_failed(course, step)
            if gap is Gap.DONE:
                return True
            if gap is not Gap.NOT_DONE:
                raise self._verdicts.of_leftover(attempt, refused, course.journal)
        again = isinstance(recheck, Repeatable) or is_concurrent(recheck)
        again = again and error.sqlstate in _WORTH_TRYING_AGAIN and not self._connection.deadline.passed
        if is_last or not again:
            course.journal = course.not_begun
            raise self._verdicts.of_statement(attempt, refused, course.journal)
        self._reporter.report(StatementRetried(attempt.migration.name, error.message, error.sqlstate))
        self._await_no_waiters(attempt.migration.name)
        return False

    def _await_no_waiters(self, name: str) -> None:
        """Who waits for the advisory lock as Prisma does holds a snapshot, and the two would deadlock again.

        A Prisma that has given up leaves its backend waiting, with nobody behind it: that is cancelled.
        """
        give_up_at_s = time.monotonic() + min(_WAITERS_LIMIT_S, self._connection.deadline.work_left_s)
        look = self._connection.compose(sql.LOCK_WAITERS, key=sql.ADVISORY_LOCK_KEY)
        cancel = self._connection.compose(
            activity_sql.CANCEL_ABANDONED_WAITERS, key=sql.ADVISORY_LOCK_KEY, patience_s=_WAITERS_PATIENCE_S
        )
        while time.monotonic() < give_up_at_s:
            time.sleep(_PAUSE_S * random.uniform(0.5, 1.0))  # noqa: S311  # no secret
            with contextlib.suppress(MigrateError):  # a lost connection shows when the statement is sent again
                if self._connection.fetch([look], doing=_LOOKING) == [("0",)]:
                    return
                for (pid,) in self._connection.fetch([activity_sql.AS_LOGIN.encode(), cancel], doing=_LOOKING):
                    self._reporter.report(WaiterCancelled(name, str(pid), _WAITERS_PATIENCE_S))

    def _not_begun(self, course: Course) -> DeadlineExceeded:
        """The verdict on a step that was not sent any more, without a trace that would make the next run doubt."""
        name, announced = course.attempt.migration.name, course.journal
        if course.in_doubt:
            return deadline_errors.before_step(name, announced.stayed)
        course.journal = course.not_begun
        verdict = deadline_errors.before_step(name, course.journal.stayed)
        try:
            self._recovery.ensure_open(verdict)
            self._take_back(course, announced)
        except MigrateError as error:
            verdict.lines = (f"The history may have it as begun; the next run finds out: {error.headline}",)
        return verdict

    def _take_back(self, course: Course, announced: Journal) -> None:
        """Unsay that a step began which was not sent; unless another run has gone on with the row meanwhile."""
        attempt = course.attempt
        if self._recovery.reconnected and not self._attempts.is_untouched(attempt, announced):
            return
        if course.journal.done == 0:
            self._attempts.forget_started(attempt)
        else:
            self._attempts.write_journal(attempt, course.journal)

    def _lost_before(self, course: Course, lost: ConnectionLost) -> bool:
        """The connection was lost before the statement was sent."""
        if lost.given_up:
            raise self._not_begun(course) from lost
        name, announced = course.attempt.migration.name, course.journal
        doing = f"announcing a step of {name}"
        self._recovery.go_on(
            connection_errors.connection_closed(doing, lost.reason, unknown=False, stayed=course.not_begun.stayed)
        )
        if not course.in_doubt:
            course.journal = course.not_begun
            self._take_back(course, announced)
        return False

    def _lost(self, course: Course, lost: ConnectionLost) -> bool:
        name = course.attempt.migration.name
        if lost.given_up:
            raise deadline_errors.unanswered_outside_transaction(name) from lost
        self._recovery.go_on(connection_errors.connection_closed_outside_transaction(name))
        return False

    def _enter(self, course: Course, step: Step) -> bool:
        """Enter a step that is done; once more if need be, for a routine has no other trace.

        What begins after the deadline is not cancelled, so that the second time has the reserve.
        """
        name = course.attempt.migration.name
        try:
            return self._entered(course, step)
        except MigrationFailed:
            raise
        except MigrateError as error:
            unknown = self._end_unknown(name, error)
            self._recovery.ensure_open(unknown)
            try:
                return self._entered(course, step)
            except MigrateError:
                raise unknown from error

    def _end_unknown(self, name: str, error: MigrateError) -> MigrateError:
        """What is told when the end of a step could not be recorded."""
        if self._connection.deadline.passed:
            return deadline_errors.end_not_recorded_in_time(name)
        if isinstance(error, DatabaseUnreachable):
            return connection_errors.connection_closed_outside_transaction(name)
        verdict = apply_errors.end_not_recorded(name)
        verdict.lines = (error.headline,)
        return verdict

    def _entered(self, course: Course, step: Step) -> bool:
        connection, journal, attempt, fence = self._connection, course.done_with(step), course.attempt, new_fence()
        lost_row = apply_errors.end_not_recorded(attempt.migration.name)
        try:
            connection.fetch(
                [*connection.clean_state, *self._attempts.entered_behind(attempt, course.journal, journal, fence)],
                doing=f"recording {attempt.migration.name}",
                writes=True,
                refused=lambda error: lost_row if fence.lost_row(error) else None,
            )
        except MigrateError as error:
            # An entry whose answer was lost, or that of a run which has gone on while the lock was free.
            if error is not lost_row or not self._attempts.is_entered(attempt, journal.done):
                raise
        course.journal = journal
        return True
