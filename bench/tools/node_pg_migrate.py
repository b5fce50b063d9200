"""node-pg-migrate, on Node."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.tools.pins import pinned_node
from bench.tools.tool import NODE_PEERS, Command, missing_file, write_scripts
from bench.work import Migration

_FIRST_MS = 1_704_067_200_000  # it reads the head of a name as milliseconds


@dataclass(frozen=True, slots=True)
class NodePgMigrate:
    """`node-pg-migrate up` with SQL files, each in a transaction of its own."""

    name: str = "node-pg-migrate"
    keeps_history: bool = True
    applies: bool = True

    def missing(self) -> str | None:
        """Why it cannot be run here."""
        if shutil.which("node") is None:
            return "Node is missing"
        return missing_file(NODE_PEERS / self.name, ".node-bench/ready")

    def lay_out(self, migrations: Sequence[Migration], home: Path) -> None:
        """Files with a heading."""
        names = [f"{_FIRST_MS + number}_{each.name}.sql" for number, each in enumerate(migrations)]
        write_scripts(home, names, [f"-- Up Migration\n{each.script}\n-- Down Migration\n" for each in migrations])

    def command(self, url: str, home: Path) -> Command:
        """By default all of them would be one transaction, whose locks 10,000 tables would not fit into."""
        program = NODE_PEERS / self.name / "bin" / "node-pg-migrate.js"
        options = ("--migrations-dir", str(home), "--no-single-transaction", "--no-verbose")
        return Command(("node", str(program), "up", *options), home, {"DATABASE_URL": url})

    def version(self) -> str:
        """As pinned."""
        return pinned_node(self.name, "bench/package-lock.json")
