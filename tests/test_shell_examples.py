"""The scripts for people without `migrate-lambda`, with the AWS CLI itself."""

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.aws_stand_in import Answered, StandIn
from tests.fixtures.aws_wire import AwsError
from tests.fixtures.planted import check_said
from tests.fixtures.projects import ROOT

SCRIPTS = ROOT / "docs" / "examples" / "shell"
# The CLI of version 2 where one is named, else that of version 1 which `make test` installs.
CLI = Path(os.environ.get("AWS_CLI", ROOT / ".venv-awscli" / "bin" / "aws"))
REASON = "P3018 Migration 20240101000000_a failed to apply. Correct the file and deploy again."
STACK = "arn:aws:cloudformation:eu-central-1:123456789012:stack/shop/0a1b"

pytestmark = pytest.mark.skipif(not CLI.exists(), reason=f"{CLI} is not there: run `make test`, which installs it")


def run(aws: StandIn, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command that finds the AWS CLI, which finds the account."""
    environment = {**aws.environment, "PATH": f"{CLI.parent}:{os.defpath}", "HOME": "/nonexistent"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    check_said(ended.stdout, ended.stderr)
    return ended


def test_the_aws_cli_itself_exits_with_0_when_the_function_fails(aws: StandIn, tmp_path: Path) -> None:
    aws.answer("Invoke", Answered({"errorType": "MigrationFailed", "errorMessage": REASON}, error=True))

    ended = run(aws, CLI, "lambda", "invoke", "--function-name", "migrate", tmp_path / "answer.json")

    assert (ended.returncode, json.loads(ended.stdout)["FunctionError"]) == (0, "Unhandled")


def test_the_script_fails_when_the_function_fails_and_shows_why(aws: StandIn) -> None:
    aws.answer("Invoke", Answered({"errorType": "MigrationFailed", "errorMessage": REASON}, error=True))

    ended = run(aws, "sh", SCRIPTS / "invoke.sh", "migrate")

    assert ended.returncode == 1
    assert json.loads(ended.stdout) == {"errorType": "MigrationFailed", "errorMessage": REASON}


def test_the_script_sends_the_event_and_shows_the_outcome(aws: StandIn) -> None:
    aws.answer("Invoke", Answered({"status": "upToDate"}))
    event = {"action": "verify", "requires": "20240101000000_ä 'quoted' \"twice\" $HOME"}

    default, given = (
        run(aws, "sh", SCRIPTS / "invoke.sh", "migrate", *more)
        for more in ([], [json.dumps(event, ensure_ascii=False)])
    )

    assert (default.returncode, given.returncode) == (0, 0), given.stderr
    assert json.loads(given.stdout) == {"status": "upToDate"}
    assert [asked.parameters["Payload"] for asked in aws.of("Invoke")] == [{"action": "deploy"}, event]


def test_the_script_sends_one_request_whatever_becomes_of_it(aws: StandIn) -> None:
    for answer in (
        None,
        AwsError("TooManyRequestsException", "Rate Exceeded.", 429),
        AwsError("ServiceException", "", 500),
    ):
        aws.asked.clear()
        aws.answer("Invoke", answer)

        ended = run(aws, "sh", SCRIPTS / "invoke.sh", "migrate")

        assert ended.returncode != 0
        assert len(aws.of("Invoke")) == 1


def test_the_script_waits_as_long_as_it_takes() -> None:
    """A minute is what the CLI waits by default, and more than a test should."""
    assert "--cli-read-timeout 0 " in (SCRIPTS / "invoke.sh").read_text()


def event(second: int, name: str, status: str, reason: str | None = None) -> dict[str, Any]:
    """An event of a stack, as boto3 gives it."""
    found = {
        "StackId": STACK,
        "EventId": str(second),
        "StackName": "shop",
        "LogicalResourceId": name,
        "Timestamp": datetime(2026, 11, 22, tzinfo=UTC) + timedelta(seconds=second),
        "ResourceStatus": status,
    }
    return found if reason is None else {**found, "ResourceStatusReason": reason}


OLD = [
    event(2, "Old", "CREATE_FAILED", "an older failure"),
    event(1, "shop", "CREATE_IN_PROGRESS", "User Initiated"),
]
WRAPPED = (
    f"Received response status [FAILED] from custom resource. Message returned: {REASON} Logs: g s\n"
    "    1 | SELECT x; (RequestId: 0)"
)


def explained(aws: StandIn, *events: dict[str, Any]) -> tuple[int, str]:
    """What the script says of a stack whose events come one a page."""
    aws.answer_in_pages("DescribeStackEvents", *({"StackEvents": [each]} for each in (*events, *OLD)))
    ended = run(aws, "sh", SCRIPTS / "explain.sh", "shop")
    assert ended.stderr == ""
    return ended.returncode, ended.stdout


def test_what_failed_first_in_the_last_operation_is_told(aws: StandIn) -> None:
    assert explained(
        aws,
        event(9, "shop", "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to update: [Migrations]."),
        event(8, "Web", "UPDATE_FAILED", "Resource update cancelled"),
        event(7, "Migrations", "UPDATE_FAILED", WRAPPED),
        event(6, "Migrations", "UPDATE_IN_PROGRESS"),
        event(5, "shop", "UPDATE_IN_PROGRESS", "User Initiated"),
    ) == (1, f"Migrations: {REASON} Logs: g s\n")


def test_an_operation_without_a_failure_is_told_as_that(aws: StandIn) -> None:
    assert explained(
        aws, event(6, "shop", "UPDATE_COMPLETE"), event(5, "shop", "UPDATE_IN_PROGRESS", "User Initiated")
    ) == (0, "Nothing failed.\n")


def test_a_stack_that_cannot_be_read_is_not_told_as_one_without_a_failure(aws: StandIn) -> None:
    aws.answer("DescribeStackEvents", AwsError("ValidationError", "Stack [shop] does not exist"))

    ended = run(aws, "sh", SCRIPTS / "explain.sh", "shop")

    assert (ended.returncode != 0, ended.stdout, "does not exist" in ended.stderr) == (True, "", True)
