"""What is made and what is dropped: objects that were there before, and those of the plan itself."""

from collections.abc import Mapping
from typing import Final

from lambda_fn.domain import destructive_operations as found
from lambda_fn.domain.destruction import RELATION, SCHEMA, TYPE, Destruction, of_table
from lambda_fn.domain.destructive import Harm
from lambda_fn.domain.destructive_operations import Operation, dropped
from lambda_fn.domain.words import Name, Words

_OPERATIONS: Final[Mapping[str, tuple[str, Operation]]] = {
    "TABLE": (RELATION, found.DROP_TABLE),
    "FOREIGN TABLE": (RELATION, dropped("FOREIGN TABLE")),
    "MATERIALIZED VIEW": (RELATION, found.DROP_MATERIALIZED_VIEW),
    "VIEW": (RELATION, dropped("VIEW")),
    "SEQUENCE": (RELATION, found.DROP_SEQUENCE),
    "TYPE": (TYPE, dropped("TYPE")),
    "DOMAIN": (TYPE, dropped("DOMAIN")),
    "DATABASE": ("DATABASE", found.DROP_DATABASE),
    **{
        kind: (kind, dropped(kind))
        for kind in ("EXTENSION", "FUNCTION", "PROCEDURE", "ROUTINE", "AGGREGATE", "ROLE", "USER", "PUBLICATION")
    },
    "SUBSCRIPTION": ("SUBSCRIPTION", dropped("SUBSCRIPTION")),
    "SCHEMA": (SCHEMA, dropped("SCHEMA")),
}
_WITH_CASCADE: Final[Mapping[str, Operation]] = {
    "SCHEMA": found.DROP_SCHEMA_CASCADE,
    "TYPE": found.DROP_TYPE_CASCADE,
    "DOMAIN": found.DROP_TYPE_CASCADE,
}
_OF_TABLES: Final = ("TRIGGER", "POLICY", "RULE")


def drop(destruction: Destruction, words: Words) -> None:
    """Look at the words behind DROP."""
    if words.take("OWNED", "BY"):
        for role in words.names():
            destruction.found(found.DROP_OWNED, role.written)
        return
    if kind := words.take_any(_OF_TABLES):
        _drop_of_table(destruction, kind, words)
        return
    kind = _kind(words)
    if kind not in _OPERATIONS:
        return
    words.take("IF", "EXISTS")
    names = words.names()
    cascade = words.take("CASCADE")
    for name in names:
        _drop_one(destruction, kind, name, cascade=cascade)


def _kind(words: Words) -> str:
    first = words.take_any(("FOREIGN", "MATERIALIZED"))
    second = words.take_any(("TABLE", "VIEW")) if first else words.take_any(_OPERATIONS)
    return f"{first} {second}".strip()


def _drop_one(destruction: Destruction, kind: str, name: Name, *, cascade: bool) -> None:
    group, operation = _OPERATIONS[kind]
    key = destruction.key(group, name)
    if destruction.is_new(key):
        destruction.gone(key)
        return
    destruction.gone(key)
    successor = destruction.replaced(key) if group == TYPE else None
    if successor is not None:
        destruction.found(found.CHANGE_ENUM, successor.written)
        return
    if cascade:
        operation = _WITH_CASCADE.get(kind, operation)
    # What is made again is as before, but for its rows.
    again = () if operation.harm is Harm.DATA_LOSS else (key,)
    destruction.found(operation, name.written, *again, cascade=cascade)


def group_of(kind: str) -> str:
    """Objects of which kinds cannot have the same name."""
    return _OPERATIONS[kind][0]


def _drop_of_table(destruction: Destruction, kind: str, words: Words) -> None:
    words.take("IF", "EXISTS")
    name = words.name()
    if name is None or not words.take("ON") or not (table := words.table()):
        return
    key, table_key = destruction.within(kind, table, name), destruction.key(RELATION, table)
    if not destruction.is_new(key) and not destruction.is_new(table_key):
        operation = dropped(kind)
        cascade = words.take("CASCADE")
        destruction.found(operation, f"{table.written}.{name.written}", key, of_table(table_key), cascade=cascade)


_TEMPORARY: Final = ("TEMP", "TEMPORARY")
_MODIFIERS: Final = (*_TEMPORARY, "GLOBAL", "LOCAL", "UNLOGGED", "RECURSIVE", "CONSTRAINT")


def create(destruction: Destruction, words: Words) -> None:
    """Look at the words behind CREATE."""
    surely = not words.take("OR", "REPLACE")
    temporary = False
    while modifier := words.take_any(_MODIFIERS):
        temporary = temporary or modifier in _TEMPORARY
    index = found.CREATE_UNIQUE_INDEX if words.take("UNIQUE") else found.CREATE_INDEX
    if words.take("INDEX"):
        _create_index(destruction, index, words)
        return
    if kind := words.take_any(_OF_TABLES):
        _create_of_table(destruction, kind, words)
        return
    kind = _kind(words)
    if kind not in _OPERATIONS:
        return
    surely = not words.take("IF", "NOT", "EXISTS") and surely
    if name := words.name():
        key = destruction.key_made(group_of(kind), name, temporary=temporary)
        destruction.made(key, surely=surely)
        if temporary and _is_dropped_at_commit(words):
            destruction.ends_at_commit(key)


def _is_dropped_at_commit(words: Words) -> bool:
    while words.skip_to("ON"):
        if words.take("COMMIT", "DROP"):
            return True
    return False


def select_into(destruction: Destruction, words: Words) -> None:
    """Look at the words of a SELECT that may make a table."""
    if not words.skip_to("INTO"):
        return
    modifier = words.take_any((*_TEMPORARY, "UNLOGGED"))
    words.take("TABLE")
    if name := words.name():
        destruction.made(destruction.key_made(RELATION, name, temporary=modifier in _TEMPORARY))


def _create_index(destruction: Destruction, operation: Operation, words: Words) -> None:
    if words.take("CONCURRENTLY") or not words.skip_to("ON"):
        return
    table = words.table()
    if table and not destruction.is_new(key := destruction.key(RELATION, table)):
        destruction.found(operation, table.written, of_table(key))


def _create_of_table(destruction: Destruction, kind: str, words: Words) -> None:
    words.take("IF", "NOT", "EXISTS")
    name = words.name()
    if name and words.skip_to("TO" if kind == "RULE" else "ON") and (table := words.table()):
        destruction.made(destruction.within(kind, table, name))
