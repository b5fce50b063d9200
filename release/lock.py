"""The lock file of what ships: pinned, hashed, and for every platform at once."""

import re
from dataclasses import dataclass
from pathlib import Path

from release.markers import applies
from release.refusal import Refused
from release.target import Target

_REQUIREMENT = re.compile(
    r"(?P<pin>[\w.-]+==[\w.!+-]+)"  # psycopg==3.3.9
    r"(?: ; (?P<marker>.*?))?"  # ; sys_platform == 'linux'
    r"(?P<hashes>(?: --hash=sha256:[0-9a-f]{64})+)"
)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A package at one version: `name==version`, its environment marker ("" for none), and its hash options."""

    pin: str
    marker: str
    hashes: str

    @property
    def line(self) -> str:
        """The requirement for pip, which is not to evaluate the marker."""
        return f"{self.pin}{self.hashes}"


def read_lock(lock_file: Path) -> tuple[Requirement, ...]:
    """The requirements of a lock file. Raises: Refused for a line that is no pinned and hashed requirement."""
    text = lock_file.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = (" ".join(line.split()) for line in text.splitlines())
    return tuple(_requirement(line, lock_file) for line in lines if line and not line.startswith("#"))


def _requirement(line: str, lock_file: Path) -> Requirement:
    found = _REQUIREMENT.fullmatch(line)
    if not found:
        raise Refused(f"`{line}` in {lock_file} is not pinned and hashed. Write the lock file with `make lock`.")
    return Requirement(found["pin"], found["marker"] or "", found["hashes"])


def needed_for(target: Target, requirements: tuple[Requirement, ...]) -> tuple[Requirement, ...]:
    """Those whose environment marker holds for the target, whatever interpreter runs this."""
    return tuple(each for each in requirements if applies(each.marker, target.markers))
