"""What becomes of the rows that are there when a column or a constraint is added to a table."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from lambda_fn.domain import destructive_operations as found
from lambda_fn.domain.destruction import COLUMN, CONSTRAINT, Altered
from lambda_fn.domain.destructive_operations import Operation
from lambda_fn.domain.words import Name, Words

_SERIALS: Final = frozenset(f"{size}{name}" for size in ("", "BIG", "SMALL") for name in ("SERIAL",)) | {
    "SERIAL2",
    "SERIAL4",
    "SERIAL8",
}
_VOLATILE: Final = frozenset(
    [
        *("GEN_RANDOM_UUID", "UUIDV4", "UUIDV7", "UUID_GENERATE_V1", "UUID_GENERATE_V1MC", "UUID_GENERATE_V4"),
        *("RANDOM", "RANDOM_NORMAL", "CLOCK_TIMESTAMP", "TIMEOFDAY", "NEXTVAL", "GEN_RANDOM_BYTES", "GEN_SALT"),
    ]
)
# What may stand before a parenthesis in a default and writes nothing anew: stable and immutable functions, types.
_HARMLESS: Final = frozenset(
    [
        *("NOW", "CURRENT_TIMESTAMP", "CURRENT_TIME", "LOCALTIMESTAMP", "LOCALTIME", "TRANSACTION_TIMESTAMP"),
        *("STATEMENT_TIMESTAMP", "DATE_TRUNC", "TIMEZONE", "TO_CHAR", "TO_DATE", "TO_TIMESTAMP", "MAKE_INTERVAL"),
        *(
            "MAKE_DATE",
            "EXTRACT",
            "DATE_PART",
            "AGE",
            "LOWER",
            "UPPER",
            "CONCAT",
            "FORMAT",
            "LEFT",
            "RIGHT",
            "SUBSTRING",
        ),
        *("REPLACE", "TRIM", "LENGTH", "MD5", "ENCODE", "DECODE", "CONVERT_TO", "CONVERT_FROM", "COALESCE", "NULLIF"),
        *("GREATEST", "LEAST", "ABS", "ROUND", "CEIL", "FLOOR", "CAST", "ARRAY", "ROW", "JSONB_BUILD_OBJECT"),
        *("JSONB_BUILD_ARRAY", "JSON_BUILD_OBJECT", "JSON_BUILD_ARRAY", "TO_JSONB", "TO_JSON", "CURRENT_SETTING"),
        *("CURRENT_USER", "SESSION_USER", "VARCHAR", "CHAR", "CHARACTER", "VARYING", "BPCHAR", "BIT", "NUMERIC"),
        *("DECIMAL", "DEC", "FLOAT", "TIMESTAMP", "TIMESTAMPTZ", "TIME", "TIMETZ", "INTERVAL", "VECTOR", "AND", "OR"),
        *("NOT", "IN", "THEN", "ELSE", "WHEN", "CASE", "ANY", "ALL"),
    ]
)
_BEHIND_DEFAULT: Final = frozenset(
    ["NOT", "NULL", "CHECK", "UNIQUE", "PRIMARY", "REFERENCES", "CONSTRAINT", "GENERATED", "COLLATE"]
)
_CONSTRAINTS: Final = ("CHECK", "UNIQUE", "PRIMARY", "FOREIGN", "EXCLUDE")


def add(table: Altered, action: Words) -> None:
    name = action.name() if action.take("CONSTRAINT") else None
    if action.next not in _CONSTRAINTS:
        if name is None:
            _add_column(table, action)
        return
    kind = action.take_any(_CONSTRAINTS)
    if name:
        table.destruction.withdraw(table.part(CONSTRAINT, name))
    if kind == "CHECK" and name:
        _note_check(table, name, action)
    if {("NOT", "VALID"), ("USING", "INDEX")}.isdisjoint(pairwise(action.left())):
        table.found(_ADDED[kind], name)


_ADDED: Final[Mapping[str, Operation]] = {
    "CHECK": found.ADD_CHECK,
    "UNIQUE": found.ADD_UNIQUE,
    "PRIMARY": found.ADD_PRIMARY_KEY,
    "FOREIGN": found.ADD_FOREIGN_KEY,
    "EXCLUDE": found.ADD_EXCLUDE,
}
_PROOF, PROVEN = "proof", "proven"


def _note_check(table: Altered, name: Name, action: Words) -> None:
    """Of CHECK (column IS NOT NULL): validated, it spares SET NOT NULL the reading."""
    inner = action.group()
    while inner and inner.next == "()":
        inner = inner.group()
    column = inner.name() if inner else None
    if inner and column and inner.take("IS", "NOT", "NULL") and not inner.next:
        table.destruction.note(table.part(_PROOF, name), table.part(PROVEN, column))


def validate(table: Altered, action: Words) -> None:
    if action.take("CONSTRAINT") and (name := action.name()):
        table.destruction.validated(table.part(_PROOF, name))


def _add_column(table: Altered, action: Words) -> None:
    action.take("COLUMN")
    surely = not action.take("IF", "NOT", "EXISTS")
    column = action.name()
    if column is None:
        return
    default = action.behind("DEFAULT", _BEHIND_DEFAULT)
    words = action.left()
    table.destruction.made(table.part(COLUMN, column), surely=surely)
    if operation := _filling(words, default):
        table.found(operation, column)
    if operation := _checking(words, has_default=bool(default)):
        table.found(operation, column)


def _filling(words: list[str], default: list[str]) -> Operation | None:
    """What becomes of the rows that are there when a column with these words is added."""
    if words[:1] and words[0] in _SERIALS:
        return found.ADD_SERIAL
    pairs = set(pairwise(words))
    if "GENERATED" in words:
        return found.ADD_SERIAL if ("AS", "IDENTITY") in pairs else found.ADD_STORED if "STORED" in words else None
    calls = {word.strip('"').upper() for word, behind in pairwise(default) if behind == "("}
    if default:
        named = {word for word in calls if word[0].isalpha() or word[0] == "_"}
        if named & _VOLATILE:
            return found.ADD_VOLATILE
        return found.ADD_UNKNOWN_DEFAULT if named - _HARMLESS else None
    not_null = ("NOT", "NULL") in pairs or ("PRIMARY", "KEY") in pairs
    return found.ADD_NOT_NULL if not_null else None


def _checking(words: list[str], *, has_default: bool) -> Operation | None:
    if ("PRIMARY", "KEY") in pairwise(words):
        return found.ADD_PRIMARY_KEY
    if "UNIQUE" in words:
        return found.ADD_UNIQUE
    if "CHECK" in words:
        return found.ADD_CHECK
    # Without a default all its values are NULL, and the server looks for no match.
    return found.ADD_REFERENCE if has_default and "REFERENCES" in words else None
