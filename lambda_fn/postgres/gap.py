"""The gap between a statement that cannot share a transaction and its entry: what is there, and making it clean.

One order serves the first time, a resumed run and what comes after a failure: record the intent together with
`identity`; `find` with that, and `clean` while it is HALF_DONE; unless it is DONE, send the statement.

Everything here runs outside of a transaction, in the state in which the script's statement runs: names are resolved
as the statement itself would, and nothing of the script's own can stand in for PostgreSQL's.
"""

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from psycopg import sql as compose

from lambda_fn.domain.recheck import (
    IndexCreated,
    IndexDropped,
    ObjectCreated,
    ObjectDropped,
    PartitionDetached,
    Recheck,
    Reindexed,
    ReindexTarget,
    Repeatable,
    Unknowable,
)
from lambda_fn.domain.server_error import ServerError
from lambda_fn.errors import MigrateError
from lambda_fn.errors import connection as connection_errors
from lambda_fn.postgres import gap_sql as sql
from lambda_fn.postgres.connection import Connection
from lambda_fn.postgres.simple_query import QueryFailed, Row

_DOING = "looking for what a statement outside of a transaction has done"
_INSUFFICIENT_PRIVILEGE = "42501"


class Gap(Enum):
    """What is there of a statement."""

    DONE = "done"
    NOT_DONE = "not done"
    """It can be sent (again)."""
    HALF_DONE = "half-done"
    """It would fail, or pass without effect: `clean` first."""
    BUSY = "being done"
    """Another session is building that very index: nothing may be dropped, and nothing is known yet."""
    UNKNOWABLE = "not to be found out"


@dataclass(frozen=True, slots=True)
class _Sight:
    """What is there: the oid of what has the name, and what would make it clean. `gone`: it surely is not there."""

    oid: str = ""
    gone: bool = False
    cleaning: tuple[bytes, ...] = ()
    busy: bool = False


def find(connection: Connection, recheck: Recheck, *, before: str | None = None) -> Gap:
    """What is there of a statement.

    `before` is what `identity` said before the statement was first sent. With it, DONE is certain: done by the
    statement, or by `clean`, or found there by an IF NOT EXISTS. Without it, what had the name before passes for done,
    too, and so does what was never there to be dropped or detached.
    Raises: MigrateError (M307 where the role may not look into a schema that the script names).
    """
    if isinstance(recheck, Unknowable):
        return Gap.UNKNOWABLE
    sight = _look(connection, recheck, before)
    if sight.cleaning:
        return Gap.BUSY if sight.busy else Gap.HALF_DONE
    return Gap.DONE if _is_done(recheck, sight, before) else Gap.NOT_DONE


def identity(connection: Connection, recheck: Recheck) -> str:
    """What has the statement's name by now, to be told later from what the statement makes: an oid, or "" for nothing.

    To be recorded with the intent, before anything is cleaned. Raises: MigrateError.
    """
    return _look(connection, recheck, None).oid


def clean(
    connection: Connection, recheck: Recheck, *, lock_timeout_s: float, statement_timeout_s: float
) -> tuple[str, ...]:
    """Make what is HALF_DONE clean, and say by which statements: () where there was nothing, or it is BUSY.

    Invalid indexes are dropped, concurrently, which leaves the statement NOT_DONE. A partition whose detaching was
    interrupted is detached for good, which is DONE: the statement must not be sent any more. The two limits hold for
    each statement, 0 for none; afterwards the session has its own again. It is done past the deadline, too, and may
    then take what is left of the reserve. What another session makes of the same index between the look and the drop
    is not seen: the advisory lock keeps runners apart, and nobody else.
    Raises: QueryFailed, ConnectionLost (what came before stays cleaned), MigrateError.
    """
    sight = _look(connection, recheck, None)
    if sight.busy or not sight.cleaning:
        return ()
    with _limits(connection, lock_timeout_s, statement_timeout_s):
        for statement in sight.cleaning:
            connection.send([statement])
    return tuple(statement.decode() for statement in sight.cleaning)


def _is_done(recheck: Recheck, sight: _Sight, before: str | None) -> bool:
    match recheck:
        case IndexCreated():
            return sight.oid != "" and (sight.oid != before or recheck.if_not_exists)
        case ObjectCreated():
            return sight.oid not in ("", before)
        case IndexDropped() | ObjectDropped() | PartitionDetached():
            return sight.gone and before != ""
        case Reindexed():
            # The new index has the old one's name; of a table nobody can tell, and of what was not recorded neither.
            return bool(before) and sight.oid not in ("", before)
        case Repeatable() | Unknowable():
            return False


def _look(connection: Connection, recheck: Recheck, before: str | None) -> _Sight:
    match recheck:
        case IndexCreated():
            return _index_created(connection, recheck)
        case IndexDropped():
            return _index_dropped(connection, recheck, before)
        case Reindexed():
            return _reindexed(connection, recheck)
        case PartitionDetached():
            return _partition_detached(connection, recheck, before)
        case ObjectCreated() | ObjectDropped():
            rows = _fetch(connection, connection.compose(sql.OBJECTS[recheck.catalog], name=recheck.name))
            return _Sight(_first_oid(rows), gone=not rows)
        case Repeatable() | Unknowable():
            return _Sight()


