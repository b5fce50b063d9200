"""The wheels that ship: downloaded by pip for the target, and read without installing them."""

import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from release.lock import Requirement
from release.refusal import Refused
from release.target import Target

# What pip writes or reads when it installs. METADATA stays: versions are looked up in it, also by scanners of
# vulnerabilities; so do licences and lists of what a wheel bundles.
_FOR_INSTALLERS = re.compile(r"[^/]+\.dist-info/(RECORD|WHEEL|top_level\.txt|entry_points\.txt)")
_FOR_TYPE_CHECKERS = re.compile(r".*\.pyi")
# Powertools' web framework with a Swagger UI: a tenth of the package, and neither its Logger nor its Metrics use it
# (a test looks at their imports).
_UNUSED = re.compile(r"aws_lambda_powertools/event_handler/.*")
_LEFT_OUT = (_FOR_INSTALLERS, _FOR_TYPE_CHECKERS, _UNUSED)
# A wheel's own directory for what goes elsewhere: libraries beside the rest, scripts and headers nowhere here.
_DATA = re.compile(r"[^/]+\.data/(?P<scheme>\w+)/(?P<path>.+)")


def read_wheels(requirements: Iterable[Requirement], target: Target) -> dict[str, bytes]:
    """The files to ship, by their path in the package. Raises: Refused when pip finds no wheel for the target."""
    with tempfile.TemporaryDirectory() as directory:
        wheels = download(requirements, target, Path(directory))
        return {name: content for wheel in wheels for name, content in files_of(wheel)}


def files_of(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """What of a wheel is to ship: path in the package, content."""
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            path = None if entry.is_dir() else place_of(entry.filename)
            if path is not None:
                yield path, archive.read(entry)


def place_of(name: str) -> str | None:
    """Where a file of a wheel goes in the package; None for one that does not ship."""
    if any(pattern.fullmatch(name) for pattern in _LEFT_OUT):
        return None
    data = _DATA.fullmatch(name)
    if not data:
        return name
    return data["path"] if data["scheme"] in ("purelib", "platlib") else None


def download(requirements: Iterable[Requirement], target: Target, directory: Path) -> list[Path]:
    """Fill a directory with the wheels, their hashes checked, and return them sorted.

    Raises: Refused with what pip said when there is no such wheel, or no pip.
    """
    lock_file = directory / "requirements.txt"
    lock_file.write_text("".join(f"{each.line}\n" for each in requirements), encoding="utf-8")
    ended = subprocess.run(
        [*_pip(), *_options(target), "--dest", directory, "--requirement", lock_file],
        # A caller's own wish for a virtual environment has nothing to do with what is downloaded here.
        env={**os.environ, "PIP_REQUIRE_VIRTUALENV": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise Refused(
            f"pip did not get the wheels for {target.runtime} on {target.architecture}:\n{ended.stderr.strip()}\n"
            f"It was run by {sys.executable}; PYTHON=… names another Python 3.11 or newer that has pip."
        )
    return sorted(directory.glob("*.whl"))


def _pip() -> list[str]:
    return [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]


def _options(target: Target) -> list[str]:
    return [
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        *(f"--platform={platform}" for platform in target.platforms),
        f"--python-version=3.{target.python_minor}",
        "--implementation=cp",
        f"--abi=cp3{target.python_minor}",
    ]
