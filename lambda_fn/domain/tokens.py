r"""The lexical structure of SQL, as PostgreSQL's scanner reads it with standard_conforming_strings on.

Works on bytes: like the server's scanner it takes every byte from 0x80 up for a letter, so text that is not
valid UTF-8 is read without harm. Every repetition below is possessive (`*+`): nothing is ever tried twice, so
the time is linear in the length of the script whatever it holds.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

TEXT_LIMIT: Final = 256
"""Bytes of a token that are kept: longer ones are cut, for a script may hold a literal of many megabytes."""

SPACE: Final = rb"[ \t\n\r\f\v]"
LINE_COMMENT: Final = rb"--[^\n\r]*+"
_BLANK: Final = rb"(?:" + SPACE + rb"++|" + LINE_COMMENT + rb")*+"

# A number ends before a `$`, as it does for PostgreSQL: a dollar quote may begin right behind it.
_WORD: Final = rb"[A-Za-z_\x80-\xff][A-Za-z_0-9$\x80-\xff]*+"
_NUMBER: Final = rb"[0-9][0-9A-Za-z_\x80-\xff]*+(?:\.[0-9A-Za-z_\x80-\xff]*+)?+|\$[0-9]++"

# A string continues behind white space that holds a newline and perhaps `--` comments, but no /* */ comment:
# https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-STRINGS
# Only for E'' does it matter here: the continuation keeps its backslash escapes.
CONTINUED: Final = rb"(?:[ \t\f\v]|" + LINE_COMMENT + rb")*+[\n\r](?:" + SPACE + rb"|" + LINE_COMMENT + rb"[\n\r])*+'"
ESCAPED: Final = rb"[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'"
_ESCAPE_STRING: Final = rb"[eE]'" + ESCAPED + rb"(?:" + CONTINUED + ESCAPED + rb")*+(?!" + CONTINUED + rb")"
_STRING: Final = rb"(?:[bBnNxX]|[uU]&)?+'[^']*+(?:''[^']*+)*+'"
QUOTED_IDENTIFIER: Final = rb'(?:[uU]&)?+"[^"]*+(?:""[^"]*+)*+"'
DOLLAR_DELIMITER: Final = rb"\$(?:[A-Za-z_\x80-\xff][A-Za-z_0-9\x80-\xff]*+)?+\$"

# What can be passed over without a second look. Neither parentheses nor semicolons, and nothing that only
# code can read to its end (/* */ nests, a dollar quote ends where its own delimiter comes again).
_PLAIN: Final = rb"|".join(
    [
        _ESCAPE_STRING,
        _STRING,
        QUOTED_IDENTIFIER,
        rb"(?![eE]')" + _WORD,
        _NUMBER,
        rb"[^A-Za-z_0-9\x80-\xff \t\n\r\f\v$'\"()/;\\\-]++",
        rb"-(?!-)",
        rb"/(?!\*)",
    ]
)
_IN_GROUP: Final = SPACE + rb"++|" + LINE_COMMENT + rb"|;|" + _PLAIN
# Two levels are what a row of values or a column's type has; _group_end reads what lies deeper.
_GROUP: Final = rb"\((?:" + _IN_GROUP + rb"|\((?:" + _IN_GROUP + rb")*+\))*+\)"


# Made when they are needed, which few scripts do: each takes milliseconds.
@cache
def _run() -> re.Pattern[bytes]:
    return re.compile(rb"(?:" + _BLANK + rb"(?:" + _PLAIN + rb"|" + _GROUP + rb"))*+", re.DOTALL)


@cache
def _run_to_where() -> re.Pattern[bytes]:
    not_where = rb"(?![wW][hH][eE][rR][eE])"
    return re.compile(rb"(?:" + _BLANK + not_where + rb"(?:" + _PLAIN + rb"|" + _GROUP + rb"))*+", re.DOTALL)


_LEXEME: Final = re.compile(
    _BLANK
    + rb"(?:"
    + rb"|".join(
        rb"(?P<" + name + rb">" + pattern + rb")"
        for name, pattern in [
            (b"string", _ESCAPE_STRING + rb"|" + _STRING),
            (b"quoted_identifier", QUOTED_IDENTIFIER),
            (b"open_string", rb"[eE]?+'"),
            (b"open_identifier", rb'"'),
            (b"word", _WORD + rb"|" + _NUMBER),
            (b"semicolon", rb";"),
            (b"group", _GROUP),
            (b"open_group", rb"\("),
            (b"close", rb"\)"),
            (b"delimiter", DOLLAR_DELIMITER),
            (b"open_comment", rb"/\*"),
            (b"backslash", rb"\\"),
            (b"symbol", rb"."),
            (b"end", rb"\Z"),
        ]
    )
    + rb")",
    re.DOTALL,
)
_WHOLE: Final = frozenset(
    {"string", "quoted_identifier", "word", "semicolon", "group", "open_group", "close", "symbol", "end"}
)
_COMMENT_EDGE: Final = re.compile(rb"/\*|\*/")
_ESCAPE: Final = re.compile(rb"\\(.)|'(')", re.DOTALL)

Lexeme = tuple[str, int, int]
"""Kind (word, string, quoted_identifier, symbol, group, semicolon or end), first byte, and end."""


class UnreadableScript(ValueError):
    """The script cannot be split with certainty.

    `reason` says why, in words that point at `offset`, the byte offset where what cannot be read begins.
    """

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(f"{reason} (byte {offset})")
        self.reason = reason
        self.offset = offset


class MetaCommand(Exception):
    """A backslash outside of quotes, at byte `offset`: no SQL, but the start of a psql meta-command."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


