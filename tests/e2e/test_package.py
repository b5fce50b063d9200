"""template.yaml as it is, with the migrations in the package: `sam build` and `sam deploy`."""

import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.deployments import BUCKET, SAM, Deployment
from tests.fixtures.functions import B
from tests.fixtures.planted import check_said
from tests.fixtures.projects import ROOT

C, D = "20240103000000_c", "20240104000000_d"

Sam = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def sam(deployment: Deployment, tmp_path: Path) -> Sam:
    """Runs one command of the SAM CLI on the template, for this interpreter and CPU."""
    environment = {
        **deployment.account.emulator.environment,
        "SAM_CLI_POLL_DELAY": "0.3",
        "MIGRATIONS": str(deployment.project.directory),
        "PACKAGE_RUNTIME": f"python3.{sys.version_info.minor}",
        "PACKAGE_ARCHITECTURE": platform.machine(),
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(SAM.parent / "sam"), *arguments]
        ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        check_said(ended.stdout, ended.stderr)
        return ended

    return run


@pytest.fixture
def deploy(deployment: Deployment, sam: Sam) -> Sam:
    """Builds and deploys the stack as the README says; what `sam deploy` said."""

    def run(*, build: bool = True) -> subprocess.CompletedProcess[str]:
        if build:
            built = sam("build", "--template", str(ROOT / "template.yaml"))
            assert built.returncode == 0, built.stderr
        overrides = [f"{key}={value}" for key, value in deployment.parameters.items()]
        name = ["--stack-name", deployment.name, "--s3-bucket", BUCKET]
        options = ["--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-fail-on-empty-changeset"]
        return sam("deploy", *name, *options, "--parameter-overrides", *overrides)

    return run


def test_new_migrations_in_the_package_make_an_update_and_nothing_else_does(
    deployment: Deployment, deploy: Sam
) -> None:
    created = deploy()
    assert created.returncode == 0, created.stderr
    assert (deployment.outputs["LatestMigration"], deployment.project.tables()) == (B, {"a", "b"})
    assert any("2 migrations found in " in line and "/opt" not in line for line in deployment.log)

    unchanged = deploy(build=False)
    assert unchanged.returncode == 0, unchanged.stderr
    assert deployment.invocations == 1

    deployment.project.write(C, "CREATE TABLE c (id int);")
    updated = deploy()
    assert updated.returncode == 0, updated.stderr
    assert (deployment.outputs["LatestMigration"], deployment.project.tables()) == (C, {"a", "b", "c"})

    deployment.project.write(D, "SELECT 1/0;")
    failed = deploy()
    assert failed.returncode == 1
    assert deployment.describe()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert deployment.reason("Migrations", "UPDATE_FAILED").startswith(f"P3018 Migration {D} failed to apply")
