"""This program, as it is run from a terminal or a container."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.revision import revision
from bench.tools.tool import ROOT, Command, write_scripts
from bench.work import Migration

_LOCK = 'provider = "postgresql"\n'


@dataclass(frozen=True, slots=True)
class Ours:
    """`python -m lambda_fn deploy`."""

    name: str = "migrate-lambda"
    keeps_history: bool = True
    applies: bool = True

    def missing(self) -> str | None:
        """Nothing is: it runs in the environment of the bench."""
        return None

    def lay_out(self, migrations: Sequence[Migration], home: Path) -> None:
        """As Prisma lays them out."""
        write_directory(migrations, home)

    def command(self, url: str, home: Path) -> Command:
        """From the sources, with what the environment says."""
        variables = {"DATABASE_URL": url, "MIGRATE_DIR": str(home)}
        return Command((sys.executable, "-m", "lambda_fn", "deploy", "--json"), ROOT, variables)

    def version(self) -> str:
        """The commit."""
        return revision()


def write_directory(migrations: Sequence[Migration], home: Path) -> None:
    """Write a Prisma project's migrations directory."""
    write_scripts(home, [f"{each.name}/migration.sql" for each in migrations], [each.script for each in migrations])
    (home / "migration_lock.toml").write_text(_LOCK)
