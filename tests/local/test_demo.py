"""The demo as a stranger runs it, and what its console makes of a log."""

import io
import json
import os
import subprocess
import sys

import pytest

from local.console import Console, wants_colour
from local.invocation import PROJECT_ROOT


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def log_of(*records: object) -> list[str]:
    stream = io.StringIO()
    text = "\n".join(record if isinstance(record, str) else json.dumps(record) for record in records)
    Console(stream, coloured=False).log(text)
    return stream.getvalue().splitlines()[1:]


def test_shows_what_a_record_says() -> None:
    record = {"level": "INFO", "message": "Applied", "timestamp": "now", "service": "x", "rows": 3, "none": None}
    assert log_of(record) == ["    INFO    Applied  rows=3"]


def test_shows_a_repeated_detail_once() -> None:
    first, second = ({"level": "INFO", "message": text, "run_id": "r"} for text in ("one", "two"))
    assert log_of(first, second) == ["    INFO    one  run_id=r", "    INFO    two"]


def test_indents_messages_of_several_lines() -> None:
    record = {"level": "ERROR", "message": "first\n\n  second", "code": "P3018"}
    assert log_of(record) == ["    ERROR   first  code=P3018", "", "              second"]


@pytest.mark.parametrize("line", ["plain", "{broken", "[1]", '{"no": "message to show"}'])
def test_shows_other_lines_as_they_are(line: str) -> None:
    assert log_of(line) == [f"    {line}"]


@pytest.mark.parametrize(("name", "coloured"), [("NO_COLOR", False), ("CI", False), ("OTHER", True)])
def test_uses_colours_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch, name: str, coloured: bool) -> None:
    for variable in ("NO_COLOR", "CI"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(name, "1")
    assert wants_colour(Terminal()) is coloured
    assert not wants_colour(io.StringIO())


def test_runs_from_start_to_end() -> None:
    environment = {**os.environ, "DATABASE_URL": "postgresql://not.meant:1/to_be_used"}
    answer = subprocess.run(
        [sys.executable, "-m", "local.demo"],
        cwd=PROJECT_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (answer.returncode, answer.stderr) == (0, ""), answer.stdout
    assert [line.split(",")[0] for line in answer.stdout.splitlines() if line.startswith("  ok  ")] == [
        "  ok  applied",
        "  ok  upToDate",
        "  ok  upToDate",
    ]
    assert "\033" not in answer.stdout
