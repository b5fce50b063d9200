"""Runs scripts and records them: the verdict on every attempt is given here."""

import time
import uuid
from collections.abc import Callable

from lambda_fn.domain import location
from lambda_fn.domain.event import NOTICE_LIMIT, Noticed
from lambda_fn.domain.execution import Execution, Mode
from lambda_fn.domain.failure import migration_failed
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.outcome import AppliedMigration
from lambda_fn.domain.server_error import ServerError
from lambda_fn.errors import DatabaseUnreachable, DeadlineExceeded, MigrateError, Whereabouts
from lambda_fn.errors import apply as apply_errors
from lambda_fn.errors import connection as connection_errors
from lambda_fn.errors import deadline as deadline_errors
from lambda_fn.ports import AdvisoryLock, Reporter
from lambda_fn.postgres import sql
from lambda_fn.postgres.atomic import Attempt, Message, messages, new_nonce
from lambda_fn.postgres.attempts import Attempts
from lambda_fn.postgres.connection import NOT_SENT, Connection, Notice, closed
from lambda_fn.postgres.simple_query import Completion, ConnectionLost, QueryFailed

_PREPARING = "preparing the session for a migration"
_VERDICT_WAIT_S = 15.0
_RECONNECT_PAUSE_S = 0.5
_ROTATION_PAUSE_S = 2.5  # between looks at a secret whose password the server does not take


