"""The example for Terraform: formatted, read, and validated where the provider is at hand."""

import json
import os
import re
from pathlib import Path
from typing import Any

import hcl2
import pytest

from lambda_fn.domain.request import Action, Request
from lambda_fn.invokers.invoker import Function, Skip
from lambda_fn.invokers.recognition import recognise
from tests.examples.conftest import EXAMPLES, NewRepository
from tests.examples.programs import check_passed, needs_terraform, run

MAIN = EXAMPLES / "terraform" / "main.tf"
# What Terraform looks in by itself.
_MIRRORS = ("~/.terraform.d/plugins", "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins")


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    """The resources by `type.name`."""
    with MAIN.open(encoding="utf-8") as file:
        blocks = hcl2.load(file)["resource"]
    return {
        f"{kind}.{name}".replace('"', ""): body
        for block in blocks
        for kind, named in block.items()
        for name, body in named.items()
    }


def plain(value: str) -> str:
    """An expression without what the parser puts round it."""
    return value.removeprefix("${").removesuffix("}").strip('"')


@needs_terraform
def test_it_is_formatted() -> None:
    check_passed(run(["terraform", "fmt", "-check", "-diff", MAIN.parent]))


def test_the_service_waits_for_the_migrations_of_the_new_layer(resources: dict[str, Any]) -> None:
    invocation = resources["aws_lambda_invocation.migrations"]
    layer = "aws_lambda_layer_version.migrations.arn"

    assert [plain(each) for each in resources["aws_ecs_service.web"]["depends_on"]] == [
        "aws_lambda_invocation.migrations"
    ]
    assert plain(invocation["lifecycle_scope"]) == "CRUD"
    assert plain(invocation["triggers"]["migrations"]) == layer
    assert [plain(each) for each in resources["aws_lambda_function.migrate"]["layers"]] == [layer]


def test_a_new_runner_replaces_the_invocation_that_it_would_have_to_delete(resources: dict[str, Any]) -> None:
    """So that no invocation is left in the state whose delete a runner that does not start would have to answer."""
    triggers = resources["aws_lambda_invocation.migrations"]["triggers"]

    assert plain(triggers["runner"]) == "aws_lambda_function.migrate.source_code_hash"
    assert plain(resources["aws_lambda_function.migrate"]["source_code_hash"]) == "filebase64sha256(local.runner)"


def test_the_function_is_made_after_its_rights(resources: dict[str, Any]) -> None:
    waits_for = [plain(each) for each in resources["aws_lambda_function.migrate"]["depends_on"]]

    assert waits_for == ["aws_iam_role_policy.migrate"]


def test_the_functions_name_is_an_output() -> None:
    with MAIN.open(encoding="utf-8") as file:
        [value] = [
            body["value"]
            for block in hcl2.load(file)["output"]
            for name, body in block.items()
            if name.strip('"') == "function_name"
        ]

    assert plain(value) == "aws_lambda_function.migrate.function_name"


def test_the_comment_says_what_a_plan_leaves_behind_and_how_to_get_past_a_runner_that_does_not_start() -> None:
    comment = MAIN.read_text().partition("\nterraform {")[0]

    assert ".terraform/migrations.zip" in comment
    assert "-target=aws_lambda_function.migrate" in comment
    assert "terraform state rm aws_lambda_invocation.migrations" in comment


def test_the_function_takes_what_terraform_sends(resources: dict[str, Any]) -> None:
    [action] = re.findall(r'action = "(\w+)"', resources["aws_lambda_invocation.migrations"]["input"])
    function = Function("shop-migrate", "/aws/lambda/shop-migrate", "stream")

    def asked(doing: str) -> object:
        return recognise({"action": action, "tf": {"action": doing, "prev_input": None}}, function).request()

    assert asked("create") == asked("update") == Request(Action.DEPLOY)
    assert isinstance(asked("delete"), Skip)


def test_the_function_may_read_the_secret_and_what_lambda_needs(resources: dict[str, Any]) -> None:
    policy = resources["aws_iam_role_policy.migrate"]["policy"]

    assert set(re.findall(r'"(\w+:\w+)"', policy)) == {
        "secretsmanager:GetSecretValue",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "ec2:CreateNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:DeleteNetworkInterface",
        "ec2:AssignPrivateIpAddresses",
        "ec2:UnassignPrivateIpAddresses",
    }
    assert policy.count('Resource = "*"') == 1


@needs_terraform
def test_terraform_takes_it(new_repository: NewRepository) -> None:
    directory = new_repository("terraform")
    places = [Path(name).expanduser() for name in (os.environ.get("TF_PLUGIN_DIR", ""), *_MIRRORS) if name]
    mirror = next(filter(has_providers, places), None)
    if mirror is None:
        pytest.skip("no provider hashicorp/aws at hand: `terraform providers mirror DIR`, then TF_PLUGIN_DIR=DIR")

    check_passed(run(["terraform", "init", "-input=false", f"-plugin-dir={mirror}"], directory=directory))
    finished = run(["terraform", "validate", "-json"], directory=directory)
    assert json.loads(finished.stdout)["valid"], finished.stdout


def has_providers(directory: Path) -> bool:
    """Whether a mirror has both providers, whatever the host that they came from."""
    return all(any(directory.glob(f"*/hashicorp/{name}")) for name in ("aws", "archive"))
