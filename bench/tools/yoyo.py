"""yoyo-migrations, in Python."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.tools.pins import pinned
from bench.tools.tool import PEERS, Command, missing_file, write_scripts
from bench.work import Migration


@dataclass(frozen=True, slots=True)
class Yoyo:
    """`yoyo apply`: each file in a transaction of its own, its statements one by one."""

    name: str = "yoyo"
    keeps_history: bool = True
    applies: bool = True

    def missing(self) -> str | None:
        """Why it cannot be run here."""
        return missing_file(PEERS / "yoyo", ".venv-bench/ready")

    def lay_out(self, migrations: Sequence[Migration], home: Path) -> None:
        """Plain files."""
        write_scripts(home, [f"{each.name}.sql" for each in migrations], [each.script for each in migrations])

    def command(self, url: str, home: Path) -> Command:
        """With psycopg 3, as ours has it."""
        database = url.replace("postgresql://", "postgresql+psycopg://")
        options = ("--batch", "--no-config-file", "--database", database)
        return Command((str(PEERS / "yoyo"), "apply", *options, str(home)), home)

    def version(self) -> str:
        """As pinned."""
        return pinned("yoyo-migrations")
