"""Records attempts that do not record themselves: what failed, and what runs alone."""

from lambda_fn.domain.failure import attempts_in, logs_text
from lambda_fn.domain.server_error import ServerError
from lambda_fn.errors import Whereabouts
from lambda_fn.errors import apply as apply_errors
from lambda_fn.errors import connection as connection_errors
from lambda_fn.postgres import sql
from lambda_fn.postgres.atomic import Attempt
from lambda_fn.postgres.connection import Connection, Value
from lambda_fn.postgres.simple_query import Row

_RECORDING = "recording the failed attempt"


class Attempts:
    """Writes attempts into the history, and looks for them there."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record_rolled_back(self, attempt: Attempt, error: ServerError, where: Whereabouts) -> None:
        """Record an attempt of which nothing stayed: the next deploy tries again without a `resolve`.

        The same file failing again updates its row and the count in it, instead of adding rows.
        """
        compose, values = self._connection.compose, _values(attempt)
        rows = self._fetch(compose(sql.LAST_ROLLED_BACK, **values), doing=_RECORDING)
        attempts = attempts_in(rows[0][1]) if rows else 0
        logs = logs_text(error, where, attempts=attempts + 1, run_id=self._connection.run_id)
        if attempts:
            self._fetch(compose(sql.UPDATE_FAILED, id=rows[0][0], logs=logs), doing=_RECORDING, writes=True)
        else:
            self._fetch(compose(sql.INSERT_ROLLED_BACK, **values, logs=logs), doing=_RECORDING, writes=True)

    def record_failed(self, attempt: Attempt, error: ServerError, where: Whereabouts) -> None:
        """Record an attempt of which part may have stayed: it blocks deploys until a person resolves it."""
        logs = logs_text(error, where, attempts=1, run_id=self._connection.run_id)
        statement = self._connection.compose(sql.INSERT_FAILED, **_values(attempt), logs=logs)
        self._fetch(statement, doing=_RECORDING, writes=True)

    def record_started(self, attempt: Attempt) -> None:
        """Record that a migration begins which cannot record itself; its session is then ready for the script."""
        connection, name = self._connection, attempt.migration.name
        connection.fetch(
            [
                *connection.clean_state,
                attempt.check_lock(connection),
                connection.compose(sql.INSERT_STARTED, **_values(attempt)),
                *connection.script_state,
            ],
            doing=f"recording the start of {name}",
            writes=True,
            refused=lambda error: connection_errors.advisory_lock_lost(name) if attempt.lost_lock(error) else None,
        )

    def forget_started(self, attempt: Attempt) -> None:
        """Remove the row of a migration that was never sent."""
        self._fetch(self._connection.compose(sql.FORGET_STARTED, id=attempt.row_id), doing=_RECORDING, writes=True)

    def record_finished(self, attempt: Attempt) -> None:
        """Record that a started migration is finished. Raises: MigrationFailed M604 when the row does not keep it."""
        connection, name = self._connection, attempt.migration.name
        connection.fetch(
            [
                *connection.clean_state,
                connection.compose(sql.MARK_FINISHED, id=attempt.row_id),
                attempt.check_row(connection),
            ],
            doing=f"recording the end of {name}",
            writes=True,
            refused=lambda error: apply_errors.end_not_recorded(name) if attempt.lost_row(error) else None,
        )

    def record_logs(self, attempt: Attempt, error: ServerError, where: Whereabouts) -> None:
        """Record why a started migration failed; it stays failed."""
        logs = logs_text(error, where, attempts=1, run_id=self._connection.run_id)
        statement = self._connection.compose(sql.RECORD_LOGS, id=attempt.row_id, logs=logs)
        self._fetch(statement, doing=_RECORDING, writes=True)

    def is_recorded(self, attempt: Attempt) -> bool:
        """Whether the attempt's finished row is there, which it is exactly when its transaction was committed."""
        statement = self._connection.compose(sql.HAS_ROW, id=attempt.row_id)
        return bool(self._fetch(statement, doing=f"looking for {attempt.migration.name} in the history"))

    def _fetch(self, statement: bytes, *, doing: str, writes: bool = False) -> list[Row]:
        return self._connection.fetch([*self._connection.clean_state, statement], doing=doing, writes=writes)


def _values(attempt: Attempt) -> dict[str, Value]:
    return {"id": attempt.row_id, "checksum": attempt.migration.checksum, "name": attempt.migration.name}
