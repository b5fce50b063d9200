"""What holds whatever a script does: a number that no script has by accident, and statements that fail with it.

The fences hold even where the lexer is wrong about a script. Each defends against something that was tried on a
server: `docs/decisions.md`.
"""

import secrets
from dataclasses import dataclass

from lambda_fn.domain.server_error import ServerError
from lambda_fn.postgres import sql
from lambda_fn.postgres.connection import Connection

_LOCK_LOST = "migrate-lambda lost its advisory lock "
_ROW_LOST = "migrate-lambda lost its row in the history "
_FENCE_LOST = "migrate-lambda lost its transaction "


@dataclass(frozen=True, slots=True)
class Fence:
    """The checks of one transaction; `nonce` is positive, of 31 bits, and unknown to every script."""

    nonce: int

    def lost_lock(self, error: ServerError) -> bool:
        """Whether the error says that the run's advisory lock was gone before the script began."""
        return f"{_LOCK_LOST}{self.nonce}" in error.message

    def lost_transaction(self, error: ServerError) -> bool:
        """Whether the error says that the script had ended our transaction."""
        return f"{_FENCE_LOST}{self.nonce}" in error.message

    def lost_row(self, error: ServerError) -> bool:
        """Whether the error says that the row in the history was not there as it was written."""
        return f"{_ROW_LOST}{self.nonce}" in error.message

    def check_lock(self, connection: Connection) -> bytes:
        """The statement that fails with `lost_lock` when the session has lost the run's advisory lock."""
        lost = f"{_LOCK_LOST}{self.nonce}"
        return connection.compose(sql.CHECK_SESSION_LOCK, key=sql.ADVISORY_LOCK_KEY, lost=lost)

    def take(self, connection: Connection) -> tuple[bytes, bytes]:
        """As check_lock; they mark the transaction as ours too, and lock others out should the session's lock go."""
        lost, key = f"{_LOCK_LOST}{self.nonce}", sql.ADVISORY_LOCK_KEY
        return (
            connection.compose(sql.NAME_FENCE, word=str(self.nonce)),
            connection.compose(sql.TAKE_FENCE, key=key, lost=lost, nonce=self.nonce),
        )

    def check_transaction(self, connection: Connection) -> bytes:
        """The statement that fails with `lost_transaction` when the transaction is no longer ours.

        Roles must be reset before it, and search_path be pg_catalog.
        """
        locked = connection.compose(
            sql.CHECK_FENCE_LOCK, key=sql.ADVISORY_LOCK_KEY, nonce=self.nonce, lost=f"{_FENCE_LOST}{self.nonce}"
        )
        return connection.compose(sql.CHECK_FENCE, word=str(self.nonce), locked=locked.decode())

    def check_row(self, connection: Connection, row_id: str) -> bytes:
        """The statement that fails with `lost_row` when the finished row is not there as it was written."""
        return connection.compose(sql.CHECK_ROW, id=row_id, lost=f"{_ROW_LOST}{self.nonce}")

    def check_logs(self, connection: Connection, row_id: str, logs: str) -> bytes:
        """The statement that fails with `lost_row` when the unfinished row does not have these logs."""
        return connection.compose(sql.CHECK_LOGS, id=row_id, logs=logs, lost=f"{_ROW_LOST}{self.nonce}")


def new_fence() -> Fence:
    """A fence for one transaction."""
    return Fence(secrets.randbelow(2**31 - 2) + 1)
