"""The least that a Python program with psycopg can do: what a run with nothing to apply is compared with."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from bench.tools.tool import Command
from bench.work import Migration

_PROGRAM = "import sys, psycopg\nwith psycopg.connect(sys.argv[1]) as c: print(c.execute('SELECT 1').fetchone())"


@dataclass(frozen=True, slots=True)
class BarePsycopg:
    """Imports psycopg, connects and asks one query."""

    name: str = "bare psycopg"
    keeps_history: bool = True
    applies: bool = False

    def missing(self) -> str | None:
        """Nothing is."""
        return None

    def lay_out(self, migrations: Sequence[Migration], home: Path) -> None:
        """Nothing."""

    def command(self, url: str, home: Path) -> Command:
        """In the environment that this program runs in."""
        return Command((sys.executable, "-c", _PROGRAM, url), home)

    def version(self) -> str:
        """Psycopg's."""
        return version("psycopg")
