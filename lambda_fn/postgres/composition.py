"""Values and names put into statements of ours."""

from collections.abc import Mapping
from typing import LiteralString

from psycopg.sql import Composable, Literal

Value = str | list[str] | int | Composable | None

_SPECIAL = frozenset("'\\\0")


def composed(statement: LiteralString, values: Mapping[str, Value]) -> bytes:
    """A statement with its values quoted in the place of their names in braces."""
    return statement.format(**{name: _quoted(value) for name, value in values.items()}).encode()


def _quoted(value: Value) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str) and value.isascii() and _SPECIAL.isdisjoint(value):
        return f"'{value}'"  # as psycopg would write it, in a sixth of the time: a migration needs ten of them
    return (value if isinstance(value, Composable) else Literal(value)).as_string(None)
