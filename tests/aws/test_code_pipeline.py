"""CodePipeline's Lambda action from end to end: the job in, the result at CodePipeline."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from local.invocation import Invocation
from local.runtime_api import LambdaSandbox
from tests.fixtures.aws_wire import AwsError
from tests.fixtures.custom_resources import DATA_KEYS, Event, event_of
from tests.fixtures.functions import A, B, Planted, Start, errors, messages, metrics, refusal
from tests.fixtures.planted import check_said, plant
from tests.fixtures.results import DeploymentServices

C, D = "20240103000000_c", "20240104000000_d"
RESERVE_S = "5"
OF_THE_ARTIFACTS = {
    "accessKeyId": plant("ASIAPLANTEDFORARTIFACTS"),
    "secretAccessKey": plant("secret-access-key-of-the-artifacts-77c1"),
    "sessionToken": plant("session-token-of-the-artifacts-a2e8"),
}


def event(parameters: object = None, *, token: str | None = None) -> Event:
    """A job of the pipeline, with credentials that are nowhere to appear."""
    of_file = event_of("codepipeline-deploy.json")
    job = of_file["CodePipeline.job"]
    data = {**job["data"], "artifactCredentials": OF_THE_ARTIFACTS}
    if parameters is not None:
        text = parameters if isinstance(parameters, str) else json.dumps(parameters)
        data["actionConfiguration"] = {"configuration": {"FunctionName": "migrate", "UserParameters": text}}
    if token is not None:
        data["continuationToken"] = token
    return {"CodePipeline.job": {**job, "data": data}}


@pytest.fixture
def function(led: Start) -> LambdaSandbox:
    """The function as an action of a pipeline."""
    return led(MIGRATE_RESERVE_S=RESERVE_S)


def told(services: DeploymentServices, operation: str) -> list[Mapping[str, Any]]:
    """What CodePipeline was told so far, all of it by one operation, and of the job in the event."""
    assert {request.operation for request in services.requests} == {operation}
    assert {request.parameters["jobId"] for request in services.requests} == {event()["CodePipeline.job"]["id"]}
    return [request.parameters for request in services.requests]


def successes(services: DeploymentServices) -> list[Mapping[str, Any]]:
    """The results, all of them successes."""
    return told(services, "PutJobSuccessResult")


def failures(services: DeploymentServices) -> list[Mapping[str, Any]]:
    """The details of the results, all of them failures."""
    details = [parameters["failureDetails"] for parameters in told(services, "PutJobFailureResult")]
    assert all(len(each["message"]) <= 5000 for each in details)
    return details


def test_a_deploy_succeeds_with_values_for_the_actions_after_it(
    function: LambdaSandbox, planted: Planted, services: DeploymentServices
) -> None:
    invocation = function.invoke(event())

    [result] = successes(services)
    assert "continuationToken" not in result
    assert set(result["outputVariables"]) == {*DATA_KEYS, "PendingCount"}
    assert all(isinstance(value, str) for value in result["outputVariables"].values())
    assert {**result["outputVariables"], "ElapsedMs": ""} == {
        "Status": "applied",
        "AppliedCount": "2",
        "PendingCount": "0",
        "LatestMigration": B,
        "RunId": invocation.request_id,
        "ElapsedMs": "",
    }
    details = result["executionDetails"]
    assert (details["externalExecutionId"], details["percentComplete"]) == (invocation.request_id, 100)
    assert details["summary"] == f"applied: 2 applied. The newest migration in the database is {B}."
    assert invocation.payload == {"status": "applied"}
    assert planted.project.tables() == {"a", "b"}


def test_a_job_that_is_sent_twice_succeeds_twice_and_applies_nothing_more(
    function: LambdaSandbox, services: DeploymentServices
) -> None:
    """CodePipeline takes no second result of it, which is no reason to fail."""
    invocations = [function.invoke(event()) for _ in range(2)]

    assert [result["outputVariables"]["AppliedCount"] for result in successes(services)] == ["2", "0"]
    assert [invocation.payload for invocation in invocations] == [{"status": "applied"}, {"status": "upToDate"}]


def test_a_migration_that_fails_is_told_with_the_whole_sentence(
    function: LambdaSandbox, planted: Planted, services: DeploymentServices
) -> None:
    planted.project.write(B, "CREATE TABLE b (id int);\nALTER TABLE nowhere ADD COLUMN é int;")

    invocation = function.invoke(event())

    [details] = failures(services)
    first, *more = details["message"].splitlines()
    assert details["type"] == "JobFailed"
    assert details["externalExecutionId"] == invocation.request_id
    assert first.startswith(f"P3018 Migration {B} failed to apply: ERROR 42P01 ")
    assert "line 2, column 1" in first
    assert 'relation "nowhere" does not exist' in first
    assert "Correct the file and deploy again; no resolve is needed." in first
    assert "Logs: /aws/lambda/migrate local/[$LATEST]" in first
    assert any("ALTER TABLE nowhere ADD COLUMN é int;" in line for line in more)
    assert errors(invocation) == [details["message"]]
    assert (invocation.error, invocation.payload) == (None, {"status": "failed"}), "Lambda would run the job again"
    assert planted.project.tables() == {"a"}


def test_what_is_too_long_for_codepipeline_is_cut_at_its_end(
    function: LambdaSandbox, planted: Planted, services: DeploymentServices
) -> None:
    raising = "RAISE EXCEPTION '%', repeat('é', 20000) USING DETAIL = repeat('ü', 20000);"
    planted.project.write(B, f"DO $$ BEGIN {raising} END $$;")

    function.invoke(event())

    [details] = failures(services)
    message = details["message"]
    assert (len(message), message[-2:]) == (5000, "ü…"), "the limit counts characters, not bytes"
    assert message.startswith(f"P3018 Migration {B} failed to apply: ERROR P0001 ")
    first = message.splitlines()[0]
    assert "Correct the file and deploy again; no resolve is needed. Logs: /aws/lambda/migrate local/[$LATEST]" in first


WRONG: dict[str, tuple[object, str]] = {
    "no JSON": ("deploy", "M104"),
    "no object": ("[1]", "M104"),
    "an action that is not offered": ({"action": "resolve", "applied": A}, "M108"),
    "a key that is unknown": ({"acton": "deploy"}, "M103"),
    "an action that does not exist": ({"action": "reset"}, "M108"),
    "a value of the wrong kind": ({"action": "deploy", "lockWaitS": "soon"}, "M104"),
}


def test_user_parameters_that_are_wrong_are_an_error_of_the_configuration(
    function: LambdaSandbox, planted: Planted, services: DeploymentServices
) -> None:
    for number, (parameters, code) in enumerate(WRONG.values()):
        services.forget()
        invocation = function.invoke(event(parameters))

        [details] = failures(services)
        assert (details["type"], details["message"].split(" ")[0]) == ("ConfigurationError", code), list(WRONG)[number]
        assert invocation.error is None
    assert planted.project.tables_with_history() == set()


def test_a_setting_that_is_wrong_is_one_too(led: Start, services: DeploymentServices) -> None:
    led(MIGRATE_STRICT="perhaps").invoke(event())

    [details] = failures(services)
    assert (details["type"], details["message"][:4]) == ("ConfigurationError", "M201")


def test_plan_succeeds_with_what_is_pending_and_verify_fails(
    function: LambdaSandbox, planted: Planted, services: DeploymentServices
) -> None:
    function.invoke(event({"action": "plan"}))
    [plan] = successes(services)
    services.forget()
    function.invoke(event({"action": "verify"}))
    [verify] = failures(services)

    assert plan["outputVariables"]["PendingCount"] == "2"
    assert (verify["type"], verify["message"][:4]) == ("JobFailed", "M503")
    assert planted.project.tables_with_history() == set()


def test_a_run_that_does_not_fit_goes_on_in_the_next_invocation_of_the_job(
    function: LambdaSandbox, planted: Planted, services: DeploymentServices
) -> None:
    planted.project.write(C, "CREATE TABLE slow (seconds int); INSERT INTO slow VALUES (60);")
    planted.project.write(D, "CREATE TABLE d (id int); SELECT pg_sleep(seconds) FROM slow;")

    first = function.invoke(event(), timeout_s=8.0)
    [part] = successes(services)
    planted.project.query("UPDATE slow SET seconds = 0")
    last = function.invoke(event(token=part["continuationToken"]))
    _, whole = successes(services)

    assert "outputVariables" not in part
    assert len(part["continuationToken"]) <= 2048
    assert (part["executionDetails"]["percentComplete"], first.payload) == (75, {"status": "incomplete"})
    assert part["executionDetails"]["summary"].startswith("incomplete: 3 applied, 1 pending.")
    assert first.elapsed_ms < 8_000
    assert "continuationToken" not in whole
    assert (whole["outputVariables"]["AppliedCount"], whole["outputVariables"]["PendingCount"]) == ("4", "0")
    assert (whole["executionDetails"]["percentComplete"], last.payload) == (100, {"status": "applied"})
    ids = {result["executionDetails"]["externalExecutionId"] for result in (part, whole)}
    assert ids == {first.request_id}, "it is one run"
    assert planted.project.tables() == {"a", "b", "slow", "d"}


def test_a_run_that_gets_nowhere_in_the_time_fails(
    function: LambdaSandbox, planted: Planted, services: DeploymentServices
) -> None:
    """It would come back for ever."""
    planted.project.run()
    planted.project.write(C, "SELECT pg_sleep(60);")

    function.invoke(event(token='{"runId": "earlier", "appliedCount": 2}'), timeout_s=7.0)

    [details] = failures(services)
    assert (details["type"], details["message"][:4]) == ("JobFailed", "M606")
    assert details["externalExecutionId"] == "earlier"


def test_a_result_that_is_not_taken_fails_the_invocation_and_what_was_applied_stays(
    function: LambdaSandbox, planted: Planted, services: DeploymentServices
) -> None:
    services.behave(
        AwsError("AccessDeniedException", "User is not authorized to perform this action"),
        AwsError("JobNotFoundException", "The job was not found."),
    )

    denied, gone = function.invoke(event()), function.invoke(event())

    assert "codepipeline:PutJobSuccessResult" in refusal(denied, "SettingsInvalid", "M703")
    assert "JobNotFoundException" in refusal(gone, "RequestInvalid", "M704")
    assert [messages(each)[-1][:4] for each in (denied, gone)] == ["M703", "M704"]
    assert [metrics(each)[0]["Failed"] for each in (denied, gone)] == [[0], [0]], "the runs went well"
    assert planted.project.tables() == {"a", "b"}


def test_the_credentials_in_the_event_are_told_nowhere(
    led: Start, planted: Planted, services: DeploymentServices
) -> None:
    """Here there is every reason to show the event, and the log tells all that it can."""
    planted.project.write(B, "SELECT 1/0;")
    services.behave(AwsError("InternalFailure", status=500), "drop", AwsError("JobNotFoundException"))
    function = led(POWERTOOLS_LOG_LEVEL="DEBUG", POWERTOOLS_LOGGER_LOG_EVENT="true")

    invocations: list[Invocation] = [function.invoke(event(parameters)) for parameters in (None, "{", {"secretId": 5})]

    said = [part for each in invocations for part in (each.log, each.payload, each.error)]
    check_said(*said, *(request.parameters for request in services.requests))
    assert invocations[0].error_type == "RequestInvalid"
    assert not [value for value in OF_THE_ARTIFACTS.values() if value in str(said) + str(services.requests)]
    assert len(services.requests) == 5
