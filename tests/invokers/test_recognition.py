"""Whose event it is: the four keys of a custom resource, its ServiceToken and its ResponseURL."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.errors import RequestInvalid
from lambda_fn.invokers.cdk_provider import CdkProvider
from lambda_fn.invokers.cloudformation import CloudFormation
from lambda_fn.invokers.codedeploy import CodeDeploy
from lambda_fn.invokers.codepipeline import CodePipeline
from lambda_fn.invokers.direct import Direct
from lambda_fn.invokers.ecs import Ecs
from lambda_fn.invokers.invoker import Invoker
from lambda_fn.invokers.recognition import recognise
from lambda_fn.invokers.refused import CustomResourceOfTopic, DurableExecution, HttpRequest, Refused
from lambda_fn.invokers.scheduled import Scheduled
from lambda_fn.invokers.terraform import Terraform
from tests.fixtures.custom_resources import (
    ERRORS,
    EVENTS,
    FUNCTION,
    JSON,
    Event,
    applied,
    event_of,
    failed,
    files_of,
    skipped,
)

OURS = "arn:aws:lambda:eu-central-1:123456789012:function:migrate"
ANOTHERS = "arn:aws:lambda:eu-central-1:123456789012:function:framework-onEvent"
KEYS = ("RequestType", "StackId", "RequestId", "LogicalResourceId")
INVOKERS: dict[str, type[Invoker]] = {
    "cloudformation": CloudFormation,
    "cdk-provider": CdkProvider,
    "codedeploy": CodeDeploy,
    "codepipeline": CodePipeline,
    "ecs": Ecs,
    "scheduled": Scheduled,
    "terraform": Terraform,
    "direct": Direct,
}
REFUSALS: dict[str, type[Invoker]] = {
    "refused-durable.json": DurableExecution,
    "refused-function-url.json": HttpRequest,
    "refused-sns.json": Refused,
    "refused-sns-cloudformation-create.json": CustomResourceOfTopic,
    "refused-sqs.json": Refused,
}
FILES = {file: invoker for name, invoker in INVOKERS.items() for file in sorted(files_of(name))} | REFUSALS


def event_with(**changes: object) -> Event:
    """CloudFormation's Create with other values; a value of None removes the key."""
    changed = {**event_of("cloudformation-create.json"), **changes}
    return {key: value for key, value in changed.items() if value is not None}


@pytest.mark.parametrize(("file", "invoker"), FILES.items(), ids=FILES)
def test_the_name_of_an_event_file_says_whose_it_is(file: str, invoker: type[Invoker]) -> None:
    assert type(recognise(event_of(file), FUNCTION)) is invoker


def test_every_event_file_is_known_by_its_name() -> None:
    assert {path.name for path in EVENTS.iterdir()} == set(FILES)
    assert len(FILES) >= 40


@pytest.mark.parametrize("token", [OURS, f"{OURS}:live", f"{OURS}:7", OURS.replace("aws", "aws-cn")])
def test_a_service_token_with_the_name_of_the_function_is_ours_whatever_its_qualifier(token: str) -> None:
    assert type(recognise(event_with(ServiceToken=token), FUNCTION)) is CloudFormation


@pytest.mark.parametrize("token", [ANOTHERS, f"{ANOTHERS}:live", f"{OURS}-2", OURS[:-1], f"{ANOTHERS}:migrate"])
def test_a_service_token_of_another_function_is_the_cdks(token: str) -> None:
    assert type(recognise(event_with(ServiceToken=token), FUNCTION)) is CdkProvider


def test_without_a_service_token_the_one_among_the_properties_counts() -> None:
    ours, anothers = ({"ServiceToken": token} for token in (OURS, ANOTHERS))

    assert type(recognise(event_with(ServiceToken=None, ResourceProperties=ours), FUNCTION)) is CloudFormation
    assert type(recognise(event_with(ServiceToken=None, ResourceProperties=anothers), FUNCTION)) is CdkProvider
    assert type(recognise(event_with(ServiceToken=OURS, ResourceProperties=anothers), FUNCTION)) is CloudFormation


