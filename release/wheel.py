"""`python -m release.wheel DIRECTORY`: the project as a wheel whose bytes depend on nothing but its sources.

It is run by an interpreter that has setuptools and pip.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from release.contents import ROOT, code_files, set_modes, write_files
from release.refusal import Refused, exit_code_of

_DESCRIBED_BY = ("README.md", "pyproject.toml")
_TIME = "315532800"  # 1980, the earliest that the format knows
_UMASK = 0o022  # what setuptools writes itself has the modes that this leaves


def build(directory: Path) -> None:
    """Write the wheel into the directory. Raises: Refused with what pip or setuptools said."""
    with tempfile.TemporaryDirectory() as scratch:
        # From a copy: a build writes into its directory, and what an earlier one left there would be packed too.
        described = {name: (ROOT / name).read_bytes() for name in _DESCRIBED_BY}
        write_files(code_files() | described, Path(scratch))
        set_modes(Path(scratch))
        ended = subprocess.run(
            [*_pip_wheel(), "--wheel-dir", directory.resolve(), scratch],
            env={**os.environ, "SOURCE_DATE_EPOCH": _TIME, "PIP_REQUIRE_VIRTUALENV": "0"},
            umask=_UMASK,
            capture_output=True,
            text=True,
            check=False,
        )
    if ended.returncode != 0:
        raise Refused(f"{sys.executable} cannot build the wheel:\n{ended.stdout}{ended.stderr}".strip())


def _pip_wheel() -> list[str]:
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-cache-dir"]
    return [sys.executable, "-m", "pip", "wheel", *options]


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command line and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m release.wheel", allow_abbrev=False)
    parser.add_argument("directory", type=Path, metavar="DIRECTORY")
    given = parser.parse_args(arguments)
    return exit_code_of(lambda: build(given.directory))


if __name__ == "__main__":
    sys.exit(main())
