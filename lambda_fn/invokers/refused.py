"""Events of senders that this function does not work for: each is told why, and what to do instead."""

from collections.abc import Mapping
from dataclasses import dataclass

from lambda_fn.domain.outcome import Outcome
from lambda_fn.domain.reply import Raise, Reply, Return
from lambda_fn.domain.request import Request
from lambda_fn.errors import RequestInvalid
from lambda_fn.errors import request as request_errors
from lambda_fn.invokers.cloudformation import CloudFormation
from lambda_fn.invokers.explanation import located
from lambda_fn.invokers.invoker import Function, Invoker, Skip
from lambda_fn.invokers.json_text import object_in
from lambda_fn.invokers.signs import first_record, is_custom_resource

_FORBIDDEN = 403
_SNS = "aws:sns"


def refuse_records(event: Mapping[str, object], function: Function) -> Invoker:
    """What answers a batch; a custom resource whose ServiceToken is a topic still gets its answer."""
    record = first_record(event)
    source = record.get("EventSource", record.get("eventSource"))
    if source != _SNS:
        return Refused(request_errors.sent_as_records(str(source or "somebody")), function)
    event_within = _message_of(record)
    if is_custom_resource(event_within):
        return CustomResourceOfTopic(CloudFormation(event_within, function))
    return Refused(request_errors.sent_by_sns(), function)


def _message_of(record: Mapping[str, object]) -> dict[str, object]:
    topic = record.get("Sns")
    return object_in(topic.get("Message") if isinstance(topic, Mapping) else None) or {}


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that only a failed invocation can refuse."""

    error: RequestInvalid
    function: Function

    def request(self) -> Request:
        """Nothing is asked for. Raises: RequestInvalid M111."""
        raise self.error

    def reply(self, outcome: Outcome) -> Reply:
        """Fail the invocation."""
        return Raise(located(outcome.error or self.error, self.function))


@dataclass(frozen=True, slots=True)
class DurableExecution:
    """An event of a durable execution, which an exception would only make begin again."""

    function: Function

    def request(self) -> Request:
        """Nothing is asked for. Raises: RequestInvalid M111."""
        raise request_errors.durable_execution()

    def reply(self, outcome: Outcome) -> Return:
        """Fail the execution as its protocol says."""
        error = located(outcome.error or request_errors.durable_execution(), self.function)
        about = {"ErrorType": type(error).__name__, "ErrorMessage": error.text}
        return Return({"Status": "FAILED", "Error": about})


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request from anywhere, which learns nothing of the function but that it is no place for requests."""

    def request(self) -> Request:
        """Nothing is asked for. Raises: RequestInvalid M111."""
        raise request_errors.sent_over_http()

    def reply(self, outcome: Outcome) -> Return:
        """403, and in the log why."""
        return Return({"statusCode": _FORBIDDEN, "headers": {"content-type": "text/plain"}, "body": "Forbidden\n"})


@dataclass(frozen=True, slots=True)
class CustomResourceOfTopic:
    """A custom resource whose ServiceToken is a topic: refused, and CloudFormation is told so instead of waiting."""

    custom_resource: CloudFormation

    def request(self) -> Skip:
        """Nothing but a Delete and a rollback, which change nothing. Raises: RequestInvalid M111."""
        asked = self.custom_resource.request()
        if not isinstance(asked, Skip):
            raise request_errors.sent_by_sns()
        return asked

    def reply(self, outcome: Outcome) -> Reply:
        """The answer to CloudFormation."""
        return self.custom_resource.reply(outcome)