def _index_created(connection: Connection, recheck: IndexCreated) -> _Sight:
    table, _ = _resolve(connection, recheck.table)
    rows = _fetch(connection, connection.compose(sql.INDEX_ON_TABLE, table=table, name=recheck.index))
    if not rows:
        return _Sight()
    [[oid, schema, name, valid]] = rows
    if valid == "1":
        return _Sight(oid or "")
    return _half_built(connection, oid or "", [(oid, schema, name)])


def _index_dropped(connection: Connection, recheck: IndexDropped, before: str | None) -> _Sight:
    """By its oid where that is known: once it is dropped, its name may lead to another index further down the path."""
    oid = int(before) if before else _resolve(connection, recheck.index)[0]
    rows = _fetch(connection, connection.compose(sql.INDEX_OF_OID, oid=oid))
    return _Sight(_first_oid(rows), gone=not rows and (bool(before) or oid == 0))


def _reindexed(connection: Connection, recheck: Reindexed) -> _Sight:
    by_relation = recheck.target in (ReindexTarget.INDEX, ReindexTarget.TABLE)
    oid, _ = _resolve(connection, recheck.name) if by_relation else (0, 0)
    values = {"oid": compose.Literal(oid), "name": compose.Literal(recheck.name)}
    scope = compose.SQL(sql.SCOPES[recheck.target]).format(**values)
    rows = _fetch(connection, connection.compose(sql.LEFTOVERS, scope=scope))
    return _half_built(connection, str(oid) if oid and recheck.target is ReindexTarget.INDEX else "", rows)


def _half_built(connection: Connection, oid: str, indexes: list[Row]) -> _Sight:
    """Invalid indexes (oid, schema and name) are to be dropped, unless somebody is building one of them."""
    if not indexes:
        return _Sight(oid)
    statement = connection.compose(sql.BEING_BUILT, oids=[index or "" for index, *_ in indexes])
    drops = [connection.compose(sql.DROP_INDEX, index=_qualified(schema, name)) for _, schema, name in indexes]
    return _Sight(oid, cleaning=tuple(drops), busy=bool(_fetch(connection, statement)))


def _partition_detached(connection: Connection, recheck: PartitionDetached, before: str | None) -> _Sight:
    parent, partition = _resolve(connection, recheck.parent, recheck.partition)
    known = bool(before) or (parent != 0 and partition != 0)
    partition = int(before) if before else partition
    rows = _fetch(connection, connection.compose(sql.PARTITION, parent=parent, partition=partition))
    if not rows:
        return _Sight(gone=known)
    [[oid, parent_schema, parent_name, schema, name, pending]] = rows
    finalize = connection.compose(
        sql.FINALIZE_DETACH, parent=_qualified(parent_schema, parent_name), partition=_qualified(schema, name)
    )
    return _Sight(oid or "", cleaning=(finalize,) if pending == "1" else ())


def _resolve(connection: Connection, first: str | None, second: str | None = None) -> tuple[int, int]:
    """The oids of what the names lead to in the script's search_path, 0 for nothing."""
    statement = connection.compose(sql.RESOLVE, first=first, second=second)
    [[first_oid, second_oid]] = connection.fetch([statement], doing=_DOING, refused=_denied)
    return int(first_oid or 0), int(second_oid or 0)


def _denied(error: ServerError) -> MigrateError | None:
    if error.sqlstate != _INSUFFICIENT_PRIVILEGE:
        return None
    return connection_errors.permission(_DOING, error.message, "Grant the migrations' role USAGE on the schema.")


def _fetch(connection: Connection, statement: bytes) -> list[Row]:
    return connection.fetch([sql.IN_CATALOG.encode(), statement], doing=_DOING)


def _first_oid(rows: list[Row]) -> str:
    return next((oid or "" for oid, *_ in rows), "")


def _qualified(schema: str | None, name: str | None) -> compose.Identifier:
    return compose.Identifier(schema or "", name or "")


@contextlib.contextmanager
def _limits(connection: Connection, lock_timeout_s: float, statement_timeout_s: float) -> Iterator[None]:
    """Limits of our own for what runs within, and then the session's again, unless the connection is gone.

    A concurrent statement must be alone in its message, so SET LOCAL is of no use.
    """
    [its_own] = connection.fetch([sql.TIMEOUTS.encode()], doing=_DOING)
    _set_timeouts(connection, _milliseconds(lock_timeout_s), _milliseconds(statement_timeout_s))
    try:
        yield
    except QueryFailed:
        _set_timeouts(connection, *its_own)
        raise
    _set_timeouts(connection, *its_own)


def _set_timeouts(connection: Connection, lock: str | None, statement: str | None) -> None:
    command = connection.compose(sql.SET_TIMEOUTS, lock_timeout=lock, statement_timeout=statement)
    connection.fetch([command], doing=_DOING)


def _milliseconds(duration_s: float) -> str:
    return str(math.ceil(duration_s * 1000))  # so that 0, and only 0, is none
