"""`sam build` of the template, with nothing but python3 and make on PATH."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from release.target import Target
from tests.fixtures.projects import ROOT
from tests.release.building import Build, Ended, copy_source, files_in, native_target

SAM = ROOT / ".venv-sam" / "bin" / "sam"
NEW = "20990101000000_new"


def commands(directory: Path) -> str:
    """A search path with two commands on it."""
    directory.mkdir()
    make = shutil.which("make")
    assert make is not None
    (directory / "make").symlink_to(make)
    (directory / "python3").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (directory / "python3").chmod(0o755)
    return str(directory)


class Checkout:
    """A copy of the sources in a directory with a blank in its name, and a team's migrations elsewhere."""

    def __init__(self, directory: Path, build: Build) -> None:
        self.root = copy_source(directory / "check out")
        self.migrations = directory / "their migrations"
        shutil.copytree(ROOT / "migrations", self.migrations)
        self._path = commands(directory / "bin")
        self._build = build

    def sam_build(self, *options: str, **variables: str) -> Ended:
        """Run `sam build`."""
        quiet = {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-central-1", "PATH": self._path}
        # Byte code beside the sources would count as a change of them, and spoil the cache.
        clean = {"PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(self.root.parent)}  # SAM leaves empty directories there
        return self._build.run([SAM, "build", *options], self.root, **quiet, **clean, **variables)

    def make(self, target: str, **variables: str) -> Ended:
        """Run the Makefile as SAM does: elsewhere, in a copy of its directory."""
        scratch = self.root.parent / "scratch"
        shutil.copytree(self.root / "lambda_fn", scratch)
        command = [f"{self._path}/make", "--makefile", str(self.root / "lambda_fn" / "Makefile"), target]
        artifacts = {"ARTIFACTS_DIR": str(self.root.parent / "artifacts"), "PATH": self._path}
        return self._build.run(command, scratch, **artifacts, **variables)

    def add_migration(self, name: str) -> None:
        """One more of the team's migrations."""
        (self.migrations / name).mkdir()
        (self.migrations / name / "migration.sql").write_text("SELECT 1;")

    @property
    def function(self) -> Path:
        """What SAM would deploy as the function."""
        return self.root / ".aws-sam" / "build" / "MigrateFunction"

    @property
    def listed(self) -> list[str]:
        """The names in what SAM would deploy as the layer."""
        text = (self.root / ".aws-sam" / "build" / "MigrationsVersion" / "migrations.txt").read_text()
        return re.findall(r"^[0-9a-f]{64}  (.*)$", text, re.MULTILINE)

    @property
    def packaged(self) -> list[str]:
        """The names of the migrations in the function."""
        return sorted(path.name for path in (self.function / "migrations").iterdir() if path.is_dir())


@pytest.fixture
def checkout(tmp_path: Path, build: Build) -> Checkout:
    """A checkout of the project, and a team's migrations."""
    return Checkout(tmp_path, build)


@pytest.fixture
def sam() -> None:
    """SAM is installed."""
    if not SAM.exists():
        pytest.skip("SAM is not installed; `make .venv-sam/ready` does that")


def sample_names() -> list[str]:
    """The names of the repository's own migrations."""
    return sorted(path.name for path in (ROOT / "migrations").iterdir() if path.is_dir())


@pytest.mark.usefixtures("sam")
def test_it_builds_the_package_with_the_repositorys_own_migrations(checkout: Checkout) -> None:
    ended = checkout.sam_build()

    assert ended.returncode == 0, ended.stderr
    assert checkout.packaged == checkout.listed == sample_names()
    [library] = (checkout.function / "psycopg_binary").glob("_psycopg.*.so")
    assert library.name == f"_psycopg.cpython-3{Target().python_minor}-aarch64-linux-gnu.so"


@pytest.mark.usefixtures("sam")
def test_a_new_migration_elsewhere_is_packaged_and_listed_also_from_the_cache(
    checkout: Checkout, native_package: Path
) -> None:
    """The list is what makes CloudFormation send an Update, and SAM would keep that of the last build."""
    native = native_target()
    other = {"PACKAGE_RUNTIME": native.runtime, "PACKAGE_ARCHITECTURE": native.architecture.value}
    theirs = {"MIGRATIONS": str(checkout.migrations), **other}

    first = checkout.sam_build("--cached", **theirs)
    assert first.returncode == 0, first.stderr
    assert files_in(checkout.function) == files_in(native_package)

    for name, options in ((NEW, ["--cached"]), (f"{NEW}er", ["--cached", "--parallel"])):
        checkout.add_migration(name)
        again = checkout.sam_build(*options, **theirs)
        assert "Valid cache found" in again.stderr
        assert checkout.packaged[-1] == checkout.listed[-1] == name


def test_the_list_has_prismas_checksums_in_the_order_of_application(checkout: Checkout) -> None:
    checkout.add_migration(NEW)

    ended = checkout.make("build-MigrationsVersion", MIGRATIONS=str(checkout.migrations))

    assert ended.returncode == 0, ended.stderr
    [(name, content)] = files_in(checkout.root.parent / "artifacts").items()
    lines = [line.split("  ") for line in content.decode().splitlines()]
    assert (name, [listed for _, listed in lines]) == ("migrations.txt", [*sample_names(), NEW])
    # Of `SELECT 1;`, as sha256sum has it.
    assert lines[-1][0] == "17db4fd369edb9244b9f91d9aeed145c3d04ad8ba6e95d06247f07a63527d11a"


def test_the_same_migrations_elsewhere_make_the_same_list(checkout: Checkout) -> None:
    own = checkout.make("build-MigrationsVersion")
    listed = files_in(checkout.root.parent / "artifacts")
    shutil.rmtree(checkout.root.parent / "scratch")
    theirs = checkout.make("build-MigrationsVersion", MIGRATIONS=str(checkout.migrations))

    assert (own.returncode, theirs.returncode) == (0, 0)
    assert files_in(checkout.root.parent / "artifacts") == listed


def test_the_bare_runner_is_asked_for_by_name(checkout: Checkout) -> None:
    layer = checkout.make("build-MigrationsVersion", MIGRATIONS="none")
    assert (layer.returncode, layer.stderr) == (0, "")
    assert files_in(checkout.root.parent / "artifacts") == {"migrations.txt": b"no migrations in the package\n"}
    shutil.rmtree(checkout.root.parent / "artifacts")
    shutil.rmtree(checkout.root.parent / "scratch")

    function = checkout.make("build-MigrateFunction", MIGRATIONS="none")

    assert function.returncode == 0, function.stderr
    assert {"lambda_fn", "psycopg"} <= {path.name for path in (checkout.root.parent / "artifacts").iterdir()}
    assert not (checkout.root.parent / "artifacts" / "migrations").exists()


@pytest.mark.parametrize("migrations", ["migrations", "../migrations", ""])
@pytest.mark.parametrize("target", ["build-MigrateFunction", "build-MigrationsVersion"])
def test_a_path_that_is_not_whole_is_refused(target: str, migrations: str, checkout: Checkout) -> None:
    """It would be found from SAM's copy, or not at all; where the sample is, the wrong one would be."""
    ended = checkout.make(target, MIGRATIONS=migrations)

    assert ended.returncode != 0
    assert f"error: MIGRATIONS is '{migrations}', and has to be the whole path" in ended.stderr
    assert 'MIGRATIONS="$PWD/packages/prisma/migrations" sam build' in ended.stderr
    assert not (checkout.root.parent / "artifacts").exists()


def test_without_the_rest_of_the_repository_it_says_so(checkout: Checkout) -> None:
    """As in the container of `sam build --use-container`, which sees one directory."""
    shutil.rmtree(checkout.root / "release")

    ended = checkout.make("build-MigrateFunction")

    assert ended.returncode != 0
    assert "error: release/ is not beside lambda_fn/. Build without --use-container." in ended.stderr
