"""What is in a database, in a form in which two databases can be compared: ids and times are left out."""

import time
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg import sql

from lambda_fn.postgres.sql import CREATE_TABLE

Session = psycopg.Connection[tuple[Any, ...]]

HISTORY = "_prisma_migrations"
_OURS = "mig/%"

_CATALOG = """
WITH tables AS (
    SELECT c.oid, c.relname, c.relkind, c.relispartition, pg_get_expr(c.relpartbound, c.oid) AS bound
      FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
       AND c.relname <> '_prisma_migrations'
)
SELECT 'table', relname, concat_ws(' ', relkind, relispartition, bound) FROM tables
UNION ALL
SELECT 'column', t.relname || '.' || a.attname,
       concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
  FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
UNION ALL
SELECT 'constraint', t.relname || '.' || c.conname, concat_ws(' ', pg_get_constraintdef(c.oid), c.convalidated)
  FROM tables t JOIN pg_constraint c ON c.conrelid = t.oid
UNION ALL
SELECT CASE WHEN i.indisvalid AND i.indisready THEN 'index' ELSE 'invalid index' END, c.relname, pg_get_indexdef(c.oid)
  FROM tables t JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class c ON c.oid = i.indexrelid
UNION ALL
SELECT 'enum', t.typname, string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder)
  FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid WHERE t.typnamespace = 'public'::regnamespace GROUP BY 1, 2
UNION ALL
SELECT 'function', proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""

_RESIDUE = """
SELECT 'an advisory lock is held by backend ' || l.pid FROM pg_locks l
  JOIN pg_database d ON d.oid = l.database AND d.datname = current_database() WHERE l.locktype = 'advisory'
UNION ALL
SELECT 'index ' || c.relname || ' is not valid' FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
 WHERE NOT (i.indisvalid AND i.indisready AND i.indislive)
UNION ALL
SELECT 'transaction ' || gid || ' is prepared' FROM pg_prepared_xacts WHERE database = current_database()
UNION ALL
SELECT 'partition ' || inhrelid::regclass || ' is half detached' FROM pg_inherits WHERE inhdetachpending
"""

_SESSIONS = """
SELECT concat_ws(' ', 'backend', pid, application_name, state, now() - state_change, left(query, 80))
  FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE %s
"""


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A row of the history without its id and times."""

    name: str
    checksum: str
    is_finished: bool
    is_rolled_back: bool
    logs: str | None
    steps: int

    @property
    def is_applied(self) -> bool:
        """Whether the migration counts as applied by it."""
        return self.is_finished and not self.is_rolled_back


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Schema and data as sorted lines, invalid indexes apart from them, and the history."""

    facts: tuple[str, ...]
    invalid: tuple[str, ...]
    history: tuple[HistoryRow, ...]

    @property
    def without_reasons(self) -> "Snapshot":
        """The same without the texts of `logs`, in which there are times and run ids."""
        rows = tuple(replace(row, logs="" if row.logs else row.logs) for row in self.history)
        return replace(self, history=rows)

    @property
    def applied(self) -> tuple[str, ...]:
        """The names of the applied migrations, sorted; one that was applied twice is named twice."""
        return tuple(sorted(row.name for row in self.history if row.is_applied))

    @property
    def started(self) -> tuple[str, ...]:
        """The names of the migrations that are neither finished nor rolled back."""
        return tuple(sorted(row.name for row in self.history if not row.is_finished and not row.is_rolled_back))


def take(session: Session) -> Snapshot:
    """Look at a database."""
    catalog = [tuple(map(str, row)) for row in session.execute(_CATALOG)]
    tables = sorted(name for kind, name, _ in catalog if kind == "table")
    facts = [" ".join(row) for row in catalog if row[0] != "invalid index"]
    invalid = [name for kind, name, _ in catalog if kind == "invalid index"]
    return Snapshot(tuple(sorted(facts + _data(session, tables))), tuple(sorted(invalid)), _history(session))


def _data(session: Session, tables: list[str]) -> list[str]:
    if not tables:
        return []
    selects = [
        sql.SQL("SELECT {name} || ' ' || (to_jsonb(whole_row) - 'run') FROM {table} whole_row").format(
            name=sql.Literal(f"row of {table}"), table=sql.Identifier(table)
        )
        for table in tables
    ]
    return [str(line) for [line] in session.execute(sql.SQL(" UNION ALL ").join(selects))]


def _history(session: Session) -> tuple[HistoryRow, ...]:
    if session.execute("SELECT to_regclass('public._prisma_migrations')").fetchone() == (None,):
        return ()
    rows = session.execute(
        "SELECT migration_name, checksum, finished_at IS NOT NULL, rolled_back_at IS NOT NULL, logs, "
        "applied_steps_count FROM public._prisma_migrations ORDER BY started_at, id"
    )
    return tuple(HistoryRow(*row) for row in rows)


def own_work(session: Session) -> dict[str, frozenset[str]]:
    """By the id of a run, the files that it has put something of into the journal."""
    rows = session.execute(
        "SELECT split_part(run, '/', 2), array_agg(DISTINCT split_part(step, ':', 1)) FROM journal GROUP BY 1"
    )
    return {run: frozenset(files) for run, files in rows}


def statements_of_history(session: Session) -> list[str]:
    """Statements that make the history anew as it is, with all its rows."""
    rows = session.execute(
        "SELECT format('INSERT INTO public._prisma_migrations SELECT * FROM json_populate_record("
        "NULL::public._prisma_migrations, %L)', to_json(m)) FROM public._prisma_migrations m"
    )
    return [CREATE_TABLE.format(table="public._prisma_migrations"), *(str(row) for [row] in rows)]


def residue(session: Session) -> list[str]:
    """What no run may leave behind."""
    return [str(line) for [line] in session.execute(_RESIDUE)]


def await_quiet(session: Session, limit_s: float) -> list[str]:
    """Wait until no session of ours is left, and return those that are left when the time is up."""
    give_up_at_s = time.monotonic() + limit_s
    pause_s = 0.001
    while left := [str(line) for [line] in session.execute(_SESSIONS, (_OURS,))]:
        if time.monotonic() > give_up_at_s:
            return left
        time.sleep(pause_s)
        pause_s = min(pause_s * 2, 0.1)
    return []
