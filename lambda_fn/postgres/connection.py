"""The one connection of a run."""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import LiteralString, TypeVar

import psycopg
from psycopg import pq
from psycopg.sql import Identifier

from lambda_fn.deadline import NO_DEADLINE, Deadline
from lambda_fn.domain.application_name import application_name
from lambda_fn.domain.server_error import ServerError
from lambda_fn.domain.target import DEFAULT_SCHEMA
from lambda_fn.errors import MigrateError
from lambda_fn.errors import connection as connection_errors
from lambda_fn.errors import deadline as deadline_errors
from lambda_fn.errors.classes import NOTHING_STAYED, Stayed
from lambda_fn.ports import Credentials
from lambda_fn.postgres import simple_query, sql
from lambda_fn.postgres.composition import Value, composed
from lambda_fn.postgres.cutoff import Cutoff
from lambda_fn.postgres.login import log_in
from lambda_fn.postgres.simple_query import Channel, Completion, ConnectionLost, QueryFailed, Row

OLDEST_SERVER_VERSION = 140000
_QUERY_CANCELED = "57014"
_ROLE_DENIED = ("22023", "42501")  # there is no such role, or it may not be assumed
NOT_SENT = ServerError(sqlstate=_QUERY_CANCELED, message="canceled before it was sent")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Notice:
    """What the server said besides results."""

    severity: str
    message: str


