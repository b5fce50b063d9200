"""The command line, run in this process: what it prints, and its exit code."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from lambda_fn import cli


@dataclass(frozen=True, slots=True)
class Printed:
    """A command that ended: its exit code, and what it printed."""

    exit_code: int
    text: str


class Terminal:
    """Runs commands on one migrations directory and one database."""

    def __init__(self, directory: Path, database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self._directory = directory
        self._database_url = database_url
        self._capsys = capsys

    def run(self, *arguments: str, database_url: str | None = None) -> Printed:
        """Run `python -m lambda_fn` with these arguments, on another database when one is given."""
        url = database_url or self._database_url
        exit_code = cli.main([*arguments, "--database-url", url, "--migrations", str(self._directory)])
        return Printed(exit_code, self._capsys.readouterr().out)
