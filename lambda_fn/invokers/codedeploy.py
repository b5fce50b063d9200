"""CodeDeploy's hooks, of Lambda functions (SAM's `DeploymentPreference.Hooks`) and of ECS services (an AppSpec).

Both send the same two ids and nothing else, ignore what the function returns, and wait an hour for a request to
CodeDeploy's API.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lambda_fn.domain.outcome import Outcome
from lambda_fn.domain.reply import Call, Service
from lambda_fn.invokers.invoker import AsSet
from lambda_fn.invokers.verdict import error_of

_DEPLOYMENT, _EXECUTION = "DeploymentId", "LifecycleEventHookExecutionId"


@dataclass(frozen=True, slots=True)
class CodeDeploy:
    """One execution of a hook. It may be sent again, and several at a time: one for each function of a stack."""

    event: Mapping[str, object]

    def request(self) -> AsSet:
        """The event says neither which hook it is nor what is wanted."""
        return AsSet()

    def reply(self, outcome: Outcome) -> Call:
        """Succeeded or Failed; CodeDeploy takes no reason, which stands in the log."""
        status = "Succeeded" if error_of(outcome) is None else "Failed"
        ids = {"deploymentId": self.event[_DEPLOYMENT], "lifecycleEventHookExecutionId": self.event[_EXECUTION]}
        operation = "PutLifecycleEventHookExecutionStatus"
        return Call(Service.CODE_DEPLOY, operation, {**ids, "status": status}, {"status": status})
