"""`make build` and `make release`, in a checkout of their own."""

import hashlib
import re
import zipfile
from pathlib import Path

import pytest

from release.archive import LIMIT_BYTES
from tests.fixtures.projects import ROOT
from tests.release.building import RELEASED, Build, copy_source, native_target

SAM = ROOT / ".venv-sam"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the sources, with the environment that has SAM's translator."""
    directory = copy_source(tmp_path / "check out")
    (directory / SAM.name).symlink_to(SAM)
    return directory


def test_build_makes_the_zip_file_with_the_migrations(build: Build, checkout: Path, native_zip: Path) -> None:
    native = native_target()
    command = ["make", "build", f"PACKAGE_RUNTIME={native.runtime}", f"PACKAGE_ARCHITECTURE={native.architecture}"]

    (checkout / "build" / "package").mkdir(parents=True)
    (checkout / "build" / "package" / "left.py").write_text("of the last build")

    ended = build.run(command, checkout)

    assert ended.returncode == 0, ended.stderr
    content = (checkout / "build" / "migrate-lambda.zip").read_bytes()
    assert content == native_zip.read_bytes()
    assert f"build/migrate-lambda.zip: {len(content) / 1e6:.2f} MB ({len(content):,} bytes)" in ended.stdout


def test_build_takes_the_migrations_of_another_directory(build: Build, checkout: Path, tmp_path: Path) -> None:
    ours = tmp_path / "our migrations"
    (ours / "1").mkdir(parents=True)
    (ours / "1" / "migration.sql").write_text("SELECT 1;")

    ended = build.run(["make", "build"], checkout, MIGRATIONS=str(ours))

    assert ended.returncode == 0, ended.stderr
    names = zipfile.ZipFile(checkout / "build" / "migrate-lambda.zip").namelist()
    assert [name for name in names if name.startswith("migrations/")] == ["migrations/1/migration.sql"]


@pytest.mark.parametrize(
    ("migrations", "message"), [("", "it is empty"), ("prisma", "There is no migrations directory prisma")]
)
def test_build_refuses_migrations_that_are_not_there(
    migrations: str, message: str, build: Build, checkout: Path
) -> None:
    """An empty variable is one that a pipeline forgot to set: the sample must not be deployed in its place."""
    ended = build.run(["make", "build"], checkout, MIGRATIONS=migrations)

    assert ended.returncode != 0
    assert message in ended.stderr
    assert not (checkout / "build" / "migrate-lambda.zip").exists()


def test_release_makes_the_bare_runner_the_plain_template_the_terminal_and_their_checksums(
    build: Build, checkout: Path
) -> None:
    if not (SAM / "ready").exists():
        pytest.skip("SAM is not installed; `make .venv-sam/ready` does that")

    ended = build.run(["make", "release"], checkout, MIGRATIONS="/nowhere")

    assert ended.returncode == 0, ended.stderr
    released = {path.name: path.read_bytes() for path in (checkout / "build" / "release").iterdir()}
    sums = dict(re.findall(r"^([0-9a-f]{64})  (.*)$", released.pop("SHA256SUMS").decode(), re.MULTILINE))
    assert {hashlib.sha256(content).hexdigest(): name for name, content in released.items()} == sums
    assert set(released) == RELEASED
    assert released["migrate-lambda-cli.txt"] == (ROOT / "requirements" / "cli.txt").read_bytes()
    assert len(released["migrate-lambda.zip"]) < LIMIT_BYTES
    names = zipfile.ZipFile(checkout / "build" / "release" / "migrate-lambda.zip").namelist()
    assert "lambda_fn/handler.py" in names
    assert not [name for name in names if name.startswith("migrations/")]
