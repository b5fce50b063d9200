"""The one connection of a run."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import LiteralString

import psycopg
from psycopg import pq
from psycopg import sql as compose
from psycopg.conninfo import make_conninfo

from lambda_fn.domain.server_error import ServerError
from lambda_fn.domain.target import DEFAULT_SCHEMA, Target
from lambda_fn.errors import MigrateError
from lambda_fn.errors import connection as connection_errors
from lambda_fn.postgres import simple_query, sql
from lambda_fn.postgres.simple_query import Completion, ConnectionLost, QueryFailed, Row

OLDEST_SERVER_VERSION = 140000
_CANCEL_TIMEOUT_S = 2.0
_WORTH_HIDING = 3  # characters; a shorter password would only spoil the message, and show itself by that
_APPLICATION_NAME_BYTES = 63  # PostgreSQL cuts it there

Value = str | list[str] | int | compose.Composable | None


@dataclass(frozen=True, slots=True)
class Notice:
    """What the server said besides results."""

    severity: str
    message: str


class Connection:
    """A connection to the writer, by which everything of a run goes.

    `schema` holds the history; when it was asked for (`explicit_schema`), scripts run with it as search_path,
    as Prisma does for `?schema=`. `owner_role` owns what is made; None is the connecting user.
    """

    def __init__(self, target: Target, *, schema: str | None, owner_role: str | None, run_id: str) -> None:
        self.target = target
        self.explicit_schema = schema or target.schema
        self.owner_role = owner_role
        self.run_id = run_id
        self._notice_sink: Callable[[Notice], None] | None = None
        self._open()

    @property
    def schema(self) -> str:
        """The schema that holds the history."""
        return self.explicit_schema or DEFAULT_SCHEMA

    @property
    def server_version(self) -> str:
        """For people, such as 15.18."""
        return (self._connection.info.parameter_status("server_version") or "").split(" ")[0]

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

    def send(self, statements: Iterable[bytes]) -> Completion:
        """Send statements as one message and throw the rows away. Raises: QueryFailed, ConnectionLost."""
        self._restore_reading()
        return simple_query.run(self._connection.pgconn, b";\n".join(statements))

    def send_script(self, message: bytes, on_notice: Callable[[Notice], None]) -> Completion:
        """Send one message as it is, and pass the server's notices on. Raises: QueryFailed, ConnectionLost."""
        self._notice_sink = on_notice
        try:
            self._restore_reading()
            return simple_query.run(self._connection.pgconn, message)
        except KeyboardInterrupt:
            # The server would go on until it notices that nobody is there any more.
            self._connection.cancel_safe(timeout=_CANCEL_TIMEOUT_S)
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
        than M901 for what the server refuses. Raises: MigrateError.
        """
        try:
            self._restore_reading()
            return simple_query.fetch(self._connection.pgconn, b";\n".join(statements))
        except QueryFailed as failed:
            error = failed.error
            raise refused(error) or connection_errors.unexpected(doing, error.message, error.sqlstate) from failed
        except ConnectionLost as lost:
            raise connection_errors.connection_closed(doing, lost.reason, unknown=writes and lost.sent) from lost

    @property
    def reads_as_expected(self) -> bool:
        """Whether the server will read the next message as UTF-8 with standard strings.

        It does so before the first statement of the message runs, so a reset inside of it comes too late.
        """
        status = self._connection.pgconn.parameter_status
        return status(b"client_encoding") == b"UTF8" and status(b"standard_conforming_strings") == b"on"

    def _restore_reading(self) -> None:
        if not self.reads_as_expected and self.is_idle:
            # Letters only, which every encoding and kind of string leaves as they are.
            simple_query.run(self._connection.pgconn, f"RESET ALL; {sql.STANDARD_STRINGS}".encode())

    @cached_property
    def clean_state(self) -> tuple[bytes, ...]:
        """Statements that make the session ours: no leftovers of a script, our limits, the owner's role."""
        return (*(statement.encode() for statement in sql.CLEAN_STATE), *self.as_owner)

    @cached_property
    def script_state(self) -> tuple[bytes, ...]:
        """Statements that give a script the state that it expects: search_path and role; after clean_state."""
        path = sql.SET_SEARCH_PATH if self.explicit_schema else sql.DEFAULT_SEARCH_PATH
        return b"RESET row_security", self.compose(path, schema=compose.Identifier(self.schema))

    @cached_property
    def as_owner(self) -> tuple[bytes, ...]:
        """The statement that assumes the owner's role, if there is one."""
        if self.owner_role is None:
            return ()
        return (self.compose(sql.SET_ROLE, role=compose.Identifier(self.owner_role)),)

    def compose(self, statement: LiteralString, **values: Value) -> bytes:
        """A statement with its values quoted; `{table}` is the history, qualified."""
        parts = {name: _composable(value) for name, value in values.items()}
        table = compose.Identifier(self.schema, "_prisma_migrations")
        return compose.SQL(statement).format(**{"table": table, **parts}).as_bytes(None)

    def _open(self) -> None:
        self._connection = _connect(self.target, f"mig/{self.run_id}")
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
        [[pid, in_recovery]] = self.fetch([sql.PREFLIGHT.encode()], doing="looking at the server")
        if in_recovery == "1":
            raise connection_errors.standby(self.target.address)
        if pid != str(self._connection.pgconn.backend_pid):
            raise connection_errors.transaction_pooler(self.target.address)
        self._check_owner_role()

    def _check_owner_role(self) -> None:
        role, user = self.owner_role, self.target.user
        if role is None:
            return
        if role.lower() == "none":
            raise connection_errors.owner_role_denied(role, user, "the name is reserved")
        self.fetch(
            self.as_owner,
            doing="assuming the owner's role",
            refused=lambda error: connection_errors.owner_role_denied(role, user, error.message),
        )

    def _notice(self, diagnostic: psycopg.errors.Diagnostic) -> None:
        if self._notice_sink is not None:
            self._notice_sink(
                Notice(
                    diagnostic.severity_nonlocalized or "NOTICE", simple_query.clipped(diagnostic.message_primary) or ""
                )
            )


