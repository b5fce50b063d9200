"""Runs a migration step by step; each is in the database and in the journal, or in neither."""

from dataclasses import replace

from lambda_fn.domain.journal import Journal
from lambda_fn.domain.resumption import Resumption
from lambda_fn.domain.server_error import ServerError
from lambda_fn.domain.step_event import WentOn
from lambda_fn.domain.steps import Step, StepKind
from lambda_fn.errors import DatabaseUnreachable, MigrateError, Whereabouts
from lambda_fn.errors import apply as apply_errors
from lambda_fn.errors import connection as connection_errors
from lambda_fn.errors import deadline as deadline_errors
from lambda_fn.postgres.attempts import Attempt
from lambda_fn.postgres.course import Course
from lambda_fn.postgres.fence import Fence, new_fence
from lambda_fn.postgres.message import Work
from lambda_fn.postgres.outside import OutsideSteps
from lambda_fn.postgres.run_context import RunContext
from lambda_fn.postgres.transaction import Refusal, Refused, Transactions
from lambda_fn.postgres.verdict import Verdicts

_WANTS_NO_TRANSACTION = ("2D000", "25001")


class StepwiseRunner:
    """Runs migrations in steps; see `apply`."""

    def __init__(self, context: RunContext, transactions: Transactions) -> None:
        self._connection = context.connection
        self._recovery = context.recovery
        self._attempts = context.attempts
        self._reporter = context.reporter
        self._transactions = transactions
        self._outside = OutsideSteps(context)
        self._verdicts = Verdicts(context)

    def apply(self, attempt: Attempt, resumption: Resumption | None) -> bool:
        """Run the steps that are not done, and record the migration as finished with the last one.

        False when the connection was lost and had anew: the plan is to be made anew, and the next call goes on.
        Raises: what ports.ScriptRunner says.
        """
        course = _course(attempt, resumption)
        if resumption is not None:
            self._reporter.report(WentOn(attempt.migration.name, course.journal.done, course.journal.steps))
            if not self._take_over(course):
                return False
        elif course.steps.steps[0].kind is not StepKind.OUTSIDE and not self._start(course):
            return False
        first = course.journal.done
        try:
            return self._run_steps(course)
        except MigrateError as error:
            error.progressed = course.journal.done > first
            raise

    def _run_steps(self, course: Course) -> bool:
        for step in course.steps.steps[course.journal.done :]:
            if self._connection.deadline.passed:
                name = course.attempt.migration.name
                raise deadline_errors.before_step(name, course.journal.stayed)
            if not self._run(course, step):
                return False
            course.journal = course.done_with(step)
            # Another runner may have had the lock meanwhile, and gone on with the steps.
            if self._recovery.reconnected and course.journal.done < course.journal.steps:
                return False
        return True

    def _take_over(self, course: Course) -> bool:
        """Make the row this run's; that is its end where the steps that are left were taken out of the file."""
        attempt, fence = course.attempt, new_fence()
        entry = self._attempts.entered(attempt, course.journal, fence)
        return self._write(course, [fence.check_lock(self._connection), *entry], fence, "going on with")

    def _start(self, course: Course) -> bool:
        """Write the started row; a first step outside of a transaction is announced with it."""
        attempt, fence = course.attempt, new_fence()
        row = self._attempts.started(attempt, course.journal, fence)
        course.is_recorded = self._write(
            course, [fence.check_lock(self._connection), *row], fence, "recording the start of"
        )
        return course.is_recorded

    def _write(self, course: Course, statements: list[bytes], fence: Fence, doing: str) -> bool:
        """Write the row. False when the connection was lost and had anew: the next look at the history tells."""
        connection, name = self._connection, course.attempt.migration.name

        def refused(error: ServerError) -> MigrateError | None:
            if fence.lost_lock(error):
                return connection_errors.advisory_lock_lost(name, course.journal.stayed)
            if fence.lost_row(error):
                return apply_errors.not_recorded(Whereabouts(migration=name), course.journal.stayed)
            return None

        try:
            connection.fetch(
                [*connection.clean_state, *statements], doing=f"{doing} {name}", writes=True, refused=refused
            )
        except DatabaseUnreachable as lost:
            self._recovery.go_on(lost)
            return False
        return True

    def _run(self, course: Course, step: Step) -> bool:
        if step.kind is StepKind.OUTSIDE or course.journal.begun == step.number:
            return self._outside.run(course, step)
        try:
            return self._transactions.run(self._work(course, step))
        except Refused as refused:
            outside = refused.why is Refusal.SCRIPT and refused.error.sqlstate in _WANTS_NO_TRANSACTION
            if step.kind is StepKind.EITHER and outside:
                return self._outside.run(course, step)
            raise self._verdicts.of(course.attempt, refused, course.journal) from refused

    def _work(self, course: Course, step: Step) -> Work:
        attempt, journal = course.attempt, course.done_with(step)
        return Work(
            migration=attempt.migration.name,
            text=attempt.execution.text,
            parts=step.parts,
            record=lambda fence: self._attempts.entered(attempt, journal, fence),
            is_recorded=lambda: self._attempts.is_entered(attempt, journal.done),
            state=course.steps.state_of(step),
            directives=attempt.execution.directives,
            stayed=course.journal.stayed,
        )


def _course(attempt: Attempt, resumption: Resumption | None) -> Course:
    steps = attempt.execution.steps
    if steps is None:
        raise AssertionError("a migration that is not atomic has steps")
    if resumption is None:
        return Course(attempt, steps, Journal(len(steps.steps)), is_recorded=False)
    # The file may have been edited behind the steps that are done.
    journal = replace(resumption.journal, steps=len(steps.steps))
    return Course(attempt, steps, journal, is_recorded=True)
