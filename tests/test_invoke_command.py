"""`migrate-lambda invoke`: one request, the log while it runs, and the exit codes of a terminal at the database."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from lambda_fn.cli.conversation import wait_for
from lambda_fn.deadline import started
from lambda_fn.domain.outcome import Outcome, PendingMigration, Status, to_json
from lambda_fn.domain.request import Action
from lambda_fn.errors import deadline as deadline_errors
from tests.fixtures.aws_stand_in import LOG_GROUP, REGION, Answered, Asked, Background, Migrate, StandIn
from tests.fixtures.aws_wire import AwsError
from tests.fixtures.functions import wait_until
from tests.fixtures.projects import check_outcome

FUNCTION = "migrate"
RUN_ID = "6f1c8e0a-2b7d-4f0e-9c1a-3d5e7f9b1c2d"
OTHER_ID = "00000000-2b7d-4f0e-9c1a-3d5e7f9b1c2d"
UP_TO_DATE = to_json(Outcome(Action.DEPLOY, Status.UP_TO_DATE, RUN_ID, 12, directory="/opt/migrations", migrations=3))
FAILED_TEXT = (
    "P3018 Migration 20240101000000_a failed to apply: ERROR 42703 in statement 1 (line 1, column 8): "
    'column "x" does not exist. Correct the file and deploy again; no resolve is needed.\n'
    "    1 | SELECT x;\n               ^"
)


def record(message: str, request_id: str = RUN_ID, level: str = "INFO") -> str:
    """A line of the log as Powertools writes it."""
    return json.dumps({"level": level, "message": message, "run_id": request_id, "function_request_id": request_id})


def raised(kind: str, message: str) -> Answered:
    """What Lambda answers when the function raised an error."""
    return Answered({"errorType": kind, "errorMessage": message, "requestId": RUN_ID, "stackTrace": []}, error=True)


def test_one_request_is_sent_with_the_action_and_its_options(aws: StandIn, migrate: Migrate) -> None:
    aws.answer("Invoke", Answered(UP_TO_DATE))

    ended = migrate(
        "invoke", FUNCTION, "deploy", "--to", "20240101000000_a", "--schema", "app", "--owner-role", "o", "--strict",
        "--lock-wait-s", "5", "--secret-id", "shop/other", "--dbname", "shop",
    )  # fmt: skip

    assert ended.code == 0
    [asked] = aws.of("Invoke")
    assert (asked.parameters["FunctionName"], asked.region) == (FUNCTION, REGION)
    assert asked.parameters["Payload"] == {
        "action": "deploy", "to": "20240101000000_a", "schema": "app", "ownerRole": "o", "strict": True,
        "lockWaitS": "5", "secretId": "shop/other", "dbname": "shop",
    }  # fmt: skip


def test_without_an_action_it_deploys_and_prints_what_a_terminal_prints(aws: StandIn, migrate: Migrate) -> None:
    aws.answer("Invoke", Answered(UP_TO_DATE))

    ended = migrate("invoke", FUNCTION)

    assert aws.of("Invoke")[0].parameters["Payload"] == {"action": "deploy"}
    assert (ended.code, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [
        "Running Database Migrations",
        "3 migrations found in /opt/migrations",
        "No pending migrations to apply.",
        "Migrations completed successfully",
    ]


def test_with_json_the_output_is_the_functions_own(aws: StandIn, migrate: Migrate) -> None:
    aws.answer("Invoke", Answered({**UP_TO_DATE, "aKeyOfANewerVersion": 1}))

    ended = migrate("invoke", FUNCTION, "--json")

    assert ended.json == {**UP_TO_DATE, "aKeyOfANewerVersion": 1}
    assert ended.stderr.splitlines()[0] == "Running Database Migrations"


@pytest.mark.parametrize(
    ("kind", "code", "exit_code"),
    [("DatabaseUnreachable", "P1001", 3), ("HistoryBlocked", "M503", 1), ("MigrationFailed", "P3018", 5)],
)
def test_an_error_of_the_function_exits_as_at_the_database(
    aws: StandIn, migrate: Migrate, kind: str, code: str, exit_code: int
) -> None:
    aws.answer("Invoke", raised(kind, f"{code} It failed. Mend it.\nDETAIL: d"))

    ended = migrate("invoke", FUNCTION, "--json")

    assert ended.code == exit_code
    assert f"ERROR: {code} It failed. Mend it.\nDETAIL: d\n" in ended.stderr
    check_outcome(ended.json)
    error = ended.json["error"]
    assert (error["class"], error["code"], error["message"]) == (kind, code, f"{code} It failed. Mend it.")
    assert (error["nextStep"], error["details"], ended.json["runId"]) == (None, ["DETAIL: d"], RUN_ID)


@pytest.mark.parametrize("kind", ["MigrationFailed", "Runtime.HandlerError"])
def test_a_gate_that_is_closed_exits_so_whatever_the_type_is_called(aws: StandIn, migrate: Migrate, kind: str) -> None:
    aws.answer("Invoke", raised(kind, "M503 The database schema is not up to date. Deploy."))

    ended = migrate("invoke", FUNCTION, "verify")

    assert (ended.code, ended.stdout) == (1, "ERROR: M503 The database schema is not up to date. Deploy.\n")


@pytest.mark.parametrize("action", ["deploy", "status", "verify"])
@pytest.mark.parametrize("status", ["failed", "unknown", "upToDate"])
def test_an_error_inside_an_answer_is_no_success(aws: StandIn, migrate: Migrate, action: str, status: str) -> None:
    error = {"class": "DatabaseUnreachable", "code": "P1001", "message": "P1001 No answer. Try again."}
    answered = {**UP_TO_DATE, "action": action, "status": status, "error": error}
    aws.answer("Invoke", Answered(answered))

    ended, as_json = migrate("invoke", FUNCTION, action), migrate("invoke", FUNCTION, action, "--json")

    assert (ended.code, as_json.code) == (3, 3)
    assert ended.stdout.splitlines()[-1] == "ERROR: P1001 No answer. Try again."
    assert "success" not in ended.stdout
    assert as_json.json == answered


@pytest.mark.parametrize(
    "changes", [{"status": "failed"}, {"status": "unknown"}, {"status": "skipped"}, {"action": "status"}]
)
def test_an_answer_that_is_no_success_of_the_action_is_not_told_as_one(
    aws: StandIn, migrate: Migrate, changes: dict[str, str]
) -> None:
    aws.answer("Invoke", Answered({**UP_TO_DATE, **changes}))

    ended = migrate("invoke", FUNCTION, "deploy", "--json")

    assert (ended.code, ended.json["error"]["code"], ended.json["status"]) == (2, "M809", "unknown")
    assert f"The function {FUNCTION} ran, but its answer is no outcome of the action deploy" in ended.stderr
    assert ended.json["runId"] == RUN_ID
    check_outcome(ended.json)


def test_a_login_in_another_functions_error_is_not_printed(aws: StandIn, migrate: Migrate) -> None:
    aws.answer("Invoke", raised("OperationalError", "cannot reach postgresql://u:hunter2@h/db"))

    ended = migrate("invoke", FUNCTION, "--json")

    assert "hunter2" not in ended.stdout + ended.stderr
    assert "postgresql://***@h/db" in ended.stderr


def test_the_error_is_printed_once_though_the_log_has_it_too(aws: StandIn, migrate: Migrate) -> None:
    log = "\n".join(
        [
            f"START RequestId: {RUN_ID} Version: $LATEST",
            record("Running Database Migrations"),
            record(FAILED_TEXT, level="ERROR"),
            f"[ERROR] MigrationFailed: {FAILED_TEXT}",
            'Traceback (most recent call last):\n  File "/var/task/lambda_fn/handler.py", line 1',
            '{"_aws": {"CloudWatchMetrics": []}, "Runs": [1.0]}',
            f"END RequestId: {RUN_ID}",
        ]
    )
    aws.answer("Invoke", Answered({"errorType": "MigrationFailed", "errorMessage": FAILED_TEXT}, True, log, RUN_ID))

    ended = migrate("invoke", FUNCTION)

    assert ended.code == 5
    assert ended.stdout == f"Running Database Migrations\nERROR: {FAILED_TEXT}\n"


def test_what_is_wrong_with_the_request_is_refused_here_and_nothing_is_sent(aws: StandIn, migrate: Migrate) -> None:
    refused = {
        ("invoke", FUNCTION, "reset"): "M102",
        ("invoke", FUNCTION, "deploy", "--requires", "x"): "M103",
        ("invoke", FUNCTION, "--lock-wait-s", "soon"): "M104",
        ("invoke", FUNCTION, "resolve"): "M105",
        ("invoke",): "M104",
        ("invoke", ""): "M104",
        ("invoke", FUNCTION, "deploy", "--stack", "shop"): "M104",
    }

    for arguments, code in refused.items():
        ended = migrate(*arguments)
        assert (ended.code, ended.stdout.startswith(f"ERROR: {code} ")) == (2, True), arguments
    assert "--requires" in migrate("invoke", FUNCTION, "deploy", "--requires", "x").stdout
    assert aws.asked == []


def test_a_deploy_that_does_not_fit_one_invocation_goes_on_until_it_is_done(aws: StandIn, migrate: Migrate) -> None:
    error = deadline_errors.before_migration("20240102000000_b")
    part = Outcome(Action.DEPLOY, Status.INCOMPLETE, RUN_ID, 1, error=error)
    answers = iter([Answered(to_json(part)), Answered(to_json(part)), Answered(UP_TO_DATE)])
    aws.answer("Invoke", lambda _: next(answers))

    ended = migrate("invoke", FUNCTION, "deploy", "--until-done", "--json")

    assert (ended.code, json.loads(ended.stdout)["status"]) == (0, "upToDate")
    assert [asked.parameters["Payload"] for asked in aws.of("Invoke")] == [{"action": "deploy", "continue": True}] * 3
    assert ended.stderr.count("the next invocation goes on from here") == 2


def test_without_being_told_to_go_on_a_part_of_the_work_is_a_failure(aws: StandIn, migrate: Migrate) -> None:
    error = deadline_errors.before_migration("20240102000000_b")
    aws.answer("Invoke", Answered(to_json(Outcome(Action.DEPLOY, Status.INCOMPLETE, RUN_ID, 1, error=error))))

    assert migrate("invoke", FUNCTION).code == 6
    assert "--until-done" in migrate("invoke", FUNCTION, "status", "--until-done").stdout
    assert len(aws.of("Invoke")) == 1


def test_a_plan_is_printed_as_markdown_for_a_pull_request(aws: StandIn, migrate: Migrate) -> None:
    plan = Outcome(Action.PLAN, Status.PENDING, RUN_ID, 1, pending=(PendingMigration("20240102000000_b", "atomic", 1),))
    aws.answer("Invoke", Answered(to_json(plan)))
    shown = migrate("invoke", FUNCTION, "plan", "--markdown")
    aws.answer("Invoke", raised("MigrationFailed", FAILED_TEXT))
    failed = migrate("invoke", FUNCTION, "plan", "--markdown")

    assert (shown.code, failed.code) == (0, 5)
    assert shown.stdout.startswith("### Migrations: 1 pending")
    assert "P3018" in failed.stdout
    assert "ERROR: P3018" in failed.stderr
    refused = migrate("invoke", FUNCTION, "status", "--markdown")
    assert (refused.code, "The option --markdown is for plan only." in refused.stderr) == (2, True)


def test_resolve_names_its_migrations(aws: StandIn, migrate: Migrate) -> None:
    outcome = Outcome(Action.RESOLVE, Status.UP_TO_DATE, RUN_ID, 1, resolved=("a", "b"))
    aws.answer("Invoke", Answered(to_json(outcome)))

    ended = migrate("invoke", FUNCTION, "resolve", "--rolled-back", "a", "b")

    assert aws.of("Invoke")[0].parameters["Payload"] == {"action": "resolve", "rolledBack": ["a", "b"]}
    assert ended.stdout == "Migration a marked as rolled back.\nMigration b marked as rolled back.\n"


def test_a_command_in_the_functions_words_becomes_one_that_works_here(aws: StandIn, migrate: Migrate) -> None:
    text = "P3018 It exists. If so, run: python -m lambda_fn resolve --applied a."
    aws.answer("Invoke", raised("MigrationFailed", text))

    ended = migrate("invoke", FUNCTION, "--region", REGION)

    expected = f"migrate-lambda invoke {FUNCTION} resolve --region {REGION} --applied a."
    assert ended.stdout == f"ERROR: P3018 It exists. If so, run: {expected}\n"


def test_the_function_of_a_stack_is_found_by_its_output(aws: StandIn, migrate: Migrate) -> None:
    stack = {"StackName": "shop", "CreationTime": "2026-11-22T00:00:00Z", "StackStatus": "CREATE_COMPLETE"}
    outputs = [{"OutputKey": "FunctionName", "OutputValue": "shop-Migrate-1A2B"}]
    aws.answer("DescribeStacks", {"Stacks": [{**stack, "Outputs": outputs}]})
    aws.answer("Invoke", Answered({**UP_TO_DATE, "action": "status"}))

    ended = migrate("invoke", "--stack", "shop", "status")

    assert ended.code == 0
    [asked] = aws.of("Invoke")
    assert (asked.parameters["FunctionName"], asked.parameters["Payload"]) == (
        "shop-Migrate-1A2B",
        {"action": "status"},
    )

    aws.answer("DescribeStacks", {"Stacks": [{**stack, "Outputs": [{"OutputKey": "Url", "OutputValue": "u"}]}]})
    without = migrate("invoke", "--stack", "shop")
    aws.answer("DescribeStacks", AwsError("ValidationError", "Stack with id shop does not exist"))
    missing = migrate("invoke", "--stack", "shop")
    assert (without.code, "ERROR: M812 " in without.stdout, "Url" in without.stdout) == (2, True, True)
    assert (missing.code, "ERROR: M811 " in missing.stdout) == (2, True)


def test_an_arn_says_the_region_itself(aws: StandIn, migrate: Migrate) -> None:
    aws.answer("Invoke", Answered(UP_TO_DATE))
    arn = "arn:aws:lambda:us-east-1:123456789012:function:migrate"

    migrate("invoke", arn, "--region", "eu-west-1")

    assert {asked.region for asked in aws.of("Invoke")} == {"us-east-1"}


def test_the_arn_of_a_stack_says_the_region_itself(aws: StandIn, migrate: Migrate) -> None:
    outputs = [{"OutputKey": "FunctionName", "OutputValue": "shop-Migrate-1A2B"}]
    stack = {"StackName": "shop", "CreationTime": "2026-11-22T00:00:00Z", "StackStatus": "CREATE_COMPLETE"}
    aws.answer("DescribeStacks", {"Stacks": [{**stack, "Outputs": outputs}]})
    aws.answer("Invoke", raised("MigrationFailed", "P3018 If so, run: python -m lambda_fn resolve --applied a."))
    arn = "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/0a1b"

    ended = migrate("invoke", "--stack", arn, "--region", "eu-west-1")

    assert {asked.region for asked in aws.asked} == {"us-east-1"}
    assert "migrate-lambda invoke shop-Migrate-1A2B resolve --region us-east-1 --applied a." in ended.stdout


def test_doctor_prints_its_checks_and_exits_as_the_first_that_failed(aws: StandIn, migrate: Migrate) -> None:
    def check(name: str, result: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "result": result, "message": "m.", "nextStep": None, "class": None, "code": None, **more}

    failed = {"class": "DatabaseUnreachable", "code": "M322", "nextStep": "Open it."}
    checks = [check("dns", "passed"), check("port", "failed", **failed), check("login", "unknown")]
    aws.answer("Invoke", Answered({**UP_TO_DATE, "action": "doctor", "status": "failed", "checks": checks}))

    ended = migrate("invoke", FUNCTION, "doctor")

    assert ended.code == 3
    assert ended.stdout.splitlines()[-3:] == [
        "passed dns: m.",
        "ERROR: failed port: M322 m. What to do: Open it.",
        "WARNING: unknown login: m.",
    ]


def test_status_exits_with_1_while_something_is_pending(aws: StandIn, migrate: Migrate) -> None:
    pending = {"status": "pending", "action": "status", "pendingCount": 1, "pending": [{"name": "a"}]}
    aws.answer("Invoke", Answered({**UP_TO_DATE, **pending}))

    ended = migrate("invoke", FUNCTION, "status")

    assert (ended.code, ended.stdout.splitlines()[-2:]) == (1, ["Following migration have not yet been applied:", "a"])


def test_a_function_that_is_stopped_at_its_timeout_exits_with_6_and_leaves_the_outcome_open(
    aws: StandIn, migrate: Migrate
) -> None:
    message = f"2026-11-22T21:05:40.123Z {RUN_ID} Task timed out after 900.03 seconds"
    for kind in ({"errorType": "Sandbox.Timedout"}, {}):
        aws.answer("Invoke", Answered({"errorMessage": message, **kind}, error=True))

        ended = migrate("invoke", FUNCTION, "--json")

        assert (ended.code, ended.json["status"], ended.json["error"]["code"]) == (6, "unknown", "M808")
        assert "Task timed out after 900.03 seconds" in ended.stderr
        check_outcome(ended.json)


@pytest.mark.parametrize(("kind", "code"), [("Runtime.ImportModuleError", "M903"), ("Runtime.ExitError", "M904")])
def test_a_function_that_ends_without_an_answer_of_its_own_exits_with_70(
    aws: StandIn, migrate: Migrate, kind: str, code: str
) -> None:
    aws.answer("Invoke", raised(kind, "RequestId: x Error: it ended"))

    ended = migrate("invoke", FUNCTION)

    assert (ended.code, ended.stdout.startswith(f"ERROR: {code} ")) == (70, True)
    assert f"{kind}: RequestId: x Error: it ended" in ended.stdout


def test_another_functions_answer_is_told_as_that(aws: StandIn, migrate: Migrate) -> None:
    aws.answer("Invoke", Answered({"statusCode": 200}))

    ended = migrate("invoke", FUNCTION, "--json")

    assert (ended.code, ended.json["error"]["code"], ended.json["status"]) == (2, "M809", "unknown")
    assert f"{FUNCTION} ran" in ended.stderr


@pytest.mark.parametrize(
    ("refused", "exit_code", "code"),
    [
        (AwsError("AccessDeniedException", "User: u is not authorized", 403), 2, "M803"),
        (AwsError("ResourceNotFoundException", "Function not found", 404), 2, "M805"),
        (AwsError("TooManyRequestsException", "Rate Exceeded.", 429), 3, "M806"),
        (AwsError("ExpiredTokenException", SESSION := "The token planted-session-token is expired", 403), 2, "M801"),
        (AwsError("InvalidSignatureException", SESSION, 403), 2, "M801"),
        (AwsError("ResourceConflictException", "Pending", 409), 2, "M810"),
        *(
            (AwsError(f"{each}Exception", "It was refused", 502), 2, "M810")
            for each in (
                "EC2AccessDenied",
                "EC2Throttled",
                "ENILimitReached",
                "EFSIO",
                "KMSDisabled",
                "SubnetIPAddressLimitReached",
                "InvalidSubnetID",
                "InvalidSecurityGroupID",
                "InvalidZipFile",
                "InvalidRuntime",
                "ResourceNotReady",
                "SnapStart",
            )
        ),
        (AwsError("ServiceException", "It broke", 500), 3, "M807"),
        (AwsError("504", "gateway", 504), 3, "M807"),
    ],
    ids=lambda value: value.code if isinstance(value, AwsError) else None,
)
def test_a_refusal_of_aws_is_told_with_what_to_do_and_not_tried_again(
    aws: StandIn, migrate: Migrate, refused: AwsError, exit_code: int, code: str
) -> None:
    aws.answer("Invoke", refused)

    ended = migrate("invoke", FUNCTION, "--json")

    assert (ended.code, ended.json["error"]["code"]) == (exit_code, code)
    assert ended.json["status"] == ("unknown" if code == "M807" else "failed")
    assert len(aws.of("Invoke")) == 1
    check_outcome(ended.json)


def test_a_denial_names_the_permission_that_is_missing(aws: StandIn, migrate: Migrate) -> None:
    aws.answer("Invoke", AwsError("AccessDeniedException", "User: u is not authorized", 403))

    assert "Allow lambda:InvokeFunction to who runs this" in migrate("invoke", FUNCTION).stdout


def test_a_connection_that_is_cut_while_waiting_leaves_the_outcome_open(aws: StandIn, migrate: Migrate) -> None:
    """As an idle NAT does, or a laptop that is closed."""
    for answer in (None, Answered(UP_TO_DATE, truncated=True)):
        aws.asked.clear()
        aws.answer("Invoke", answer)

        ended = migrate("invoke", FUNCTION, "--json")

        assert (ended.code, ended.json["status"], ended.json["error"]["code"]) == (3, "unknown", "M807")
        assert f"migrate-lambda invoke {FUNCTION} status" in ended.stderr
        assert ended.json["runId"] == "unknown"
        assert len(aws.of("Invoke")) == 1, "it was sent again"


def test_an_endpoint_that_cannot_be_reached_is_no_open_outcome(
    aws: StandIn, migrate: Migrate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:1")

    ended = migrate("invoke", FUNCTION, "--json")

    assert (ended.code, ended.json["status"], ended.json["error"]["code"]) == (3, "failed", "M804")


def test_without_credentials_region_or_profile_it_says_what_to_give(
    aws: StandIn, migrate: Migrate, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing_profile = migrate("invoke", FUNCTION, "--profile", "nobody")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    no_region = migrate("invoke", FUNCTION)
    no_such_region = migrate("invoke", FUNCTION, "--region", "no region")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    no_credentials = migrate("invoke", FUNCTION, "--region", REGION)

    assert (missing_profile.code, "ERROR: M801 " in missing_profile.stdout) == (2, True)
    for each in (no_region, no_such_region):
        assert (each.code, "ERROR: M802 " in each.stdout, "--region eu-central-1" in each.stdout) == (2, True, True)
    assert (no_credentials.code, "ERROR: M801 " in no_credentials.stdout) == (2, True)
    assert aws.asked == []


def test_the_region_may_stand_in_aws_region_alone(
    aws: StandIn, migrate: Migrate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """boto3 reads AWS_DEFAULT_REGION only; the AWS CLI of version 2 and Lambda itself have AWS_REGION."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    aws.answer("Invoke", Answered(UP_TO_DATE))

    assert (migrate("invoke", FUNCTION).code, aws.of("Invoke")[0].region) == (0, REGION)


