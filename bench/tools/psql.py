"""psql, which sends the files and keeps no history: the floor of what applying costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.tools.ours import write_directory
from bench.tools.tool import Command
from bench.work import Migration


@dataclass(frozen=True, slots=True)
class Psql:
    """One process, with an `-f` for each file; every statement is a round trip and a transaction of its own."""

    program: Path
    server_version: str
    name: str = "psql"
    keeps_history: bool = False
    applies: bool = True

    def missing(self) -> str | None:
        """Why it cannot be run here."""
        return None if self.program.exists() else f"{self.program} is missing"

    def lay_out(self, migrations: Sequence[Migration], home: Path) -> None:
        """As Prisma lays them out."""
        write_directory(migrations, home)

    def command(self, url: str, home: Path) -> Command:
        """The files in the order of their names, by paths that are short enough for 10,000 of them."""
        files = [
            word for path in sorted(home.glob("*/migration.sql")) for word in ("-f", f"{path.parent.name}/{path.name}")
        ]
        return Command((str(self.program), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, *files), home)

    def version(self) -> str:
        """That of the server, which it came with."""
        return self.server_version
