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
    assert [plain(each) for each in invocation["triggers"].values()] == [layer]
    assert [plain(each) for each in resources["aws_lambda_function.migrate"]["layers"]] == [layer]


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
