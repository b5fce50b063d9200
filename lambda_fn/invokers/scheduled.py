"""A schedule or a rule of EventBridge: nobody waits for it, so it only looks."""

from collections.abc import Mapping
from dataclasses import dataclass

from lambda_fn.domain.outcome import Outcome
from lambda_fn.domain.reply import Reply
from lambda_fn.domain.request import Action, Request
from lambda_fn.invokers.direct import Direct
from lambda_fn.invokers.invoker import Function


@dataclass(frozen=True, slots=True)
class Scheduled:
    """An event of EventBridge. Nothing in it says what to do."""

    event: Mapping[str, object]
    function: Function

    def request(self) -> Request:
        """Always the status: what is pending or failed becomes the metric Drift."""
        return Request(Action.STATUS)

    def reply(self, outcome: Outcome) -> Reply:
        """As for a direct invocation."""
        return Direct(self.event, self.function).reply(outcome)
