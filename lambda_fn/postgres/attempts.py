"""The rows of attempts: what records an attempt at a migration, and what became of it."""

from dataclasses import dataclass, replace
from typing import LiteralString

from lambda_fn.domain.execution import Execution
from lambda_fn.domain.failure import attempts_in, journal_logs, logs_text
from lambda_fn.domain.journal import Journal
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.server_error import ServerError
from lambda_fn.errors import Whereabouts
from lambda_fn.postgres import sql
from lambda_fn.postgres.composition import Value
from lambda_fn.postgres.connection import Connection
from lambda_fn.postgres.fence import Fence
from lambda_fn.postgres.simple_query import Row

_RECORDING = "recording the failed attempt"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at one migration: the id of its row in the history."""

    migration: Migration
    execution: Execution
    row_id: str


class Attempts:
    """Writes attempts into the history, and looks for them there. Whatever it does raises MigrateError."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def applied(self, attempt: Attempt, fence: Fence) -> list[bytes]:
        """The statements that write the finished row of a migration that records itself."""
        return [self._compose(sql.INSERT_APPLIED, attempt), fence.check_row(self._connection, attempt.row_id)]

    def started(self, attempt: Attempt, journal: Journal, fence: Fence) -> list[bytes]:
        """The statements that write the row of a migration in steps, before its first one."""
        logs = journal.line(self._connection.run_id)
        return [
            self._compose(sql.INSERT_STARTED, attempt, logs=logs),
            fence.check_logs(self._connection, attempt.row_id, logs),
        ]

    def entered(self, attempt: Attempt, journal: Journal, fence: Fence) -> list[bytes]:
        """The statements that enter a step into the journal; the last one's end is the end of the migration."""
        if journal.done == journal.steps:
            return [self._compose(sql.MARK_FINISHED, attempt), fence.check_row(self._connection, attempt.row_id)]
        logs = journal.line(self._connection.run_id)
        return [
            self._compose(sql.RECORD_LOGS, attempt, logs=logs),
            fence.check_logs(self._connection, attempt.row_id, logs),
        ]

    def entered_behind(self, attempt: Attempt, begun: Journal, journal: Journal, fence: Fence) -> list[bytes]:
        """The same behind a step outside of a transaction: only where its announcement still is what the row says."""
        logs = begun.line(self._connection.run_id)
        return [fence.check_logs(self._connection, attempt.row_id, logs), *self.entered(attempt, journal, fence)]

    def is_recorded(self, attempt: Attempt) -> bool:
        """Whether the attempt's finished row is there, which it is exactly when its transaction was committed."""
        return bool(self._fetch(self._compose(sql.HAS_ROW, attempt), doing=_looking_for(attempt)))

    def is_entered(self, attempt: Attempt, done: int) -> bool:
        """Whether so many steps are entered, by this run or by another one that has gone on meanwhile."""
        rows = self._fetch(self._compose(sql.LOGS, attempt), doing=_looking_for(attempt))
        journal = Journal.read(rows[0][1]) if rows else None
        return bool(rows) and (rows[0][0] == "1" or (journal is not None and journal.done >= done))

    def is_untouched(self, attempt: Attempt, journal: Journal) -> bool:
        """Whether the row is as this run has written it; while its connection was lost, another may have gone on."""
        rows = self._fetch(self._compose(sql.LOGS, attempt), doing=_looking_for(attempt))
        return rows == [("0", journal.line(self._connection.run_id))]

    def record_rolled_back(self, attempt: Attempt, error: ServerError, where: Whereabouts) -> None:
        """Record an attempt of which nothing stayed: the next deploy tries again without a `resolve`.

        The same file failing again updates its row and the count in it, instead of adding rows.
        """
        update, logs = self._counted(attempt, error, where)
        self._write(update or self._compose(sql.INSERT_ROLLED_BACK, attempt, logs=logs))

    def roll_back_started(self, attempt: Attempt, error: ServerError, where: Whereabouts) -> None:
        """The same for a migration in steps of which nothing stayed, whose row is there already."""
        update, logs = self._counted(attempt, error, where)
        if update is None:
            self._write(self._compose(sql.MARK_ATTEMPT_ROLLED_BACK, attempt, logs=logs))
        else:
            self._write(self._compose(sql.FORGET_STARTED, attempt), update)

    def _counted(self, attempt: Attempt, error: ServerError, where: Whereabouts) -> tuple[bytes | None, str]:
        """What updates the row of an earlier attempt at the same file, None where there is none, and the logs."""
        rows = self._fetch(self._compose(sql.LAST_ROLLED_BACK, attempt), doing=_RECORDING)
        attempts = attempts_in(rows[0][1]) if rows else 0
        logs = logs_text(error, where, attempts=attempts + 1, run_id=self._connection.run_id)
        return self._connection.compose(sql.UPDATE_FAILED, id=rows[0][0], logs=logs) if attempts else None, logs

    def record_failed(self, attempt: Attempt, error: ServerError, where: Whereabouts) -> None:
        """Record an attempt of which part may have stayed: it blocks deploys until a person resolves it."""
        logs = logs_text(error, where, attempts=1, run_id=self._connection.run_id)
        self._write(self._compose(sql.INSERT_FAILED, attempt, logs=logs))

    def record_logs(self, attempt: Attempt, error: ServerError, where: Whereabouts) -> None:
        """The same for a migration in steps: without a journal, no deploy goes on with it."""
        logs = logs_text(error, where, attempts=1, run_id=self._connection.run_id)
        self._write(self._compose(sql.RECORD_LOGS, attempt, logs=logs))

    def record_journal(self, attempt: Attempt, error: ServerError, where: Whereabouts, journal: Journal) -> None:
        """Record why a migration stopped half-way; the next deploy goes on with it."""
        journal = replace(journal, attempts=journal.attempts + 1)
        logs = journal_logs(error, where, journal, self._connection.run_id)
        self._write(self._compose(sql.RECORD_LOGS, attempt, logs=logs))

    def write_journal(self, attempt: Attempt, journal: Journal) -> None:
        """Record how far a migration has come that stopped without an error."""
        self._write(self._compose(sql.RECORD_LOGS, attempt, logs=journal.line(self._connection.run_id)))

    def forget_started(self, attempt: Attempt) -> None:
        """Remove the row of a migration of which nothing was sent."""
        self._write(self._compose(sql.FORGET_STARTED, attempt))

    def _compose(self, statement: LiteralString, attempt: Attempt, **more: Value) -> bytes:
        values: dict[str, Value] = {
            "id": attempt.row_id,
            "checksum": attempt.migration.checksum,
            "name": attempt.migration.name,
        }
        return self._connection.compose(statement, **values, **more)

    def _write(self, *statements: bytes) -> None:
        self._fetch(*statements, doing=_RECORDING, writes=True)

    def _fetch(self, *statements: bytes, doing: str, writes: bool = False) -> list[Row]:
        return self._connection.fetch([*self._connection.clean_state, *statements], doing=doing, writes=writes)


def _looking_for(attempt: Attempt) -> str:
    return f"looking for {attempt.migration.name} in the history"