def lexeme_at(script: bytes, position: int) -> Lexeme:
    """The first lexeme at or behind `position`; a parenthesised group is one lexeme, and the end is one too.

    Raises UnreadableScript for what is never closed, and for a closing parenthesis too many, and MetaCommand
    for a backslash outside of quotes.
    """
    kind, start, end = _part_at(script, position)
    if kind == "open_group":
        return "group", start, _group_end(script, start)
    if kind == "close":
        raise UnreadableScript("this closing parenthesis has no opening one", start)
    return kind, start, end


def end_of_run(script: bytes, position: int) -> int:
    """Where the lexemes that can be passed over at once end, for none of them ends a statement."""
    run = _run().match(script, position)
    assert run is not None, "the pattern matches nothing at least"
    return run.end()


def has_where(script: bytes, start: int, end: int) -> bool:
    """Whether a WHERE stands between two offsets, outside of parentheses."""
    while start < end:
        run = _run_to_where().match(script, start)
        assert run is not None, "the pattern matches nothing at least"
        lexeme = lexeme_at(script, run.end())
        if lexeme[1] < end and text_of(script, lexeme) == "WHERE":
            return True
        start = lexeme[2] if lexeme[0] not in {"end", "semicolon"} else end
    return False


def flat_lexemes(script: bytes, start: int, end: int) -> Iterator[Lexeme]:
    """The lexemes between two offsets, those in parentheses too: a parenthesis is `open_group` or `close`."""
    while start < end:
        kind, first, start = _part_at(script, start)
        if kind in {"group", "open_group"}:
            kind, start = "open_group", first + 1
        yield kind, first, start


def text_of(script: bytes, lexeme: Lexeme) -> str:
    """The lexeme as a token: a word in upper case, a string constant unescaped, a group as `()`."""
    kind, start, end = lexeme
    if kind in {"word", "symbol", "semicolon"}:
        return script[start : min(end, start + TEXT_LIMIT)].upper().decode("utf-8", "replace")
    if kind == "group":
        return "()"
    if kind == "string":
        return _string_text(script, start, end)
    return _cut(script, script.index(b'"', start) + 1, end - 1, '"')


def _part_at(script: bytes, position: int) -> Lexeme:
    """The lexeme at `position`, parentheses one by one unless nothing in the group needs a second look."""
    while True:
        match = _LEXEME.match(script, position)
        assert match is not None, "one of the pattern's branches takes any byte, one the end"
        kind = match.lastgroup
        assert kind is not None, "every branch has a name"
        start, end = match.span(kind)
        if kind in _WHOLE:
            return kind, start, end
        if kind == "delimiter":
            return "string", start, _dollar_quote_end(script, start, end)
        if kind != "open_comment":
            raise _refusal(kind, start)
        position = _comment_end(script, start)


def _refusal(kind: str, start: int) -> Exception:
    if kind == "backslash":
        return MetaCommand(start)
    what = "string" if kind == "open_string" else "quoted identifier"
    return UnreadableScript(f"the {what} that begins here is never closed", start)


def _dollar_quote_end(script: bytes, start: int, content: int) -> int:
    delimiter = script[start:content]
    close = script.find(delimiter, content)
    if close < 0:
        raise UnreadableScript("the dollar-quoted string that begins here is never closed", start)
    return close + len(delimiter)


def _comment_end(script: bytes, start: int) -> int:
    depth = 0
    for edge in _COMMENT_EDGE.finditer(script, start):
        depth += 1 if edge[0] == b"/*" else -1
        if depth == 0:
            return edge.end()
    raise UnreadableScript("the comment that begins here is never closed", start)


def _group_end(script: bytes, start: int) -> int:
    depth, position = 1, start + 1
    while depth:
        kind, _, position = _part_at(script, end_of_run(script, position))
        if kind == "open_group":
            depth += 1
        elif kind == "close":
            depth -= 1
        elif kind == "end":
            raise UnreadableScript("the parenthesis that opens here is never closed", start)
    return position


def _string_text(script: bytes, start: int, end: int) -> str:
    if script[start] == ord("$"):
        content = script.index(b"$", start + 1) + 1
        return _cut(script, content, end - (content - start), "'")
    content = script.index(b"'", start) + 1
    escape = _ESCAPE.pattern if script[start] in b"eE" else rb"'(')()"
    unescaped = re.sub(escape, rb"\1\2", script[content : min(end - 1, content + TEXT_LIMIT)], flags=re.DOTALL)
    return f"'{unescaped.decode('utf-8', 'replace')}'"


def _cut(script: bytes, content: int, end: int, quote: str) -> str:
    text = script[content : min(end, content + TEXT_LIMIT)].decode("utf-8", "replace")
    return f"{quote}{text}{quote}"
