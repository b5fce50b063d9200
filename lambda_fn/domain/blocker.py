"""Who blocks us, in words that show no value of anybody's statement."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

WAITING_LIMIT: Final = 100
"""How many sessions that wait are looked at; more are not counted."""

QUERY_LIMIT: Final = 1000
"""Characters of a statement that are looked at."""

_HEAD_LIMIT = 80  # characters of a statement that are shown
_NAMED_LIMIT = 3  # blockers that are described in one sentence
_MASK = "?"
_CUT = "…"

_WORD: Final = r"[A-Za-z_\x80-\U0010ffff][A-Za-z_0-9$\x80-\U0010ffff]*+"
_ESCAPED: Final = r"(?s)(?:[^'\\]|\\.|'')*+'"
_ITEM: Final = (
    r"(?s)(?P<blank>[ \t\n\r\f\v]++|--[^\n\r]*+)"
    r"|(?P<comment>/\*)"
    r"|(?P<escaped>[eE]'(?:[^'\\]|\\.|'')*+')"
    r"|(?P<string>(?:[bBnNxX]|[uU]&)?+'(?:[^']|'')*+')"
    r"|(?P<open>(?:[eEbBnNxX]|[uU]&)?+')"
    rf"|(?P<dollar>\$(?:[A-Za-z_\x80-\U0010ffff][A-Za-z_0-9\x80-\U0010ffff]*+)?+\$)"
    r"|(?P<number>[0-9][0-9A-Za-z_]*+(?:\.[0-9A-Za-z_]*+)?+)"
    rf'|(?P<kept>\$[0-9]++|{_WORD}|"(?:[^"]|"")*+"|.)'
)
_COMMENT_EDGE: Final = r"/\*|\*/"


@dataclass(frozen=True, slots=True)
class Blocker:
    """A session that blocks others and waits for nobody; pid 0 stands for a prepared transaction.

    `application` and `user` are "" where there is none. What is not visible to us, or not there, is None.
    """

    pid: int
    application: str
    user: str
    state: str | None
    transaction_age_s: float | None
    query_head: str | None

    @property
    def text(self) -> str:
        """Who it is, and what it does."""
        if self.pid == 0:
            return "a prepared transaction (see pg_prepared_xacts)"
        last = "" if self.state == "active" else "last "
        parts = [
            f"application {self.application}" if self.application else "no application name",
            f"user {self.user}" if self.user else "",
            self.state or "",
            "" if self.transaction_age_s is None else f"transaction open for {self.transaction_age_s:.0f} s",
            f"{last}query: {self.query_head}" if self.query_head else "",
        ]
        return f"backend {self.pid} ({', '.join(filter(None, parts))})"


@dataclass(frozen=True, slots=True)
class BlockerReport:
    """Who blocks us in the end, and how many wait behind us (no more than WAITING_LIMIT are counted).

    `hidden_from` is the user to whom the server does not show what some of the blockers do.
    """

    blockers: tuple[Blocker, ...]
    waiting_behind: int = 0
    hidden_from: str | None = None

    @property
    def sentence(self) -> str:
        """One sentence, without its capital and its full stop."""
        named = [blocker.text for blocker in self.blockers[:_NAMED_LIMIT]]
        if rest := len(self.blockers) - len(named):
            named.append(f"{rest} more")
        return "; ".join(filter(None, [f"blocked by {' and '.join(named)}", self._waiting, self._hidden]))

    @property
    def _waiting(self) -> str:
        match self.waiting_behind:
            case 0:
                return ""
            case 1:
                return "1 session waits behind us"
            case count:
                return f"{'at least ' if count >= WAITING_LIMIT else ''}{count} sessions wait behind us"

    @property
    def _hidden(self) -> str:
        if self.hidden_from is None:
            return ""
        quoted = self.hidden_from.replace('"', '""')
        return f'what others do is not visible to user {self.hidden_from}: GRANT pg_monitor TO "{quoted}"'


def query_head(query: str, limit: int = _HEAD_LIMIT) -> str:
    """The beginning of a statement on one line, without comments and with `?` for every constant in it.

    The server may have cut the statement anywhere. What begins like a constant and is not seen to end is left out,
    and so is everything behind a string whose end depends on the other session's standard_conforming_strings.
    """
    head = ""
    for item in _masked(query):
        head += item if item.isprintable() else " "
        if len(head) > 2 * limit:  # blanks are still to go
            break
    head = " ".join(head.split())
    return head if len(head) <= limit else head[: limit - 1].rstrip() + _CUT


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Only where somebody blocks us: the longest one takes 10 ms."""
    return re.compile(pattern)


def _masked(query: str) -> Iterator[str]:
    position = 0
    while item := _compiled(_ITEM).match(query, position):
        kind, position = item.lastgroup, item.end()
        if kind == "kept":
            yield item[0]
        elif kind == "blank":
            yield " "
        elif kind in {"escaped", "number"}:
            yield _MASK
        else:
            yield " " if kind == "comment" else _MASK
            end = _end(query, item)
            if end is None:
                yield f" {_CUT}"
                return
            position = end


def _end(query: str, item: re.Match[str]) -> int | None:
    """Where a comment or a string ends; None where that is not certain."""
    match item.lastgroup:
        case "comment":
            return _comment_end(query, item.end())
        case "dollar":
            close = query.find(item[0], item.end())
            return None if close < 0 else close + len(item[0])
        case "string":
            # With standard_conforming_strings off, a backslash would have escaped the quote.
            escaped = _compiled(_ESCAPED).match(query, query.index("'", item.start()) + 1)
            return item.end() if escaped is not None and escaped.end() == item.end() else None
        case _:
            return None


def _comment_end(query: str, position: int) -> int | None:
    depth = 1
    for edge in _compiled(_COMMENT_EDGE).finditer(query, position):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return None
