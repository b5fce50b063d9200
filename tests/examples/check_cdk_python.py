"""The example in Python is synthesised, with each of its three ways to run the migrations."""

import json
import shutil
from pathlib import Path

import pytest

from tests.examples.conftest import EXAMPLES, NewRepository
from tests.examples.programs import ROOT, check_passed, needs_node, run
from tests.examples.synthesised import (
    ACCOUNT,
    check_custom_resource,
    check_function_name_is_an_output,
    check_lets_the_function_in,
    check_no_circle,
    check_service_waits,
    check_waits_for_ingress,
    environment_of,
    is_runner,
    layer_files,
    migration_files,
    stack_in,
)
from tests.examples.templates import only, read_template

pytestmark = needs_node

EXAMPLE = "cdk-python"
SETTINGS = json.loads((EXAMPLES / EXAMPLE / "cdk.json").read_text())
_SYNTHESISE = Path(__file__).with_name("synthesise.py")
_MODULES = ("migrations", "migrations_by_trigger", "migrations_included")
_each = pytest.mark.parametrize("module", _MODULES)


@pytest.fixture(scope="module")
def infra(new_repository: NewRepository) -> Path:
    """The example's folder in a repository, after each app was synthesised with each module into `out-APP-MODULE`."""
    folder = new_repository(EXAMPLE)
    assert SETTINGS["app"] == "python app.py"
    shutil.copy(Path(__file__).with_name("existing.py"), folder)
    variables = {"CDK_OUTDIR": str(folder / "out"), "CDK_CONTEXT_JSON": json.dumps(SETTINGS["context"]), **ACCOUNT}
    pairs = [f"{app}:{module}" for app in ("app", "existing") for module in _MODULES]
    command: list[str | Path] = [ROOT / ".venv-cdk" / "bin" / "python", _SYNTHESISE, *pairs]
    check_passed(run(command, directory=folder, variables=variables))
    return folder


def test_the_service_waits_for_the_custom_resource(infra: Path) -> None:
    template = stack_in(infra / "out-app-migrations")

    check_service_waits(template, "Custom::Migrations")
    check_waits_for_ingress(template, "Custom::Migrations")
    check_custom_resource(template)


@pytest.mark.parametrize(
    ("module", "type_name"), [("migrations", "Custom::Migrations"), ("migrations_by_trigger", "Custom::Trigger")]
)
def test_what_a_team_has_already_lets_the_function_in_before_it_runs(infra: Path, module: str, type_name: str) -> None:
    template = stack_in(infra / f"out-existing-{module}")

    check_no_circle(template)
    check_lets_the_function_in(template, type_name)


@_each
def test_the_functions_name_is_an_output(infra: Path, module: str) -> None:
    check_function_name_is_an_output(stack_in(infra / f"out-app-{module}"))


def test_it_is_deployed_where_the_callers_account_is(infra: Path) -> None:
    assert environment_of(infra / "out-app-migrations") == "aws://111111111111/eu-west-1"


def test_the_layer_holds_the_migrations_and_nothing_else(infra: Path) -> None:
    output = infra / "out-app-migrations"

    assert layer_files(stack_in(output), output) == migration_files(infra)


def test_the_service_waits_for_the_trigger(infra: Path) -> None:
    template = stack_in(infra / "out-app-migrations_by_trigger")

    check_service_waits(template, "Custom::Trigger")
    check_waits_for_ingress(template, "Custom::Trigger")


def test_the_included_template_is_a_nested_stack_that_the_service_waits_for(infra: Path) -> None:
    template = stack_in(infra / "out-app-migrations_included")
    stack, nested = only(template, "AWS::CloudFormation::Stack")
    token, output = only(template, "Custom::Migrations")[1]["Properties"]["ServiceToken"]["Fn::GetAtt"]

    check_service_waits(template, "Custom::Migrations")
    assert token == stack
    assert output.startswith("Outputs.")
    assert nested["Properties"]["Parameters"]["SecretArn"] == {
        "Ref": only(template, "AWS::SecretsManager::SecretTargetAttachment")[0]
    }


def test_the_included_template_keeps_its_parameters_and_gets_the_packaged_code(infra: Path, release: Path) -> None:
    [path] = (infra / "out-app-migrations_included").glob("*.nested.template.json")
    included, original = read_template(path), read_template(release / "migrations.yaml")
    [function] = [body["Properties"] for body in included["Resources"].values() if is_runner(body)]

    assert included["Parameters"].keys() == original["Parameters"].keys()
    assert included["Conditions"].keys() == original["Conditions"].keys()
    assert set(function["Code"]) == {"S3Bucket", "S3Key"}
    linted = run([ROOT / ".venv-sam" / "bin" / "cfn-lint", "--non-zero-exit-code", "error", path])
    check_passed(linted)
