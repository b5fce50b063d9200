"""`aws lambda invoke`, SDKs, Step Functions: return the outcome, or raise a named error."""

from dataclasses import dataclass

from lambda_fn.domain.outcome import Outcome, Status, to_json
from lambda_fn.domain.reply import Raise, Reply, Return
from lambda_fn.domain.request import Request, parse_request


@dataclass(frozen=True, slots=True)
class Direct:
    """The event is the request."""

    event: object

    def request(self) -> Request:
        """The request of the event; null and `{}` deploy. Raises: RequestInvalid."""
        return parse_request(self.event)

    def reply(self, outcome: Outcome) -> Reply:
        """Raise the error, so that the invocation fails; else return the outcome as JSON.

        What is incomplete is no failure for who asked for it by `continue`, and invokes again.
        """
        if outcome.error is not None and outcome.status is not Status.INCOMPLETE:
            return Raise(outcome.error)
        return Return(to_json(outcome))
