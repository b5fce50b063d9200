"""The examples in YAML: SAM and plain CloudFormation stacks, and the roles of the pipelines."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.examples.conftest import EXAMPLES
from tests.examples.programs import ROOT, check_passed, run
from tests.examples.templates import only, read_template, waits_for

TEMPLATE = ROOT / "template.yaml"
STACKS = [EXAMPLES / name for name in ("sam/template.yaml", "cloudformation/template.yaml")]
STACKS.append(EXAMPLES / "cloudformation" / "new-database.yaml")
HOOKS = [EXAMPLES / name / "template.yaml" for name in ("sam-hook", "ecs-hook", "codepipeline")]
WORKFLOW = EXAMPLES / "github-actions" / "deploy-stack.yml"
ROLES = sorted((EXAMPLES / "github-actions").glob("*.role.yaml"))
PROGRAMS = ROOT / ".venv-sam" / "bin"


def name_of(path: Path) -> str:
    """What an example is called in the names of the tests."""
    return str(path.relative_to(EXAMPLES))


_a_stack = pytest.mark.parametrize("path", STACKS, ids=name_of)
_with_a_layer = pytest.mark.parametrize("path", [*STACKS, *HOOKS[:2]], ids=name_of)
_with_a_migrator = pytest.mark.parametrize("path", [*STACKS, *HOOKS], ids=name_of)


def test_cfn_lint_finds_nothing(release: Path) -> None:
    assert len(ROLES) == 3
    command: list[str | Path] = [PROGRAMS / "cfn-lint", TEMPLATE, release / "migrations.yaml", *STACKS, *HOOKS, *ROLES]

    check_passed(run(command))


@pytest.mark.parametrize("path", [TEMPLATE, STACKS[0], HOOKS[0]], ids=lambda path: str(path.relative_to(ROOT)))
def test_sam_takes_the_template(path: Path, tmp_path: Path) -> None:
    command: list[str | Path] = [PROGRAMS / "sam", "validate", "--lint", "--template", path]

    variables = {"HOME": str(tmp_path), "AWS_DEFAULT_REGION": "eu-central-1", "SAM_CLI_TELEMETRY": "0"}

    check_passed(run(command, variables=variables))


@pytest.mark.parametrize("path", [TEMPLATE, *STACKS, *HOOKS, *ROLES], ids=lambda path: path.name)
def test_every_ignored_check_has_its_reason(path: Path) -> None:
    ignores = [line for line in path.read_text().splitlines() if "ignore_checks" in line]

    assert all(re.search(r"\}\s+# \S", line) for line in ignores)


@_a_stack
def test_the_service_waits_for_the_migrations_of_the_new_layer(path: Path) -> None:
    template = read_template(path)
    name, migrations = only(template, "Custom::Migrations")

    assert name in waits_for(only(template, "AWS::ECS::Service")[1])
    assert migrations["Properties"]["ServiceToken"] == {"Fn::GetAtt": "Migrator.Outputs.FunctionArn"}
    assert migrations["Properties"]["ServiceTimeout"] == 2100
    for given in (migrations["Properties"], migrator(template)["Parameters"]):
        assert given["MigrationsLayerArn"] == {"Ref": "MigrationsLayer"}


@_with_a_layer
def test_the_layer_is_where_the_comment_says_and_given_to_the_function(path: Path) -> None:
    template = read_template(path)
    layer = template["Resources"]["MigrationsLayer"]["Properties"]

    assert layer.get("ContentUri", layer.get("Content")) == "../packages/prisma"
    assert migrator(template)["Parameters"]["MigrationsLayerArn"] == {"Ref": "MigrationsLayer"}


@_with_a_migrator
def test_the_nested_stack_is_where_the_comment_says(path: Path) -> None:
    assert migrator(read_template(path))["TemplateURL"] == "../vendor/migrate-lambda/migrations.yaml"


@_with_a_migrator
def test_the_nested_stack_gets_the_parameters_that_it_has_and_gives_the_outputs_that_are_used(
    path: Path, release: Path
) -> None:
    template, nested = read_template(path), read_template(release / "migrations.yaml")
    given = migrator(template)["Parameters"]
    required = {name for name, parameter in nested["Parameters"].items() if "Default" not in parameter}

    assert required <= given.keys() <= nested["Parameters"].keys()
    assert given["RunMigrations"] == "false"
    assert set(re.findall(r"Migrator\.Outputs\.(\w+)", path.read_text())) <= nested["Outputs"].keys()


def test_a_new_database_is_reached_with_its_attached_secret_from_a_group_that_it_lets_in() -> None:
    given = migrator(read_template(STACKS[2]))["Parameters"]

    assert given["SecretArn"] == {"Ref": "DatabaseSecretAttachment"}
    assert given["DatabaseSecurityGroupId"] == {"Ref": "DatabaseSecurityGroup"}
    assert given["VpcId"] == {"Ref": "VpcId"}
    assert "SecurityGroupIds" not in given


def test_a_new_database_is_open_to_the_service_before_it_starts() -> None:
    template = read_template(STACKS[2])
    rule = template["Resources"]["DatabaseIngress"]["Properties"]
    [group] = only(template, "AWS::ECS::Service")[1]["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"][
        "SecurityGroups"
    ]

    assert rule["GroupId"] == {"Ref": "DatabaseSecurityGroup"}
    assert rule["SourceSecurityGroupId"] == group
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 5432, 5432)
    assert "DatabaseIngress" in waits_for(only(template, "AWS::ECS::Service")[1])


@_with_a_migrator
def test_the_functions_name_is_an_output(path: Path) -> None:
    output = read_template(path)["Outputs"]["FunctionName"]

    assert output["Value"] == {"Fn::GetAtt": "Migrator.Outputs.FunctionName"}


@pytest.mark.parametrize("path", [*STACKS, *HOOKS[:2], WORKFLOW], ids=lambda path: path.parent.name)
def test_the_comment_says_what_to_do_after_a_first_deployment_that_failed(path: Path) -> None:
    comment = re.sub(r"\s*\n#\s*", " ", path.read_text().partition("\nAWSTemplate")[0].partition("\nname:")[0])

    assert "ROLLBACK_COMPLETE" in comment
    assert "aws cloudformation delete-stack --stack-name shop" in comment
    assert "--disable-rollback" in comment
    # CloudFormation refuses to update what it was told to do nothing about: [on-failure: DO_NOTHING].
    assert "DO_NOTHING" not in comment


def test_sam_knows_the_options_that_the_workflow_and_the_comments_give(tmp_path: Path) -> None:
    texts = [path.read_text().partition("\nAWSTemplate")[0] for path in (STACKS[0], HOOKS[0])]
    texts.append(WORKFLOW.read_text())
    commands = [command for text in texts for command in re.findall(r"sam deploy(?:.*\\\n)*.*", text)]
    finished = run([PROGRAMS / "sam", "deploy", "--help"], variables={"HOME": str(tmp_path), "SAM_CLI_TELEMETRY": "0"})
    known = set(re.findall(r"--[a-z0-9-]+", finished.stdout))

    assert len(commands) >= 3
    assert set(re.findall(r"--[a-z0-9-]+", "".join(commands))) | {"--disable-rollback"} <= known


def test_plain_cloudformation_differs_from_sam_in_the_layer_alone() -> None:
    sam, plain = (read_template(path) for path in STACKS[:2])
    del sam["Transform"], plain["Resources"]["Migrator"]["Metadata"]

    for template in (sam, plain):
        del template["Resources"]["MigrationsLayer"]
    assert sam == plain


def migrator(template: dict[str, Any]) -> dict[str, Any]:
    """The properties of the nested stack."""
    properties: dict[str, Any] = template["Resources"]["Migrator"]["Properties"]
    return properties
