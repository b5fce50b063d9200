"""The examples of the hooks and of the pipeline: who is asked when, by which name, with which role."""

import itertools
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from lambda_fn.domain.request import Action, Request, parse_request
from lambda_fn.invokers.ecs import Ecs
from tests.examples.check_templates import HOOKS, migrator
from tests.examples.conftest import EXAMPLES
from tests.examples.programs import ROOT, check_passed, run
from tests.examples.templates import Template, of_type, only, read_template, waits_for

SAM, ECS, PIPELINE = HOOKS
APPSPEC = EXAMPLES / "codedeploy-ecs" / "appspec.yaml"
# What CodeDeploy knows for ECS, in its order; new tasks are there after the second.
ECS_HOOKS = ["BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic"]
FUNCTION_NAME = {"Fn::GetAtt": "Migrator.Outputs.FunctionName"}
FUNCTION_ARN = {"Fn::GetAtt": "Migrator.Outputs.FunctionArn"}


def comment_of(path: Path) -> str:
    """The comment at the top of an example, in one line."""
    lines = itertools.takewhile(lambda line: line.startswith("#"), path.read_text().splitlines())
    return " ".join(line.removeprefix("#").strip() for line in lines)


@pytest.fixture(scope="module")
def sam() -> Template:
    """The SAM example."""
    return read_template(SAM)


@pytest.fixture(scope="module")
def translated() -> Template:
    """What SAM makes of it."""
    finished = run([ROOT / ".venv-sam" / "bin" / "python", "-m", "tests.examples.translate", SAM])
    check_passed(finished)
    return dict(json.loads(finished.stdout))


def test_sams_custom_resource_deploys_what_its_hook_verifies(sam: Template) -> None:
    _, migrations = only(sam, "Custom::Migrations")

    assert "Action" not in migrations["Properties"]
    assert migrations["Properties"]["ServiceToken"] == FUNCTION_ARN
    assert migrations["Properties"]["MigrationsLayerArn"] == {"Ref": "MigrationsLayer"}
    assert migrator(sam)["Parameters"]["CodeDeployHook"] == "verify"


def test_the_function_waits_for_the_migrations_and_its_traffic_for_the_hook(sam: Template) -> None:
    name, function = only(sam, "AWS::Serverless::Function")
    preference = function["Properties"]["DeploymentPreference"]

    assert of_type(sam, "Custom::Migrations") <= waits_for(function), name
    assert function["Properties"]["AutoPublishAlias"]
    assert preference["Hooks"] == {"PreTraffic": FUNCTION_NAME}
    assert preference["Role"] == {"Fn::GetAtt": "Migrator.Outputs.CodeDeployRoleArn"}


def test_codedeploy_invokes_the_hook_by_its_name_with_the_migrators_role_alone(translated: Template) -> None:
    _, alias = only(translated, "AWS::Lambda::Alias")
    _, group = only(translated, "AWS::CodeDeploy::DeploymentGroup")
    roles = [translated["Resources"][name] for name in of_type(translated, "AWS::IAM::Role")]

    assert parts(alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["BeforeAllowTrafficHook"]) == FUNCTION_NAME
    assert parts(group["Properties"]["ServiceRoleArn"]) == {"Fn::GetAtt": "Migrator.Outputs.CodeDeployRoleArn"}
    assert "codedeploy.amazonaws.com" not in json.dumps(roles)


def parts(reference: dict[str, Any]) -> dict[str, str]:
    """An attribute as `a.b`, also where SAM made a list of it."""
    [(key, value)] = reference.items()
    return {key: value if isinstance(value, str) else ".".join(value)}


def test_the_new_version_is_published_after_the_migrations(translated: Template) -> None:
    _, function = only(translated, "AWS::Lambda::Function")

    assert of_type(translated, "Custom::Migrations") <= waits_for(function)


def test_the_comment_says_when_the_hook_is_not_run() -> None:
    comment = comment_of(SAM)

    assert "not run on the first deployment, nor when only the migrations changed" in comment
    assert "CodeDeployHook_*" in comment


def test_ecs_asks_the_migrator_to_deploy_before_the_first_new_task() -> None:
    template = read_template(ECS)
    deployment = only(template, "AWS::ECS::Service")[1]["Properties"]["DeploymentConfiguration"]
    [hook] = deployment["LifecycleHooks"]

    assert deployment["Strategy"] == "BLUE_GREEN"
    # By what it takes of the Migrator the service is updated after it, and so after the function's layer.
    assert hook["HookTargetArn"] == FUNCTION_ARN
    assert hook["RoleArn"] == {"Fn::GetAtt": "Migrator.Outputs.EcsHookRoleArn"}
    assert hook["LifecycleStages"] == ["PRE_SCALE_UP"]
    assert set(hook) == {"HookTargetArn", "RoleArn", "LifecycleStages", "HookDetails"}
    assert migrator(template)["Parameters"]["EcsHook"] == "true"


def test_the_details_of_the_hook_are_a_request_as_a_string() -> None:
    [hook] = only(read_template(ECS), "AWS::ECS::Service")[1]["Properties"]["DeploymentConfiguration"]["LifecycleHooks"]

    details = hook["HookDetails"]
    [stage] = hook["LifecycleStages"]

    asked = Ecs({"lifecycleStage": stage, "hookDetails": json.loads(details), "executionDetails": {}}).request()

    assert isinstance(details, str)
    assert isinstance(asked, Request)
    assert asked.action is Action.DEPLOY


