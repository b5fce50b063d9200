"""Where in a script: statement, line, column, and the line itself with a caret."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice

from lambda_fn.domain.excerpt import excerpt, holds_secrets
from lambda_fn.domain.landmark import Landmark, Landmarks, landmark_before
from lambda_fn.domain.statement_kinds import TRANSACTION_CONTROL, kind_of
from lambda_fn.domain.statements import (
    Statement,
    UnreadableScript,
    offset_of_character,
    position_of,
    split,
)
from lambda_fn.errors import Whereabouts


def at_offset(migration: str, text: bytes, offset: int, landmarks: Landmarks = ()) -> Whereabouts:
    """The place of a byte offset, without asking which statement it is in."""
    position = position_of(text, offset)
    shown = excerpt(text, offset, landmarks)
    return Whereabouts(migration=migration, line=position.line, column=position.column, excerpt=shown)


def offset_of(text: bytes, position: int) -> int | None:
    """The byte offset of the server's position, which counts characters from 1; None beyond the text."""
    offset = offset_of_character(text, position - 1) if position > 0 else len(text)
    return offset if offset < len(text) else None


def offset_after(text: bytes, executed: int) -> int | None:
    """Where the statement begins before which so many succeeded, the author's own BEGIN and COMMIT not counted."""
    found = _statement_after(text, executed)
    return found and found[1].start


def statement_at(text: bytes, offset: int | None, landmarks: Landmarks = ()) -> Statement | None:
    """The statement at a byte offset, or behind which it is."""
    if offset is None:
        return None
    found = _statement_at(text, offset, landmark_before(landmarks, offset))
    return found and found[1]


def of_error(
    migration: str, text: bytes, *, offset: int | None, sqlstate: str, landmarks: Landmarks = ()
) -> Whereabouts:
    """The place of a server's error in a script: of the byte `offset`, if there is one.

    With the `landmarks` of the script, no more of it is read than lies between two of them, and the statement.
    """
    if offset is None:
        return Whereabouts(migration=migration, sqlstate=sqlstate)
    number, statement = _statement_at(text, offset, landmark_before(landmarks, offset)) or (None, None)
    return replace(
        at_offset(migration, text, offset, landmarks),
        sqlstate=sqlstate,
        statement=number,
        hides_literals=statement is not None and holds_secrets(text, statement),
    )


_Numbered = tuple[int, Statement]


def _statement_at(text: bytes, offset: int, landmark: Landmark) -> _Numbered | None:
    for number, found in _numbered(text, landmark.offset, landmark.statements + 1):
        if offset <= found.stop:
            return number, found
    return None


def _statement_after(text: bytes, executed: int) -> _Numbered | None:
    counted = (found for found in _numbered(text) if kind_of(found[1]) not in TRANSACTION_CONTROL)
    return next(islice(counted, executed, None), None)


def _numbered(text: bytes, position: int = 0, first: int = 1) -> Iterator[_Numbered]:
    with suppress(UnreadableScript):
        yield from enumerate(split(text, position), first)
