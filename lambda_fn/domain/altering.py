"""The actions of ALTER TABLE and its like that destroy something."""

from collections.abc import Callable, Mapping
from typing import Final

from lambda_fn.domain import destructive_operations as found
from lambda_fn.domain.adding import PROVEN, add, validate
from lambda_fn.domain.destruction import (
    COLUMN,
    CONSTRAINT,
    DEFAULT,
    RELATION,
    SCHEMA,
    TYPE,
    Altered,
    Destruction,
    Key,
    of_table,
)
from lambda_fn.domain.destructive_operations import Operation
from lambda_fn.domain.words import Name, Words


def alter(destruction: Destruction, words: Words) -> None:
    """Look at the words behind ALTER."""
    if words.take("TYPE") or words.take("DOMAIN"):
        _alter(destruction, TYPE, words, _alter_type)
    elif words.take_any(("TABLE", "FOREIGN", "MATERIALIZED", "VIEW", "SEQUENCE")):
        words.take_any(("TABLE", "VIEW"))
        _alter(destruction, RELATION, words, _alter_table)
    elif kind := words.take_any((SCHEMA, "FUNCTION", "PROCEDURE", "ROUTINE", "ROLE", "USER", "DATABASE")):
        _alter(destruction, kind, words, _alter_other)


def _alter(destruction: Destruction, kind: str, words: Words, look: Callable[[Altered, Words], None]) -> None:
    words.take("IF", "EXISTS")
    name = words.table()
    if name is None:
        return
    altered = Altered(destruction, name, destruction.key(kind, name))
    if not destruction.is_new(altered.key):
        look(altered, words)
    elif words.take("RENAME", "TO") and (new := words.name()):
        destruction.renamed(altered.key, _beside(altered.key, new), new)


def _beside(key: Key, new: Name) -> Key:
    return *key[:-1], new.parts[-1]


def _alter_table(table: Altered, words: Words) -> None:
    for action in words.actions():
        read = _ACTIONS.get(action.next)
        if read is not None:
            action.take(action.next)
            read(table, action)


def _alter_type(changed: Altered, words: Words) -> None:
    if words.take("RENAME", "VALUE"):
        changed.found(found.RENAME_VALUE)
        return
    for action in words.actions():
        if action.take("DROP", "ATTRIBUTE"):
            action.take("IF", "EXISTS")
            changed.found(found.DROP_ATTRIBUTE, action.name(), cascade="CASCADE" in action.left())
        elif action.take("RENAME"):
            action.take("ATTRIBUTE")
            _rename(changed, action)
        elif action.take("SET", "SCHEMA"):
            changed.found(found.SET_SCHEMA)


def _alter_other(altered: Altered, words: Words) -> None:
    words.group()
    if words.take("RENAME"):
        _rename(altered, words)
    elif words.take("SET", "SCHEMA"):
        altered.found(found.SET_SCHEMA)


def _drop(table: Altered, action: Words) -> None:
    kind = CONSTRAINT if action.take("CONSTRAINT") else COLUMN
    action.take("COLUMN")
    action.take("IF", "EXISTS")
    name = action.name()
    if name is None:
        return
    if table.destruction.is_new(part := table.part(kind, name)):
        table.destruction.gone(part)
        return
    cascade = action.take("CASCADE")
    if kind == COLUMN:
        table.found(found.DROP_COLUMN, name, cascade=cascade)
    else:
        table.found(found.DROP_CONSTRAINT, name, part, cascade=cascade)


def _alter_column(table: Altered, action: Words) -> None:
    action.take("COLUMN")
    column = action.name()
    if column is None:
        return
    default = table.part(DEFAULT, column)
    if action.take("TYPE") or action.take("SET", "DATA", "TYPE"):
        table.found(found.CHANGE_TYPE, column)
    elif action.take("SET", "NOT", "NULL"):
        if not table.destruction.is_new(table.part(PROVEN, column)):
            table.found(found.SET_NOT_NULL, column)
    elif action.take("SET", "DEFAULT") or action.take("ADD", "GENERATED"):
        table.destruction.withdraw(default)
    elif action.take("SET", "EXPRESSION"):
        table.found(found.SET_EXPRESSION, column)
    elif not table.is_new(column) and (what := action.take("DROP") and action.take_any(("DEFAULT", "IDENTITY"))):
        table.found(found.DROP_DEFAULT if what == "DEFAULT" else found.DROP_IDENTITY, column, default)


def _rename(altered: Altered, action: Words) -> None:
    """The words behind RENAME."""
    if action.take("CONSTRAINT"):
        return
    if action.take("TO"):
        if new := action.name():
            _rename_whole(altered, new)
        return
    action.take("COLUMN")
    old = action.name()
    if old is None or not action.take("TO") or not (new := action.name()):
        return
    if altered.destruction.renamed(altered.part(COLUMN, old), altered.part(COLUMN, new), old):
        altered.found(found.RENAME, old, altered.part(COLUMN, old))


def _rename_whole(altered: Altered, new: Name) -> None:
    altered.destruction.renamed(altered.key, _beside(altered.key, new), altered.name)
    altered.found(found.RENAME, None, altered.key)


def _set(table: Altered, action: Words) -> None:
    if action.take_any(("LOGGED", "UNLOGGED")):
        table.found(found.SET_LOGGED)
    elif action.take("TABLESPACE"):
        table.found(found.SET_TABLESPACE)
    elif action.take("ACCESS", "METHOD"):
        table.found(found.SET_ACCESS_METHOD)
    elif action.take("SCHEMA"):
        table.found(found.SET_SCHEMA)


def _partition(operation: Operation, table: Altered, action: Words) -> None:
    if not action.take("PARTITION"):
        return
    name = action.name()
    if name and not table.destruction.is_new(table.destruction.key(RELATION, name)):
        table.destruction.found(operation, name.written, of_table(table.destruction.key(RELATION, name)))


def _row_security(operation: Operation, table: Altered, action: Words) -> None:
    if action.take("ROW", "LEVEL", "SECURITY"):
        table.found(operation)
    elif operation is found.DISABLE_ROW_SECURITY and action.take("TRIGGER"):
        table.found(found.DISABLE_TRIGGER, action.name())


def _no_inherit(table: Altered, action: Words) -> None:
    if action.take("INHERIT"):
        table.found(found.NO_INHERIT)


_ACTIONS: Final[Mapping[str, Callable[[Altered, Words], None]]] = {
    "DROP": _drop,
    "ADD": add,
    "ALTER": _alter_column,
    "RENAME": _rename,
    "VALIDATE": validate,
    "SET": _set,
    "DETACH": lambda table, action: _partition(found.DETACH, table, action),
    "ATTACH": lambda table, action: _partition(found.ATTACH_PARTITION, table, action),
    "ENABLE": lambda table, action: _row_security(found.ENABLE_ROW_SECURITY, table, action),
    "DISABLE": lambda table, action: _row_security(found.DISABLE_ROW_SECURITY, table, action),
    "NO": _no_inherit,
}
