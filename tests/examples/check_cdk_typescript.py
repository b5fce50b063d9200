"""The example in TypeScript is compiled by its own compiler and synthesised."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.examples.conftest import EXAMPLES, NewRepository, add_migration
from tests.examples.programs import ROOT, check_passed, needs_cdk_for_node, run
from tests.examples.synthesised import (
    ACCOUNT,
    FLAG,
    check_custom_resource,
    check_function_name_is_an_output,
    check_lets_the_function_in,
    check_no_circle,
    check_service_waits,
    check_waits_for_ingress,
    environment_of,
    layer_files,
    migration_files,
    stack_in,
)
from tests.examples.templates import Template, only

pytestmark = needs_cdk_for_node

EXAMPLE = "cdk-typescript"
SETTINGS = json.loads((EXAMPLES / EXAMPLE / "cdk.json").read_text())
_SYNTHESISE = Path(__file__).with_name("synthesise.cjs")
_GUARD = "isEnabled(FLAG)"
# Without credentials, so that nothing is looked up.
_OFFLINE = {"CDK_DISABLE_CLI_TELEMETRY": "1", "AWS_EC2_METADATA_DISABLED": "true"}
_OFFLINE |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


@pytest.fixture(scope="module")
def infra(new_repository: NewRepository) -> Path:
    """The example's folder in a repository, with its packages installed, after the command of its cdk.json."""
    folder = new_repository(EXAMPLE)
    (folder / "node_modules").symlink_to(ROOT / ".node-cdk" / "node_modules")
    variables = {"CDK_OUTDIR": str(folder / "out"), "CDK_CONTEXT_JSON": json.dumps(SETTINGS["context"]), **ACCOUNT}
    check_passed(run(["sh", "-c", SETTINGS["app"]], directory=folder, variables=variables))
    return folder


@pytest.fixture(scope="module")
def grown(infra: Path, new_repository: NewRepository) -> Path:
    """The same after one more migration."""
    folder = new_repository(EXAMPLE)
    add_migration(folder)
    (folder / "node_modules").symlink_to(infra / "node_modules")
    shutil.copytree(infra / "build", folder / "build")
    return folder


@dataclass(frozen=True, slots=True)
class Triggered:
    """The stacks with the Trigger, by the names of the jobs, and what was thrown instead of them."""

    stacks: Mapping[str, Template]
    errors: Mapping[str, str]


@pytest.fixture(scope="module")
def triggered(infra: Path, grown: Path) -> Triggered:
    """Before and after one more migration, with the flag, without it, and without it but also without its guard."""
    context = SETTINGS["context"]
    for folder in (infra, grown):
        take_guard_away(folder / "build")
    shutil.copy(Path(__file__).with_name("existing.cjs"), infra / "build" / "existing.js")
    jobs = [
        job("before", infra, context),
        job("after", grown, context),
        job("refused", infra, {}),
        job("before-unguarded", infra, {}, "unguarded"),
        job("after-unguarded", grown, {}, "unguarded"),
        job("existing", infra, context, "migrations", "existing"),
        job("existing-by-trigger", infra, context, app="existing"),
    ]
    finished = run(["node", _SYNTHESISE, json.dumps(jobs)])
    check_passed(finished)
    thrown = dict(zip((each["name"] for each in jobs), json.loads(finished.stdout.splitlines()[-1]), strict=True))
    errors = {name: error for name, error in thrown.items() if error is not None}
    stacks = {each["name"]: stack_in(Path(each["output"])) for each in jobs if each["name"] not in errors}
    return Triggered(stacks, errors)


def take_guard_away(build: Path) -> None:
    """Write the compiled module anew, without its question for the flag."""
    guarded = (build / "migrations-by-trigger.js").read_text()
    assert _GUARD in guarded
    (build / "unguarded.js").write_text(guarded.replace(_GUARD, f"{_GUARD} && false"))


def job(
    name: str, folder: Path, context: object, migrations: str = "migrations-by-trigger", app: str = "app"
) -> dict[str, Any]:
    """What synthesise.cjs is to do."""
    places = {"directory": str(folder), "output": str(folder / name)}
    return {"name": name, **places, "context": context, "app": f"{app}.js", "migrations": migrations}


def test_the_service_waits_for_the_custom_resource(infra: Path) -> None:
    template = stack_in(infra / "out")

    check_service_waits(template, "Custom::Migrations")
    check_waits_for_ingress(template, "Custom::Migrations")
    check_custom_resource(template)


@pytest.mark.parametrize(
    ("name", "type_name"), [("existing", "Custom::Migrations"), ("existing-by-trigger", "Custom::Trigger")]
)
def test_what_a_team_has_already_lets_the_function_in_before_it_runs(
    triggered: Triggered, name: str, type_name: str
) -> None:
    check_no_circle(triggered.stacks[name])
    check_lets_the_function_in(triggered.stacks[name], type_name)


def test_the_functions_name_is_an_output(infra: Path, triggered: Triggered) -> None:
    check_function_name_is_an_output(stack_in(infra / "out"))
    check_function_name_is_an_output(triggered.stacks["before"])


def test_it_is_deployed_where_the_callers_account_is(infra: Path) -> None:
    assert environment_of(infra / "out") == "aws://111111111111/eu-west-1"


def test_the_cdks_command_is_locked_with_the_library_and_takes_what_that_writes(infra: Path, tmp_path: Path) -> None:
    lock = json.loads((infra / "package-lock.json").read_text())["packages"]
    command: list[str | Path] = [infra / "node_modules" / ".bin" / "cdk", "synth", "--quiet", "--no-notices"]
    command.append("--no-version-reporting")  # a resource of its own

    assert "node_modules/aws-cdk" in lock
    assert not any("resolved" in package for package in lock.values())
    check_passed(
        run([*command, "--output", tmp_path / "out"], directory=infra, variables={**_OFFLINE, "HOME": str(tmp_path)})
    )
    assert stack_in(tmp_path / "out")["Resources"].keys() == stack_in(infra / "out")["Resources"].keys()


def test_the_layer_holds_the_migrations_and_nothing_else(infra: Path) -> None:
    assert layer_files(stack_in(infra / "out"), infra / "out") == migration_files(infra)


def test_the_service_waits_for_the_trigger(triggered: Triggered) -> None:
    check_service_waits(triggered.stacks["before"], "Custom::Trigger")
    check_waits_for_ingress(triggered.stacks["before"], "Custom::Trigger")


def test_another_migration_makes_another_version_for_the_trigger(triggered: Triggered) -> None:
    assert version(triggered.stacks["before"]) != version(triggered.stacks["after"])


def test_without_the_flag_it_would_not(triggered: Triggered) -> None:
    assert version(triggered.stacks["before-unguarded"]) == version(triggered.stacks["after-unguarded"])


def test_without_the_flag_the_trigger_is_refused_by_its_name(triggered: Triggered) -> None:
    assert triggered.errors == {"refused": f"Set {FLAG} to true in cdk.json."}


def version(template: Template) -> str:
    """The logical id of the version that the Trigger invokes."""
    [name] = only(template, "Custom::Trigger")[1]["Properties"]["HandlerArn"].values()
    assert name == only(template, "AWS::Lambda::Version")[0]
    return str(name)
