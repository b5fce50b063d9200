"""ECS's own deployment lifecycle hooks: the answer is what the function returns, and IN_PROGRESS asks to come back."""

from collections.abc import Mapping
from dataclasses import dataclass

from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.domain.reply import Return
from lambda_fn.domain.request import Action, Request, parse_request
from lambda_fn.errors import request as request_errors
from lambda_fn.invokers.continuation import Continuation, continuation_of
from lambda_fn.invokers.invoker import Skip
from lambda_fn.invokers.json_text import object_in
from lambda_fn.invokers.verdict import error_of

CALL_BACK_DELAY_S = 30  # ECS's own default; nothing is waited for meanwhile
_STAGE, _DETAILS, _CONTINUATION = "lifecycleStage", "hookDetails", "continuation"
_BEFORE_NEW_TASKS = "PRE_SCALE_UP"
_ACTIONS = (Action.DEPLOY, Action.VERIFY)
# A rollback goes through these stages once more, with the same target; only the weights say in which direction.
_WEIGHTS_AT_STAGE = {
    "TEST_TRAFFIC_SHIFT": "testTrafficWeights",
    "PRODUCTION_TRAFFIC_SHIFT": "productionTrafficWeights",
}


@dataclass(frozen=True, slots=True)
class Ecs:
    """A stage of a deployment. `hookDetails` holds what the service's definition says, and what we passed on."""

    event: Mapping[str, object]

    def request(self) -> Request | Skip:
        """What `hookDetails` asks for; before new tasks, a deploy without it. Raises: RequestInvalid.

        A stage that a rollback reaches again is skipped then, whatever it asks for.
        """
        stage = str(self.event[_STAGE])
        if self._rolls_back(stage):
            return Skip(
                f"ECS rolls the deployment back ({stage}), which changes nothing: the schema goes only forward."
            )
        options = {key: value for key, value in self._details().items() if key != _CONTINUATION}
        if "action" not in options and stage != _BEFORE_NEW_TASKS:
            raise request_errors.nothing_asked_at_stage(stage)
        if options.get("action", Action.DEPLOY) not in _ACTIONS:
            raise request_errors.action_not_offered(options["action"], _ACTIONS, "A hook")
        return self._so_far().of(parse_request(options))

    def reply(self, outcome: Outcome) -> Return:
        """SUCCEEDED, FAILED, or IN_PROGRESS where there is more to do than fitted the time."""
        if outcome.status is Status.INCOMPLETE:
            # ECS merges them into what the service's definition says; whole, they are right without that too.
            details = {**(self._given() or {}), _CONTINUATION: self._so_far().after(outcome).to_json()}
            return Return({"hookStatus": "IN_PROGRESS", "callBackDelay": CALL_BACK_DELAY_S, "hookDetails": details})
        return Return({"hookStatus": "SUCCEEDED" if error_of(outcome) is None else "FAILED"})

    def _rolls_back(self, stage: str) -> bool:
        """Whether the traffic goes away from the revision that was to be deployed; False where nothing says so."""
        execution = self.event.get("executionDetails", self.event)
        if not isinstance(execution, Mapping) or stage not in _WEIGHTS_AT_STAGE:
            return False
        weights, target = execution.get(_WEIGHTS_AT_STAGE[stage]), execution.get("targetServiceRevisionArn")
        if not isinstance(weights, Mapping) or not weights or not isinstance(target, str):
            return False
        return _is_nothing(weights.get(target, 0))

    def _details(self) -> Mapping[str, object]:
        details = self._given()
        if details is None:
            raise request_errors.wrong_value(_DETAILS, "a JSON object", '{"action": "deploy"}')
        return details

    def _given(self) -> Mapping[str, object] | None:
        """The details, which CloudFormation takes as a text too; None where they are no JSON object."""
        details = self.event.get(_DETAILS)
        if details is None or (isinstance(details, str) and details.strip() in ("", "null")):
            return {}
        return details if isinstance(details, Mapping) else object_in(details)

    def _so_far(self) -> Continuation:
        return continuation_of((self._given() or {}).get(_CONTINUATION))


def _is_nothing(weight: object) -> bool:
    try:
        return float(str(weight)) == 0
    except ValueError:
        return False
