"""`aws lambda invoke`, SDKs, Step Functions, the CDK's Trigger: return the outcome, or raise a named error."""

import json
from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import Final

from lambda_fn.domain.outcome import Outcome, Status, to_json
from lambda_fn.domain.reply import Raise, Reply, Return
from lambda_fn.domain.request import Action, Request, parse_request
from lambda_fn.domain.row import HistoryRow
from lambda_fn.invokers.explanation import located
from lambda_fn.invokers.invoker import Function

LISTED = 100  # of each list; Step Functions passes 256 KB on at most, and 5,000 names alone are twice that
_MOST_ROWS: Final = 1000  # of the history
_MOST_BYTES: Final = 5_500_000  # of the history as JSON: an answer of Lambda has 6 MB at most
_MARK: Final = "…"
_KEYS_BYTES: Final = 500
"""Of a row as JSON, all but its texts. 1,000 rows without their reasons are below 5 MB, whatever their names: of 255
characters each, which are 12 bytes at most where JSON has ASCII only."""


@dataclass(frozen=True, slots=True)
class Direct:
    """The event is the request."""

    event: object
    function: Function

    def request(self) -> Request:
        """The request of the event; null, an empty text and `{}` deploy. Raises: RequestInvalid.

        The CDK's Trigger invokes without a payload at all. Of the history, 100 rows are answered unless `limit` says
        otherwise, and never more than 1,000.
        """
        request = parse_request(None if self.event == "" else self.event)
        if request.action is not Action.HISTORY:
            return request
        return replace(request, limit=min(request.limit or LISTED, _MOST_ROWS))

    def reply(self, outcome: Outcome) -> Reply:
        """Raise the error, so that the invocation fails; else return the outcome as JSON, its lists cut at 100.

        What is incomplete is no failure for who asked for it by `continue`, and invokes again.
        """
        if outcome.error is not None and outcome.status is not Status.INCOMPLETE:
            return Raise(located(outcome.error, self.function))
        return Return(to_json(replace(outcome, history=_that_fits(outcome.history)), listed=LISTED))


def _that_fits(rows: tuple[HistoryRow, ...]) -> tuple[HistoryRow, ...]:
    """The rows as they are, or where they are more than an answer holds, each reason cut to an equal share."""
    left = _MOST_BYTES - sum(_KEYS_BYTES + sum(map(_bytes_of, (row.name, row.checksum, row.id))) for row in rows)
    if sum(_bytes_of(row.reason or "") for row in rows) <= left:
        return rows
    share = left // len(rows)
    return tuple(replace(row, reason=_cut(row.reason, share)) if row.reason else row for row in rows)


def _cut(text: str, most_bytes: int) -> str:
    """The beginning of a text that is no longer than this as JSON, with a mark where something is left out."""
    if _bytes_of(text) <= most_bytes:
        return text
    head = text[:most_bytes]
    kept = bisect_right(range(1, len(head) + 1), most_bytes - _bytes_of(_MARK), key=lambda end: _bytes_of(head[:end]))
    return head[:kept] + _MARK


def _bytes_of(text: str) -> int:
    """How long a text is as JSON, of ASCII alone: up to 6 bytes a character, 12 for one such as an emoji."""
    return len(json.dumps(text))
