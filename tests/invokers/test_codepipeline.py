"""CodePipeline: the job in, its result out, within CodePipeline's limits."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from lambda_fn.domain.outcome import AppliedMigration, Outcome, PendingMigration, Status
from lambda_fn.domain.reply import Call, Service
from lambda_fn.domain.request import Action, Request
from lambda_fn.errors import (
    DatabaseUnreachable,
    DeadlineExceeded,
    HistoryBlocked,
    MigrateError,
    RequestInvalid,
    SettingsInvalid,
)
from lambda_fn.invokers.codepipeline import CodePipeline
from tests.fixtures.custom_resources import ERRORS, FUNCTION, LATEST, LOGS, applied, event_of, failed

JOB_ID = "11111111-abcd-1111-abcd-111111abcdef"
LATE = DeadlineExceeded("M605", "The time was up.", "Deploy again.")
PENDING = (PendingMigration("b"), PendingMigration("c"), PendingMigration("d"))


def job(user_parameters: object = None, token: object = None) -> CodePipeline:
    """A job with these UserParameters and this continuation token."""
    event: dict[str, Any] = event_of("codepipeline-deploy.json")
    data = event["CodePipeline.job"]["data"]
    data["actionConfiguration"]["configuration"]["UserParameters"] = user_parameters
    data["continuationToken"] = token
    return CodePipeline(event, FUNCTION)


def result(call: Call) -> dict[str, Any]:
    """The parameters of the one request, which is about the job."""
    assert call.service is Service.CODE_PIPELINE
    parameters: dict[str, Any] = dict(call.parameters)
    assert parameters.pop("jobId") == JOB_ID
    return parameters


def incomplete(*names: str, run_id: str = "run-1") -> Outcome:
    some = tuple(AppliedMigration(name, 1, 5) for name in names)
    return Outcome(Action.DEPLOY, Status.INCOMPLETE, run_id, 5, applied=some, pending=PENDING, error=LATE)


@pytest.mark.parametrize(
    ("user_parameters", "wanted"),
    [
        (None, Request(comes_back=True, waits_on=True)),
        ("", Request(comes_back=True, waits_on=True)),
        (" \n", Request(comes_back=True, waits_on=True)),
        ("{}", Request(comes_back=True, waits_on=True)),
        (f'{{"to": "{LATEST}", "strict": true}}', Request(to=LATEST, strict=True, comes_back=True, waits_on=True)),
        ('{"action": "verify"}', Request(Action.VERIFY)),
        ('{"action": "plan"}', Request(Action.PLAN)),
    ],
)
def test_user_parameters_are_the_request(user_parameters: object, wanted: Request) -> None:
    assert job(user_parameters).request() == wanted


@pytest.mark.parametrize(
    ("user_parameters", "code"),
    [
        ("deploy", "M104"),
        ("[]", "M104"),
        ("null", "M104"),
        ("{", "M104"),
        ("[" * 100_000, "M104"),
        ({"action": "deploy"}, "M104"),
        ('{"action": "resolve", "applied": ["a"]}', "M108"),
        ('{"action": "reset"}', "M108"),
        ('{"action": "status"}', "M108"),
        ('{"action": "baseline"}', "M108"),
        ('{"action": "history"}', "M108"),
        ('{"actoin": "deploy"}', "M103"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_other_user_parameters_are_a_configuration_error(user_parameters: object, code: str) -> None:
    with pytest.raises(RequestInvalid) as raised:
        job(user_parameters).request()

    assert raised.value.code == code
    assert result(job(user_parameters).reply(failed(raised.value)))["failureDetails"]["type"] == "ConfigurationError"


@pytest.mark.parametrize("data", [None, [], {}, {"actionConfiguration": None}, {"actionConfiguration": {}}])
def test_a_job_without_data_deploys(data: object) -> None:
    pipeline = CodePipeline({"CodePipeline.job": {"id": JOB_ID, "data": data}}, FUNCTION)

    assert pipeline.request() == Request(comes_back=True, waits_on=True)
    assert "outputVariables" in result(pipeline.reply(applied()))


def test_a_success_has_variables_for_the_actions_behind_it() -> None:
    told = result(job().reply(applied()))

    assert told == {
        "executionDetails": {
            "summary": f"applied: 1 applied. The newest migration in the database is {LATEST}.",
            "externalExecutionId": "run-1",
            "percentComplete": 100,
        },
        "outputVariables": {
            "Status": "applied",
            "AppliedCount": "1",
            "PendingCount": "0",
            "LatestMigration": LATEST,
            "ElapsedMs": "812",
            "RunId": "run-1",
        },
    }


def test_a_plan_of_something_pending_is_a_success_that_says_how_much() -> None:
    outcome = Outcome(Action.PLAN, Status.PENDING, "run-1", 5, pending=PENDING)

    told = result(job('{"action": "plan"}').reply(outcome))

    assert told["outputVariables"]["PendingCount"] == "3"
    assert told["executionDetails"]["summary"] == "pending: 0 applied, 3 pending."


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(Action.PLAN, Status.FAILED, "run-1", 5, failed=("a",)),
        Outcome(Action.VERIFY, Status.PENDING, "run-1", 5, pending=PENDING),
        Outcome(Action.PLAN, Status.PENDING, "run-1", 5, error=HistoryBlocked("P3009", "It failed.", "Resolve it.")),
    ],
)
def test_what_is_no_success_fails_the_job(outcome: Outcome) -> None:
    assert job().reply(outcome).operation == "PutJobFailureResult"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (SettingsInvalid("M204", "p", "n"), "ConfigurationError"),
        (RequestInvalid("M103", "p", "n"), "ConfigurationError"),
        (HistoryBlocked("P3009", "p", "n"), "JobFailed"),
        (DatabaseUnreachable("P1001", "p", "n"), "JobFailed"),
        (LATE, "JobFailed"),
    ],
)
def test_a_failure_says_whose_it_is_and_which_run(error: MigrateError, kind: str) -> None:
    details = result(job().reply(failed(error)))["failureDetails"]

    assert details == {"type": kind, "message": f"{error.headline} {LOGS}", "externalExecutionId": "run-1"}


def test_unfinished_work_asks_for_another_invocation_with_a_token_and_without_variables() -> None:
    told = result(job().reply(incomplete("a")))

    assert json.loads(told.pop("continuationToken")) == {"runId": "run-1", "appliedCount": 1, "waits": 0}
    assert told == {
        "executionDetails": {
            "summary": "incomplete: 1 applied, 3 pending.",
            "externalExecutionId": "run-1",
            "percentComplete": 25,
        }
    }


def test_the_token_carries_the_first_run_and_the_count_to_the_end() -> None:
    first = result(job().reply(incomplete("a", "b")))["continuationToken"]
    second = result(job(token=first).reply(incomplete("c", run_id="run-2")))["continuationToken"]
    told = result(job(token=second).reply(replace(applied(), run_id="run-3")))

    assert told["executionDetails"]["externalExecutionId"] == "run-1"
    assert told["outputVariables"]["AppliedCount"] == "4"
    assert told["outputVariables"]["RunId"] == "run-3"


def test_a_run_id_that_somebody_made_up_is_cut() -> None:
    details = result(job(token=json.dumps({"runId": "r" * 5000})).reply(applied()))["executionDetails"]

    assert 1 <= len(details["externalExecutionId"]) <= 1500


@pytest.mark.parametrize("token", [None, "", "{", "[]", '{"appliedCount": -5}', "x" * 3000, 5])
def test_a_token_that_is_not_ours_is_passed_over(token: object) -> None:
    assert result(job(token=token).reply(applied()))["outputVariables"]["AppliedCount"] == "1"


def test_nothing_of_the_artifacts_credentials_is_in_what_is_told_or_shown() -> None:
    pipeline = CodePipeline(event_of("codepipeline-deploy.json"), FUNCTION)
    told = [pipeline.reply(outcome) for outcome in (applied(), failed(LATE), incomplete("a"))]

    assert "example-" not in repr([pipeline, pipeline.request(), *told])
    assert "example-secret-access-key" in repr(pipeline.event)


@settings(deadline=None)
@given(error=ERRORS)
def test_every_text_keeps_to_its_limit(error: MigrateError) -> None:
    details = result(job().reply(failed(error)))["failureDetails"]
    assert 1 <= len(details["message"]) <= 5000

    named = replace(applied(error.headline), run_id="r" * 500, status=Status.INCOMPLETE)
    told = result(job().reply(named))
    assert len(told["executionDetails"]["summary"]) <= 2048
    assert len(told["continuationToken"]) <= 2048
    again = result(job(token=told["continuationToken"]).reply(named))
    assert len(again["executionDetails"]["externalExecutionId"]) <= 1500
