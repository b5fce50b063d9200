"""What is sent of work that runs in one transaction: prologue, fence, script, check, record, COMMIT; as one message."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lambda_fn.domain.directive import Directives
from lambda_fn.domain.location import offset_after, offset_of
from lambda_fn.domain.server_error import ServerError
from lambda_fn.errors.classes import NOTHING_STAYED, Stayed
from lambda_fn.postgres import sql
from lambda_fn.postgres.composition import composed
from lambda_fn.postgres.connection import Connection
from lambda_fn.postgres.fence import Fence
from lambda_fn.postgres.simple_query import Completion

# On a line of its own, so that it ends a last statement without a semicolon also behind a comment. An error at the
# end of the script is reported here.
_END = b"\n;"
_AS_OURSELVES = tuple(map(str.encode, (sql.CHECK_CONSTRAINTS, *sql.RESET_ROLES, sql.CATALOG_ONLY)))
_UNDO = (
    *map(str.encode, (*sql.RESET_SETTINGS, sql.CATALOG_ONLY, sql.NO_ROW_SECURITY)),
    composed(sql.RETAKE_LOCK, {"key": sql.ADVISORY_LOCK_KEY}),
)
_GRACE_MS = 250  # the server's clock strikes after ours, so that its word is known for the deadline's
_LONGEST_MS = 2**31 - 1
_TRANSACTION_TIMEOUT_SINCE = 170000
_SHARE_OF_RESERVE = 0.125  # half of what the server has to answer a cancel

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Work:
    """What runs in one transaction of a migration, and is recorded by it.

    Of `text`, the ranges of `state` set the session's state first; then come the `parts`, a message for each.
    `record` gives the statements that write it into the history; `is_recorded` asks on a new connection whether
    they were committed. `stayed` is what of the migration is in the database without it.
    """

    migration: str
    text: bytes = field(repr=False)
    parts: tuple[Range, ...]
    record: Callable[[Fence], list[bytes]]
    is_recorded: Callable[[], bool]
    state: tuple[Range, ...] = ()
    directives: Directives = field(default_factory=Directives)
    stayed: Stayed = NOTHING_STAYED


@dataclass(frozen=True, slots=True)
class Message:
    """One message: `head`, the script's `ranges`, `tail`.

    `statements_before` counts the statements of `head`. The last message ends with our COMMIT. All ranges but the
    last are one statement each.
    """

    head: bytes = field(repr=False)
    text: bytes = field(repr=False)
    ranges: tuple[Range, ...]
    tail: bytes = field(repr=False)
    statements_before: int
    is_last: bool

    @property
    def content(self) -> bytes:
        """What is sent."""
        return b"".join((self.head, self._script, self.tail))

    def offset_of(self, error: ServerError) -> int | None:
        """The byte of the whole script that the server points at; None when it does not, or at one of ours.

        The server counts characters of the whole message, from 1.
        """
        if error.position is None:
            return None
        offset = offset_of(self._script + _END, error.position - len(self.head.decode()))
        if offset is None:
            return None
        for start, stop in self.ranges[:-1]:
            length = stop - start + len(_END)
            if offset < length:
                return start + min(offset, stop - start)
            offset -= length
        start, stop = self.ranges[-1]
        return start + min(offset, len(self.text[start:stop].rstrip()))

    def offset_behind(self, before: Completion) -> int | None:
        """Where the statement begins that failed after so many of the message had succeeded; None for one of ours."""
        done = before.statements - self.statements_before
        if done < 0:
            return None
        if done < len(self.ranges) - 1:
            return self.ranges[done][0]
        start, stop = self.ranges[-1]
        offset = offset_after(self.text[start:stop], done - len(self.ranges) + 1)
        return None if offset is None else start + offset

    @property
    def _script(self) -> bytes:
        return _END.join(self.text[start:stop] for start, stop in self.ranges)


def messages(connection: Connection, work: Work, fence: Fence, lock_timeout_ms: int) -> Iterator[Message]:
    """The messages of one attempt: one for each part."""
    last = len(work.parts) - 1
    for number, part in enumerate(work.parts):
        before = _prologue(connection, work, fence, lock_timeout_ms) if number == 0 else []
        after = _epilogue(connection, work, fence) if number == last else []
        yield Message(
            head=b"".join(statement + b";\n" for statement in before),
            text=work.text,
            ranges=(*(work.state if number == 0 else ()), part),
            tail=_END + b";\n".join(after),
            statements_before=len(before),
            is_last=number == last,
        )


def _prologue(connection: Connection, work: Work, fence: Fence, lock_timeout_ms: int) -> list[bytes]:
    """Statements before the script: a clean session, the fence, the state that scripts expect."""
    return [
        sql.BEGIN.encode(),
        *connection.script_session,
        *_limits(connection, lock_timeout_ms, work.directives),
        *fence.take(connection),
    ]


def _epilogue(connection: Connection, work: Work, fence: Fence) -> list[bytes]:
    """Statements after the script: the fence is checked, the record written, the transaction committed."""
    return [
        *_AS_OURSELVES,
        fence.check_transaction(connection),
        *_UNDO,
        *connection.as_owner,
        *work.record(fence),
        sql.COMMIT.encode(),
    ]


def _limits(connection: Connection, lock_timeout_ms: int, directives: Directives) -> Iterator[bytes]:
    yield connection.compose(sql.LOCK_TIMEOUT, timeout_ms=lock_timeout_ms)
    statement_ms = statement_timeout_ms(connection, directives.statement_timeout_ms)
    if statement_ms is not None:
        yield connection.compose(sql.STATEMENT_TIMEOUT, timeout_ms=statement_ms)
    deadline = connection.deadline
    if deadline.end_s is not None and connection.server_version_number >= _TRANSACTION_TIMEOUT_SINCE:
        # It ends the session: for a client that is frozen, and cannot cancel any more.
        left_s = max(0.0, deadline.work_left_s) + deadline.reserve_s * _SHARE_OF_RESERVE
        yield connection.compose(sql.TRANSACTION_TIMEOUT, timeout_ms=milliseconds(left_s))


def statement_timeout_ms(connection: Connection, wished_ms: int | None) -> int | None:
    """The time left, or what is wished where that is less, 0 being no limit; None when there is neither."""
    if connection.deadline.end_s is None:
        return wished_ms
    left_ms = milliseconds(max(0.001, connection.deadline.work_left_s))
    return min(wished_ms or left_ms, left_ms)


def milliseconds(duration_s: float) -> int:
    """A timeout as PostgreSQL takes it, a moment longer than ours; 0 stays 0, which is none."""
    return min(round(duration_s * 1000) + _GRACE_MS, _LONGEST_MS) if duration_s else 0