def test_the_log_may_be_forbidden_and_the_run_goes_on(aws: StandIn, migrate: Migrate) -> None:
    denied = AwsError("AccessDeniedException", "not allowed")
    aws.answer("FilterLogEvents", denied)
    aws.answer("GetFunctionConfiguration", AwsError("AccessDeniedException", "not allowed", 403))

    def invoked(_: Asked) -> Answered:
        wait_until(lambda: bool(aws.of("FilterLogEvents")), limit_s=60)
        return Answered(UP_TO_DATE)

    aws.answer("Invoke", invoked)

    ended = migrate("invoke", FUNCTION)

    assert ended.code == 0
    assert ended.stdout.count("M803") == 1
    assert "WARNING: The log is not shown while the function runs: M803 AWS did not allow logs:FilterLogEvents" in (
        ended.stdout
    )
    assert aws.of("FilterLogEvents")[0].parameters["logGroupName"] == f"/aws/lambda/{FUNCTION}"


@pytest.mark.parametrize(
    ("refused", "because"),
    [
        (AwsError("AccessDeniedException", "not allowed", 403), "lambda:GetFunctionConfiguration is not allowed"),
        (AwsError("TooManyRequestsException", "Rate", 429), "lambda:GetFunctionConfiguration was not answered (M806)"),
        (AwsError("ServiceException", "It broke", 500), "lambda:GetFunctionConfiguration was not answered (M804)"),
    ],
)
def test_a_log_group_that_is_guessed_wrongly_is_told_once_and_the_run_goes_on(
    aws: StandIn, migrate: Migrate, refused: AwsError, because: str
) -> None:
    """The log may be read, and the function logs to a group of another name than by default."""
    aws.answer("GetFunctionConfiguration", refused)
    aws.answer("Invoke", Answered(UP_TO_DATE))

    ended = migrate("invoke", FUNCTION)

    assert ended.code == 0
    [warning] = [line for line in ended.stdout.splitlines() if line.startswith("WARNING: ")]
    assert warning == (
        f"WARNING: The log was not shown while the function ran: there is no log group /aws/lambda/{FUNCTION}, where a "
        f"function logs by default, and where this one does is not known: {because}."
    )
    assert ended.stdout.splitlines()[-1] == "Migrations completed successfully"


