"""What the demo prints, and how: plain text, with colours on a terminal."""

import contextlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

BOLD, DIM, RED, GREEN, YELLOW, CYAN = "1", "2", "31", "32", "33", "36"
SHORT = 60
LEVEL_COLOURS = {"WARNING": YELLOW, "ERROR": RED, "CRITICAL": RED, "DEBUG": DIM}
# What every record of the logger carries beside what it says.
LOGGER_KEYS = frozenset(
    {"level", "message", "location", "timestamp", "service", "cold_start", "function_name", "function_arn"}
    | {"function_memory_size", "function_request_id", "correlation_id", "xray_trace_id", "sampling_rate"}
)


class Console:
    """Prints the account of the demo."""

    def __init__(self, stream: TextIO | None = None, *, coloured: bool | None = None) -> None:
        self._stream = stream or sys.stdout
        self._coloured = wants_colour(self._stream) if coloured is None else coloured

    def heading(self, text: str) -> None:
        """Print the heading of a part."""
        self._write(f"\n{self._paint(text, BOLD + ';' + CYAN)}")

    def note(self, text: str, *, indent: int = 0) -> None:
        """Print a remark."""
        self._write(" " * indent + text)

    def fact(self, name: str, value: str) -> None:
        """Print a named value."""
        self._write(f"  {self._paint(f'{name:<16}', DIM)}{value}")

    def success(self, text: str) -> None:
        """Print that something went as it should."""
        self._write(f"  {self._paint('ok', GREEN)}  {text}")

    def failure(self, text: str) -> None:
        """Print that something went wrong."""
        self._write(f"\n{self._paint('The demo failed:', RED)} {text}")

    def document(self, title: str, content: Any) -> None:
        """Print a JSON document, beside its title where it is short."""
        text = json.dumps(content, ensure_ascii=False)
        lines = [text] if len(text) <= SHORT else json.dumps(content, indent=2, ensure_ascii=False).splitlines()
        self._write(f"  {self._paint(title, DIM)}" + (f"  {text}" if len(lines) == 1 else ""))
        for line in lines if len(lines) > 1 else ():
            self._write(f"    {line}")

    def log(self, text: str) -> None:
        """Print the log of a function: of each JSON record what it says and what is new in its details."""
        self._write(f"  {self._paint('log', DIM)}")
        shown: dict[str, object] = {}
        for line in filter(str.strip, text.splitlines()):
            record = _as_record(line)
            details = {key: value for key, value in record.items() if key not in LOGGER_KEYS}
            news = {key: value for key, value in details.items() if value not in (None, shown.get(key))}
            shown.update(news)
            self._message(record, news)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print rows below the names of their columns."""
        cells = [[str(cell) for cell in row] for row in rows]
        widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
        self._write(self._paint(_aligned(columns, widths), DIM))
        for row in cells:
            self._write(_aligned(row, widths))

    def _message(self, record: Mapping[str, object], details: Mapping[str, object]) -> None:
        level = str(record.get("level", ""))
        first, *others = _as_text(record["message"]).splitlines() or [""]
        label = self._paint(f"{level:<8}", LEVEL_COLOURS.get(level, GREEN)) if level else ""
        aside = f"  {self._paint(_as_pairs(details), DIM)}" if details else ""
        self._write(f"    {label}{first}{aside}")
        for line in others:
            self._write(f"{'':12}{line}")

    def _paint(self, text: str, colour: str) -> str:
        return f"\033[{colour}m{text}\033[0m" if self._coloured else text

    def _write(self, line: str) -> None:
        # Flushed: a stranger should see what takes its time.
        print(line.rstrip(), file=self._stream, flush=True)


def wants_colour(stream: TextIO) -> bool:
    """Tell whether colours are fit for the stream: a terminal, not in CI, and NO_COLOR is not set."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and not os.environ.get("CI")


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))


def _as_record(line: str) -> dict[str, object]:
    """Return the record in a line of the log; a line that holds none is a record that says the line."""
    with contextlib.suppress(ValueError):
        record = json.loads(line)
        if isinstance(record, dict) and "message" in record:
            return record
    return {"message": line}


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _as_pairs(details: Mapping[str, object]) -> str:
    return " ".join(f"{key}={_as_text(value)}" for key, value in details.items())
