"""The CDK's example of a lifecycle hook is compiled and synthesised round a service."""

import json
import shutil
from pathlib import Path

import pytest

from tests.examples.check_cdk_typescript import EXAMPLE, SETTINGS
from tests.examples.conftest import NewRepository
from tests.examples.programs import ROOT, check_passed, needs_cdk_for_node, run
from tests.examples.synthesised import check_function_name_is_an_output, check_no_circle, layer_files, stack_in
from tests.examples.templates import Template, of_type, only, waits_for

pytestmark = needs_cdk_for_node


@pytest.fixture(scope="module")
def infra(new_repository: NewRepository) -> Path:
    """The example's folder in a repository, compiled, with a stack that has the hook in `out`."""
    folder = new_repository(EXAMPLE)
    (folder / "node_modules").symlink_to(ROOT / ".node-cdk" / "node_modules")
    check_passed(run(["npm", "run", "--silent", "build"], directory=folder))
    shutil.copy(Path(__file__).with_name("hooked.cjs"), folder / "build" / "hooked.js")
    variables = {"CDK_OUTDIR": str(folder / "out"), "CDK_CONTEXT_JSON": json.dumps(SETTINGS["context"])}
    check_passed(run(["node", "build/hooked.js"], directory=folder, variables=variables))
    return folder


@pytest.fixture(scope="module")
def template(infra: Path) -> Template:
    """The stack."""
    return stack_in(infra / "out")


def test_ecs_asks_the_function_before_the_first_new_task(template: Template) -> None:
    deployment = only(template, "AWS::ECS::Service")[1]["Properties"]["DeploymentConfiguration"]
    [hook] = deployment["LifecycleHooks"]

    assert deployment["Strategy"] == "BLUE_GREEN"
    assert hook["LifecycleStages"] == ["PRE_SCALE_UP"]
    assert hook["HookTargetArn"] == {"Fn::GetAtt": [only(template, "AWS::Lambda::Function")[0], "Arn"]}


def test_the_service_waits_for_the_function_its_layer_its_way_and_the_rights_of_ecs(template: Template) -> None:
    check_no_circle(template)
    [hook] = only(template, "AWS::ECS::Service")[1]["Properties"]["DeploymentConfiguration"]["LifecycleHooks"]
    [role, _] = hook["RoleArn"]["Fn::GetAtt"]
    policies = {name for name in of_type(template, "AWS::IAM::Policy") if {"Ref": role} in roles_of(template, name)}
    needed = {"AWS::Lambda::LayerVersion", "AWS::EC2::SecurityGroupIngress", "AWS::RDS::DBInstance", "AWS::EC2::Route"}

    [trust] = template["Resources"][role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "ecs.amazonaws.com"}
    assert len(policies) == 1
    assert all(of_type(template, each) for each in needed)
    assert policies.union(*(of_type(template, each) for each in needed)) <= waits_for(
        only(template, "AWS::ECS::Service")[1]
    )


def roles_of(template: Template, policy: str) -> list[object]:
    """The roles that have a policy."""
    found: list[object] = template["Resources"][policy]["Properties"]["Roles"]
    return found


def test_the_layer_holds_the_migrations_and_the_functions_name_is_an_output(infra: Path, template: Template) -> None:
    assert layer_files(template, infra / "out")
    check_function_name_is_an_output(template)
