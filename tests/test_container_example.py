"""docs/examples/container-entrypoint: what the images hold is laid down and run, without a container engine."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml
from botocore.validate import ParamValidator

from lambda_fn.domain.target import SslMode
from lambda_fn.domain.url import target_from_url
from local.secrets_manager import LocalSecretsManager
from tests.fixtures.functions import SECRET_ID, Planted
from tests.fixtures.images import Image, finished
from tests.fixtures.projects import ROOT, Project
from tests.release.building import RELEASED, WHEEL
from tests.release.test_wheel import BUILDER, build

EXAMPLE = ROOT / "docs" / "examples" / "container-entrypoint"
A, B = "20240101000000_a", "20240102000000_b"
INSTALLED = {WHEEL, "migrate-lambda-cli.txt"}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A team's repository with everything that a release has, and the example's files at its top."""
    if not BUILDER.exists():
        pytest.skip("setuptools is not installed; `make test` does that")
    root = tmp_path_factory.mktemp("repository")
    vendor = root / "vendor" / "migrate-lambda"
    vendor.mkdir(parents=True)
    for name in {*RELEASED, "SHA256SUMS"} - {WHEEL}:
        (vendor / name).touch()
    built = build(ROOT, tmp_path_factory.mktemp("wheel"))
    shutil.copy(built, vendor)
    shutil.copytree(EXAMPLE, root, dirs_exist_ok=True)
    return root


