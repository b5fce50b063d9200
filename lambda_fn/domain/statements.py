"""Splits a migration script into its statements as PostgreSQL would, and finds positions in a script.

An aid, never the guarantee: the server alone decides what a script means. Whatever cannot be split with
certainty is said to be unreadable (UnreadableScript), not guessed at.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from lambda_fn.domain.tokens import Lexeme, MetaCommand, UnreadableScript, end_of_run, lexeme_at, text_of

__all__ = [
    "MAX_TOKENS",
    "Position",
    "Statement",
    "UnreadableScript",
    "characters",
    "next_statement",
    "offset_of_character",
    "position_of",
    "split",
]

MAX_TOKENS: Final = 64
"""Tokens kept of a statement: more than any statement needs to be classified."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_LINE: Final = re.compile(rb"[^\n\r]*+")
_ROUTINE: Final = re.compile(r"CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE)\b")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a script. Offsets are byte offsets into the script.

    `start` is the first byte of the statement itself, after white space and comments; `end` is just behind
    its last token, without the semicolon; `stop` is just behind its semicolon, or the end of the script.

    `tokens` are its first top-level tokens, at most MAX_TOKENS: unquoted words in upper case, quoted
    identifiers in their quotes, string constants as `'…'` without prefix and escapes, a parenthesised group
    as `()`, any other character alone; what is longer than TEXT_LIMIT is cut, and the body of a BEGIN ATOMIC
    … END is left out. `options` are the tokens of the first parenthesised group, kept for REINDEX and for
    subscriptions only: theirs say whether the statement can run inside a transaction block.

    A psql meta-command ends its statement with its line: `\\` is then the last token.
    """

    start: int
    end: int
    stop: int
    tokens: tuple[str, ...]
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a script as an editor shows it: both counted from 1, the column in characters."""

    line: int
    column: int


def split(script: bytes, position: int = 0) -> Iterator[Statement]:
    """The statements of the script, one at a time; empty ones (only comments, only `;`) are left out.

    From its beginning, or from the byte offset just behind a statement.
    Raises UnreadableScript where the script cannot be read on: after the statements before that place.
    """
    while (statement := next_statement(script, position)) is not None:
        yield statement
        position = statement.stop


def next_statement(script: bytes, position: int) -> Statement | None:
    """The statement at a byte offset, or the first one behind it; None where none comes. Raises: UnreadableScript."""
    position = position or _content_start(script)
    reader = _Reader(script, position)
    try:
        stop = reader.read()
    except MetaCommand as found:
        stop = reader.take_line(found.offset)
    if not reader.tokens:
        return None
    return Statement(reader.start, reader.end, stop, tuple(reader.tokens), reader.options)


def position_of(script: bytes, offset: int) -> Position:
    """Line and column of a byte offset. A byte order mark takes no column."""
    line_start = max(script.rfind(b"\n", 0, offset) + 1, min(offset, _content_start(script)))
    return Position(script.count(b"\n", 0, offset) + 1, characters(script, line_start, offset) + 1)


# One character the way decode(errors="replace") counts: what begins like a character and breaks off is one.
_CHARACTER: Final = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]?"
    rb"|(?:\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]|\xed[\x80-\x9f])[\x80-\xbf]?"
    rb"|(?:\xf0[\x90-\xbf]|[\xf1-\xf3][\x80-\xbf]|\xf4[\x80-\x8f])(?:[\x80-\xbf][\x80-\xbf]?)?"
    rb"|.",
    re.DOTALL,
)
_ASCII: Final = re.compile(rb"[\x00-\x7f]")
_CHUNK: Final = 1 << 16


def characters(script: bytes, start: int, stop: int) -> int:
    """How many characters there are between two byte offsets, as decode(errors="replace") counts them."""
    return sum(length for _, length in _pieces(script, start, stop))


def offset_of_character(script: bytes, character: int) -> int:
    """The byte offset of a character, counted from 0 as PostgreSQL counts them; the length if it is too far.

    What is not valid UTF-8 counts as decode(errors="replace") would count it.
    """
    seen = 0
    for start, length in _pieces(script, 0, len(script)):
        if seen + length > character:
            return next(islice(_CHARACTER.finditer(script, start), character - seen, None)).start()
        seen += length
    return len(script)


