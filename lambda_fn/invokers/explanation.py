"""Text for an invoker that takes only so much of it: the first words are kept, the last ones go."""

import json
from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate

from lambda_fn.errors import MigrateError
from lambda_fn.invokers.invoker import Function

_ELLIPSIS = "…"
# Step Functions takes a cause of 32,768 characters, in which the text stands as JSON within JSON.
_TEXT_LIMIT = 12_000  # bytes

Cost = Callable[[str], int]
"""How much of a limit one character takes up; at least 1."""


def json_bytes(character: str) -> int:
    """The bytes of UTF-8 that a character takes up in a JSON string; a lone surrogate stands there as \\udXXX."""
    return len(as_json(character)) - 2


def as_json(value: object) -> bytes:
    """Compact JSON in UTF-8. It takes any text: a lone surrogate, which UTF-8 cannot hold, is written as \\udXXX."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


def printable(text: str) -> str:
    """The text with ? in place of each lone surrogate, at which other readers of JSON may fail."""
    return text.encode("utf-8", "replace").decode("utf-8")


def cut(text: str, limit: int, cost: Cost = json_bytes) -> str:
    """The text, or as much of its beginning as fits into `limit` with an ellipsis behind it."""
    if limit <= 0:
        return ""
    totals = list(accumulate(map(cost, text[: limit + 1])))
    if not totals or totals[-1] <= limit:
        return text
    room = limit - cost(_ELLIPSIS)
    return text[: bisect_right(totals, room)] + _ELLIPSIS if room >= 0 else ""


def located(error: MigrateError, function: Function) -> MigrateError:
    """The error with where the log is in its first line, for who takes as much text as there is."""
    return error.in_words(explain(error, function, _TEXT_LIMIT))


def explain(error: MigrateError, function: Function, limit: int, cost: Cost = json_bytes) -> str:
    """The headline with where the log is, and then the further lines of an error, within `limit`.

    What does not fit goes from the end. Where not even the headline fits, it is cut, and the log is still named.
    """
    logs = cut(printable(_logs(function)), limit // 2, cost)
    whole = printable(error.headline)
    headline = cut(whole, limit - _size(f" {logs}", cost), cost)
    told = f"{headline} {logs}" if logs else headline
    further = printable(error.text)[len(whole) + 1 :]
    if headline != whole or not further:
        return told
    rest = cut(further, limit - _size(f"{told}\n", cost), cost)
    return f"{told}\n{rest}" if rest else told


def _logs(function: Function) -> str:
    return f"Logs: {function.log_group} {function.log_stream}"


def _size(text: str, cost: Cost) -> int:
    return sum(map(cost, text))