def _composable(value: Value) -> compose.Composable:
    return value if isinstance(value, compose.Composable) else compose.Literal(value)


def _connect(target: Target, application_name: str) -> psycopg.Connection[tuple[object, ...]]:
    # A start-up parameter: RESET ALL would empty one that was SET.
    name = application_name.encode()[:_APPLICATION_NAME_BYTES].decode(errors="ignore")
    try:
        conninfo = make_conninfo(**{**target.conninfo, "application_name": name, "client_encoding": "utf8"})
        return psycopg.Connection.connect(conninfo, autocommit=True)
    except psycopg.OperationalError as error:
        raise _connect_error(error, target) from None


_REFUSALS = (
    ("P1000", re.compile(r"password authentication failed|no password supplied")),
    ("P1003", re.compile(r'database ".*" does not exist')),
    (
        "P1010",
        re.compile(
            r'no pg_hba\.conf entry|role ".*" does not exist|is not permitted to log in|rejects'
            r"|permission denied for database"
        ),
    ),
    ("P1011", re.compile(r"SSL|certificate|channel binding")),
    ("M301", re.compile(r"FATAL:")),  # whatever else: it was a server that answered
)
_REASON = re.compile(r".*failed: (.*)", re.DOTALL)


def _connect_error(error: psycopg.OperationalError, target: Target) -> MigrateError:
    """Our error for a failed connection. libpq gives no SQLSTATE here, so its words must do."""
    # Before the password is taken out of them: it may be a word that counts here.
    said = _REASON.sub(r"\1", str(error))  # without the host, whose name may hold any word
    code = next((code for code, pattern in _REFUSALS if pattern.search(said)), "P1001")
    reason = _redacted(str(error), target)
    match code:
        case "P1000":
            return connection_errors.authentication_failed(target.host, target.user)
        case "P1003":
            return connection_errors.no_such_database(target.dbname)
        case "P1010":
            return connection_errors.access_denied(target.user, target.dbname, reason)
        case "P1011":
            return connection_errors.tls_failed(reason)
        case "M301":
            return connection_errors.server_refused(reason)
        case _:
            return connection_errors.unreachable(target.address, reason)


def _redacted(message: str, target: Target) -> str:
    line = " ".join(message.split()).rstrip(".?")
    password = target.password or ""
    return line.replace(password, "***") if len(password) > _WORTH_HIDING else line
