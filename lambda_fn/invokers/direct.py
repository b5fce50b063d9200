"""`aws lambda invoke`, SDKs, Step Functions: return the outcome, or raise a named error."""

from dataclasses import dataclass

from lambda_fn.domain.outcome import Outcome, to_json
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
        """Raise the error, so that the invocation fails; else return the outcome as JSON."""
        return Raise(outcome.error) if outcome.error is not None else Return(to_json(outcome))