class PostgresScriptRunner:
    """Applies migrations on the run's connection; see ports.ScriptRunner."""

    def __init__(self, connection: Connection, advisory_lock: AdvisoryLock, reporter: Reporter) -> None:
        self._connection = connection
        self._advisory_lock = advisory_lock
        self._reporter = reporter
        self._attempts = Attempts(connection)
        self._reconnected = False

    def apply(self, migration: Migration, execution: Execution) -> AppliedMigration:
        """Apply one migration and record it."""
        started = time.monotonic()
        if self._connection.deadline.passed:
            raise deadline_errors.before_migration(migration.name)
        attempt = Attempt(migration, execution, str(uuid.uuid4()), new_nonce())
        self._reconnected = False
        if execution.mode is Mode.ATOMIC:
            self._apply_atomically(attempt)
        else:
            self._apply_alone(attempt)
        elapsed_ms = round((time.monotonic() - started) * 1000)
        return AppliedMigration(migration.name, execution.statements, elapsed_ms, self._reconnected)

    def _apply_atomically(self, attempt: Attempt) -> None:
        notices = self._notices(attempt.migration.name)
        executed, tag = 0, ""
        for message in messages(self._connection, attempt):
            try:
                completion = self._connection.send_script(message.content, notices)
            except QueryFailed as failed:
                raise self._atomic_failure(attempt, message, failed, executed) from failed
            except ConnectionLost as lost:
                self._settle(attempt, message, lost)
                return
            executed += completion.statements - message.statements_before
            tag = completion.tag
            if not message.is_last:
                self._check_chunk(attempt, message, completion, executed)
        if tag != sql.COMMIT:
            raise apply_errors.not_committed(tag, Whereabouts(migration=attempt.migration.name))

    def _check_chunk(self, attempt: Attempt, message: Message, completion: Completion, executed: int) -> None:
        """The next chunk may be sent only into our own transaction, and only if it will be read as it is meant."""
        if completion.commits or self._connection.is_idle:
            self._roll_back(attempt, ended=True)
            raise self._ended_by_script(attempt, _ENDED)
        if not self._connection.reads_as_expected:
            changed = QueryFailed(_READ_OTHERWISE, Completion(message.statements_before))
            raise self._atomic_failure(attempt, message, changed, executed)

    def _atomic_failure(self, attempt: Attempt, message: Message, failed: QueryFailed, executed: int) -> MigrateError:
        """The verdict on a script that the server refused; a rollback is confirmed before it is told."""
        error = failed.error
        ended = attempt.lost_fence(error) or failed.before.commits > 0
        self._roll_back(attempt, ended=ended)
        if attempt.lost_lock(error):
            return connection_errors.advisory_lock_lost(attempt.migration.name)
        if attempt.lost_row(error):
            return apply_errors.not_recorded(Whereabouts(migration=attempt.migration.name))
        offset = message.offset_of(error)
        # A message is read as a whole before its first statement runs, so an error in the script may come first.
        if offset is None and 0 < failed.before.statements < message.statements_before:
            return connection_errors.unexpected(_PREPARING, error.message, error.sqlstate)
        # Not our COMMIT, which no error can follow: the script's own.
        if ended:
            return self._ended_by_script(attempt, error)
        where = location.of_error(
            attempt.migration.name,
            attempt.migration.text,
            offset=offset,
            executed=max(0, executed + failed.before.statements - message.statements_before),
            sqlstate=error.sqlstate,
        )
        verdict = self._verdict(error, where, Mode.ATOMIC)
        return self._recorded(verdict, lambda: self._attempts.record_rolled_back(attempt, error, where))

    def _verdict(self, error: ServerError, where: Whereabouts, mode: Mode) -> MigrateError:
        failed = migration_failed(error, where, mode)
        if not self._connection.cancelled(error):
            return failed
        if mode is Mode.ALONE:
            return deadline_errors.during_statement_alone(where, failed.next_step)
        return deadline_errors.during_migration(where)

    def _ended_by_script(self, attempt: Attempt, error: ServerError) -> MigrateError:
        where = Whereabouts(migration=attempt.migration.name, sqlstate=error.sqlstate)
        verdict = apply_errors.transaction_ended_by_script(where)
        return self._recorded(verdict, lambda: self._attempts.record_failed(attempt, error, where))

    def _apply_alone(self, attempt: Attempt) -> None:
        """Prisma's way: started row, statement, finished row."""
        name = attempt.migration.name
        starting = f"starting {name}"
        try:
            self._attempts.record_started(attempt)
        except DatabaseUnreachable as lost:
            # The statement was not sent, so the row may go: nothing is left to be resolved.
            self._connect_anew(connection_errors.connection_closed(starting, lost.problem, unknown=True))
            self._attempts.forget_started(attempt)
            raise connection_errors.connection_closed(starting, lost.problem, unknown=False) from lost
        except DeadlineExceeded as late:
            raise self._not_begun(attempt) from late
        try:
            self._connection.send_script(attempt.execution.text, self._notices(name))
        except QueryFailed as failed:
            error = failed.error
            if error is NOT_SENT:
                raise self._not_begun(attempt) from failed
            where = self._where_alone(attempt, error)
            verdict = self._verdict(error, where, Mode.ALONE)
            raise self._recorded(verdict, lambda: self._attempts.record_logs(attempt, error, where)) from failed
        except ConnectionLost as lost:
            outside = (
                deadline_errors.unanswered_outside_transaction
                if lost.given_up
                else connection_errors.connection_closed_outside_transaction
            )
            raise outside(name) from lost
        self._finish_alone(attempt)

    def _not_begun(self, attempt: Attempt) -> DeadlineExceeded:
        """The verdict on a statement that was not sent any more, without a row that would block the next run."""
        name = attempt.migration.name
        verdict = deadline_errors.before_migration(name)
        try:
            self._ensure_open(verdict)
            self._attempts.forget_started(attempt)
        except MigrateError as error:
            verdict.lines = (
                f"The history may have it as started. Then run `python -m lambda_fn resolve --rolled-back {name}`: "
                f"its row could not be removed: {error.headline}",
            )
        return verdict

    def _finish_alone(self, attempt: Attempt) -> None:
        """Record the end; once more if need be, for the statement itself is done and has no other trace.

        What begins after the deadline is not cancelled, so that the second time has the reserve.
        """
        name = attempt.migration.name
        try:
            self._attempts.record_finished(attempt)
        except (DatabaseUnreachable, DeadlineExceeded):
            try:
                self._ensure_open(connection_errors.connection_closed_outside_transaction(name))
                self._attempts.record_finished(attempt)
            except (DatabaseUnreachable, DeadlineExceeded) as error:
                if self._connection.deadline.passed:
                    raise deadline_errors.end_not_recorded_in_time(name) from error
                raise connection_errors.connection_closed_outside_transaction(name) from error

    def _ensure_open(self, unknown: MigrateError) -> None:
        """Connect anew unless the connection can still be used; see _connect_anew."""
        if not self._connection.is_idle:
            self._connect_anew(unknown)

    def _where_alone(self, attempt: Attempt, error: ServerError) -> Whereabouts:
        text = attempt.execution.text
        offset = None if error.position is None else location.offset_of(text, error.position)
        return location.of_error(attempt.migration.name, text, offset=offset, executed=0, sqlstate=error.sqlstate)

    def _roll_back(self, attempt: Attempt, *, ended: bool) -> None:
        """Confirm the rollback. `ended` says that the script had ended our transaction, so that it is not all."""
        doing = f"rolling back {attempt.migration.name}"
        try:
            self._connection.send([sql.ROLLBACK.encode()])
        except ConnectionLost as lost:
            if not ended:
                # The error was answered before, so the transaction had been aborted by then.
                raise self._lost(attempt, doing, lost, unknown=False) from lost
            self._connect_anew(self._lost(attempt, doing, lost, unknown=True))
        if not self._connection.is_idle:
            raise connection_errors.connection_closed(doing, "a transaction is still open", unknown=True)

    def _settle(self, attempt: Attempt, message: Message, lost: ConnectionLost) -> None:
        """Find out whether a transaction was committed whose answer did not come. Returns when it was.

        Whoever holds the lock afterwards knows that the old backend is done: its row is there, or never will be.
        """
        doing = f"applying {attempt.migration.name}"
        if not (message.is_last and lost.sent) and not lost.before.commits:
            raise self._lost(attempt, doing, lost, unknown=False) from lost
        self._connect_anew(self._lost(attempt, doing, lost, unknown=True))
        try:
            committed = self._attempts.is_recorded(attempt)
        except MigrateError as error:
            raise self._lost(attempt, doing, lost, unknown=True) from error
        if not committed and lost.before.commits:
            raise self._ended_by_script(attempt, _ENDED) from lost
        if not committed:
            raise self._lost(attempt, doing, lost, unknown=False) from lost

    def _lost(self, attempt: Attempt, doing: str, lost: ConnectionLost, *, unknown: bool) -> MigrateError:
        if lost.given_up and not unknown:
            return deadline_errors.during_migration(Whereabouts(migration=attempt.migration.name))
        return closed(doing, lost, unknown=unknown)

    def _connect_anew(self, unknown: MigrateError) -> None:
        """Connect again and take the lock again, by which the old backend is known to be done; else raise `unknown`."""
        try:
            self._reconnect()
            self._advisory_lock.acquire(self._verdict_wait_s)
        except MigrateError as error:
            raise unknown from error
        self._reconnected = True

    def _reconnect(self) -> None:
        give_up_at_s = time.monotonic() + self._verdict_wait_s
        while True:
            try:
                self._connection.reopen()
            except MigrateError as error:
                if time.monotonic() >= give_up_at_s:
                    raise
                if error.code == _LOGIN_REFUSED:
                    self._await_another_login(error, give_up_at_s)
                else:
                    time.sleep(_RECONNECT_PAUSE_S)
            else:
                return

    def _await_another_login(self, refused: MigrateError, give_up_at_s: float) -> None:
        """In a rotation the secret follows the database; the same login again would count towards a lock-out."""
        while time.monotonic() + _ROTATION_PAUSE_S < give_up_at_s:
            time.sleep(_ROTATION_PAUSE_S)
            if self._connection.renew_login():
                return
        raise refused

    @property
    def _verdict_wait_s(self) -> float:
        return min(_VERDICT_WAIT_S, self._connection.deadline.verdict_left_s)

    def _recorded(self, verdict: MigrateError, record: Callable[[], None]) -> MigrateError:
        """The verdict, after it was recorded; it stands even where it could not be."""
        try:
            record()
        except MigrateError as error:
            verdict.lines = (*verdict.lines, f"It could not be recorded in the history: {error.headline}")
        return verdict

    def _notices(self, name: str) -> Callable[[Notice], None]:
        """A sink that passes the first notices on; a flood of them must not fill the log."""
        count = 0

        def sink(notice: Notice) -> None:
            nonlocal count
            count += 1
            if count <= NOTICE_LIMIT:
                self._reporter.report(Noticed(name, notice.severity, notice.message))

        return sink


_LOGIN_REFUSED = "P1000"
_READ_OTHERWISE = ServerError(
    sqlstate="0A000",
    message="a script of more than 1 MiB cannot change client_encoding or standard_conforming_strings",
)
_ENDED = ServerError(sqlstate="25P01", message="the script ended the transaction that it ran in")
