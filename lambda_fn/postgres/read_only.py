"""A connection for looking only."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Final

from psycopg import pq

from lambda_fn.domain.server_error import ServerError
from lambda_fn.errors import MigrateError
from lambda_fn.errors import doctor as doctor_errors
from lambda_fn.postgres.connection import Connection
from lambda_fn.postgres.simple_query import Row

LIMIT_S = 5  # for one statement
_QUERY_CANCELED = "57014"

# Local, in a message of several statements, which is one transaction: behind a pooler nothing stays in a session
# that others get next.
_STATE: Final = (
    "SET LOCAL transaction_read_only = on",
    f"SET LOCAL statement_timeout = '{LIMIT_S}s'",
    "SET LOCAL search_path = pg_catalog",
    "SET LOCAL row_security = off",
)


class ReadOnlyConnection(Connection):
    """A connection to any server: what a run would refuse is what is to be told of it."""

    _tries = 1  # a cancel is its own limit's

    def _check_server(self) -> None:
        """Nothing is refused."""

    def _restore_reading(self) -> None:
        """Nothing is restored: no script runs here, and our own statements read the same with any strings."""

    @cached_property
    def clean_state(self) -> tuple[bytes, ...]:
        """The owner's role; the rest comes with every message."""
        return self.as_owner

    @cached_property
    def as_owner(self) -> tuple[bytes, ...]:
        """The statement that assumes the owner's role for the length of a transaction, if there is one."""
        return self._role_on_trial

    def fetch(
        self,
        statements: Iterable[bytes],
        *,
        doing: str,
        writes: bool = False,
        refused: Callable[[ServerError], MigrateError | None] = lambda _: None,
    ) -> list[Row]:
        """As in a run, but read-only and for a few seconds at most. Raises: MigrateError, M328 among others."""

        def better(error: ServerError) -> MigrateError | None:
            if error.sqlstate == _QUERY_CANCELED:
                return doctor_errors.took_too_long(doing, LIMIT_S)
            return refused(error)

        state = (statement.encode() for statement in _STATE)
        return super().fetch([*state, *statements], doing=doing, writes=writes, refused=better)

    def assume_owner_role(self) -> None:
        """Try whether the owner's role can be assumed. Raises: SettingsInvalid M305."""
        self._look()

    @property
    def libpq(self) -> pq.abc.PGconn:
        """What libpq knows of the connection."""
        return self._connection.pgconn
