"""The atomic runner: prologue, fence, script, check, finished row and COMMIT in one message.

The fences hold even where the lexer is wrong about a script. Each defends against something that was tried on a
server: `docs/decisions.md`.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from lambda_fn.domain.execution import Execution
from lambda_fn.domain.location import offset_of
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.server_error import ServerError
from lambda_fn.postgres import sql
from lambda_fn.postgres.connection import Connection

# On a line of its own, so that it ends a last statement without a semicolon also behind a comment. An error at the
# end of the script is reported here.
_END = b"\n;"
_LOCK_LOST = "migrate-lambda lost its advisory lock "
_ROW_LOST = "migrate-lambda lost its row in the history "
_FENCE_LOST = "migrate-lambda lost its transaction "


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at one migration: the id of its row in the history, and a number that nobody can guess."""

    migration: Migration
    execution: Execution
    row_id: str
    nonce: int

    def lost_lock(self, error: ServerError) -> bool:
        """Whether the error says that the run's advisory lock was gone before the script began."""
        return f"{_LOCK_LOST}{self.nonce}" in error.message

    def lost_fence(self, error: ServerError) -> bool:
        """Whether the error says that the script had ended our transaction."""
        return f"{_FENCE_LOST}{self.nonce}" in error.message

    def lost_row(self, error: ServerError) -> bool:
        """Whether the error says that the row in the history was not there as it was written."""
        return f"{_ROW_LOST}{self.nonce}" in error.message

    def check_lock(self, connection: Connection) -> bytes:
        """The statement that fails with `lost_lock` when the session has lost the run's advisory lock."""
        lost = f"{_LOCK_LOST}{self.nonce}"
        return connection.compose(sql.CHECK_SESSION_LOCK, key=sql.ADVISORY_LOCK_KEY, lost=lost)

    def check_row(self, connection: Connection) -> bytes:
        """The statement that fails with `lost_row` when the finished row is not there as it was written."""
        return connection.compose(sql.CHECK_ROW, id=self.row_id, lost=f"{_ROW_LOST}{self.nonce}")


def new_nonce() -> int:
    """A positive 31-bit number, unknown to every script."""
    return secrets.randbelow(2**31 - 2) + 1


def prologue(connection: Connection, attempt: Attempt) -> list[bytes]:
    """Statements before the script: a clean session, the fence, the state that scripts expect."""
    key, nonce = sql.ADVISORY_LOCK_KEY, attempt.nonce
    return [
        sql.BEGIN.encode(),
        *connection.clean_state,
        attempt.check_lock(connection),
        connection.compose(sql.TAKE_FENCE, key=key, nonce=nonce),
        *connection.script_state,
    ]


def epilogue(connection: Connection, attempt: Attempt) -> list[bytes]:
    """Statements after the script: the fence is checked, the finished row written, the transaction committed."""
    key, nonce = sql.ADVISORY_LOCK_KEY, attempt.nonce
    return [
        sql.CHECK_CONSTRAINTS.encode(),
        *(statement.encode() for statement in sql.UNDO),
        sql.CATALOG_ONLY.encode(),
        sql.NO_ROW_SECURITY.encode(),
        connection.compose(sql.CHECK_FENCE, key=key, nonce=nonce, lost=f"{_FENCE_LOST}{nonce}"),
        *(connection.compose(statement, key=key) for statement in sql.RETAKE_LOCK),
        *connection.as_owner,
        connection.compose(
            sql.INSERT_APPLIED,
            id=attempt.row_id,
            checksum=attempt.migration.checksum,
            name=attempt.migration.name,
        ),
        attempt.check_row(connection),
        sql.COMMIT.encode(),
    ]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of an attempt: `head`, the script's bytes from `start` to `stop`, `tail`.

    `statements_before` counts the statements of `head`. The last message ends with our COMMIT.
    """

    head: bytes
    script: bytes
    start: int
    tail: bytes
    statements_before: int
    is_last: bool

    @property
    def content(self) -> bytes:
        """What is sent."""
        return b"".join((self.head, self.script, self.tail))

    def offset_of(self, error: ServerError) -> int | None:
        """The byte of the whole script that the server points at; None when it does not, or at one of ours.

        The server counts characters of the whole message, from 1.
        """
        if error.position is None:
            return None
        offset = offset_of(self.script + _END, error.position - len(self.head.decode()))
        return None if offset is None else self.start + min(offset, len(self.script.rstrip()))


def messages(connection: Connection, attempt: Attempt) -> Iterator[Message]:
    """The messages of an attempt: one, or for a large script one for each chunk of whole statements."""
    execution = attempt.execution
    last = len(execution.chunks) - 1
    for number, (start, stop) in enumerate(execution.chunks):
        before = prologue(connection, attempt) if number == 0 else []
        after = epilogue(connection, attempt) if number == last else []
        yield Message(
            head=b"".join(statement + b";\n" for statement in before),
            script=execution.text[start:stop],
            start=start,
            tail=_END + b";\n".join(after),
            statements_before=len(before),
            is_last=number == last,
        )
