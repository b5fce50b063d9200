"""The CDK's Provider framework: it invokes us, and answers CloudFormation itself."""

from dataclasses import dataclass, field

from lambda_fn.domain.outcome import Outcome
from lambda_fn.domain.reply import Raise, Reply, Return
from lambda_fn.domain.request import Request
from lambda_fn.invokers.custom_resource import Event, physical_resource_id, request_of
from lambda_fn.invokers.explanation import explain, json_bytes
from lambda_fn.invokers.invoker import Function, Skip
from lambda_fn.invokers.verdict import data_of, error_of

# The framework adds about 600 bytes to the message and does not cut it: 6,000 characters made a body of 6,599 bytes,
# where CloudFormation takes 4,096.
MESSAGE_LIMIT = 3000  # bytes


@dataclass(frozen=True, slots=True)
class CdkProvider:
    """An event that the framework passes on; only an exception tells it that we failed."""

    event: Event = field(repr=False)  # its ResponseURL is the real one
    function: Function

    def request(self) -> Request | Skip:
        """What the event asks for. Raises: RequestInvalid."""
        return request_of(self.event)

    def reply(self, outcome: Outcome) -> Reply:
        """Return id and attributes, or raise the error with a message of at most 1,500 characters and 3,000 bytes."""
        error = error_of(outcome)
        if error is not None:
            return Raise(error.in_words(explain(error, self.function, MESSAGE_LIMIT, _cost)))
        return Return({"PhysicalResourceId": physical_resource_id(self.event), "Data": data_of(outcome)})


def _cost(character: str) -> int:
    """Two bytes at least, so that 3,000 bytes are 1,500 characters at most."""
    return max(2, json_bytes(character))
