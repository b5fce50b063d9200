"""`migrate-lambda explain`: one sentence out of a stack's events, and the command that shows the log."""

import os
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fixtures.aws_stand_in import REGION, Asked, Background, Migrate, StandIn
from tests.fixtures.aws_wire import AwsError
from tests.fixtures.functions import wait_until

STACK = "AWS::CloudFormation::Stack"
BEGUN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2, minutes=30)
SENTENCE = "P3018 Migration 20240101000000_a failed to apply: ERROR 42703: column “x” does not exist. Correct the file."
REASON = (
    f"Received response status [FAILED] from custom resource. Message returned: {SENTENCE} "
    "Logs: shop-LogGroup-1A2B 2026/11/22/[$LATEST]0a1b\n    1 | SELECT x;\n               ^ "
    "(RequestId: 7c0cbd10-c77e-11f0-9b1c-0a1b2c3d4e5f)"
)


def arn(name: str) -> str:
    """The ARN of a stack."""
    return f"arn:aws:cloudformation:{REGION}:123456789012:stack/{name}/0a1b"


def event(second: int, name: str, status: str, reason: str = "", *, stack: str = "shop", **more: str) -> dict[str, Any]:
    """An event as boto3 gives it; of the stack itself where it has its name."""
    about = {"ResourceType": STACK, "PhysicalResourceId": arn(stack)} if name == stack else {}
    return {
        "StackId": arn(stack),
        "EventId": f"{second}",
        "StackName": stack,
        "LogicalResourceId": name,
        "PhysicalResourceId": f"{stack}-{name}",
        "ResourceType": "Custom::Migrations",
        "Timestamp": BEGUN + timedelta(seconds=second),
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
        **about,
        **more,
    }


