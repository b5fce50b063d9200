"""What is told of work that was refused, after it was recorded."""

from collections.abc import Callable

from lambda_fn.domain import location
from lambda_fn.domain.failure import leftover_failed, migration_failed, outside_failed, step_failed
from lambda_fn.domain.journal import Journal
from lambda_fn.domain.server_error import ServerError
from lambda_fn.errors import MigrateError, Whereabouts
from lambda_fn.errors import apply as apply_errors
from lambda_fn.errors import connection as connection_errors
from lambda_fn.errors import deadline as deadline_errors
from lambda_fn.errors.classes import NOTHING_STAYED
from lambda_fn.postgres.attempts import Attempt
from lambda_fn.postgres.run_context import RunContext
from lambda_fn.postgres.transaction import LOCK_NOT_AVAILABLE, Refusal, Refused

_PREPARING = "preparing the session for a migration"


class Verdicts:
    """Records attempts that came to nothing, and says what is so; `journal` is None for what is one transaction."""

    def __init__(self, context: RunContext) -> None:
        self._connection = context.connection
        self._attempts = context.attempts
        self._recovery = context.recovery

    def of(self, attempt: Attempt, refused: Refused, journal: Journal | None = None) -> MigrateError:
        """The verdict on work that ran in a transaction."""
        name, error = attempt.migration.name, refused.error
        stayed = journal.stayed if journal else NOTHING_STAYED
        match refused.why:
            case Refusal.LOCK_LOST:
                return connection_errors.advisory_lock_lost(name, stayed)
            case Refusal.NOT_RECORDED:
                return apply_errors.not_recorded(Whereabouts(migration=name), stayed)
            case Refusal.OURS if self._connection.cancelled(error):
                return deadline_errors.during_migration(Whereabouts(migration=name), stayed)
            case Refusal.OURS:
                return connection_errors.unexpected(_PREPARING, error.message, error.sqlstate)
            case Refusal.ENDED:
                where = Whereabouts(migration=name, sqlstate=error.sqlstate)
                verdict = apply_errors.transaction_ended_by_script(where)
                return recorded(verdict, lambda: self._record_ended(attempt, error, where, journal))
            case Refusal.SCRIPT:
                return self.of_statement(attempt, refused, journal)

    def of_statement(self, attempt: Attempt, refused: Refused, journal: Journal | None) -> MigrateError:
        """The verdict on a statement that failed and left nothing."""
        where, error = _where(attempt, refused), refused.error
        verdict = self._verdict(refused, where, journal)
        return recorded(verdict, lambda: self._record(attempt, error, where, journal))

    def of_leftover(self, attempt: Attempt, refused: Refused, journal: Journal) -> MigrateError:
        """The verdict on a concurrent statement that failed and left what the next run removes first."""
        where, error = _where(attempt, refused), refused.error
        verdict: MigrateError = leftover_failed(error, where)
        if self._connection.cancelled(error):
            verdict = deadline_errors.during_concurrent_statement(where)
        return recorded(verdict, lambda: self._attempts.record_journal(attempt, error, where, journal))

    def of_unknowable(self, attempt: Attempt, refused: Refused, journal: Journal) -> MigrateError:
        """The verdict on a statement that ran outside of a transaction, of which nobody knows what it left."""
        where, error = _where(attempt, refused), refused.error
        verdict: MigrateError = outside_failed(error, where)
        if self._connection.cancelled(error):
            verdict = deadline_errors.during_statement_alone(where, verdict.next_step)
        return recorded(verdict, lambda: self._attempts.record_journal(attempt, error, where, journal))

    def _verdict(self, refused: Refused, where: Whereabouts, journal: Journal | None) -> MigrateError:
        error = refused.error
        stayed = journal.stayed if journal else NOTHING_STAYED
        by = refused.blockers
        if self._connection.cancelled(error):
            verdict = deadline_errors.during_migration(where, stayed)
            verdict.lines = (f"When last seen to wait for a lock, it was {by.sentence}.",) if by else ()
            return verdict
        if error.sqlstate == LOCK_NOT_AVAILABLE and refused.lock_wait_s:
            return connection_errors.lock_not_taken(where, refused.lock_wait_s, by.sentence if by else "", stayed)
        return step_failed(error, where, journal) if journal and journal.done else migration_failed(error, where)

    def _record_ended(self, attempt: Attempt, error: ServerError, where: Whereabouts, journal: Journal | None) -> None:
        if journal is None:
            self._attempts.record_failed(attempt, error, where)
        elif not self._recovery.reconnected or self._attempts.is_untouched(attempt, journal):
            self._attempts.record_logs(attempt, error, where)

    def _record(self, attempt: Attempt, error: ServerError, where: Whereabouts, journal: Journal | None) -> None:
        if journal is None:
            self._attempts.record_rolled_back(attempt, error, where)
        elif journal.done == 0:
            self._attempts.roll_back_started(attempt, error, where)
        else:
            self._attempts.record_journal(attempt, error, where, journal)


def recorded(verdict: MigrateError, record: Callable[[], None]) -> MigrateError:
    """The verdict, after it was recorded; it stands even where it could not be.

    A cancel may come late and hit the recording: it is tried a second time.
    """
    try:
        _twice(record)
    except MigrateError as error:
        verdict.lines = (*verdict.lines, f"It could not be recorded in the history: {error.headline}")
    return verdict


def _twice(record: Callable[[], None]) -> None:
    try:
        record()
    except MigrateError:
        record()


def _where(attempt: Attempt, refused: Refused) -> Whereabouts:
    migration, landmarks = attempt.migration, attempt.execution.landmarks
    offset, sqlstate = refused.offset, refused.error.sqlstate
    return location.of_error(migration.name, migration.text, offset=offset, sqlstate=sqlstate, landmarks=landmarks)