@pytest.mark.parametrize(
    "token", [None, "", "migrate", 5, [], {}, "arn:aws:sns:eu-central-1:123456789012:topic", "a:b:c:d:e:f:g", OURS[:45]]
)
def test_a_service_token_that_names_no_function_is_no_reason_not_to_answer(token: object) -> None:
    event = event_with(ServiceToken=token, ResourceProperties=None)

    assert type(recognise(event, FUNCTION)) is CloudFormation


@pytest.mark.parametrize("url", [None, "", "...", 5, [], {}, "file:///etc/passwd", "s3://b/k", "https://", "http://["])
def test_without_a_url_to_answer_to_an_event_is_the_cdks(url: object) -> None:
    assert type(recognise(event_with(ResponseURL=url), FUNCTION)) is CdkProvider


@pytest.mark.parametrize("url", ["https://host/key?query", "http://host", "HTTPS://host:8443/"])
def test_a_web_address_can_be_answered_to(url: str) -> None:
    assert type(recognise(event_with(ResponseURL=url), FUNCTION)) is CloudFormation


@pytest.mark.parametrize("key", KEYS)
def test_without_one_of_the_four_keys_an_event_is_a_direct_one_and_refused(key: str) -> None:
    invoker = recognise(event_with(**{key: None}), FUNCTION)

    assert type(invoker) is Direct
    with pytest.raises(RequestInvalid):
        invoker.request()


@pytest.mark.parametrize("event", [None, {}, [], "", 0, [*KEYS], "RequestType", {"action": "status"}])
def test_everything_else_is_direct(event: object) -> None:
    assert recognise(event, FUNCTION) == Direct(event, FUNCTION)


CUSTOM_RESOURCES = st.fixed_dictionaries(
    {**dict.fromkeys(KEYS, JSON), "RequestType": JSON | st.sampled_from(["Create", "Update", "Delete"])},
    optional={
        "ServiceToken": JSON | st.sampled_from([OURS, ANOTHERS]),
        "ResponseURL": JSON | st.just("https://host/key"),
        "PhysicalResourceId": JSON,
        "ResourceProperties": JSON | st.dictionaries(st.sampled_from(["RunToken", "Action", "To", "Strict"]), JSON),
        "OldResourceProperties": JSON | st.dictionaries(st.sampled_from(["RunToken", "CodeVersion"]), JSON),
    },
)


# What each of the others sends, with anything in the place of its values.
OTHERS = st.dictionaries(
    st.sampled_from(
        [
            "CodePipeline.job",
            "DeploymentId",
            "LifecycleEventHookExecutionId",
            "lifecycleStage",
            "executionDetails",
            "serviceArn",
            "hookDetails",
            "Records",
            "DurableExecutionArn",
            "requestContext",
            "detail-type",
            "tf",
        ]
    ),
    JSON
    | st.sampled_from(["PRE_SCALE_UP", "PRODUCTION_TRAFFIC_SHIFT", '{"action": "deploy"}', "[]", "{"])
    | st.fixed_dictionaries(
        {"id": JSON | st.just("1"), "data": JSON | st.dictionaries(st.just("continuationToken"), JSON)}
    )
    | st.fixed_dictionaries({"productionTrafficWeights": JSON, "targetServiceRevisionArn": JSON})
    | st.lists(st.fixed_dictionaries({"EventSource": st.just("aws:sns"), "Sns": JSON}), max_size=2),
)


@settings(deadline=None)
@given(event=JSON | CUSTOM_RESOURCES | OTHERS, error=ERRORS)
def test_no_json_value_breaks_the_recognition_or_the_answer(event: object, error: RequestInvalid) -> None:
    invoker = recognise(event, FUNCTION)
    incomplete = replace(failed(error), status=Status.INCOMPLETE)
    outcomes: list[Outcome] = [applied(), failed(error), skipped(), incomplete]
    try:
        assert invoker.request() is not None
    except RequestInvalid as refusal:
        outcomes.append(failed(refusal))

    assert None not in [invoker.reply(outcome) for outcome in outcomes]
