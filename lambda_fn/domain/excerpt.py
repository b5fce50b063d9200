"""The line of a script at which something happened, with a caret, and without its secrets."""

import re
from collections.abc import Iterator

from lambda_fn.domain.landmark import Landmarks, landmark_before
from lambda_fn.domain.statement_kinds import masks_literals
from lambda_fn.domain.statements import Statement, UnreadableScript, characters, position_of, split

_WIDTH = 160
_CHARACTER_BYTES = 4  # at most
_MASK = "***"
_QUOTE = re.compile(rb"['$]|(?<=password\s)\S", re.IGNORECASE)
_DEFINITIONS = {(verb, kind) for verb in ("CREATE", "ALTER") for kind in ("TABLE", "INDEX", "TYPE", "VIEW", "UNIQUE")}
_SUSPICIOUS = re.compile(
    rb"passw|secret|credential|api_?key|token|dblink|options\s*\(|conninfo|\bprogram\b"
    rb"|://[^\s'/]*:[^\s'/]*@|(?:create|alter)\s+(?:role|user|group|server|subscription)",
    re.IGNORECASE,
)
_PARTS = (
    b"passw", b"secret", b"credential", b"apikey", b"api_key", b"token", b"dblink", b"options", b"conninfo", b"program",
    b"://", b"create", b"alter",
)  # fmt: skip
_LONGEST_PART = max(map(len, _PARTS))
_PIECE_BYTES = 1 << 16
_CONSTANT = re.compile(rb"['$]")
_CONTINUES = {bytes([byte]) for byte in range(0x80, 0xC0)}
_LINE_END = re.compile(rb"\r?\n|\Z")

_Range = tuple[int, int]


def excerpt(text: bytes, offset: int, landmarks: Landmarks = ()) -> str:
    """The numbered line of a byte offset and, under it, a caret.

    Long lines are cut round the caret, and tabs become blanks. String constants that are secrets (passwords of
    roles, options of servers, connection strings) are masked, whichever statement of the line is the one spoken of.
    With the `landmarks` of the script, the statements before the last one that helps are not read.
    """
    position = position_of(text, offset)
    start = max(0, position.column - 1 - _WIDTH // 2)
    line, first = _visible_line(text, offset, landmarks)
    shown = line[start - first : start - first + _WIDTH].replace("\t", " ").rstrip()
    margin = f"{position.line:>5} | "
    return f"{margin}{shown}\n{' ' * (len(margin) + position.column - 1 - start)}^"


def holds_secrets(text: bytes, statement: Statement) -> bool:
    """Whether a statement's string constants may be secrets: by its kind, or by a word in it or in its body.

    Definitions of tables and types are full of such words as names; without a string constant they hold no secret.
    """
    if masks_literals(statement):
        return True
    if statement.tokens[:2] in _DEFINITIONS and not _CONSTANT.search(text, statement.start, statement.end):
        return False
    if not _may_be_suspicious(text, statement.start, statement.end):
        return False
    return _SUSPICIOUS.search(text, statement.start, statement.end) is not None


def _may_be_suspicious(text: bytes, start: int, end: int) -> bool:
    """Whether a part stands there that all suspicious words have one of: megabytes are searched much sooner for these.

    In pieces that overlap, so that a large statement is not there twice.
    """
    for first in range(start, end, _PIECE_BYTES):
        piece = text[first : min(end, first + _PIECE_BYTES + _LONGEST_PART)].lower()
        if any(part in piece for part in _PARTS):
            return True
    return False


def _visible_line(text: bytes, offset: int, landmarks: Landmarks) -> tuple[str, int]:
    """The line as far as people can see it, and which of its characters that begins with, counted from 0.

    A line may be the whole script, so it is cut well before and behind what is shown.
    """
    start = text.rfind(b"\n", 0, offset) + 1
    reach = (_WIDTH + 1) * _CHARACTER_BYTES
    read_from = landmark_before(landmarks, max(start, offset - reach)).offset
    found = _LINE_END.search(text, offset, offset + reach)
    stop = found.start() if found else min(len(text), offset + reach)
    begin = _character_at(text, max(start, offset - reach))
    return _without_secrets(text, begin, stop, read_from), characters(text, start, begin)


def _character_at(text: bytes, offset: int) -> int:
    """Where the character begins that a byte is a part of."""
    first = offset
    while first > 0 and offset - first < _CHARACTER_BYTES - 1 and text[first : first + 1] in _CONTINUES:
        first -= 1
    return first


def _without_secrets(text: bytes, start: int, stop: int, read_from: int) -> str:
    """The characters between two bytes, read from the beginning of the text or from behind a statement on."""
    visible, done = "", start
    for first, last in _secrets(text, start, stop, read_from):
        if last > done:
            hidden = min(max(first, done), stop)
            visible += _decoded(text[done:hidden]) + _masked(text[hidden : min(last, stop)])
            done = min(last, stop)
    return visible + _decoded(text[done:stop])


def _secrets(text: bytes, start: int, stop: int, read_from: int) -> Iterator[_Range]:
    """The byte ranges that may not be shown between two bytes."""
    try:
        for statement in split(text, read_from):
            if statement.start >= stop:
                return
            if statement.end <= start:
                continue
            quote = _QUOTE.search(text, statement.start, statement.end)
            if quote and holds_secrets(text, statement):
                yield quote.start(), statement.end
    except UnreadableScript as error:
        # What is never closed may be a password as well.
        yield min(error.offset, stop), stop


def _masked(hidden: bytes) -> str:
    """As many characters as before, so that columns stay."""
    return _MASK.ljust(len(_decoded(hidden)))[: len(_decoded(hidden))]


def _decoded(text: bytes) -> str:
    return text.decode(errors="replace")
