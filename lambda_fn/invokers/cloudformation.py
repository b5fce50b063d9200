"""CloudFormation's custom resource: the answer goes by HTTP PUT to the URL in the event."""

from dataclasses import dataclass, field

from lambda_fn.domain.outcome import Outcome
from lambda_fn.domain.reply import Put
from lambda_fn.domain.request import Request
from lambda_fn.invokers.custom_resource import Event, physical_resource_id, request_of
from lambda_fn.invokers.explanation import as_json, cut, explain, printable
from lambda_fn.invokers.invoker import Function, Skip
from lambda_fn.invokers.verdict import data_of, error_of

BODY_LIMIT = 4096  # bytes; CloudFormation takes no longer answer
_ECHOED = ("StackId", "RequestId", "LogicalResourceId")


@dataclass(frozen=True, slots=True)
class CloudFormation:
    """An event of CloudFormation itself, which waits for the answer up to an hour and takes only a PUT for one."""

    event: Event = field(repr=False)  # its ResponseURL lets whoever has it answer
    function: Function

    def request(self) -> Request | Skip:
        """What the event asks for. Raises: RequestInvalid."""
        return request_of(self.event)

    def reply(self, outcome: Outcome) -> Put:
        """The answer in at most 4,096 bytes, FAILED for an error; the function returns it without the event's ids."""
        answer = self._answer(outcome)
        envelope = {"NoEcho": False, **{key: self.event.get(key) for key in _ECHOED}}
        room = BODY_LIMIT - len(as_json({**answer, **envelope, "Reason": ""}))
        if reason := self._reason(outcome, room):
            answer["Reason"] = reason
        return Put(str(self.event.get("ResponseURL")), as_json({**answer, **envelope}), answer)

    def _answer(self, outcome: Outcome) -> dict[str, object]:
        return {
            "Status": "SUCCESS" if error_of(outcome) is None else "FAILED",
            "PhysicalResourceId": physical_resource_id(self.event),
            "Data": data_of(outcome),
        }

    def _reason(self, outcome: Outcome, room: int) -> str:
        error = error_of(outcome)
        if error is not None:
            return explain(error, self.function, room)
        return cut(printable(outcome.skipped or ""), room)