def actions() -> list[dict[str, Any]]:
    """The actions of the pipeline, in the order in which they are run."""
    stages = only(read_template(PIPELINE), "AWS::CodePipeline::Pipeline")[1]["Properties"]["Stages"]
    return [each for stage in stages for each in sorted(stage["Actions"], key=lambda each: each.get("RunOrder", 1))]


def test_the_pipeline_gives_the_layer_then_migrates_then_rolls() -> None:
    kinds = [(each["ActionTypeId"]["Category"], each["ActionTypeId"]["Provider"]) for each in actions()]

    assert kinds == [("Source", "S3"), ("Compute", "Commands"), ("Invoke", "Lambda"), ("Deploy", "ECS")]
    assert [each.get("RunOrder") for each in actions()] == [
        None,
        1,
        2,
        None,
    ]  # in one stage, at the same time otherwise


def test_the_pipeline_asks_the_migrator_to_deploy() -> None:
    [action] = [each for each in actions() if each["ActionTypeId"]["Category"] == "Invoke"]

    assert action["Configuration"]["FunctionName"] == FUNCTION_NAME
    assert parse_request(json.loads(action["Configuration"]["UserParameters"])).action is Action.DEPLOY
    assert migrator(read_template(PIPELINE))["Parameters"]["CodePipelineAction"] == "true"


def test_the_variables_that_the_comment_names_are_in_the_actions_namespace() -> None:
    named = re.findall(r"#\{(\w+)\.(\w+)\}", PIPELINE.read_text())
    [namespace] = [each["Namespace"] for each in actions() if "Namespace" in each]

    assert {variable for _, variable in named} == {"Status", "AppliedCount", "LatestMigration"}
    assert {used for used, _ in named} == {namespace}


def commands() -> list[str]:
    """The shell that gives the function its layer, with a name in the place of the function's."""
    [action] = [each for each in actions() if "Commands" in each]
    texts = [each["Fn::Sub"] if isinstance(each, dict) else each for each in action["Commands"]]
    return [text.replace("${Migrator.Outputs.FunctionName}", "shop-migrate") for text in texts]


def test_shellcheck_finds_nothing_in_the_commands_of_one_line_each(tmp_path: Path) -> None:
    script = tmp_path / "commands.sh"
    script.write_text("".join(f"{line}\n" for line in ["#!/bin/sh", *commands()]))

    check_passed(run([Path(sys.executable).parent / "shellcheck", script]))
    assert not [line for line in commands() if "\n" in line]


def test_the_pipelines_role_may_do_what_its_commands_do() -> None:
    [policy] = only(read_template(PIPELINE), "AWS::IAM::Role")[1]["Properties"]["Policies"]
    given = [each["Action"] for each in policy["PolicyDocument"]["Statement"]]
    allowed = {action for one in given for action in ([one] if isinstance(one, str) else one)}
    asked = set(re.findall(r"aws lambda ([a-z-]+)", " ".join(commands()))) - {"wait"}
    needed = {f"lambda:{''.join(word.capitalize() for word in each.split('-'))}" for each in asked}

    assert needed == {"lambda:PublishLayerVersion", "lambda:UpdateFunctionConfiguration"}
    # To give a function a layer it has to be read; to wait for an update, the function.
    assert needed | {"lambda:GetLayerVersion", "lambda:GetFunctionConfiguration", "lambda:InvokeFunction"} <= allowed


@pytest.fixture(scope="module")
def appspec() -> dict[str, Any]:
    """The AppSpec."""
    return read_template(APPSPEC)


def test_the_appspec_has_the_keys_of_one_for_ecs(appspec: dict[str, Any]) -> None:
    [target] = appspec["Resources"]
    [(_, service)] = target.items()

    assert (list(appspec), appspec["version"]) == (["version", "Resources", "Hooks"], 0.0)
    assert service["Type"] == "AWS::ECS::Service"
    assert service["Properties"].keys() == {"TaskDefinition", "LoadBalancerInfo"}
    assert service["Properties"]["LoadBalancerInfo"].keys() == {"ContainerName", "ContainerPort"}


def test_each_hook_is_one_of_codedeploys_and_names_a_function(appspec: dict[str, Any]) -> None:
    hooks = [(name, function) for hook in appspec["Hooks"] for name, function in hook.items()]

    assert hooks
    assert {name for name, _ in hooks} <= set(ECS_HOOKS)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", function) for _, function in hooks)


def test_the_migrations_are_in_the_hook_before_new_tasks(appspec: dict[str, Any]) -> None:
    assert [list(hook) for hook in appspec["Hooks"]] == [["BeforeInstall"]]
    assert "No rollback is possible at that point" in comment_of(APPSPEC)


@pytest.mark.parametrize("path", [SAM, APPSPEC, ECS, PIPELINE], ids=lambda path: path.parent.name)
def test_the_parameters_that_a_comment_names_exist(path: Path, release: Path) -> None:
    known = read_template(release / "migrations.yaml")["Parameters"]
    of_hooks = r"\b(?:RunMigrations|(?:CodeDeploy|CodePipeline|Ecs)(?:Action|Endpoint|Hook))\w*(?<!_)\b"
    named = re.findall(of_hooks, comment_of(path))

    assert set(named) <= known.keys()
    assert named or path is ECS
