"""docs/examples/container-entrypoint/run-task.sh, with the AWS CLI itself."""

import itertools
import json
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.aws_stand_in import Answer, Asked, StandIn
from tests.fixtures.aws_wire import AwsError
from tests.fixtures.planted import check_said
from tests.test_container_example import EXAMPLE, task_definition
from tests.test_shell_examples import CLI

TASK = "arn:aws:ecs:eu-central-1:123456789012:task/shop/0123456789abcdef0123456789abcdef"
PLACE = ("shop", "subnet-0a1b2c3d,subnet-0e4f5a6b", "sg-0a1b2c3d")
LINES = ("Applying migration `20240101000000_a`", "Migrations completed successfully")

pytestmark = pytest.mark.skipif(not CLI.exists(), reason=f"{CLI} is not there: run `make test`, which installs it")


@pytest.fixture
def run_task(aws: StandIn, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the script, which does not sleep between its questions."""
    sleep = tmp_path / "sleep"
    sleep.write_text("#!/bin/sh\n")
    sleep.chmod(0o755)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**aws.environment, "PATH": f"{tmp_path}:{CLI.parent}:{os.defpath}", "HOME": "/nonexistent"}
        command: list[str | Path] = ["sh", EXAMPLE / "run-task.sh", *arguments]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
        check_said(ended.stdout, ended.stderr)
        return ended

    return run


def states(aws: StandIn, last: dict[str, Any], *before: str) -> None:
    """Say what a task is found as, question by question; then always as the last."""
    found = itertools.chain(({"tasks": [{"lastStatus": status}]} for status in before), itertools.repeat(last))
    aws.answer("RunTask", {"tasks": [{"taskArn": TASK}], "failures": []})
    aws.answer("DescribeTasks", lambda _: next(found))


def stopped(code: int | None, **more: str) -> dict[str, Any]:
    """A task that ended, with a container beside ours that GuardDuty adds."""
    container = {"name": "migrate"} if code is None else {"name": "migrate", "exitCode": code}
    containers = [{"name": "aws-guardduty-agent-x", "exitCode": 0}, {**container, **more}]
    return {"tasks": [{"lastStatus": "STOPPED", "containers": containers, "stoppedReason": "It ended."}]}


def logged(lines: Sequence[str]) -> Callable[[Asked], Answer]:
    """The lines of the only stream, which is where the task definition puts it."""
    [container] = task_definition("migrate")["containerDefinitions"]
    options = container["logConfiguration"]["options"]
    stream = f"{options['awslogs-stream-prefix']}/{container['name']}/{TASK.rpartition('/')[2]}"

    def answer(asked: Asked) -> Answer:
        place = (asked.parameters["logGroupName"], asked.parameters["logStreamName"])
        if place != (options["awslogs-group"], stream):
            return AwsError("ResourceNotFoundException", "The specified log group does not exist.")
        return {"events": [{"timestamp": 0, "message": line} for line in lines]}

    return answer


def test_it_waits_for_the_task_shows_its_log_and_exits_as_its_container(
    aws: StandIn, run_task: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    states(aws, stopped(5), "PROVISIONING", "RUNNING")
    aws.answer("GetLogEvents", logged(LINES))

    ended = run_task(*PLACE)

    assert (ended.returncode, ended.stdout.splitlines()) == (5, list(LINES)), ended.stderr
    [asked] = aws.of("RunTask")
    assert asked.parameters["taskDefinition"] == task_definition("migrate")["family"]
    assert asked.parameters["networkConfiguration"] == {
        "awsvpcConfiguration": {
            "subnets": ["subnet-0a1b2c3d", "subnet-0e4f5a6b"],
            "securityGroups": ["sg-0a1b2c3d"],
            "assignPublicIp": "DISABLED",
        }
    }
    assert asked.parameters["overrides"] == {"containerOverrides": [{"name": "migrate", "command": ["deploy"]}]}
    assert all(question.parameters["tasks"] == [TASK] for question in aws.of("DescribeTasks"))
    assert f"aws ecs stop-task --cluster shop --task {TASK}" in ended.stderr


def test_another_command_is_passed_on_and_a_log_that_is_closed_changes_no_exit_code(
    aws: StandIn, run_task: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    states(aws, stopped(0))
    aws.answer("GetLogEvents", AwsError("AccessDeniedException"))
    command = ["resolve", "--rolled-back", "20240101000000_ä 'quoted'"]

    ended = run_task(*PLACE, json.dumps(command, ensure_ascii=False))

    assert (ended.returncode, ended.stdout) == (0, ""), ended.stderr
    assert aws.of("RunTask")[0].parameters["overrides"]["containerOverrides"][0]["command"] == command
    assert "The log cannot be read from here." in ended.stderr


def test_a_container_that_never_started_is_told_with_the_reason(
    aws: StandIn, run_task: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    states(aws, stopped(None, reason="CannotPullContainerError: no such image"))
    aws.answer("GetLogEvents", logged(()))

    ended = run_task(*PLACE)

    assert (ended.returncode, ended.stdout) == (125, "")
    assert "The container did not start: It ended.\tCannotPullContainerError: no such image" in ended.stderr


@pytest.mark.parametrize(
    ("answer", "code", "reason"),
    [
        ({"tasks": [], "failures": [{"reason": "RESOURCE:MEMORY"}]}, 125, "ECS started no task: RESOURCE:MEMORY"),
        (AwsError("ClientException", "TaskDefinition not found."), None, "TaskDefinition not found."),
    ],
    ids=["refused", "failed"],
)
def test_a_task_that_is_not_started_is_no_success(
    answer: Answer,
    code: int | None,
    reason: str,
    aws: StandIn,
    run_task: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """The AWS CLI itself exits with 0 where ECS has no room."""
    aws.answer("RunTask", answer)

    ended = run_task(*PLACE)

    assert ended.returncode == code or (code is None and ended.returncode != 0)
    assert reason in ended.stderr
    assert aws.of("DescribeTasks") == []


def test_a_question_that_fails_ends_the_waiting_as_no_success(
    aws: StandIn, run_task: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    states(aws, stopped(0))
    aws.answer("DescribeTasks", AwsError("AccessDeniedException"))

    ended = run_task(*PLACE)

    assert ended.returncode not in (0, 125)
    assert "Its log: aws logs get-log-events" in ended.stderr
