"""ECS's lifecycle hooks: every stage, with the weights of a deployment and of a rollback."""

import json
from dataclasses import replace
from typing import Any

import pytest

from lambda_fn.domain.outcome import AppliedMigration, Outcome, Status
from lambda_fn.domain.reply import Return
from lambda_fn.domain.request import Action, Request
from lambda_fn.errors import DeadlineExceeded, RequestInvalid
from lambda_fn.invokers.ecs import Ecs
from lambda_fn.invokers.invoker import Skip
from lambda_fn.invokers.signs import is_ecs
from tests.fixtures.custom_resources import LATEST, applied, event_of

GREEN, BLUE = "arn:aws:ecs:r:1:service-revision/shop/web/2", "arn:aws:ecs:r:1:service-revision/shop/web/1"
NONE: dict[str, int] = {}
FORWARD, STEP, BACK = {GREEN: 100, BLUE: 0}, {GREEN: 10, BLUE: 90}, {GREEN: 0, BLUE: 100}
REVERSED_WITHOUT_GREEN = {BLUE: 100}

ONCE = (
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "POST_SCALE_UP",
    "POST_TEST_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "STAGE_OF_TOMORROW",
)
SHIFTS = {"TEST_TRAFFIC_SHIFT": "testTrafficWeights", "PRODUCTION_TRAFFIC_SHIFT": "productionTrafficWeights"}


def hook(stage: str, test: object = NONE, production: object = NONE, **details: object) -> dict[str, Any]:
    """The event of a stage with these weights and hookDetails."""
    execution = {
        "serviceArn": "arn:aws:ecs:r:1:service/shop/web",
        "targetServiceRevisionArn": GREEN,
        "testTrafficWeights": test,
        "productionTrafficWeights": production,
    }
    event = {"executionId": "e", "lifecycleStage": stage, "resourceArn": "arn", "executionDetails": execution}
    return {**event, "hookDetails": details} if details else event


def asked(event: dict[str, Any]) -> str:
    """What comes of an event: the action, skip, or the code of its refusal."""
    try:
        request = Ecs(event).request()
    except RequestInvalid as error:
        return error.code
    return "skip" if isinstance(request, Skip) else request.action.value


@pytest.mark.parametrize("stage", ONCE)
@pytest.mark.parametrize("weights", [NONE, FORWARD, STEP, BACK], ids=["none", "forward", "step", "back"])
def test_at_a_stage_that_no_rollback_reaches_weights_mean_nothing(stage: str, weights: dict[str, int]) -> None:
    unasked = "deploy" if stage == "PRE_SCALE_UP" else "M110"

    assert asked(hook(stage, weights, weights)) == unasked
    assert asked(hook(stage, weights, weights, action="verify")) == "verify"
    assert asked(hook(stage, weights, weights, action="deploy")) == "deploy"


@pytest.mark.parametrize("stage", SHIFTS)
@pytest.mark.parametrize(
    ("weights", "unasked", "verify", "deploy"),
    [
        (NONE, "M110", "verify", "deploy"),
        (FORWARD, "M110", "verify", "deploy"),
        (STEP, "M110", "verify", "deploy"),
        (BACK, "skip", "skip", "skip"),
        (REVERSED_WITHOUT_GREEN, "skip", "skip", "skip"),
        ({GREEN: 0.0, BLUE: 100.0}, "skip", "skip", "skip"),
        ({GREEN: "0", BLUE: "100"}, "skip", "skip", "skip"),
        ("nonsense", "M110", "verify", "deploy"),
        ({GREEN: None}, "M110", "verify", "deploy"),
    ],
    ids=["none", "forward", "step", "back", "without", "floats", "texts", "nonsense", "null"],
)
def test_a_shift_of_traffic_away_from_the_new_revision_is_a_rollback_and_changes_nothing(
    stage: str, weights: object, unasked: str, verify: str, deploy: str
) -> None:
    at = {"test": weights} if stage == "TEST_TRAFFIC_SHIFT" else {"production": weights}

    assert asked(hook(stage, **at)) == unasked
    assert asked(hook(stage, **at, action="verify")) == verify
    assert asked(hook(stage, **at, action="deploy")) == deploy


@pytest.mark.parametrize("stage", SHIFTS)
def test_only_the_weights_of_its_own_stage_count(stage: str) -> None:
    other = {"production": BACK} if stage == "TEST_TRAFFIC_SHIFT" else {"test": BACK}

    assert asked(hook(stage, **other, action="verify")) == "verify"


@pytest.mark.parametrize("stage", SHIFTS)
def test_the_weights_of_the_first_form_of_the_event_count_too(stage: str) -> None:
    event = {"lifecycleStage": stage, "serviceArn": "arn", "targetServiceRevisionArn": GREEN, SHIFTS[stage]: BACK}

    assert is_ecs(event)
    assert asked(event) == "skip"


@pytest.mark.parametrize("execution", [None, [], "text", {}, {"targetServiceRevisionArn": 5}])
def test_without_target_or_weights_nothing_counts_as_a_rollback(execution: object) -> None:
    event = {**hook("PRODUCTION_TRAFFIC_SHIFT", production=BACK, action="verify"), "executionDetails": execution}

    assert asked(event) == "verify"


