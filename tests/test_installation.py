"""`pip install .` gives the program, with everything that it needs and nothing of the tests."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.fixtures.projects import ROOT
from tests.fixtures.terminal import environment

BUILDER = ROOT / ".venv-sam" / "bin" / "python"  # has setuptools in its lock file


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as a wheel, built from a copy: a build writes into its directory."""
    if not BUILDER.exists():
        pytest.skip(f"{BUILDER} is not there: run `make test`, which installs it")
    home = tmp_path_factory.mktemp("installation")
    tree = home / "tree"
    for name in ("lambda_fn", "local", "tests"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tree)
    command: list[str | Path] = [
        BUILDER,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        home,
        tree,
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    [built] = home.glob("*.whl")
    return built


def test_the_program_runs_where_only_the_package_is_installed(wheel: Path, tmp_path: Path) -> None:
    options = ("--quiet", "--no-deps", "--disable-pip-version-check")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", tmp_path, wheel], check=True, timeout=120
    )

    ended = subprocess.run(
        [tmp_path / "bin" / "migrate-lambda", "--help"],
        env=environment(PYTHONPATH=str(tmp_path)),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert ended.stdout.startswith("Usage: migrate-lambda ")
    assert all(command in ended.stdout for command in ("deploy", "invoke", "explain", "logs", "subnets"))
    assert list(tmp_path.rglob("rds-ca-bundle.pem"))


def test_the_package_holds_every_module_and_the_authorities_and_no_test(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}

    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "lambda_fn").rglob("*.py")}
    assert names == modules | {"lambda_fn/postgres/rds-ca-bundle.pem"}
