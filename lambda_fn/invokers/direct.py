"""`aws lambda invoke`, SDKs, Step Functions, the CDK's Trigger: return the outcome, or raise a named error."""

from dataclasses import dataclass, replace

from lambda_fn.domain.outcome import Outcome, Status, to_json
from lambda_fn.domain.reply import Raise, Reply, Return
from lambda_fn.domain.request import Action, Request, parse_request
from lambda_fn.invokers.explanation import located
from lambda_fn.invokers.invoker import Function

LISTED = 100  # of each list; Step Functions passes 256 KB on at most, and 5,000 names alone are twice that
_MOST_ROWS = 1000  # of the history; an answer of Lambda has 6 MB at most, and the reason of a failure up to 4,000 bytes


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
        return Return(to_json(outcome, listed=LISTED))