@pytest.fixture(scope="module")
def installed(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The application's image, its program installed as the Dockerfile says."""
    image = Image(repository / "Dockerfile", tmp_path_factory.mktemp("image"))
    assert image.copy(repository, "vendor/") == INSTALLED
    image.copy(repository, "migrate-and-start.sh")
    image.install()
    return image


@pytest.fixture
def application(installed: Image, repository: Path, one_project: Project) -> Iterator[Image]:
    """The same, with the project's migrations."""
    yield from with_migrations(installed, repository, one_project)


@pytest.fixture
def task(installed: Image, repository: Path, one_project: Project) -> Iterator[Image]:
    """The image of the migrations alone, which installs what the application's does."""
    image = Image(repository / "task.Dockerfile", installed.root)
    for instruction, word in (("COPY", "vendor/"), ("RUN", "pip install")):
        assert image.all_of(instruction, word) == installed.all_of(instruction, word)
    yield from with_migrations(image, repository, one_project)


def with_migrations(image: Image, repository: Path, project: Project) -> Iterator[Image]:
    """The image for one test."""
    project.write(A, "CREATE TABLE a (id int);")
    directory = repository / "packages" / "prisma" / "migrations"
    directory.parent.mkdir(parents=True, exist_ok=True)
    directory.symlink_to(project.directory, target_is_directory=True)
    assert image.copy(repository, "packages/prisma/migrations") == {"migrations"}
    yield image
    directory.unlink()
    for place in ("app", "migrations"):
        shutil.rmtree(image.root / place, ignore_errors=True)


def test_a_container_of_the_application_migrates_and_becomes_the_application(
    application: Image, one_project: Project
) -> None:
    program = 'echo "process $$ $1"; exit 42'
    process = application.run("sh", "-c", program, "sh", "'an argument'", DATABASE_URL=one_project.url)

    code, lines, stderr = finished(process)

    assert (code, stderr) == (42, "")
    assert lines[-2:] == ["Migrations completed successfully", f"process {process.pid} 'an argument'"]
    assert one_project.tables() == {"a"}


def test_a_failed_migration_keeps_the_application_from_starting(application: Image, one_project: Project) -> None:
    script = application.root / "app" / "prisma" / "migrations" / A / "migration.sql"
    script.write_text("SELECT nonsense;")

    code, lines, _ = finished(application.run("echo", "the application", DATABASE_URL=one_project.url))

    assert (code, "the application" in lines) == (5, False)


def test_a_task_that_runs_once_applies_what_is_pending(task: Image, one_project: Project) -> None:
    pending = finished(task.run("status", DATABASE_URL=one_project.url))
    applied = finished(task.run(DATABASE_URL=one_project.url))

    assert (pending[0], applied[0], applied[1][-1]) == (1, 0, "Migrations completed successfully")
    assert one_project.tables() == {"a"}


def test_the_line_of_codebuild_applies_what_is_pending_with_the_secret(
    installed: Image, manager: LocalSecretsManager, planted: Planted, tmp_path: Path
) -> None:
    phases = yaml.safe_load((EXAMPLE / "buildspec.yml").read_text())["phases"]
    [line] = phases["build"]["commands"]
    shutil.copytree(planted.project.directory, tmp_path / "packages" / "prisma" / "migrations")
    manager.put(SECRET_ID, planted.secret)

    process = subprocess.Popen(
        ["sh", "-c", installed.here(line)],
        cwd=tmp_path,
        env={"PATH": os.defpath, "SECRET_ID": SECRET_ID, **manager.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    code, lines, stderr = finished(process)

    assert (code, lines[-1]) == (0, "Migrations completed successfully"), stderr
    assert planted.project.tables() == {"a", "b"}


def test_codebuild_installs_as_the_images_do(installed: Image, repository: Path) -> None:
    spec = yaml.safe_load((EXAMPLE / "buildspec.yml").read_text())
    [command] = installed.all_of("RUN", "pip install")
    steps = [step.replace(" --no-cache-dir", "") for step in command.split(" && ")]

    assert (spec["version"], list(spec), list(spec["phases"])) == (0.2, ["version", "phases"], ["install", "build"])
    assert set(spec["phases"]["install"]) == {"runtime-versions", "commands"}
    in_image = [step.replace("/tmp/migrate-lambda/", "vendor/migrate-lambda/") for step in steps]
    assert spec["phases"]["install"]["commands"] == in_image[:-1]
    named = [name for line in in_image for name in re.findall(r"vendor/migrate-lambda/(\S+)", line)]
    assert {path.name for name in named for path in (repository / "vendor" / "migrate-lambda").glob(name)} == INSTALLED


@pytest.mark.parametrize("name", ["Dockerfile", "task.Dockerfile"])
def test_the_images_do_not_run_as_root_and_hold_no_secret(name: str, tmp_path: Path) -> None:
    image = Image(EXAMPLE / name, tmp_path)

    [user] = image.all_of("USER")
    assert int(user) > 0
    assert image.all_of("ARG") == []
    assert [each.split("=")[0] for each in image.all_of("ENV")] == ["MIGRATE_DIR"]
    [migrations] = image.all_of("COPY", "packages/prisma/migrations")
    assert image.all_of("ENV") == [f"MIGRATE_DIR={migrations.split()[-1]}"]


def test_the_script_of_the_entrypoint_is_one_line() -> None:
    path = EXAMPLE / "migrate-and-start.sh"

    assert path.read_text() == '#!/bin/sh\nexec migrate-lambda deploy -- "$@"\n'
    assert os.access(path, os.X_OK)


def test_compose_starts_two_that_wait_for_a_database_without_tls() -> None:
    services = yaml.safe_load((EXAMPLE / "compose.yaml").read_text())["services"]
    database, app = services["database"], services["app"]
    target = target_from_url(app["environment"]["DATABASE_URL"])

    assert app["deploy"]["replicas"] == 2
    assert app["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert target.parameters["sslmode"] == SslMode.DISABLE
    assert (target.host, target.dbname) == ("database", database["environment"]["POSTGRES_DB"])
    assert app["stop_grace_period"] == "30s"
    assert app["init"]


def task_definition(name: str) -> dict[str, Any]:
    """A task definition of the example."""
    found: dict[str, Any] = json.loads((EXAMPLE / f"{name}.task-definition.json").read_text())
    return found


@pytest.mark.parametrize("name", ["app", "migrate"])
def test_the_task_definitions_are_what_ecs_takes(name: str) -> None:
    definition = task_definition(name)
    model = botocore.session.get_session().get_service_model("ecs")

    report = ParamValidator().validate(definition, model.operation_model("RegisterTaskDefinition").input_shape)

    assert report.generate_report() == ""
    [container] = definition["containerDefinitions"]
    assert container["name"] == name
    # The verdict takes 20 s at most (MIGRATE_RESERVE_S); Fargate gives 120 s at most.
    assert 20 < container["stopTimeout"] <= 120
    assert container["linuxParameters"]["initProcessEnabled"]
    assert "DATABASE_URL" not in [each["name"] for each in container.get("environment", [])]


def test_what_the_document_says_to_paste_stands_in_the_example() -> None:
    text = (ROOT / "docs" / "container.md").read_text()
    files = [path.read_text().splitlines() for path in EXAMPLE.iterdir()]
    known = {line.strip() for lines in files for line in lines}
    blocks = re.findall(r"```(?:dockerfile|yaml|sh)\n(.*?)```", text, re.DOTALL)
    shown = [line.strip() for block in blocks for line in block.splitlines() if line.strip()]
    commands = ("docker ", "aws ", "--deployment-configuration ", "docs/examples/")  # typed, and in no file

    assert len(shown) > 12
    assert [line for line in shown if line not in known and not line.startswith(commands)] == []
    assert [path.name for path in EXAMPLE.iterdir() if path.name not in text] == []
