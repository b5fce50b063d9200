"""`aws lambda invoke`, SDKs, Step Functions: return the outcome, or raise a named error."""

from lambda_fn.domain.outcome import Outcome, to_json
from lambda_fn.domain.reply import Raise, Reply, Return
from lambda_fn.domain.request import Request, parse_request


def parse(event: object) -> Request:
    """The request of an event; null and `{}` deploy. Raises: RequestInvalid."""
    return parse_request(event)


def reply(outcome: Outcome) -> Reply:
    """Raise the error, so that the invocation fails; else return the outcome as JSON."""
    return Raise(outcome.error) if outcome.error is not None else Return(to_json(outcome))
