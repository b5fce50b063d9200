"""What a migration asks for in its leading comment: `-- migrate: stepwise lock_timeout=5s`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final


class Mode(StrEnum):
    """The way a script is run."""

    ATOMIC = "atomic"
    """One transaction, which records it as well."""
    ALONE = "alone"
    """A single statement that cannot run in a transaction: recorded as started, run, recorded as finished."""
    STEPWISE = "stepwise"
    """Statement by statement, each recorded as it is done, so that the next run goes on behind the last one."""


@dataclass(frozen=True, slots=True)
class Directives:
    """What a file asks for; None where it leaves it to us. A timeout of 0 is none, as for PostgreSQL."""

    mode: Mode | None = None
    lock_timeout_ms: int | None = None
    statement_timeout_ms: int | None = None


class BadDirective(Exception):
    """A wish that cannot be understood: where it stands (a byte offset), what is wrong, and what to write."""

    def __init__(self, offset: int, problem: str, next_step: str) -> None:
        super().__init__(problem)
        self.offset = offset
        self.problem = problem
        self.next_step = next_step


def read_directives(text: bytes) -> Directives:
    """What the comments before the first statement ask for, blank lines among them. Raises: BadDirective."""
    directives = Directives()
    for offset, wish in _wishes(text):
        directives = _with(directives, offset, wish)
    return directives


_LEADING_COMMENTS: Final = re.compile(rb"(?:\s+|--[^\r\n]*)*")
# A comment is taken as a whole, so that one which speaks of a directive is none.
_COMMENT: Final = re.compile(rb"--(?:[ \t]*migrate:[ \t]*([^\r\n]*))?[^\r\n]*")
_MODES: Final = (Mode.STEPWISE, Mode.ATOMIC)
_ADVICE: Final = (
    "Write `-- migrate: stepwise` or `-- migrate: atomic`, lock_timeout=5s or statement_timeout=10min, or remove "
    "the comment."
)
_UNITS_MS: Final = {"": 1, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000}
_DURATION: Final = re.compile(r"([0-9]{1,9})(ms|s|min|h|)")
_LONGEST_MS: Final = 2**31 - 1  # an integer of PostgreSQL


def _wishes(text: bytes) -> Iterator[tuple[int, str]]:
    head = _LEADING_COMMENTS.match(text)
    for found in _COMMENT.finditer(head[0] if head else b""):
        if found[1] is not None:
            words = found[1].decode(errors="replace").split()
            yield from ((found.start(), word) for word in words or [""])


def _with(directives: Directives, offset: int, wish: str) -> Directives:
    name, equals, value = wish.partition("=")
    if not equals and wish in _MODES:
        if directives.mode not in (None, wish):
            raise BadDirective(offset, "it asks for both `migrate: atomic` and `migrate: stepwise`.", _ADVICE)
        return replace(directives, mode=Mode(wish))
    if equals and name == "lock_timeout":
        wished_ms = _duration_ms(offset, name, value, directives.lock_timeout_ms)
        return replace(directives, lock_timeout_ms=wished_ms)
    if equals and name == "statement_timeout":
        wished_ms = _duration_ms(offset, name, value, directives.statement_timeout_ms)
        return replace(directives, statement_timeout_ms=wished_ms)
    raise BadDirective(offset, f"it asks for `migrate: {wish}`, which does not exist.", _ADVICE)


def _duration_ms(offset: int, name: str, value: str, known_ms: int | None) -> int:
    found = _DURATION.fullmatch(value)
    duration_ms = int(found[1]) * _UNITS_MS[found[2]] if found else _LONGEST_MS + 1
    if duration_ms > _LONGEST_MS:
        raise BadDirective(
            offset, f"it asks for `{name}={value}`, which is no duration.", f"Write {name}=500ms, 5s, 10min or 1h."
        )
    if known_ms not in (None, duration_ms):
        raise BadDirective(offset, f"it asks for two different values of {name}.", "Leave one of them.")
    return duration_ms
