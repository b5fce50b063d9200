"""Terraform's `aws_lambda_invocation` with `lifecycle_scope = "CRUD"`: a `tf` key in the input (Pulumi, SST too)."""

from collections.abc import Mapping
from dataclasses import dataclass

from lambda_fn.domain.outcome import Outcome
from lambda_fn.domain.reply import Reply
from lambda_fn.domain.request import Action, Request
from lambda_fn.errors import request as request_errors
from lambda_fn.invokers.direct import Direct
from lambda_fn.invokers.invoker import Function, Skip

_KEY = "tf"
_ACTIONS = ("create", "update", "delete")
# What a person asks for once is no resource.
_NOT_OFFERED = (Action.BASELINE, Action.HISTORY)
_DESTROYED = "Terraform destroys the invocation, which changes nothing: the schema and its history stay."


@dataclass(frozen=True, slots=True)
class Terraform:
    """The event is the request, and what Terraform is about: `{"tf": {"action": "create", "prev_input": null}, …}`.

    Without CRUD Terraform adds nothing, and the event is a direct one.
    """

    event: Mapping[str, object]
    function: Function

    def request(self) -> Request | Skip:
        """The request of the event, except for a delete, which needs none. Raises: RequestInvalid."""
        about = self.event[_KEY]
        action = about.get("action") if isinstance(about, Mapping) else None
        if action not in _ACTIONS:
            raise request_errors.wrong_value(_KEY, "what Terraform adds to the input", '{"action": "create"}')
        if action == "delete":
            return Skip(_DESTROYED)
        if "continue" in self.event:
            raise request_errors.nobody_comes_back("Terraform")
        request = {key: value for key, value in self.event.items() if key != _KEY}
        asked = Direct(request, self.function).request()
        if asked.action in _NOT_OFFERED:
            offered = [action for action in Action if action not in _NOT_OFFERED]
            raise request_errors.action_not_offered(asked.action, offered, "Terraform")
        return asked

    def reply(self, outcome: Outcome) -> Reply:
        """As for a direct invocation: Terraform fails the apply when the function raises, and prints the error raw."""
        return Direct(self.event, self.function).reply(outcome)