def _pieces(script: bytes, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Parts of the script: where each begins, and how many characters it has. Not all is decoded at once.

    Before an ASCII byte every character is over, so up to there the script can be decoded by itself.
    """
    while start < stop:
        boundary = _ASCII.search(script, start + _CHUNK, stop)
        end = boundary.start() if boundary else stop
        yield start, len(script[start:end].decode("utf-8", "replace"))
        start = end


def _content_start(script: bytes) -> int:
    return len(_BYTE_ORDER_MARK) if script.startswith(_BYTE_ORDER_MARK) else 0


class _Reader:
    """Reads one statement of the script, from `position` on."""

    __slots__ = ("end", "options", "position", "previous", "script", "start", "tokens")

    def __init__(self, script: bytes, position: int) -> None:
        self.script = script
        self.position = position
        self.start = self.end = position
        self.tokens: list[str] = []
        self.options: tuple[str, ...] = ()
        self.previous = ""

    def read(self) -> int:
        """Reads to the semicolon that ends the statement, or to the end of the script: just behind which."""
        while True:
            lexeme = lexeme_at(self.script, self.position)
            kind, start, end = lexeme
            if kind == "end" or (kind == "semicolon" and self.tokens):
                return end
            self.position = end
            if kind != "semicolon":
                self.start = self.start if self.tokens else start
                self._take(lexeme)

    def take_line(self, offset: int) -> int:
        """Ends the statement with the line of the meta-command at `offset`, whatever is open: where."""
        line = _LINE.match(self.script, offset)
        assert line is not None, "the pattern matches nothing at least"
        self.start = self.start if self.tokens else offset
        self.end = offset + len(line[0].rstrip())
        self.tokens[MAX_TOKENS - 1 :] = ["\\"]
        return line.end()

    def _take(self, lexeme: Lexeme) -> None:
        text = text_of(self.script, lexeme)
        if len(self.tokens) < MAX_TOKENS:
            self.tokens.append(text)
        elif not _creates_routine(self.tokens):
            self.position = end_of_run(self.script, self.position)
        if text == "ATOMIC" and self.previous == "BEGIN" and _creates_routine(self.tokens):
            self._take_body(lexeme)
        if text == "()" and not self.options and _has_telling_options(self.tokens):
            self.options = _options(self.script, lexeme)
        self.previous = text
        self.end = self.position

    def _take_body(self, atomic: Lexeme) -> None:
        self.position = _body_end(self.script, atomic)
        if len(self.tokens) < MAX_TOKENS:
            self.tokens.append("END")


def _creates_routine(tokens: list[str]) -> bool:
    return _ROUTINE.match(" ".join(tokens[:4])) is not None


def _has_telling_options(tokens: list[str]) -> bool:
    return tokens[0] == "REINDEX" or "SUBSCRIPTION" in tokens[:2]


def _options(script: bytes, group: Lexeme) -> tuple[str, ...]:
    _, start, end = group
    content = script[start + 1 : end - 1]
    position, tokens = 0, list[str]()
    while len(tokens) < MAX_TOKENS and (lexeme := lexeme_at(content, position))[0] != "end":
        tokens.append(text_of(content, lexeme))
        position = lexeme[2]
    return tuple(tokens)


def _body_end(script: bytes, atomic: Lexeme) -> int:
    """Just behind the END of the body that BEGIN ATOMIC opens.

    In the grammar each statement of a body ends with a semicolon, so the END is the one that begins a
    statement: the END of a CASE never does, nor does a column or an alias of that name. A statement of the
    body can be a CREATE FUNCTION with a body of its own.
    """
    _, start, position = atomic
    depth, tokens = 1, list[str]()
    while depth:
        lexeme = lexeme_at(script, position)
        kind, _, position = lexeme
        if kind == "end":
            raise UnreadableScript("the body that begins with this ATOMIC has no END", start)
        if kind == "semicolon":
            tokens = []
            continue
        tokens.append(text_of(script, lexeme))
        del tokens[4:-2]  # the first four say what the statement is, the last two whether its body begins
        if tokens == ["END"]:
            depth -= 1
        elif tokens[-2:] == ["BEGIN", "ATOMIC"] and _creates_routine(tokens):
            depth, tokens = depth + 1, []
    return position
