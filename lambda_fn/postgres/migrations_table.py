"""`_prisma_migrations`, exactly as Prisma keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.sql import Identifier

from lambda_fn.domain.history import History, MigrationRecord
from lambda_fn.domain.server_error import ServerError
from lambda_fn.errors import MigrateError
from lambda_fn.errors import connection as connection_errors
from lambda_fn.errors import history as history_errors
from lambda_fn.postgres import sql
from lambda_fn.postgres.connection import Connection
from lambda_fn.postgres.simple_query import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lambda_fn.domain.resolution import Resolution
    from lambda_fn.domain.row import HistoryRow, RowFilter, Rows

_INSUFFICIENT_PRIVILEGE = "42501"
_WRONG_SHAPE = ("42703", "42883", "42804", "42846")  # a column that is absent or of another type
_UNDEFINED_TABLE = "42P01"
_READING = "reading the history"
_CREATING = "creating the table _prisma_migrations"
_MARKING = "marking a migration"


class _TableGone(Exception):
    """Somebody has dropped the table since it was last seen."""


class PostgresMigrationsTable:
    """The history of the run's schema; see ports.MigrationsTable."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._exists = False

    @property
    def schema(self) -> str:
        """The schema that holds the table."""
        return self._connection.schema

    def read(self) -> History:
        """One query when the table is known to exist, two before."""
        if not self._exists:
            self._exists, occupied, _ = self._state()
            if not self._exists:
                return History(exists=False, occupied=occupied)
        try:
            return History(exists=True, records=tuple(_record(row) for row in self._list()))
        except _TableGone:
            self._exists = False
            return self.read()

    def is_occupied(self) -> bool:
        """One query, also where the table exists."""
        _, occupied, _ = self._state()
        return occupied

    def read_rows(self, wanted: RowFilter) -> Rows:
        """One query when the table is known to exist, two before."""
        from lambda_fn.domain.journal import LINE_PATTERN  # noqa: PLC0415  # a deploy pays for neither of them
        from lambda_fn.domain.row import Rows  # noqa: PLC0415

        if not self._exists:
            self._exists, _, _ = self._state()
            if not self._exists:
                return Rows(count=None)
        statement = self._connection.compose(
            sql.ROWS,
            name_part=wanted.name_part,
            state=wanted.state.value if wanted.state else None,
            limit=wanted.limit,
            journal=LINE_PATTERN,
        )
        try:
            found = self._execute([statement], doing=_READING)
        except _TableGone:
            return Rows(count=None)
        return Rows(int(found[0][-1] or 0) if found else 0, tuple(map(_whole, found)))

    def create(self) -> None:
        """Create the table, and the schema if it is absent, in one transaction."""
        _, _, schema_exists = self._state()
        compose, schema = self._connection.compose, Identifier(self.schema)
        create_schema = [] if schema_exists else [compose(sql.CREATE_SCHEMA, schema=schema)]
        self._execute([*create_schema, compose(sql.CREATE_TABLE)], doing=_CREATING)
        self._exists = True

    def resolve(self, *resolutions: Resolution) -> None:
        """Mark the open rows, and add the finished ones, in one transaction."""
        statements = [statement for resolution in resolutions for statement in self._statements(resolution)]
        if statements:
            self._execute(statements, doing=_MARKING)

    def _statements(self, resolution: Resolution) -> Iterator[bytes]:
        import uuid  # noqa: PLC0415  # a deploy with nothing to do needs none

        if resolution.mark_rolled_back:
            yield self._connection.compose(sql.MARK_ROLLED_BACK, ids=list(resolution.mark_rolled_back))
        if resolution.record_applied is not None:
            yield self._connection.compose(
                sql.INSERT_RESOLVED,
                id=str(uuid.uuid4()),
                checksum=resolution.record_applied.checksum,
                name=resolution.name,
            )

    def _state(self) -> tuple[bool, bool, bool]:
        statement = self._connection.compose(sql.TABLE_STATE, schema=self.schema)
        [row] = self._connection.fetch([statement], doing=_READING)
        exists, occupied, schema_exists = (value == "1" for value in row)
        return exists, occupied, schema_exists

    def _list(self) -> list[Row]:
        return self._execute([self._connection.compose(sql.LIST)], doing=_READING)

    def _execute(self, statements: list[bytes], *, doing: str) -> list[Row]:
        return self._connection.fetch(
            [*self._connection.clean_state, *statements],
            doing=doing,
            writes=doing != _READING,
            refused=self._refused(doing),
        )

    def _refused(self, doing: str) -> Callable[[ServerError], MigrateError | None]:
        def better(error: ServerError) -> MigrateError | None:
            if error.sqlstate == _UNDEFINED_TABLE and doing == _READING:
                raise _TableGone
            if error.sqlstate == _INSUFFICIENT_PRIVILEGE:
                return connection_errors.permission(doing, error.message, self._cure(doing, error))
            if error.sqlstate in _WRONG_SHAPE:
                return history_errors.history_malformed(self.schema, error.message)
            return None

        return better

    def _cure(self, doing: str, error: ServerError) -> str:
        schema, user = self.schema, self._connection.target.user
        owner = "or set ownerRole (MIGRATE_OWNER_ROLE) to the role that owns it"
        if "row-level security" in error.message:
            return f'Run: ALTER TABLE "{schema}"._prisma_migrations DISABLE ROW LEVEL SECURITY; {owner}.'
        if doing == _CREATING:
            return (
                f'Run: GRANT USAGE, CREATE ON SCHEMA "{schema}" TO "{user}"; '
                f"(for a new schema: GRANT CREATE ON DATABASE), {owner}."
            )
        return (
            f'Run: GRANT USAGE ON SCHEMA "{schema}" TO "{user}"; '
            f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{schema}"._prisma_migrations TO "{user}"; {owner}.'
        )


def _record(row: Row) -> MigrationRecord:
    record_id, name, checksum, finished, rolled_back, started_at, logs = row
    return MigrationRecord(
        id=record_id or "",
        name=name or "",
        checksum=checksum or "",
        finished=finished == "1",
        rolled_back=rolled_back == "1",
        started_at=started_at,
        logs=logs,
    )


def _whole(row: Row) -> HistoryRow:
    from lambda_fn.domain.row import HistoryRow, Logs, RowState  # noqa: PLC0415  # as in read_rows

    record_id, name, checksum, state, started_at, finished_at, rolled_back_at, elapsed_ms, marked, logs, _ = row
    told = Logs.read(logs)
    journal = told.journal if state == RowState.HALF_DONE else None
    return HistoryRow(
        id=record_id or "",
        name=name or "",
        checksum=checksum or "",
        state=RowState(state or ""),
        started_at=started_at or "",
        finished_at=finished_at,
        rolled_back_at=rolled_back_at,
        elapsed_ms=None if elapsed_ms is None else int(elapsed_ms),
        marked=marked == "1",
        reason=told.reason,
        attempts=told.attempts,
        done=journal.done if journal else None,
        steps=journal.steps if journal else None,
    )
