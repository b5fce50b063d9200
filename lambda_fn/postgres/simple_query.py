"""One simple-Query message and its answers.

Everything goes through here: a message of many statements is one round trip, is parsed as a whole before
anything of it runs, and can be cancelled as one. Pipeline mode loses cancels between its messages (observed).
"""

import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

import psycopg
from psycopg import pq

from lambda_fn.domain.server_error import ServerError

_POLL_MS = 250  # so that signals are handled and the deadline is kept while the server works
_LIBPQ_WITH_CHUNKS = 170000
_CHUNK_ROWS = 256  # rows that nobody wants are thrown away in chunks: 5 million at once took 577 MiB (observed)
_LONGEST_TEXT = 4000  # characters
_DONE = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)
_COPY_IN = (pq.ExecStatus.COPY_IN, pq.ExecStatus.COPY_BOTH)
_COMMITS = ("COMMIT", "PREPARE TRANSACTION", "COMMIT PREPARED")
_FIELD = pq.DiagnosticField

Row = tuple[str | None, ...]


class QueryFailed(Exception):
    """The server refused a statement of a message; `before` says what had succeeded until then."""

    def __init__(self, error: ServerError, before: "Completion") -> None:
        super().__init__(f"{error.sqlstate} {error.message}")
        self.error = error
        self.before = before


class ConnectionLost(Exception):
    """The connection is gone, or `given_up` by ourselves, because the time was up and the server did not answer.

    `sent` says whether the server may have got the whole message; `before` what it confirmed until then.
    """

    def __init__(self, reason: str, *, sent: bool, given_up: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent
        self.given_up = given_up
        self.before = Completion()


@dataclass(slots=True)
class Completion:
    """Statements that succeeded: how many, the last one's command tag, and how many of them were COMMITs."""

    statements: int = 0
    tag: str = ""
    commits: int = 0

    def add(self, tag: str) -> None:
        """Count one statement more."""
        self.statements += 1
        self.tag = tag
        self.commits += tag in _COMMITS


@dataclass(frozen=True, slots=True)
class Channel:
    """A connection, and what is to be done at least once a second while its server works."""

    pgconn: pq.abc.PGconn
    while_waiting: Callable[[], None] = lambda: None


def run(channel: Channel, message: bytes) -> Completion:
    """Send a message and throw its rows away. Raises: QueryFailed, ConnectionLost."""
    done = Completion()
    try:
        for result in _answers(channel, message, in_chunks=True):
            if (status := result.status) in _DONE:
                done.add((result.command_status or b"").decode())
            elif status == pq.ExecStatus.FATAL_ERROR:
                _fail(channel, result, done)
    except ConnectionLost as lost:
        lost.before = done
        raise
    return done


def fetch(channel: Channel, message: bytes) -> list[Row]:
    """Send a message and return the rows of its last statement, as text. Raises: QueryFailed, ConnectionLost."""
    rows: list[Row] = []
    for result in _answers(channel, message, in_chunks=False):
        if result.status == pq.ExecStatus.FATAL_ERROR:
            _fail(channel, result, Completion())
        rows = list(_rows(result))
    return rows


def _rows(result: pq.abc.PGresult) -> Iterator[Row]:
    columns = range(result.nfields)
    for number in range(result.ntuples):
        yield tuple(_text(result.get_value(number, column)) for column in columns)


def _answers(channel: Channel, message: bytes, *, in_chunks: bool) -> Iterator[pq.abc.PGresult]:
    """Every result of a message; after the first error, what follows it is drained by `_fail`."""
    _send(channel, message, in_chunks=in_chunks)
    while (result := _next(channel)) is not None:
        if (status := result.status) in _COPY_IN:
            _refuse_copy(channel)
        elif status == pq.ExecStatus.COPY_OUT:
            _discard_copy(channel)
        else:
            yield result


@contextmanager
def _losing_connection(*, sent: bool) -> Iterator[None]:
    """Whatever libpq says in here means that the connection is gone."""
    try:
        yield
    except psycopg.Error as error:
        raise ConnectionLost(str(error).strip(), sent=sent) from error


def _send(channel: Channel, message: bytes, *, in_chunks: bool) -> None:
    with _losing_connection(sent=False):
        channel.pgconn.nonblocking = 1
        channel.pgconn.send_query(message)
    if in_chunks:
        with _losing_connection(sent=True):  # libpq may have sent all of it by now
            _discard_rows_early(channel)
    with _losing_connection(sent=False):
        while channel.pgconn.flush():
            _wait(channel, select.POLLIN | select.POLLOUT)
            channel.pgconn.consume_input()


def _discard_rows_early(channel: Channel) -> None:
    if pq.version() >= _LIBPQ_WITH_CHUNKS:
        channel.pgconn.set_chunked_rows_mode(_CHUNK_ROWS)
    else:
        channel.pgconn.set_single_row_mode()


def _next(channel: Channel) -> pq.abc.PGresult | None:
    pgconn = channel.pgconn
    try:  # as _losing_connection does, which takes longer than the rest: this is called for each statement
        while pgconn.is_busy():
            _wait(channel, select.POLLIN)
            pgconn.consume_input()
        return pgconn.get_result()
    except psycopg.Error as error:
        raise ConnectionLost(str(error).strip(), sent=True) from error


def _wait(channel: Channel, events: int) -> None:
    poll = select.poll()
    poll.register(channel.pgconn.socket, events)
    poll.poll(_POLL_MS)
    channel.while_waiting()


def _refuse_copy(channel: Channel) -> None:
    with _losing_connection(sent=True):
        channel.pgconn.put_copy_end(b"COPY FROM STDIN is not possible in a migration")


def _discard_copy(channel: Channel) -> None:
    length = 0
    with _losing_connection(sent=True):
        while length >= 0:
            length, _ = channel.pgconn.get_copy_data(1)
            if length == 0:
                _wait(channel, select.POLLIN)
                channel.pgconn.consume_input()


def _fail(channel: Channel, result: pq.abc.PGresult, before: Completion) -> NoReturn:
    error = _server_error(result)
    while _next(channel) is not None:
        pass
    if channel.pgconn.status == pq.ConnStatus.BAD or error.is_fatal:
        raise ConnectionLost(error.message, sent=True)
    raise QueryFailed(error, before)


def _server_error(result: pq.abc.PGresult) -> ServerError:
    position = _text(result.error_field(_FIELD.STATEMENT_POSITION))
    return ServerError(
        sqlstate=_text(result.error_field(_FIELD.SQLSTATE)) or "",
        message=clipped(_text(result.error_field(_FIELD.MESSAGE_PRIMARY))) or "no message",
        severity=_text(result.error_field(_FIELD.SEVERITY_NONLOCALIZED)) or "FATAL",
        detail=clipped(_text(result.error_field(_FIELD.MESSAGE_DETAIL))),
        hint=clipped(_text(result.error_field(_FIELD.MESSAGE_HINT))),
        position=int(position) if position else None,
        context=clipped(_text(result.error_field(_FIELD.CONTEXT))),
    )


def clipped(text: str | None) -> str | None:
    """A text of the server, cut where a script made it longer than any reply or log record may be."""
    return text if text is None or len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="replace")