def test_a_log_group_that_a_function_has_yet_to_make_is_no_warning(aws: StandIn, migrate: Migrate) -> None:
    aws.answer("GetFunctionConfiguration", {"LoggingConfig": {"LogGroup": "made-at-the-first-run"}})
    aws.answer("Invoke", Answered(UP_TO_DATE))

    assert "WARNING" not in migrate("invoke", FUNCTION).stdout


def test_the_log_is_looked_at_since_the_time_at_aws(aws: StandIn, migrate: Migrate) -> None:
    aws.clock_ahead_s = -240  # a laptop that is ahead; more would make its signatures invalid
    aws.answer("Invoke", Answered(UP_TO_DATE))

    migrate("invoke", FUNCTION)

    since_s = aws.of("FilterLogEvents")[0].parameters["startTime"] / 1000
    assert time.time() - 600 < since_s < time.time() - 200


def test_what_only_the_log_says_is_shown_from_its_end_when_the_answer_is_there(aws: StandIn, migrate: Migrate) -> None:
    """Lambda gives the last 4 KB with the answer, whoever may read the log group; the first line may be cut."""
    log = "\n".join(['_id": "cut"}', record("a: NOTICE: careful"), record("a: NOTICE: careful")])
    aws.answer("Invoke", Answered(UP_TO_DATE, log=log))

    lines = migrate("invoke", FUNCTION).stdout.splitlines()

    assert lines[:2] == ["a: NOTICE: careful"] * 2
    assert lines[-1] == "Migrations completed successfully"


