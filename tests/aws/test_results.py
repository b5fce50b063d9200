"""Delivery of a result, by boto3 and over HTTP, to stand-ins for CodeDeploy and CodePipeline."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest

from lambda_fn.aws.result import deliver
from lambda_fn.domain.reply import Call
from lambda_fn.errors import RequestInvalid
from tests.fixtures.aws_wire import AwsError, Written
from tests.fixtures.deliveries import ENOUGH_S, HOOK, JOB, not_delivered, not_taken
from tests.fixtures.results import Behaviour, DeploymentServices
from tests.fixtures.silence import silent_listener

pytestmark = pytest.mark.usefixtures("reached")

BOTH = pytest.mark.parametrize("call", [HOOK, JOB], ids=["CodeDeploy", "CodePipeline"])
THROTTLED = AwsError("ThrottlingException", "Rate exceeded")
ATTEMPTS = 5
OF_A_PROXY = [
    Written(403, b"Forbidden"),
    Written(403, b"<html><body>Forbidden</body></html>"),
    Written(407, b""),
    Written(404, b'{"a": 1}'),
    Written(302, b"", {"Location": "http://127.0.0.1:1/elsewhere"}),
]


def denied(call: Call) -> AwsError:
    return AwsError("AccessDeniedException", f"User is not authorized to perform: {call.service}:{call.operation}")


@BOTH
def test_a_result_arrives_as_it_is_at_once(call: Call, reached: DeploymentServices, protocol: str) -> None:
    deliver(call, time_left_s=lambda: ENOUGH_S)

    [told] = reached.requests
    assert (told.service, told.operation) == (call.service, call.operation)
    assert told.parameters == call.parameters
    assert told.protocol == protocol


def test_a_failure_and_a_result_with_a_token_arrive_too(reached: DeploymentServices) -> None:
    details = {"type": "JobFailed", "message": "ä€😀\n" * 1250}
    failure = replace(JOB, operation="PutJobFailureResult", parameters={"jobId": JOB.parameters["jobId"]})
    failure = replace(failure, parameters={**failure.parameters, "failureDetails": details})
    token = replace(JOB, parameters={"jobId": JOB.parameters["jobId"], "continuationToken": '{"runId": "ä"}'})

    for call in (token, token, failure):
        deliver(call, time_left_s=lambda: ENOUGH_S)

    assert [told.parameters for told in reached.requests] == [token.parameters, token.parameters, failure.parameters]


PASSING: dict[str, list[Behaviour]] = {
    "throttled": [THROTTLED],
    "throttled several times": [THROTTLED, THROTTLED, THROTTLED, THROTTLED],
    "500": [AwsError("InternalFailure", status=500)],
    "503": [AwsError("ServiceUnavailable", status=503)],
    "a proxy's 502": [Written(502, b"<html><body>Bad Gateway</body></html>")],
    "dropped": ["drop"],
    "all of it": ["drop", AwsError("InternalFailure", status=500), THROTTLED],
}


@BOTH
@pytest.mark.usefixtures("without_pauses")
@pytest.mark.parametrize("behaviours", PASSING.values(), ids=PASSING)
def test_what_passes_is_waited_for(call: Call, behaviours: list[Behaviour], reached: DeploymentServices) -> None:
    reached.behave(*behaviours)

    deliver(call, time_left_s=lambda: ENOUGH_S)

    assert len(reached.requests) == len(behaviours) + 1
    assert {told.operation for told in reached.requests} == {call.operation}


@BOTH
@pytest.mark.usefixtures("without_pauses")
@pytest.mark.parametrize("behaviour", [THROTTLED, AwsError("InternalFailure", status=500), "drop"], ids=str)
def test_what_does_not_pass_is_told_after_five_attempts(
    call: Call, behaviour: Behaviour, reached: DeploymentServices
) -> None:
    reached.behave(*[behaviour] * (ATTEMPTS + 1))

    error = not_delivered(call)

    assert len(reached.requests) == ATTEMPTS
    if isinstance(behaviour, AwsError):
        assert f": {behaviour.code}: " in error.problem
        assert "Lambda runs the event again" in error.next_step
    else:
        assert "interface endpoint" in error.next_step


def test_what_passes_is_waited_for_with_boto3s_own_pauses(reached: DeploymentServices) -> None:
    reached.behave(THROTTLED, AwsError("InternalFailure", status=500))

    deliver(HOOK, time_left_s=lambda: ENOUGH_S)

    assert len(reached.requests) == 3


@BOTH
def test_a_result_that_was_told_before_is_delivered(call: Call, reached: DeploymentServices, protocol: str) -> None:
    news = [deliver(call, time_left_s=lambda: ENOUGH_S) for _ in range(2)]

    assert news == [True, False]
    assert len(reached.requests) == 2, "the second was refused: the service knows it already"


def test_what_one_service_says_of_a_told_result_is_no_answer_of_the_other(reached: DeploymentServices) -> None:
    reached.behave(AwsError("InvalidJobStateException"), AwsError("LifecycleEventAlreadyCompletedException"))

    assert [not_taken(call).code for call in (HOOK, JOB)] == ["M704", "M704"]


@BOTH
def test_a_missing_permission_is_named_and_final(call: Call, reached: DeploymentServices, protocol: str) -> None:
    reached.behave(denied(call))

    error = not_delivered(call)

    assert "not authorized to perform" in error.problem
    assert f"{call.service}:{call.operation}" in error.next_step
    assert len(reached.requests) == 1


GONE = [
    (HOOK, "DeploymentDoesNotExistException"),
    (HOOK, "InvalidLifecycleEventHookExecutionIdException"),
    (HOOK, "UnsupportedActionForDeploymentTypeException"),
    (JOB, "JobNotFoundException"),
    (JOB, "ValidationException"),
]


@pytest.mark.parametrize(("call", "code"), GONE, ids=[code for _, code in GONE])
def test_what_nobody_waits_for_any_more_is_told_and_final(
    call: Call, code: str, reached: DeploymentServices, protocol: str
) -> None:
    reached.behave(AwsError(code, "It is gone."))

    assert not_taken(call).problem.endswith(f": {code}: It is gone.")
    assert len(reached.requests) == 1


WRONG: list[tuple[Call, dict[str, Any], str]] = [
    (HOOK, {"deploymentId": ""}, "DeploymentIdRequiredException"),
    (HOOK, {"lifecycleEventHookExecutionId": ""}, "InvalidLifecycleEventHookExecutionIdException"),
    (HOOK, {"status": "Skipped"}, "InvalidLifecycleEventHookExecutionStatusException"),
    (JOB, {"jobId": ""}, "ValidationException"),
    (JOB, {"jobId": "no-job"}, "ValidationException"),
    (JOB, {"continuationToken": "here-and-there"}, "ValidationException"),
    (JOB, {"executionDetails": {"summary": "x" * 2049}}, "ValidationException"),
    (JOB, {"outputVariables": {"with spaces": "x"}}, "ValidationException"),
    (HOOK, {"deploymentId": 5}, "ids are not of its form"),
    (JOB, {"jobId": None}, "ids are not of its form"),
    (JOB, {"continuationToken": ""}, "ids are not of its form"),
]


@pytest.mark.parametrize(("call", "parameters", "reason"), WRONG, ids=[f"{given}"[:40] for _, given, _ in WRONG])
def test_what_the_service_cannot_take_is_told(call: Call, parameters: dict[str, Any], reason: str) -> None:
    assert reason in not_taken(replace(call, parameters={**call.parameters, **parameters})).problem


def test_the_limits_of_a_job_are_those_of_aws() -> None:
    """Shown of the stand-in: what is at a limit is taken, what is beyond it is not."""
    job = {"jobId": JOB.parameters["jobId"]}
    tokens = [replace(JOB, parameters={**job, "continuationToken": "x" * size}) for size in (2048, 2049)]
    details = [{"type": "JobFailed", "message": "ä" * size} for size in (5001, 5000)]
    failure = replace(JOB, operation="PutJobFailureResult")
    failures = [replace(failure, parameters={**job, "failureDetails": each}) for each in details]

    assert [is_taken(call) for call in tokens] == [True, False]
    assert [is_taken(call) for call in failures] == [False, True]


def is_taken(call: Call) -> bool:
    """Whether a result is taken; else it is refused as not valid."""
    try:
        return deliver(call, time_left_s=lambda: ENOUGH_S)
    except RequestInvalid as error:
        if "ValidationException" not in error.problem:
            raise
        return False


@pytest.mark.parametrize("answer", OF_A_PROXY, ids=str)
def test_an_answer_that_is_none_of_aws_is_no_refusal(
    answer: Written, reached: DeploymentServices, protocol: str
) -> None:
    reached.behave(answer)

    error = not_delivered(HOOK)

    assert "proxies" in error.next_step
    assert len(reached.requests) == 1
    if protocol == "json":
        assert error.problem.endswith(f": HTTP status {answer.status}.")


@BOTH
def test_where_nothing_listens_it_is_told(
    call: Call, monkeypatch: pytest.MonkeyPatch, without_pauses: None, reached: DeploymentServices
) -> None:
    monkeypatch.setenv(f"AWS_ENDPOINT_URL_{call.service.upper()}", "http://127.0.0.1:1")

    error = not_delivered(call, limit_s=10.0)

    assert "EndpointConnectionError" in error.problem
    assert "com.amazonaws." in error.next_step
    assert f".{call.service} with private DNS" in error.next_step
    assert reached.requests == ()


def of_silence(call: Call, lead: Callable[[str], None]) -> str:
    """What is told of a delivery to what is silent, given up in time."""
    lead(f"AWS_ENDPOINT_URL_{call.service.upper()}")
    started_s = time.monotonic()

    error = not_delivered(call, limit_s=0.6)

    assert 0.5 < time.monotonic() - started_s < 4.0, "one attempt alone takes five seconds"
    assert "interface endpoint" in error.next_step
    return error.problem


@BOTH
def test_a_service_that_is_silent_is_given_up_in_the_time_that_is_left(call: Call, reached: DeploymentServices) -> None:
    reached.behave("stall")

    assert "no answer in time" in of_silence(call, lambda _: None)


def test_an_address_that_is_silent_is_given_up_in_the_time_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    with silent_listener() as port:
        told = of_silence(JOB, lambda name: monkeypatch.setenv(name, f"http://127.0.0.1:{port}"))

    assert "no answer in time" in told


@pytest.mark.parametrize("limit_s", [0.0, -3.0])
def test_without_any_time_left_it_is_told_at_once(limit_s: float) -> None:
    started_s = time.monotonic()

    assert "no answer in time" in not_delivered(HOOK, limit_s=limit_s).problem
    assert time.monotonic() - started_s < 1.0


def test_a_result_never_waits_for_longer_than_a_minute_however_much_time_is_left(
    monkeypatch: pytest.MonkeyPatch, reached: DeploymentServices
) -> None:
    monkeypatch.setattr("lambda_fn.aws.result._LIMIT_S", 0.5)
    reached.behave("stall")

    assert "no answer in time" in not_delivered(HOOK, limit_s=900.0).problem


def test_an_address_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CODEDEPLOY", "nowhere")

    assert "ValueError" in not_delivered(HOOK).problem


def test_without_credentials_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

    error = not_delivered(HOOK)

    assert "NoCredentialsError" in error.problem
    assert "its role" in error.next_step


def test_a_refused_signature_is_told_without_what_was_signed(reached: DeploymentServices) -> None:
    """AWS repeats in its message what was signed, with the session token."""
    message = f"The Canonical String should have been x-amz-security-token:{os.environ['AWS_SESSION_TOKEN']}"
    reached.behave(AwsError("InvalidSignatureException", message))

    error = not_delivered(HOOK)

    assert "InvalidSignatureException." in error.problem
    assert "Lambda runs the event again" in error.next_step


@BOTH
def test_a_failed_delivery_prints_nothing(
    call: Call, reached: DeploymentServices, capfd: pytest.CaptureFixture[str]
) -> None:
    reached.behave(denied(call))

    assert not_delivered(call).code == "M703"
    assert capfd.readouterr() == ("", "")
