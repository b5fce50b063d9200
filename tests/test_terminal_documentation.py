"""What docs/terminal.md shows is what the program does."""

import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from lambda_fn.account.subnet import Endpoint, Network, RouteTable, Subnet, needs_of
from lambda_fn.cli.command import Command, Given, Group
from lambda_fn.cli.invoke import action_of
from lambda_fn.cli.program import app_of, find_command
from lambda_fn.cli.request_options import OPTIONS, event_of, take_names
from lambda_fn.cli.screen import in_plain
from lambda_fn.domain.request import Action, parse_request
from tests.fixtures.aws_stand_in import REGION, Answered, Migrate, StandIn
from tests.fixtures.projects import ROOT

DOCUMENT = (ROOT / "docs" / "terminal.md").read_text()
STACK = f"arn:aws:cloudformation:{REGION}:123456789012:stack"
_ACTIONS = {"Invoke": "InvokeFunction"}  # where the permission is called otherwise than the request


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)


def commands() -> Iterator[list[str]]:
    """The command lines of `migrate-lambda` in all documents, without the program's name."""
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]):
        for block in re.findall(r"```sh\n(.*?)```", path.read_text(), re.DOTALL):
            lines = block.replace("\\\n", " ").splitlines()
            yield from (shlex.split(line, comments=True)[1:] for line in lines if line.startswith("migrate-lambda "))


def taken(arguments: list[str]) -> tuple[str, Given]:
    """Which command a command line asks for, and with what; nothing is carried out."""
    asked: list[tuple[str, Given]] = []

    def instead(name: str) -> Command | Group | None:
        command = find_command(name)
        if command is None:
            return None
        if isinstance(command, Group):
            return command._replace(commands=[kept(each) for each in command.commands])
        return kept(command)

    def kept(command: Command) -> Command:
        def keep(given: Given) -> int:
            asked.append((command.name, given))
            return 0

        return command._replace(carry_out=keep)

    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    with pytest.raises(SystemExit) as ended:
        app_of(instead)(own, prog_name="migrate-lambda")
    assert ended.value.code == 0
    [only] = asked
    return only


@pytest.mark.parametrize("arguments", list(commands()), ids=" ".join)
def test_a_command_line_that_is_shown_is_taken(arguments: list[str]) -> None:
    command, given = taken(arguments)

    if command != "invoke" and command not in list(Action):
        assert command == arguments[0] or command == arguments[1], "that of a group stands behind its name"
        return
    action = action_of(given) if command == "invoke" else Action(command)
    take_names(given, getattr(given, "names", None) or ())
    assert parse_request(event_of(given, action), OPTIONS).action is action


def test_every_command_is_shown() -> None:
    shown = {arguments[0] for arguments in commands()}

    assert shown >= {"invoke", "explain", "logs", "subnets"}


def test_each_command_asks_for_what_the_table_says_it_may(aws: StandIn, migrate: Migrate) -> None:
    deployed = DOCUMENT.partition("\n# On what is deployed\n")[2]
    rows = re.findall(r"^\| `(\w+) .*\| (.*) \|$", deployed, re.MULTILINE)
    documented = {command: set(re.findall(r"`(\w+:\w+)`", permissions)) for command, permissions in rows}
    aws.answer("Invoke", Answered({}))
    aws.answer("DescribeStackEvents", {"StackEvents": []})
    aws.answer("DescribeSubnets", {"Subnets": [{"SubnetId": "subnet-a", "VpcId": "vpc-1"}]})
    aws.answer("DescribeRouteTables", {"RouteTables": []})
    aws.answer("DescribeVpcEndpoints", {"VpcEndpoints": []})

    asked = {}
    for command in documented:
        aws.asked.clear()
        migrate(command, "subnet-a")
        asked[command] = {f"{each.service}:{_ACTIONS.get(each.operation, each.operation)}" for each in aws.asked}

    assert set(documented) == {"invoke", "explain", "logs", "subnets"}
    assert asked == documented


def test_the_explanation_that_is_shown_is_what_is_printed(aws: StandIn, migrate: Migrate) -> None:
    shown, _ = blocks("text")
    _, sentence, *excerpt, log, _ = shown.splitlines()
    reason = "\n".join([f"{sentence} {log.replace('Log: ', 'Logs: ')}", *excerpt])

    def event(stack: str, name: str, kind: str, status: str, **more: str) -> dict[str, object]:
        about = {"StackId": f"{STACK}/{stack}/1", "StackName": stack, "LogicalResourceId": name, "ResourceType": kind}
        return {**about, "EventId": name, "ResourceStatus": status, "Timestamp": datetime.now(UTC), **more}

    own, nested = f"{STACK}/shop/1", f"{STACK}/Migrator/1"
    kind = "AWS::CloudFormation::Stack"
    outer = [
        event("shop", "shop", kind, "ROLLBACK_COMPLETE", PhysicalResourceId=own),
        event("shop", "Migrator", kind, "CREATE_FAILED", PhysicalResourceId=nested),
        event("shop", "shop", kind, "CREATE_IN_PROGRESS", PhysicalResourceId=own),
    ]
    failed = {"PhysicalResourceId": "m", "ResourceStatusReason": reason}
    inner = [event("Migrator", "Migrations", "Custom::Migrations", "CREATE_FAILED", **failed)]
    aws.answer(
        "DescribeStackEvents",
        lambda asked: {"StackEvents": inner if "Migrator" in asked.parameters["StackName"] else outer},
    )

    printed = migrate("explain", "shop").stdout

    time = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ"
    assert re.sub(time, "TIME", printed) == re.sub(time, "TIME", shown)


def test_the_findings_about_subnets_that_are_shown_are_what_is_printed() -> None:
    _, shown = blocks("text")
    endpoint = Endpoint("vpce-0a1b", "x.secretsmanager", is_gateway=False, answers_by_name=True, group_ids=("sg-0d8e",))
    table = RouteTable("rtb-0c7d", is_main=True)

    needs = needs_of(Network((Subnet("subnet-0a1b2c3d", "vpc-0f9a"),), (table,), (endpoint,)))

    *findings, parameters = shown.splitlines()
    assert findings == [in_plain(sentence) for sentence in needs.sentences]
    assert parameters.endswith(f": {' '.join(needs.parameters)}")