def test_lines_are_shown_while_the_function_runs_and_none_of_another_run(aws: StandIn) -> None:
    def invoked(_: Asked) -> Answered:
        aws.logged(record("another run waits", OTHER_ID))
        aws.logged(f"START RequestId: {RUN_ID} Version: $LATEST", stream="mine")
        aws.logged(record("Running Database Migrations"), stream="mine")
        aws.logged("printed by a library", stream="mine")
        aws.logged(record("another run goes on", OTHER_ID))
        assert aws.released.wait(60)
        aws.logged(record("Migrations completed successfully"), stream="mine")
        return Answered(UP_TO_DATE)

    aws.answer("Invoke", invoked)
    program = Background(aws, "invoke", FUNCTION)
    wait_until(lambda: "printed by a library" in program.lines, limit_s=60)
    while_it_ran = list(program.lines)
    aws.released.set()

    assert program.finish() == 0
    assert while_it_ran == ["Running Database Migrations", "printed by a library"]
    assert program.lines[2:] == [
        "Migrations completed successfully",
        "3 migrations found in /opt/migrations",
        "No pending migrations to apply.",
    ]
    assert aws.of("FilterLogEvents")[0].parameters["logGroupName"] == LOG_GROUP


def test_lines_that_may_be_of_another_run_wait_for_the_answer(aws: StandIn) -> None:
    def invoked(_: Asked) -> Answered:
        for request_id, stream in ((OTHER_ID, "other"), (RUN_ID, "mine")):
            aws.logged(f"START RequestId: {request_id} Version: $LATEST", stream=stream)
            aws.logged(record(f"of {stream}", request_id), stream=stream)
        wait_until(lambda: len(aws.of("FilterLogEvents")) >= 2, limit_s=60)
        return Answered(UP_TO_DATE)

    aws.answer("Invoke", invoked)
    program = Background(aws, "invoke", FUNCTION)

    assert program.finish() == 0
    assert ("of mine" in program.lines, "of other" in program.lines) == (True, False)


