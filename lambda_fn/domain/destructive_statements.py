"""Finds what a migration's statements destroy, while they are read for something else.

What stands inside a DO, a function or a text that is executed is not seen.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Final

from lambda_fn.domain import destructive_operations as found
from lambda_fn.domain.altering import alter
from lambda_fn.domain.destruction import COLUMN, RELATION, Destruction, of_table
from lambda_fn.domain.destructive import Destructive
from lambda_fn.domain.destructive_operations import Operation
from lambda_fn.domain.making import create, drop, group_of, select_into
from lambda_fn.domain.statements import MAX_TOKENS, Statement, split
from lambda_fn.domain.tokens import has_where
from lambda_fn.domain.words import Name, Words


class DestructiveStatements:
    """Reads the pending scripts of a plan, in their order. `schema` is where names without one are looked up."""

    def __init__(self, schema: str) -> None:
        self._destruction = Destruction(schema)

    def split(self, text: bytes) -> Iterator[Statement]:
        """The statements of a script as statements.split gives them; each is looked at as it is taken."""
        self._destruction.begin(text)
        for number, statement in enumerate(split(text), 1):
            look = _LOOKS.get(statement.tokens[0])
            if look is not None and statement.tokens[-1] != "\\":
                self._destruction.at(number, statement.start)
                look(self._destruction, statement)
            yield statement

    def findings(self, behind: int = 0) -> tuple[Destructive, ...]:
        """What is destructive in the script that was read last, behind that many of its statements."""
        return self._destruction.findings(behind)


def _words_behind(destruction: Destruction, statement: Statement, *words: str) -> Words:
    all_words = Words.of(destruction.text, statement)
    if words:
        all_words.take(*words)
    return all_words


def _alter(destruction: Destruction, statement: Statement) -> None:
    alter(destruction, _words_behind(destruction, statement, "ALTER"))


def _drop(destruction: Destruction, statement: Statement) -> None:
    drop(destruction, _words_behind(destruction, statement, "DROP"))


def _create(destruction: Destruction, statement: Statement) -> None:
    create(destruction, _words_behind(destruction, statement, "CREATE"))


def _truncate(destruction: Destruction, statement: Statement) -> None:
    words = _words_behind(destruction, statement, "TRUNCATE")
    words.take("TABLE")
    tables = words.names()
    cascade = "CASCADE" in words.left()
    for table in tables:
        _found_of(destruction, found.TRUNCATE, table, cascade=cascade)


def _found_of(destruction: Destruction, operation: Operation, table: Name, *, cascade: bool = False) -> None:
    key = destruction.key(RELATION, table)
    if not destruction.is_new(key):
        destruction.found(operation, table.written, of_table(key), cascade=cascade)


_WRITES: Final = (("DELETE", found.DELETE_ALL), ("UPDATE", found.UPDATE_ALL))


def _write(destruction: Destruction, statement: Statement) -> None:
    if "WHERE" in statement.tokens:
        return
    if len(statement.tokens) >= MAX_TOKENS and has_where(destruction.text, statement.start, statement.end):
        return
    words = _words_behind(destruction, statement)
    for verb, operation in _WRITES:
        if words.take(verb):
            words.take("FROM")
            table = words.table()
            if table and not _fills(destruction, table, words):
                _found_of(destruction, operation, table)


def _fills(destruction: Destruction, table: Name, words: Words) -> bool:
    """Whether it is an UPDATE, its words behind the table left, that writes only into what the plan has added."""
    return all(
        column is not None and destruction.is_new(destruction.within(COLUMN, table, column.root))
        for column in _columns_set(words)
    )


def _columns_set(words: Words) -> Iterator[Name | None]:
    """The columns that an UPDATE sets; None for what cannot be read."""
    if not words.skip_to("SET"):
        yield None
    for action in words.actions():
        group = action.group()
        yield from group.names() if group else [action.name()]
        if group and group.next:
            yield None
        left = action.left()
        ends = {behind for before, behind in pairwise(left) if before != "DISTINCT"}  # IS DISTINCT FROM ends nothing
        if not ends.isdisjoint({"FROM", "RETURNING"}):
            return


_Write = tuple[Operation, Name, int | None]
"""What is done to which table, and where the words behind it begin; None where these are not looked at."""
_WRITING: Final = re.compile(rb"\b(?:DELETE|UPDATE)\b", re.IGNORECASE)


def _with(destruction: Destruction, statement: Statement) -> None:
    """A WITH whose parts, or whose end, delete or update all rows."""
    text, start, end = destruction.text, statement.start, statement.end
    if not _WRITING.search(text, start, end):
        return
    open_writes: dict[int, _Write] = {}
    depth, before = 0, ""
    words = Words.flat(text, start, end)
    while word := words.next:
        place = words.offset or 0
        words.take(word)
        depth += word == "("
        operation = next((operation for verb, operation in _WRITES if verb == word), None)
        if operation and before in {"(", ")"}:
            words.take("FROM")
            if table := words.table():
                # Deeper the server takes no UPDATE, and what lies in each other would be read again and again.
                open_writes[depth] = operation, table, words.offset if depth <= 1 else None
        elif word == "WHERE":
            open_writes.pop(depth, None)
        elif word == ")":
            _close(destruction, open_writes.pop(depth, None), place)
            depth -= 1
        before = word
    _close(destruction, open_writes.pop(0, None), end)


def _close(destruction: Destruction, write: _Write | None, end: int) -> None:
    """The end of a part has come, and no WHERE."""
    if write is None:
        return
    operation, table, behind = write
    if behind is None or not _fills(destruction, table, Words.between(destruction.text, behind, end)):
        _found_of(destruction, operation, table)


def _cluster(destruction: Destruction, statement: Statement) -> None:
    words = _words_behind(destruction, statement, "CLUSTER")
    words.group()
    words.take("VERBOSE")
    if table := words.name():
        behind = words.take("ON") and words.name()  # CLUSTER index ON table
        _found_of(destruction, found.CLUSTER, behind or table)
    elif not words.next:
        destruction.found(found.CLUSTER, "(all tables)")


def _vacuum(destruction: Destruction, statement: Statement) -> None:
    words = _words_behind(destruction, statement, "VACUUM")
    options = words.group()
    full = _is_on(options.left(), "FULL") if options else words.take("FULL")
    if not full:
        return
    while words.take_any(("FREEZE", "VERBOSE", "ANALYZE", "ANALYSE")):
        pass
    for table in words.names():
        _found_of(destruction, found.VACUUM_FULL, table)


def _is_on(options: list[str], option: str) -> bool:
    """Whether an option stands among those in parentheses, and is not switched off."""
    if option not in options:
        return False
    behind = options[options.index(option) + 1 :][:1]
    return not behind or behind[0].strip("'").upper() not in {"FALSE", "OFF", "0"}


def _reindex(destruction: Destruction, statement: Statement) -> None:
    if _is_on(list(statement.options), "CONCURRENTLY"):
        return
    words = _words_behind(destruction, statement, "REINDEX")
    words.group()
    kind = words.take_any(("INDEX", "TABLE", "SCHEMA", "DATABASE", "SYSTEM"))
    if not words.take("CONCURRENTLY") and kind and (name := words.name()):
        _found_of(destruction, found.REINDEX, name)


def _refresh(destruction: Destruction, statement: Statement) -> None:
    words = _words_behind(destruction, statement, "REFRESH", "MATERIALIZED", "VIEW")
    if not words.take("CONCURRENTLY") and (name := words.name()):
        _found_of(destruction, found.REFRESH, name)


_KINDS_OF_RIGHTS: Final = ("TABLE", "SEQUENCE", "FUNCTION", "PROCEDURE", "ROUTINE", "SCHEMA", "TYPE", "DOMAIN")


def _revoke(destruction: Destruction, statement: Statement) -> None:
    words = _words_behind(destruction, statement, "REVOKE")
    if words.skip_to("ON", "FROM") == "FROM":
        for role in words.names():
            destruction.found(found.REVOKE, role.written)
        return
    kind = words.take_any(_KINDS_OF_RIGHTS) or "TABLE"
    while words.take_any(("ALL", "TABLES", "SEQUENCES", "FUNCTIONS", "ROUTINES", "IN", "SCHEMA", "DATABASE")):
        pass
    for name in words.names():
        if not destruction.is_new(destruction.key(group_of(kind), name)):
            destruction.found(found.REVOKE, name.written)


def _set(destruction: Destruction, statement: Statement) -> None:
    if "SEARCH_PATH" in statement.tokens[1:3]:
        destruction.search_elsewhere()


def _select(destruction: Destruction, statement: Statement) -> None:
    if "INTO" in statement.tokens:
        select_into(destruction, _words_behind(destruction, statement))


def _commit(destruction: Destruction, _: Statement) -> None:
    destruction.committed()


def _discard(destruction: Destruction, statement: Statement) -> None:
    if statement.tokens[1:2] in {("ALL",), ("TEMP",), ("TEMPORARY",)}:
        destruction.discard_temporary()


_LOOKS: Final[Mapping[str, Callable[[Destruction, Statement], None]]] = {
    "ALTER": _alter,
    "CLUSTER": _cluster,
    "COMMIT": _commit,
    "CREATE": _create,
    "DELETE": _write,
    "DISCARD": _discard,
    "DROP": _drop,
    "END": _commit,
    "REFRESH": _refresh,
    "REINDEX": _reindex,
    "REVOKE": _revoke,
    "SELECT": _select,
    "SET": _set,
    "TRUNCATE": _truncate,
    "UPDATE": _write,
    "VACUUM": _vacuum,
    "WITH": _with,
}
