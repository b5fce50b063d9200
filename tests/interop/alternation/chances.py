"""Migrations by chance: their scripts and their names."""

import random
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from tests.interop.alternation.script import (
    BEGIN,
    COMMIT,
    COPY,
    MISTAKES,
    Form,
    Script,
    Statement,
    index,
    note,
    table,
    use,
    value,
)

_FIRST = datetime(2024, 1, 1)  # noqa: DTZ001  # a name has no time zone
_LETTERS = ("a", "B", "a_b", "a-c", "ab", "Z", "é", "z9")
_FAILING, _FAILING_IN_STEPS = 0.3, 0.65


class Shape(StrEnum):
    """What a migration's file looks like."""

    PLAIN = "two statements"
    LONG = "several statements"
    ROWS = "rows only"
    COMMENT = "a comment only"
    EMPTY = "an empty file"
    CRLF = "CRLF"
    LATIN = "bytes that are not UTF-8"
    MARKED = "a byte order mark"
    OWN = "BEGIN and COMMIT of its own"
    INDEX = "a concurrent index alone"
    MIXED = "a concurrent index among others"
    ENUM = "a new enum value that it uses"
    DIRECTED = "-- migrate: stepwise"
    COPIED = "COPY FROM STDIN"


_WEIGHTS: Mapping[Shape, int] = {
    shape: {
        Shape.PLAIN: 4,
        Shape.LONG: 4,
        Shape.MIXED: 5,
        Shape.INDEX: 3,
        Shape.OWN: 3,
        Shape.CRLF: 3,
        Shape.DIRECTED: 4,
        Shape.COPIED: 1,
    }.get(shape, 2)
    for shape in Shape
}


def _plain(number: int) -> tuple[Statement, ...]:
    return table(number, 0), note(number, 0)


_STATEMENTS: Mapping[Shape, Callable[[int], tuple[Statement, ...]]] = {
    Shape.LONG: lambda n: (table(n, 0), note(n, 0), table(n, 1), note(n, 1)),
    Shape.ROWS: lambda n: (note(n, 0), note(n, 1)),
    Shape.COMMENT: lambda _: (),
    Shape.EMPTY: lambda _: (),
    Shape.OWN: lambda n: (BEGIN, table(n, 0), note(n, 0), COMMIT, table(n, 1), note(n, 1)),
    Shape.INDEX: lambda n: (index(n),),
    Shape.MIXED: lambda n: (table(n, 0), index(n), note(n, 0)),
    Shape.ENUM: lambda n: (value(n), use(n)),
    Shape.DIRECTED: lambda n: (table(n, 0), note(n, 0), table(n, 1)),
    Shape.COPIED: lambda n: (table(n, 0), COPY),
}


def new_script(chance: random.Random, number: int) -> tuple[Shape, Script]:
    """A script, and what it looks like; it makes what is named after its number."""
    shape = chance.choices(tuple(_WEIGHTS), tuple(_WEIGHTS.values()))[0]
    script = script_of(shape, number)
    if script.statements and chance.random() < (_FAILING_IN_STEPS if script.is_stepwise else _FAILING):
        script = _mistaken(chance, script)
    return shape, script


def script_of(shape: Shape, number: int) -> Script:
    """A script that looks like this, without a mistake."""
    make = _STATEMENTS.get(shape, _plain)
    head = {
        Shape.EMPTY: b"",
        Shape.MARKED: b"",
        Shape.LATIN: b"-- caf\xe9 \xff",
        Shape.DIRECTED: b"-- migrate: stepwise",
    }.get(shape, f"-- migration {number}".encode())
    line_end = "\r\n" if shape is Shape.CRLF else "\n"
    return Script(number, make(number), head, line_end, byte_order_mark=shape is Shape.MARKED)


def _mistaken(chance: random.Random, script: Script) -> Script:
    """The script with a mistake: in its index, or as a statement at any place."""
    statements = list(script.statements)
    if script.is_concurrent and chance.random() < 0.7:
        statements = [index(script.number, twice=True) if s.form is Form.CONCURRENT else s for s in statements]
    else:
        statements.insert(chance.randint(0, len(statements)), chance.choice(MISTAKES))
    return Script(script.number, tuple(statements), script.head, script.line_end, script.byte_order_mark)


def newest_name(chance: random.Random, names: Iterable[str], number: int) -> str:
    """A name behind all of these."""
    newest = max((_time_of(name) for name in names), default=_FIRST)
    return _name(chance, newest + timedelta(hours=chance.randint(1, 48)), number)


def older_name(chance: random.Random, names: Iterable[str], number: int) -> str:
    """A name before the newest of these."""
    newest = max((_time_of(name) for name in names), default=_FIRST)
    return _name(chance, newest - timedelta(minutes=chance.randint(1, 5000)), number)


def sibling_name(chance: random.Random, names: Iterable[str], number: int) -> str:
    """A name with the timestamp of one of these."""
    return _name(chance, _time_of(chance.choice(sorted(names))), number)


def _name(chance: random.Random, time: datetime, number: int) -> str:
    return f"{time:%Y%m%d%H%M%S}_{chance.choice(_LETTERS)}{number}"


def _time_of(name: str) -> datetime:
    return datetime.strptime(name[:14], "%Y%m%d%H%M%S")  # noqa: DTZ007  # a name has no time zone
