"""CodeDeploy's hooks: two ids in, Succeeded or Failed out."""

import pytest

from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.domain.reply import Call, Service
from lambda_fn.domain.request import Action
from lambda_fn.errors import HistoryBlocked
from lambda_fn.invokers.codedeploy import CodeDeploy
from lambda_fn.invokers.invoker import AsSet
from lambda_fn.invokers.signs import is_code_deploys
from tests.fixtures.custom_resources import applied, event_of, failed

EVENT = event_of("codedeploy-hook.json")


def test_the_answer_names_what_was_asked_about_and_nothing_else() -> None:
    assert CodeDeploy(EVENT).reply(applied()) == Call(
        Service.CODE_DEPLOY,
        "PutLifecycleEventHookExecutionStatus",
        {
            "deploymentId": EVENT["DeploymentId"],
            "lifecycleEventHookExecutionId": EVENT["LifecycleEventHookExecutionId"],
            "status": "Succeeded",
        },
        {"status": "Succeeded"},
    )


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome(Action.VERIFY, Status.UP_TO_DATE, "r", 5), "Succeeded"),
        (applied(), "Succeeded"),
        (failed(HistoryBlocked("M503", "p", "n")), "Failed"),
        (Outcome(Action.VERIFY, Status.PENDING, "r", 5), "Failed"),
        (Outcome(Action.DEPLOY, Status.UNKNOWN, "r", 5), "Failed"),
        (Outcome(Action.DEPLOY, Status.INCOMPLETE, "r", 5), "Failed"),
    ],
)
def test_only_a_success_succeeds_because_no_other_status_is_taken(outcome: Outcome, status: str) -> None:
    assert CodeDeploy(EVENT).reply(outcome).parameters["status"] == status


def test_what_is_asked_for_is_a_setting_whatever_else_the_event_holds() -> None:
    assert CodeDeploy({**EVENT, "action": "resolve", "Combined": {"x": 1}}).request() == AsSet()


@pytest.mark.parametrize("key", EVENT)
def test_without_both_ids_nobody_could_be_answered(key: str) -> None:
    assert is_code_deploys(EVENT)
    assert not is_code_deploys({**EVENT, key: None})
    assert not is_code_deploys({name: value for name, value in EVENT.items() if name != key})
