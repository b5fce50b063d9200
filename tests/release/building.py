"""Building packages as people do: by commands, in the repository or in a copy of it."""

import os
import platform
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from release.lock import needed_for, read_lock
from release.target import Target, parse_target
from release.wheels import download
from tests.fixtures.projects import ROOT

LOCK_FILE = ROOT / "requirements" / "lambda.txt"
# Everything that a build needs, and nothing that it does not.
SOURCE = (
    *("Dockerfile", "Makefile", "README.md", "lambda_fn", "migrations", "pyproject.toml"),
    *("release", "requirements", "template.yaml"),
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WHEEL = f"migrate_lambda-{PROJECT['version']}-py3-none-any.whl"
RELEASED = {"migrate-lambda.zip", "migrations.yaml", WHEEL, "migrate-lambda-cli.txt"}
"""What `make release` makes, beside its checksums."""
_LONG_AGO_S = 1_000_000_000
_LIMIT_S = 120

Ended = subprocess.CompletedProcess[str]


def native_target() -> Target:
    """The interpreter that runs the tests, and its CPU."""
    return parse_target(f"python3.{sys.version_info.minor}", platform.machine())


def download_wheels(targets: Iterable[Target], directory: Path) -> None:
    """Fill a directory with the wheels of all targets."""
    directory.mkdir()
    for target in targets:
        download(needed_for(target, read_lock(LOCK_FILE)), target, directory)


def run(command: Iterable[str | Path], cwd: Path, **variables: str) -> Ended:
    """Run a command without settings of ours or of make in its environment, but for the given ones."""
    foreign = ("MIGRATIONS", "PACKAGE_RUNTIME", "PACKAGE_ARCHITECTURE", "MAKE", "MFLAGS", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return subprocess.run(
        list(command),
        cwd=cwd,
        env={**kept, **variables},
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=False,
    )


def copy_source(directory: Path) -> Path:
    """A copy of what is built from, made long ago, as a checkout elsewhere is one; returns it."""
    directory.mkdir(parents=True)
    for name in SOURCE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(ROOT / name, directory / name)
    for path in directory.rglob("*"):
        os.utime(path, (_LONG_AGO_S, _LONG_AGO_S))
    return directory


def files_in(directory: Path) -> dict[str, bytes]:
    """The files of a directory by their path in it."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


class Build:
    """Builds without the network, from wheels that are there."""

    def __init__(self, wheels: Path) -> None:
        self._variables = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": os.devnull}

    def run(self, command: Iterable[str | Path], cwd: Path = ROOT, **variables: str) -> Ended:
        """Run a command that builds."""
        return run(command, cwd, **self._variables, **variables)

    def package(
        self, package: Path, target: Target, migrations: Path | None = None, *, source: Path = ROOT, **variables: str
    ) -> Ended:
        """Run release.package, which has to succeed."""
        options = ["--runtime", target.runtime, "--architecture", target.architecture]
        options += ["--migrations", str(migrations)] if migrations else []
        command = [sys.executable, "-m", "release.package", str(package), *options]
        ended = self.run(command, source, **variables)
        assert ended.returncode == 0, ended.stderr
        return ended
