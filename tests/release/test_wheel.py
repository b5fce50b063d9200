"""The terminal as it is released: the wheel, and the pinned and hashed requirements that it is installed with."""

import os
import re
import zipfile
from importlib.metadata import requires
from pathlib import Path

import pytest

from release.lock import read_lock
from tests.fixtures.projects import ROOT
from tests.release.building import PROJECT, WHEEL, copy_source, run

BUILDER = ROOT / ".venv-sam" / "bin" / "python"  # has setuptools in its lock file
needs_builder = pytest.mark.skipif(not BUILDER.exists(), reason="setuptools is not installed; `make test` does that")


def build(source: Path, directory: Path) -> Path:
    """The wheel of a checkout."""
    ended = run([BUILDER, "-m", "release.wheel", directory], source, PIP_NO_INDEX="1")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    [wheel] = directory.iterdir()
    assert wheel.name == WHEEL
    return wheel


@needs_builder
def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    """From another directory, in which there was a build, with other times and another umask."""
    copy = copy_source(tmp_path / "elsewhere")
    left = copy / "build" / "lib" / "lambda_fn" / "left_behind.py"
    left.parent.mkdir(parents=True)
    left.touch()
    before = os.umask(0o077)
    try:
        other = build(copy, tmp_path / "other")
    finally:
        os.umask(before)

    one = build(ROOT, tmp_path / "one")

    assert one.read_bytes() == other.read_bytes()
    names = {name for name in zipfile.ZipFile(one).namelist() if ".dist-info/" not in name}
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "lambda_fn").rglob("*.py")}
    assert names == modules | {"lambda_fn/postgres/rds-ca-bundle.pem"}


@needs_builder
def test_what_keeps_it_from_being_built_is_told(tmp_path: Path) -> None:
    copy = copy_source(tmp_path / "source")
    (copy / "pyproject.toml").write_text('[project]\nname = "migrate-lambda"\nversion = "no version"\n')

    ended = run([BUILDER, "-m", "release.wheel", tmp_path / "wheel"], copy, PIP_NO_INDEX="1")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"error: {BUILDER} cannot build the wheel:\n")
    assert "no version" in ended.stderr
    assert not list(tmp_path.rglob("*.whl"))


def names_in(requirements: list[str]) -> set[str]:
    """The packages that requirements name: `psycopg[binary]>=3` is psycopg."""
    return {re.split(r"[\[<>=!~;( ]", requirement)[0] for requirement in requirements}


def test_what_it_is_installed_with_is_everything_that_it_asks_for_as_it_is_tested_with() -> None:
    """Read by what refuses a requirement that is not pinned and hashed."""
    locked = {each.pin for each in read_lock(ROOT / "requirements" / "cli.txt")}
    tested = {each.pin for each in read_lock(ROOT / "requirements" / "dev.txt")}
    asked = names_in(PROJECT["dependencies"]) | names_in(PROJECT["optional-dependencies"]["cli"])

    assert locked <= tested
    assert asked | {"psycopg-binary"} <= {pin.partition("==")[0] for pin in locked}
    assert not {pin for pin in locked if pin.startswith(("pytest", "mypy", "ruff", "embedded"))}


def test_what_it_is_installed_with_has_all_that_these_need_in_turn() -> None:
    """By what the installed ones say; what they need under a condition only, as on Windows, is not looked at."""
    pins = {each.pin.partition("==")[0] for each in read_lock(ROOT / "requirements" / "cli.txt") if not each.marker}
    needed = names_in([asked for pin in pins for asked in requires(pin) or () if ";" not in asked])

    assert len(needed) > 5
    assert {name.lower().replace("_", "-") for name in needed} <= pins
