"""The example in TypeScript is compiled by its own compiler and synthesised."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.examples.conftest import EXAMPLES, NewRepository, add_migration
from tests.examples.programs import ROOT, check_passed, needs_cdk_for_node, run
from tests.examples.synthesised import (
    FLAG,
    check_custom_resource,
    check_service_waits,
    check_waits_for_ingress,
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


@pytest.fixture(scope="module")
def infra(new_repository: NewRepository) -> Path:
    """The example's folder in a repository, with its packages installed, after the command of its cdk.json."""
    folder = new_repository(EXAMPLE)
    (folder / "node_modules").symlink_to(ROOT / ".node-cdk" / "node_modules")
    variables = {"CDK_OUTDIR": str(folder / "out"), "CDK_CONTEXT_JSON": json.dumps(SETTINGS["context"])}
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
    jobs = [
        job("before", infra, context),
        job("after", grown, context),
        job("refused", infra, {}),
        job("before-unguarded", infra, {}, "unguarded"),
        job("after-unguarded", grown, {}, "unguarded"),
    ]
    finished = run(["node", _SYNTHESISE, "app.js", json.dumps(jobs)])
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


def job(name: str, folder: Path, context: object, migrations: str = "migrations-by-trigger") -> dict[str, Any]:
    """What synthesise.cjs is to do."""
    output = str(folder / name)
    return {"name": name, "directory": str(folder), "output": output, "context": context, "migrations": migrations}


def test_the_service_waits_for_the_custom_resource(infra: Path) -> None:
    template = stack_in(infra / "out")

    check_service_waits(template, "Custom::Migrations")
    check_waits_for_ingress(template, "Custom::Migrations")
    check_custom_resource(template)


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
