"""Where a run happens: a database and a migrations directory, and what is seen there."""

import contextlib
import secrets
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from lambda_fn.postgres.sql import CREATE_TABLE
from local.postgres import PostgresServer
from tests.fixtures.projects import LOCK_FILE
from tests.interop.alternation.rows import Row
from tests.interop.alternation.script import Facts, Script

_FILE = "migration.sql"
_EMPTY = """
DROP SCHEMA IF EXISTS public, app, witness CASCADE;
CREATE SCHEMA public;
CREATE SCHEMA witness;
CREATE TABLE witness.note (tag text);
CREATE TABLE witness.data (once int, twice int);
INSERT INTO witness.data VALUES (1, 1), (2, 1);
"""
_FACTS = """
SELECT 'table ' || relname FROM pg_class
 WHERE relnamespace = to_regnamespace(%(schema)s) AND relkind = 'r' AND relname <> '_prisma_migrations'
UNION ALL
SELECT CASE WHEN indisvalid THEN 'index ' ELSE 'invalid ' END || relname FROM pg_index
  JOIN pg_class ON pg_class.oid = indexrelid WHERE indrelid = 'witness.data'::regclass
UNION ALL
SELECT 'value ' || typname FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid WHERE enumlabel = 'new'
UNION ALL
SELECT 'note ' || tag || CASE WHEN number = 1 THEN '' ELSE ' #' || number END
  FROM (SELECT tag, row_number() OVER (PARTITION BY tag) AS number FROM witness.note) notes
"""
_TYPES = "SELECT typname FROM pg_type WHERE typnamespace = 'witness'::regnamespace AND typtype = 'e'"
_ROWS = """
SELECT id, migration_name, checksum, started_at, finished_at, rolled_back_at, logs, applied_steps_count, m::text
  FROM {table} m ORDER BY started_at
"""


_MAKE = {
    "table": "CREATE TABLE {} (id int)",
    "note": "INSERT INTO witness.note VALUES ('{}')",
    "index": "CREATE UNIQUE INDEX {} ON witness.data (once)",
    "value": "ALTER TYPE witness.{} ADD VALUE 'new'",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A database: its history, None without the table, and its facts."""

    rows: tuple[Row, ...] | None
    facts: Facts

    @property
    def records(self) -> tuple[Row, ...]:
        """The rows, none without the table."""
        return self.rows or ()

    @property
    def is_occupied(self) -> bool:
        """Whether the schema holds tables, the history not counted."""
        return any(fact.startswith("table ") for fact in self.facts)


class Place:
    """A database with a directory beside it; `schema` is that of the URL."""

    def __init__(self, server: PostgresServer, database: str, directory: Path, schema: str) -> None:
        self.server = server
        self.database = database
        self.directory = directory
        self.schema = schema
        self._session: psycopg.Connection[tuple[Any, ...]] | None = None

    @property
    def url(self) -> str:
        """The URL, as both tools get it."""
        return f"{self.server.url(self.database)}?schema={self.schema}"

    def close(self) -> None:
        """End the session that looks."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def write(self, name: str, script: Script | None) -> None:
        """Write a migration; None is a directory without its file."""
        path = self.directory / name
        path.mkdir(exist_ok=True)
        if script is None:
            (path / _FILE).unlink(missing_ok=True)
        else:
            (path / _FILE).write_bytes(script.content)

    def remove(self, name: str) -> None:
        """Take a migration out of the directory."""
        shutil.rmtree(self.directory / name)

    def look(self) -> Seen:
        """What is there now."""
        session = self._connected()
        table = f'"{self.schema}"._prisma_migrations'
        facts = frozenset(str(fact) for [fact] in session.execute(_FACTS, {"schema": self.schema}))
        if session.execute("SELECT to_regclass(%s)", (table,)).fetchone() == (None,):
            return Seen(None, facts)
        return Seen(tuple(Row(*row) for row in session.execute(_ROWS.format(table=table))), facts)

    def by_hand(self, statements: Iterable[str], *, make_schema: bool = True) -> None:
        """What a person does with psql."""
        session = self._connected()
        if make_schema:
            session.execute(f'CREATE SCHEMA IF NOT EXISTS "{self.schema}"'.encode())
        for statement in statements:
            session.execute(statement.encode())

    def empty(self) -> None:
        """Begin anew, with an empty directory but for its lock file."""
        self.close()  # its search_path is that of the schema before
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        (self.directory / "migration_lock.toml").write_text(LOCK_FILE)
        self._connected().execute(_EMPTY.encode())

    def copy_from(self, other: "Place") -> None:
        """Become as the other one is. A new database made of it would be the same, and takes twenty times as long."""
        self.schema = other.schema
        self.empty()
        shutil.copytree(other.directory, self.directory, dirs_exist_ok=True)
        source, seen = other._connected(), other.look()
        [[exists]] = source.execute("SELECT to_regnamespace(%s) IS NOT NULL", (self.schema,))
        types = [str(name) for [name] in source.execute(_TYPES)]
        self.by_hand([f"CREATE TYPE witness.{name} AS ENUM ('old')" for name in types], make_schema=bool(exists))
        self._make(seen.facts)
        if seen.rows is not None:
            self._record(source)
        assert self.look() == seen, "the copy is not like what it was made from"

    def _make(self, facts: Facts) -> None:
        """Make what the facts tell of."""
        for fact in sorted(facts):
            kind, name = fact.split()[:2]
            if kind == "invalid":  # as it comes about
                with contextlib.suppress(psycopg.errors.UniqueViolation):
                    self.by_hand([f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON witness.data (twice)"])
            else:
                self.by_hand([_MAKE[kind].format(name)])

    def _record(self, source: "psycopg.Connection[tuple[Any, ...]]") -> None:
        table = f'"{self.schema}"._prisma_migrations'
        self.by_hand([CREATE_TABLE.format(table=table)])
        for [row] in source.execute(f"SELECT to_json(m)::text FROM {table} m".encode()):
            self._connected().execute(
                f"INSERT INTO {table} SELECT * FROM json_populate_record(NULL::{table}, %s)".encode(), (row,)
            )

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._session is None:
            self._session = psycopg.connect(self.server.url(self.database), autocommit=True, prepare_threshold=None)
            self._session.execute(f'SET search_path = "{self.schema}", pg_catalog'.encode())
        return self._session


@contextlib.contextmanager
def new_place(server: PostgresServer, home: Path) -> Iterator[Place]:
    """A database and a directory of its own, for the length of a `with` block."""
    name = f"alternation_{secrets.token_hex(6)}"
    server.create_database(name)
    place = Place(server, name, home / name, "public")
    try:
        yield place
    finally:
        place.close()
        server.drop_database(name)
