"""Passes over the statements that are surely ordinary ones, without reading them token by token.

Most of a large script are statements whose first words say that they run in any transaction, and whose end one
pattern finds. It knows less than the lexer (tokens.py), and nothing else than it: where it is in doubt, it finds
nothing. Every repetition is possessive, so that the time is linear in what is passed over.
"""

import re
from functools import cache
from typing import Final

from lambda_fn.domain.tokens import CONTINUED, DOLLAR_DELIMITER, ESCAPED, LINE_COMMENT, QUOTED_IDENTIFIER, SPACE


def ordinary_end(script: bytes, position: int) -> int:
    """Just behind the semicolon of the statement at `position`, if that is surely an ordinary one; else 0.

    Ordinary is what statement_kinds and statement_traits have nothing to say about in a file that runs atomically.
    """
    found = _statement_pattern().match(script, position)
    while found is not None and (delimiter := found["delimiter"]) is not None:
        close = script.find(delimiter, found.end())
        found = _rest_pattern().match(script, close + len(delimiter)) if close >= 0 else None
    return found.end() if found is not None else 0


# Made when they are needed: that takes milliseconds, which a run without pending migrations does not have.
@cache
def _statement_pattern() -> re.Pattern[bytes]:
    """A statement up to its semicolon, or to the first dollar quote in it, with what stands before it."""
    head = rb"(?:" + _FIRST_WORDS + rb"(?![$" + _LETTERS + rb"])|" + _INDEX + rb")"
    return re.compile(_BETWEEN + head + _ANYTHING + _END, re.DOTALL)


@cache
def _rest_pattern() -> re.Pattern[bytes]:
    """What comes behind a dollar quote."""
    return re.compile(_ANYTHING + _END, re.DOTALL)


_NESTED_PARENTHESES: Final = 3
_LETTERS: Final = rb"A-Za-z_0-9\x80-\xff"
_COMMENT: Final = rb"/\*(?:[^*/]++|\*(?!/)|/(?!\*))*+\*/"  # one that holds no other
_BETWEEN: Final = rb"(?:" + SPACE + rb"++|;|" + LINE_COMMENT + rb"|" + _COMMENT + rb")*+"

# In parentheses words are passed over, so any letter may stand before a quote. An E says that backslashes escape, but
# not the one of DATE'…'; behind a dollar, only the lexer can tell.
_STRING: Final = rb"(?<![eE])'[^']*+(?:''[^']*+)*+'"
_ESCAPE_STRING: Final = (
    rb"(?<=[^$" + _LETTERS + rb"][eE])'" + ESCAPED + rb"(?:" + CONTINUED + ESCAPED + rb")*+(?!" + CONTINUED + rb")"
)
_QUOTED: Final = rb"|".join(
    [_STRING, QUOTED_IDENTIFIER, rb"-(?!-)", LINE_COMMENT, rb"/(?!\*)", _COMMENT, _ESCAPE_STRING]
)


def _group(nested: int) -> bytes:
    inner = _group(nested - 1) + rb"|" if nested else rb""
    return rb"\((?:[^'\"$()/\\\-]++|" + inner + _QUOTED + rb")*+\)"


# BEGIN ATOMIC opens a body that holds semicolons, and of ALTER TABLE only DETACH PARTITION can be CONCURRENTLY.
_WORD: Final = rb"(?!(?i:ATOMIC|DETACH))[" + _LETTERS + rb"]++"
_ANYTHING: Final = (
    rb"(?:[^'\"$();/\\\-"
    + _LETTERS
    + rb"]++|"
    + _WORD
    + rb"|"
    + _group(_NESTED_PARENTHESES)
    + rb"|"
    + _QUOTED
    + rb")*+"
)
_END: Final = rb"(?:;|(?<![$" + _LETTERS + rb"])(?P<delimiter>" + DOLLAR_DELIMITER + rb"))"


def _words(words: bytes) -> bytes:
    """The pattern of words with single blanks between them, in any case and with any white space."""
    return rb"(?i:" + words.replace(b" ", SPACE + rb"++") + rb")"


_FIRST_WORDS: Final = _words(
    rb"INSERT|UPDATE|DELETE|SELECT|VALUES|WITH|MERGE|COMMENT|GRANT|REVOKE|TRUNCATE"
    rb"|(?:CREATE|ALTER|DROP) (?:TABLE|SEQUENCE|SCHEMA|VIEW|TRIGGER|POLICY|ROLE|DOMAIN|EXTENSION)"
    rb"|(?:CREATE|DROP) TYPE|(?:CREATE(?: OR REPLACE)?+|ALTER|DROP) (?:FUNCTION|PROCEDURE)"
)
_INDEX: Final = _words(rb"(?:CREATE|ALTER|DROP)(?: UNIQUE)?+ INDEX (?!CONCURRENTLY)(?=[A-Z_\x80-\xff\"])")