def test_hook_details_are_the_request() -> None:
    details = {"action": "deploy", "to": LATEST, "schema": "app", "strict": "true", "lockWaitS": 5}

    wanted = Request(Action.DEPLOY, to=LATEST, schema="app", strict=True, lock_wait_s=5, comes_back=True)
    assert Ecs(hook("PRE_SCALE_UP", **details)).request() == wanted


@pytest.mark.parametrize("details", ['{"action": "verify"}', {"action": "verify"}])
def test_hook_details_may_be_a_text_as_cloudformation_takes_them(details: object) -> None:
    assert asked({**hook("PRE_SCALE_UP"), "hookDetails": details}) == "verify"


@pytest.mark.parametrize("details", [None, "", "  ", {}])
def test_without_hook_details_the_stage_before_new_tasks_deploys(details: object) -> None:
    assert Ecs({**hook("PRE_SCALE_UP"), "hookDetails": details}).request() == Request(comes_back=True, waits_on=True)


@pytest.mark.parametrize(
    ("details", "code"),
    [
        ("deploy", "M104"),
        ("[]", "M104"),
        (["deploy"], "M104"),
        ("[" * 100_000, "M104"),
        ({"action": "resolve"}, "M108"),
        ({"action": "reset"}, "M108"),
        ({"action": "baseline"}, "M108"),
        ({"action": "history"}, "M108"),
        ({"action": ["deploy"]}, "M108"),
        ({"action": None}, "M108"),
        ({"database": "orders"}, "M103"),
        ({"action": "verify", "continue": True}, "M103"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_other_hook_details_are_refused(details: object, code: str) -> None:
    event = {**hook("PRE_SCALE_UP"), "hookDetails": details}

    assert asked(event) == code
    assert isinstance(Ecs(event).reply(applied()), Return)


def test_nothing_but_a_deploy_comes_back() -> None:
    request = Ecs(event_of("ecs-pre-scale-up-verify.json")).request()

    assert isinstance(request, Request)
    assert not request.comes_back


def test_work_in_parts_goes_on_until_it_is_done_and_counts_what_was_applied() -> None:
    event = hook("PRE_SCALE_UP", action="deploy", schema="app")
    late = DeadlineExceeded("M605", "The time was up.", "Deploy again.")
    told = []
    for run, names in enumerate((("a", "b"), ("c",))):
        some = tuple(AppliedMigration(name, 1, 5) for name in names)
        outcome = Outcome(Action.DEPLOY, Status.INCOMPLETE, f"run-{run}", 5, applied=some, error=late)
        reply = Ecs(event).reply(outcome)
        told.append(reply.payload)
        event["hookDetails"] = {**event["hookDetails"], **reply.payload["hookDetails"]}  # type: ignore[dict-item]  # an object

    so_far = [{"runId": "run-0", "appliedCount": count, "waits": 0} for count in (2, 3)]
    details = [{"action": "deploy", "schema": "app", "continuation": each} for each in so_far]
    assert told == [{"hookStatus": "IN_PROGRESS", "callBackDelay": 30, "hookDetails": each} for each in details]
    assert Ecs(event).request() == Request(schema="app", comes_back=True, waits_on=True, continues="run-0")
    assert Ecs(event).reply(applied()).payload == {"hookStatus": "SUCCEEDED"}
    assert json.loads(json.dumps(told)) == told


@pytest.mark.parametrize(
    "passed_on", [None, "text", [], {"runId": 5, "appliedCount": "x"}, {"appliedCount": -1}, {"appliedCount": True}]
)
def test_what_was_passed_on_may_be_lost_or_spoilt(passed_on: object) -> None:
    event = hook("PRE_SCALE_UP", continuation=passed_on)
    outcome = replace(applied(), status=Status.INCOMPLETE)

    assert Ecs(event).request() == Request(comes_back=True, waits_on=True)
    details = Ecs(event).reply(outcome).payload["hookDetails"]
    assert details == {"continuation": {"runId": "run-1", "appliedCount": 1, "waits": 0}}


def test_what_is_told_in_a_text_is_given_back_with_what_was_added() -> None:
    event = {**hook("PRE_SCALE_UP"), "hookDetails": '{"action": "deploy", "secretId": "shop/other"}'}

    details = Ecs(event).reply(replace(applied(), status=Status.INCOMPLETE)).payload["hookDetails"]

    added = {"runId": "run-1", "appliedCount": 1, "waits": 0}
    assert details == {"action": "deploy", "secretId": "shop/other", "continuation": added}


@pytest.mark.parametrize("key", ["executionDetails", "resourceArn", "serviceArn"])
def test_a_stage_with_one_of_its_companions_is_ecs(key: str) -> None:
    assert is_ecs({"lifecycleStage": "PRE_SCALE_UP", key: None})
    assert not is_ecs({"lifecycleStage": 5, key: None})
    assert not is_ecs({"lifecycleStage": "PRE_SCALE_UP"})