def test_lines_of_another_run_that_came_in_first_are_told_as_that(aws: StandIn) -> None:
    def invoked(_: Asked) -> Answered:
        aws.logged(f"START RequestId: {OTHER_ID} Version: $LATEST", stream="other")
        aws.logged(record("Running Database Migrations", OTHER_ID), stream="other")
        assert aws.released.wait(60)
        return Answered(UP_TO_DATE)

    aws.answer("Invoke", invoked)
    program = Background(aws, "invoke", FUNCTION)
    wait_until(lambda: len(program.lines) == 1, limit_s=60)
    aws.released.set()

    assert program.finish() == 0
    assert program.lines[:3] == [
        "Running Database Migrations",
        f"WARNING: Lines above are of another run, {OTHER_ID}, which began at the same time.",
        "Running Database Migrations",
    ]


def test_waiting_ends_with_the_call_also_where_that_ran_out_of_time_itself() -> None:
    looked: list[None] = []

    def call() -> None:
        wait_until(lambda: bool(looked), limit_s=60)
        raise TimeoutError("inside")

    with pytest.raises(TimeoutError, match="inside"):
        wait_for(started(call), 0.01, lambda: looked.append(None))


def test_an_interrupt_says_that_the_function_goes_on_and_how_to_see_it(aws: StandIn) -> None:
    def invoked(_: Asked) -> None:
        aws.released.wait(60)

    aws.answer("Invoke", invoked)
    program = Background(aws, "invoke", FUNCTION, "--region", REGION)
    wait_until(lambda: bool(aws.of("Invoke")), limit_s=60)
    os.kill(program.process.pid, signal.SIGINT)

    assert program.finish() == 130
    assert program.lines == [
        "Interrupted. The function goes on, and what it does is not undone. To see:",
        f"  migrate-lambda logs {FUNCTION} --since 15m --follow --region {REGION}",
        f"  migrate-lambda invoke {FUNCTION} status --region {REGION}",
    ]


