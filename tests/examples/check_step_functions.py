"""The state machine over many databases: its definition, and the template that deploys it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lambda_fn import errors
from lambda_fn.domain.request import Action, parse_request
from tests.examples.conftest import EXAMPLES
from tests.examples.programs import ROOT, check_passed, run
from tests.examples.templates import only, read_template

TEMPLATE = EXAMPLES / "step-functions" / "template.yaml"
DEFINITION_TEXT = (EXAMPLES / "step-functions" / "state-machine.asl.json").read_text()
DEFINITION = json.loads(DEFINITION_TEXT)
OUTCOME_SCHEMA = json.loads((ROOT / "docs" / "outcome.schema.json").read_text())
PROGRAMS = ROOT / ".venv-sam" / "bin"
ENDS = {"Succeed", "Fail"}

Json = dict[str, Any]


def machines(machine: Json) -> Iterator[Json]:
    """A machine and those inside of its maps."""
    yield machine
    for state in machine["States"].values():
        if state["Type"] == "Map":
            yield from machines(state["ItemProcessor"])


def targets(state: Json) -> list[str]:
    """The states that a state can go to."""
    named = [state, *state.get("Choices", []), *state.get("Catch", [])]
    return [each[key] for each in named for key in ("Next", "Default") if key in each]


def states() -> list[Json]:
    """All states, those inside of maps too."""
    return [state for machine in machines(DEFINITION) for state in machine["States"].values()]


def deploy() -> Json:
    """The only task."""
    [task] = [state for state in states() if state["Type"] == "Task"]
    return task


def error_names(field: str) -> set[str]:
    """What the task's Retry or Catch matches."""
    return {name for each in deploy()[field] for name in each["ErrorEquals"]}


def test_every_state_is_reached_and_goes_on_to_one_that_is_there_or_ends() -> None:
    for machine in machines(DEFINITION):
        body = machine["States"]
        reached = {machine["StartAt"], *(name for state in body.values() for name in targets(state))}

        assert reached == body.keys()
        for state in body.values():
            assert (state["Type"] in ENDS or state.get("End", False)) != bool(targets(state))


def test_names_of_states_are_used_once() -> None:
    names = [name for machine in machines(DEFINITION) for name in machine["States"]]

    assert len(set(names)) == len(names)


def test_errors_are_those_of_lambda_of_step_functions_or_of_the_function() -> None:
    own = {name for name in error_names("Retry") | error_names("Catch") if "." not in name}
    others = (error_names("Retry") | error_names("Catch")) - own

    assert own <= set(errors.__all__) - {"MigrateError", "Whereabouts", "AwsUnavailable"}
    assert {name.split(".")[0] for name in others} == {"Lambda", "States"}


def test_only_what_trying_again_may_help_is_retried_and_everything_is_caught() -> None:
    own = {name for name in error_names("Retry") if "." not in name}

    assert own == {"DatabaseUnreachable", "LockTimeout"}
    assert not any(name.startswith("States.") for name in error_names("Retry"))
    assert deploy()["Catch"][-1]["ErrorEquals"] == ["States.ALL"]


def test_the_function_answers_before_the_state_gives_it_up() -> None:
    longest_s = read_template(ROOT / "template.yaml")["Parameters"]["TimeoutSeconds"]["MaxValue"]

    assert deploy()["TimeoutSeconds"] > longest_s


def test_what_is_read_of_the_outcome_is_in_its_schema() -> None:
    read = set(re.findall(r"Payload\.(\w+)", DEFINITION_TEXT))

    assert read == {"status", "latest", "appliedCount", "runId"}
    assert read <= OUTCOME_SCHEMA["properties"].keys()
    assert "'incomplete'" in DEFINITION_TEXT
    assert "incomplete" in OUTCOME_SCHEMA["properties"]["status"]["enum"]


def test_the_inputs_of_the_comments_are_lists_of_requests() -> None:
    comment = TEMPLATE.read_text().partition("\nAWSTemplate")[0]
    [given] = re.findall(r"--input '(.+)'", comment)
    [told] = re.findall(r"Input: (\{.+?\}\]\})", DEFINITION["Comment"])

    assert json.loads(given) == json.loads(told)
    for database in json.loads(given)["databases"]:
        request = parse_request({**database, "action": "deploy", "continue": True})
        assert request.action is Action.DEPLOY


def test_the_definition_is_deployed_with_what_it_leaves_open() -> None:
    properties = only(read_template(TEMPLATE), "AWS::Serverless::StateMachine")[1]["Properties"]

    assert (TEMPLATE.parent / properties["DefinitionUri"]).read_text() == DEFINITION_TEXT
    assert set(re.findall(r"\$\{(\w+)\}", DEFINITION_TEXT)) == properties["DefinitionSubstitutions"].keys()


def test_cfn_lint_finds_nothing_in_the_template_and_in_the_definition(tmp_path: Path) -> None:
    """It reads only definitions that stand in a template."""
    properties: Json = {"RoleArn": "arn:aws:iam::123456789012:role/fleet", "Definition": DEFINITION}
    properties["DefinitionSubstitutions"] = {"FunctionArn": "arn:aws:lambda:eu-central-1:123456789012:function:migrate"}
    machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    inline = tmp_path / "inline.json"
    inline.write_text(json.dumps({"Resources": {"Machine": machine}}))

    check_passed(run([PROGRAMS / "cfn-lint", "--regions", "eu-central-1", "--template", TEMPLATE, inline]))


def test_sam_takes_the_template(tmp_path: Path) -> None:
    command: list[str | Path] = [PROGRAMS / "sam", "validate", "--lint", "--template", TEMPLATE]
    variables = {"HOME": str(tmp_path), "AWS_DEFAULT_REGION": "eu-central-1", "SAM_CLI_TELEMETRY": "0"}

    check_passed(run(command, variables=variables))
