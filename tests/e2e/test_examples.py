"""The examples for SAM and plain CloudFormation, deployed from a repository as their comments ask for it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fixtures.deployments import BUCKET, SAM, Deployment, derive_template
from tests.fixtures.functions import B
from tests.fixtures.projects import ROOT


@pytest.fixture(autouse=True)
def _needs_opt(layers_at_opt: None) -> None:
    """The layer has to be where Lambda shows it."""


@pytest.fixture
def repository(deployment: Deployment, tmp_path: Path) -> Path:
    """A repository with the project's migrations and the two files of the release."""
    vendor = tmp_path / "vendor" / "migrate-lambda"
    vendor.mkdir(parents=True)
    runner = deployment.client("s3").get_object(Bucket=BUCKET, Key="migrate-lambda.zip")["Body"].read()
    (vendor / "migrate-lambda.zip").write_bytes(runner)
    derive_template(vendor / "migrations.yaml")
    prisma = tmp_path / "packages" / "prisma"
    prisma.mkdir(parents=True)
    (prisma / "migrations").symlink_to(deployment.project.directory)
    return tmp_path


def deploy(deployment: Deployment, repository: Path, example: str) -> subprocess.CompletedProcess[str]:
    """Copy the example and deploy it."""
    template = repository / "infra" / "template.yaml"
    template.parent.mkdir(exist_ok=True)
    shutil.copy(ROOT / "docs" / "examples" / example, template)
    parameters = {**deployment.parameters, "Cluster": "shop", "Image": "web:1"}
    command: list[str | Path] = [
        *(SAM.with_name("sam"), "deploy", "--template-file", template, "--stack-name", deployment.name),
        *("--s3-bucket", BUCKET, "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"),
        *("--no-confirm-changeset", "--no-progressbar", "--parameter-overrides"),
        *(f"{name}={value}" for name, value in parameters.items()),
    ]
    environment = deployment.account.emulator.environment
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=200)


@pytest.mark.parametrize("example", ["sam/template.yaml", "cloudformation/template.yaml"])
def test_an_example_applies_the_migrations_before_its_service(
    deployment: Deployment, repository: Path, example: str
) -> None:
    finished = deploy(deployment, repository, example)

    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert deployment.project.tables() == {"a", "b"}
    assert deployment.outputs["LatestMigration"] == B
    assert deployment.events.index(("Migrations", "CREATE_COMPLETE")) < deployment.events.index(
        ("Web", "CREATE_IN_PROGRESS")
    )


def test_a_failing_migration_is_said_in_the_events_of_the_teams_own_stack(
    deployment: Deployment, repository: Path
) -> None:
    deployment.project.write(B, "CREATE TABLE b (id int); SELECT 1/0;")

    assert deploy(deployment, repository, "sam/template.yaml").returncode == 1

    assert deployment.reason("Migrations", "CREATE_FAILED").startswith(f"P3018 Migration {B} failed to apply")
    assert "Web" not in [resource for resource, _ in deployment.events]