class Connection:
    """A connection to the writer, by which everything of a run goes.

    `schema` holds the history; when it was asked for (`explicit_schema`), scripts run with it as search_path,
    as Prisma does for `?schema=`. `owner_role` owns what is made; None is the connecting user. `backend_pid` is the
    server's process behind the connection, also after that was lost.
    """

    _tries = 2

    def __init__(
        self,
        credentials: Credentials,
        *,
        schema: str | None,
        owner_role: str | None,
        run_id: str,
        deadline: Deadline = NO_DEADLINE,
    ) -> None:
        self.deadline = deadline
        self.credentials = credentials
        self._asked_schema = schema
        self.owner_role = owner_role
        self.run_id = run_id
        self._notice_sink: Callable[[Notice], None] | None = None
        self._open()

    @property
    def explicit_schema(self) -> str | None:
        """The schema that was asked for, by the request, the settings or the URL."""
        return self._asked_schema or self.target.schema

    @property
    def schema(self) -> str:
        """The schema that holds the history."""
        return self.explicit_schema or DEFAULT_SCHEMA

    @property
    def server_version(self) -> str:
        """For people, such as 15.18."""
        return (self._connection.info.parameter_status("server_version") or "").split(" ")[0]

    @property
    def server_version_number(self) -> int:
        """For programs, such as 150018."""
        return self._connection.pgconn.server_version

    @property
    def is_idle(self) -> bool:
        """Whether no transaction is open."""
        return self._connection.pgconn.transaction_status == pq.TransactionStatus.IDLE

    def close(self) -> None:
        """Close it; the server lets go of the advisory lock."""
        self._connection.close()

    def reopen(self) -> None:
        """Connect once more after the connection was lost. Raises: what connecting raises."""
        self.close()
        self._open()

    def renew_login(self) -> bool:
        """Whether there is by now another login for `reopen` than the one that was refused."""
        with contextlib.suppress(MigrateError):
            return self.deadline.bounded(self.credentials.renewed, deadline_errors.reading_credentials) is not None
        return False

    def send(self, statements: Iterable[bytes]) -> Completion:
        """Send statements as one message and throw the rows away. Raises: QueryFailed, ConnectionLost."""
        self._restore_reading()
        return simple_query.run(self._channel(), b";\n".join(statements))

    def send_script(self, message: bytes, on_notice: Callable[[Notice], None]) -> Completion:
        """Send one message as it is, and pass the server's notices on. Raises: QueryFailed, ConnectionLost.

        Past the deadline nothing is sent, and it fails with NOT_SENT, as if the server had cancelled it.
        """
        if self.deadline.passed:
            raise QueryFailed(NOT_SENT, Completion())
        self._notice_sink = on_notice
        try:
            self._restore_reading()
            return simple_query.run(self._channel(), message)
        except KeyboardInterrupt:
            # The server would go on until it notices that nobody is there any more.
            self._cutoff.cancel()
            raise
        finally:
            self._notice_sink = None

    def fetch(
        self,
        statements: Iterable[bytes],
        *,
        doing: str,
        writes: bool = False,
        refused: Callable[[ServerError], MigrateError | None] = lambda _: None,
    ) -> list[Row]:
        """Send statements as one message, which is one transaction, and return the rows of the last one.

        `doing` says what it is for, and `writes` whether it changes something; `refused` may have a better error
        than M901 for what the server refuses. What somebody cancels, which leaves nothing, is sent a second time.
        Raises: MigrateError.
        """
        message = b";\n".join(statements)
        try:
            return self._again_if_cancelled(lambda: self._fetch(message))
        except QueryFailed as failed:
            error = failed.error
            if self.cancelled(error):
                raise deadline_errors.during(doing) from failed
            raise refused(error) or connection_errors.unexpected(doing, error.message, error.sqlstate) from failed
        except ConnectionLost as lost:
            raise closed(doing, lost, unknown=writes and lost.sent) from lost

    def send_again_if_cancelled(self, statements: Iterable[bytes]) -> Completion:
        """As `send`; what somebody cancels, which leaves nothing, is sent a second time."""
        given = tuple(statements)
        return self._again_if_cancelled(lambda: self.send(given))

    def _fetch(self, message: bytes) -> list[Row]:
        self._restore_reading()
        return simple_query.fetch(self._channel(), message)

    def _again_if_cancelled(self, send: Callable[[], _T]) -> _T:
        for tries_left in range(self._tries - 1, -1, -1):
            try:
                return send()
            except QueryFailed as failed:
                if failed.error.sqlstate != _QUERY_CANCELED or self.deadline.passed or not tries_left:
                    raise
        raise AssertionError("it is tried once at least")

    def cancelled(self, error: ServerError) -> bool:
        """Whether an error says that the deadline ended a statement."""
        return error.sqlstate == _QUERY_CANCELED and self.deadline.passed

    def _channel(self) -> Channel:
        return Channel(self._connection.pgconn, self._cutoff.for_what_begins())

    @property
    def reads_as_expected(self) -> bool:
        """Whether the server will read the next message as UTF-8 with standard strings.

        It does so before the first statement of the message runs, so a reset inside of it comes too late.
        """
        status = self._connection.pgconn.parameter_status
        encoding = (status(b"client_encoding") or b"").upper()  # PgBouncer says it as it was asked for: utf8
        return encoding == b"UTF8" and status(b"standard_conforming_strings") == b"on"

    def _restore_reading(self) -> None:
        if not self.reads_as_expected and self.is_idle:
            # Letters only, which every encoding and kind of string leaves as they are.
            simple_query.run(self._channel(), f"RESET ALL; {sql.STANDARD_STRINGS}".encode())

    @cached_property
    def clean_state(self) -> tuple[bytes, ...]:
        """Statements that make the session ours: no leftovers of a script, our limits, the owner's role."""
        return (*(statement.encode() for statement in sql.CLEAN_STATE), *self.as_owner)

    @cached_property
    def script_session(self) -> tuple[bytes, ...]:
        """Statements that make the session as a script expects it, in a transaction that may write."""
        path = (self._search_path,) if self.explicit_schema else ()
        return (*(statement.encode() for statement in sql.CLEAN_SESSION), *path, *self.as_owner)

    @cached_property
    def script_state(self) -> tuple[bytes, ...]:
        """Statements that give a script the state that it expects: search_path and role; after clean_state."""
        path = self._search_path if self.explicit_schema else sql.DEFAULT_SEARCH_PATH.encode()
        return b"RESET row_security", path

    @property
    def _search_path(self) -> bytes:
        return self.compose(sql.SET_SEARCH_PATH, schema=Identifier(self.schema))

    @cached_property
    def as_owner(self) -> tuple[bytes, ...]:
        """The statement that assumes the owner's role, if there is one."""
        if self.owner_role is None:
            return ()
        return (self.compose(sql.SET_ROLE, role=Identifier(self.owner_role)),)

    def compose(self, statement: LiteralString, **values: Value) -> bytes:
        """A statement with its values quoted; `{table}` is the history, qualified."""
        return composed(statement, {"table": self._table, **values})

    @cached_property
    def _table(self) -> Identifier:
        return Identifier(self.schema, "_prisma_migrations")

    def _open(self) -> None:
        name = application_name(self.run_id, self.deadline.ends_at_epoch_s)
        self._connection, self.target = log_in(self.credentials, name, self.deadline)
        self._cutoff = Cutoff(self._connection, self.deadline)
        self.backend_pid = self._connection.pgconn.backend_pid
        self._connection.add_notice_handler(self._notice)
        try:
            self._check_server()
        except BaseException:
            self.close()
            raise

    def _check_server(self) -> None:
        """Refuse an old server, a standby and a transaction pooler before the first SET."""
        if self._connection.pgconn.server_version < OLDEST_SERVER_VERSION:
            raise connection_errors.server_too_old(self.server_version)
        [[pid, in_recovery]] = self._look()
        if in_recovery == "1":
            raise connection_errors.standby(self.target.address)
        if pid != str(self._connection.pgconn.backend_pid):
            raise connection_errors.transaction_pooler(self.target.address)

    def _look(self) -> list[Row]:
        """Which backend it is and whether that is a standby, asked in the owner's role if there is one.

        Raises: SettingsInvalid M305 when the role cannot be assumed; see fetch.
        """
        role, user = self.owner_role, self.target.user
        if role is not None and role.lower() == "none":
            raise connection_errors.owner_role_denied(role, user, "the name is reserved")

        def refused(error: ServerError) -> MigrateError | None:
            is_denied = role is not None and error.sqlstate in _ROLE_DENIED
            return connection_errors.owner_role_denied(str(role), user, error.message) if is_denied else None

        return self.fetch(
            [*self._role_on_trial, sql.PREFLIGHT.encode()], doing="looking at the server", refused=refused
        )

    @property
    def _role_on_trial(self) -> tuple[bytes, ...]:
        """The statement that assumes the owner's role for the length of a transaction, if there is one."""
        if self.owner_role is None:
            return ()
        return (self.compose(sql.TRY_ROLE, role=Identifier(self.owner_role)),)

    def _notice(self, diagnostic: psycopg.errors.Diagnostic) -> None:
        if self._notice_sink is not None:
            self._notice_sink(
                Notice(
                    diagnostic.severity_nonlocalized or "NOTICE", simple_query.clipped(diagnostic.message_primary) or ""
                )
            )


def closed(doing: str, lost: ConnectionLost, *, unknown: bool, stayed: Stayed = NOTHING_STAYED) -> MigrateError:
    """What a lost connection means; `unknown` when a commit was under way. Our own giving up is no fault of it."""
    if not lost.given_up:
        return connection_errors.connection_closed(doing, lost.reason, unknown=unknown, stayed=stayed)
    return deadline_errors.unanswered(doing) if unknown else deadline_errors.during(doing)