FAILED = [
    {"StackEvents": [event(4, "shop", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [M].")]},
    {"StackEvents": [event(3, "Web", "CREATE_FAILED", "Resource creation cancelled")]},
    {
        "StackEvents": [
            event(2, "Migrations", "CREATE_FAILED", REASON),
            event(1, "shop", "CREATE_IN_PROGRESS", "User Initiated"),
        ]
    },
]


def test_it_says_what_failed_first_and_how_to_read_the_log(aws: StandIn, migrate: Migrate) -> None:
    aws.answer_in_pages("DescribeStackEvents", *FAILED)

    ended = migrate("explain", "shop", "--region", REGION)

    time = f"{BEGUN + timedelta(seconds=2):%Y-%m-%d %H:%M:%S}Z"
    assert (ended.code, ended.stderr) == (1, "")
    assert ended.stdout.splitlines() == [
        f"Migrations (Custom::Migrations) failed first, {time}, CREATE_FAILED; the stack shop is ROLLBACK_IN_PROGRESS:",
        SENTENCE,
        "    1 | SELECT x;",
        "               ^",
        "Log: shop-LogGroup-1A2B 2026/11/22/[$LATEST]0a1b",
        f"To read it: migrate-lambda logs --log-group shop-LogGroup-1A2B --since 3h --region {REGION}",
    ]


def test_a_nested_stack_is_followed(aws: StandIn, migrate: Migrate) -> None:
    inner = [
        event(3, "Migrations", "CREATE_FAILED", REASON, stack="Inner"),
        event(2, "Inner", "CREATE_IN_PROGRESS", stack="Inner"),
    ]
    outer = [
        event(4, "Migrator", "CREATE_FAILED", "Embedded", ResourceType=STACK, PhysicalResourceId=arn("Inner")),
        event(1, "shop", "CREATE_IN_PROGRESS"),
    ]

    def events(asked: Asked) -> dict[str, Any]:
        return {"StackEvents": inner if asked.parameters["StackName"] == arn("Inner") else outer}

    aws.answer("DescribeStackEvents", events)

    ended = migrate("explain", "shop", "--json")

    assert ended.code == 1
    assert (ended.json["stack"], ended.json["failure"]["stack"]) == ("shop", "Inner")
    assert ended.json["failure"]["path"] == ["Migrator", "Migrations"]


def test_with_json_everything_has_its_key(aws: StandIn, migrate: Migrate) -> None:
    aws.answer_in_pages("DescribeStackEvents", *FAILED)

    assert migrate("explain", "shop", "--json").json == {
        "stack": "shop",
        "status": "ROLLBACK_IN_PROGRESS",
        "failure": {
            "resource": "Migrations",
            "path": ["Migrations"],
            "type": "Custom::Migrations",
            "stack": "shop",
            "status": "CREATE_FAILED",
            "time": f"{BEGUN + timedelta(seconds=2):%Y-%m-%dT%H:%M:%S}Z",
            "message": SENTENCE,
            "details": ["    1 | SELECT x;", "               ^"],
            "logGroup": "shop-LogGroup-1A2B",
            "logStream": "2026/11/22/[$LATEST]0a1b",
        },
    }


def test_a_stack_without_a_failure_exits_with_0(aws: StandIn, migrate: Migrate) -> None:
    events = [event(2, "shop", "UPDATE_COMPLETE"), event(1, "shop", "UPDATE_IN_PROGRESS")]
    aws.answer("DescribeStackEvents", {"StackEvents": events})

    ended, as_json = migrate("explain", "shop"), migrate("explain", "shop", "--json")

    assert ended.code == as_json.code == 0
    assert ended.stdout == "Nothing failed in the last operation of the stack shop: UPDATE_COMPLETE.\n"
    assert as_json.json == {"stack": "shop", "status": "UPDATE_COMPLETE", "failure": None}


def test_a_stack_that_is_not_there_says_that_a_deleted_one_needs_its_arn(aws: StandIn, migrate: Migrate) -> None:
    aws.answer("DescribeStackEvents", AwsError("ValidationError", "Stack [shop] does not exist"))

    ended = migrate("explain", "shop")

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"ERROR: M811 There is no CloudFormation stack shop in {REGION}.")
    assert "found by its ARN" in ended.stderr


def test_another_refusal_is_not_taken_for_a_stack_that_is_not_there(aws: StandIn, migrate: Migrate) -> None:
    for refused, code in (
        (AwsError("ValidationError", "1 validation error detected"), "M810"),
        (AwsError("AccessDenied", "User: u is not authorized", 403), "M803"),
        (AwsError("ExpiredToken", "The security token is expired", 403), "M801"),
    ):
        aws.answer("DescribeStackEvents", refused)
        ended = migrate("explain", "shop")
        assert (ended.code, ended.stderr.split()[1]) == (2, code)


def test_a_function_that_never_answered_is_told_with_where_to_look(aws: StandIn, migrate: Migrate) -> None:
    silence = "CloudFormation did not receive a response from your custom resource. Please check your logs."
    events = [event(2, "Migrations", "CREATE_FAILED", silence), event(1, "shop", "CREATE_IN_PROGRESS")]
    aws.answer("DescribeStackEvents", {"StackEvents": events})

    assert migrate("explain", "shop").stdout.splitlines()[-2:] == [
        "  migrate-lambda logs --stack shop --since 3h",
        "  migrate-lambda subnets SUBNET",
    ]


def test_an_update_that_somebody_cancelled_is_told_as_that(aws: StandIn, migrate: Migrate) -> None:
    events = [
        event(5, "shop", "UPDATE_ROLLBACK_COMPLETE"),
        event(4, "Web", "UPDATE_FAILED", "Resource update cancelled"),
        event(3, "shop", "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated"),
        event(1, "shop", "UPDATE_IN_PROGRESS", "User Initiated"),
    ]
    aws.answer("DescribeStackEvents", {"StackEvents": events})

    ended = migrate("explain", "shop")

    time = f"{BEGUN + timedelta(seconds=3):%Y-%m-%d %H:%M:%S}Z"
    assert (ended.code, ended.stdout) == (
        1,
        f"Somebody cancelled the last operation of the stack shop, {time}: UPDATE_ROLLBACK_COMPLETE.\n",
    )


def test_the_arn_of_a_stack_says_the_region_itself(aws: StandIn, migrate: Migrate) -> None:
    aws.answer_in_pages("DescribeStackEvents", *FAILED)
    elsewhere = arn("shop").replace(REGION, "us-east-1")

    ended = migrate("explain", elsewhere)

    assert {asked.region for asked in aws.asked} == {"us-east-1"}
    assert ended.stdout.splitlines()[-1].endswith(" --since 3h --region us-east-1")


def test_what_nobody_foresaw_exits_with_70_and_not_as_a_failure_that_was_found(aws: StandIn, migrate: Migrate) -> None:
    aws.answer("DescribeStackEvents", {"StackEvents": [{"EventId": "without all else"}]})

    ended = migrate("explain", "shop")

    assert (ended.code, ended.stdout, ended.stderr.startswith("ERROR: M900 An unexpected KeyError")) == (70, "", True)


def test_an_interrupt_is_no_traceback(aws: StandIn) -> None:
    def silent(_: Asked) -> None:
        aws.released.wait(60)

    aws.answer("DescribeStackEvents", silent)
    program = Background(aws, "explain", "shop")
    wait_until(lambda: bool(aws.asked), limit_s=60)
    os.kill(program.process.pid, signal.SIGINT)

    assert (program.finish(), program.lines) == (130, ["Interrupted."])
