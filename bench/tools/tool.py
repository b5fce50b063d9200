"""What the bench asks of a tool: to lay migrations out in its own form, and to say how it is run."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bench.work import Migration
from local.invocation import PROJECT_ROOT

ROOT = PROJECT_ROOT
PEERS = ROOT / ".venv-bench" / "bin"
NODE_PEERS = ROOT / ".node-bench" / "node_modules"
# What else a tool would take from whoever runs the bench.
_READ_BY_THEM = ("DATABASE_", "DBMATE_", "MIGRATE_", "NODE_OPTIONS", "PG", "PRISMA_", "PYTHON", "YOYO_")


@dataclass(frozen=True, slots=True)
class Command:
    """One process that does all of the work, and ends."""

    words: tuple[str, ...]
    directory: Path
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """The environment to run in."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_READ_BY_THEM)}
        return {**kept, **self.variables}


class Tool(Protocol):
    """A program that applies migrations."""

    @property
    def name(self) -> str:
        """What the tables call it."""

    @property
    def keeps_history(self) -> bool:
        """Whether running it again does nothing, which is then measured too."""

    @property
    def applies(self) -> bool:
        """Whether it applies anything, or is measured for comparison with those that have nothing to apply."""

    def missing(self) -> str | None:
        """Why it cannot be run here; None where it can."""

    def lay_out(self, migrations: Sequence[Migration], home: Path) -> None:
        """Write the migrations into an empty directory, in the tool's own form."""

    def command(self, url: str, home: Path) -> Command:
        """How the migrations of that directory are applied; the URL says `sslmode=disable`."""

    def version(self) -> str:
        """Its version, as it is pinned or as it says."""


def missing_file(path: Path, target: str) -> str | None:
    """Why something is not there that make installs."""
    return None if path.exists() else f"{path.relative_to(ROOT)} is missing: run `make {target}`"


def write_scripts(home: Path, names: Sequence[str], scripts: Sequence[str]) -> None:
    """Write one file a script; what is written is the script as it is, on every system."""
    for name, script in zip(names, scripts, strict=True):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script, encoding="utf-8", newline="\n")