def test_a_connection_that_waits_is_kept_alive_before_a_nat_forgets_it(aws: StandIn) -> None:
    if not Path("/proc/net/tcp").exists():
        pytest.skip("the system does not tell of its timers")

    def invoked(_: Asked) -> Answered:
        aws.released.wait(60)
        return Answered(UP_TO_DATE)

    aws.answer("Invoke", invoked)
    program = Background(aws, "invoke", FUNCTION)
    wait_until(lambda: bool(aws.of("Invoke")), limit_s=60)
    server_port = int(aws.environment["AWS_ENDPOINT_URL"].rpartition(":")[2])
    wait_until(lambda: _keepalive_in_s(program.process.pid, server_port) is not None, limit_s=10)
    due_s = _keepalive_in_s(program.process.pid, server_port)
    aws.released.set()

    assert program.finish() == 0
    assert due_s is not None
    assert due_s <= 60


def _keepalive_in_s(pid: int, server_port: int) -> float | None:
    """When the kernel sends the next keepalive of a process to a port: timer 2 of /proc/net/tcp, in ticks."""
    sockets = {str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir() if each.is_symlink()}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        timer, ticks = fields[5].split(":")
        if fields[2].endswith(f":{server_port:04X}") and f"socket:[{fields[9]}]" in sockets and timer == "02":
            return int(ticks, 16) / os.sysconf("SC_CLK_TCK")
    return None
