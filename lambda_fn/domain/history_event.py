"""The history as `history` tells it."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from lambda_fn.domain.event import NAMES_LIMIT, Sentence
from lambda_fn.domain.printable import in_one_line
from lambda_fn.domain.row import HistoryRow, Rows, RowState

_GAP = "  "
_REASON_LIMIT = 200  # characters; a record of a log has a limit
_TIME = re.compile(r"(?P<day>[\d-]+)T(?P<time>[\d:]+)(?:\.\d+)?Z")
_WORDS = {
    RowState.APPLIED: "applied",
    RowState.FAILED: "failed or running",
    RowState.ROLLED_BACK: "rolled back",
    RowState.HALF_DONE: "half done",
}


class HistoryRead(NamedTuple):
    """The rows of the history are known; nothing was changed."""

    rows: Rows

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """A line for each row, and how many there are; or that there is no table, in Prisma's words."""
        shown, count = self.rows.rows, self.rows.count
        if count is None:
            return (Sentence("The current database is not managed by Prisma Migrate."),)
        if not shown:
            return (Sentence("No row of the history is asked for: it has none, or none that matches."),)
        text = f"The newest {len(shown)} of {count} rows." if count > len(shown) else _counted(count)
        lines = _aligned([_shortened(cells_of(row)) for row in shown])
        records = (lines[start : start + NAMES_LIMIT] for start in range(0, len(lines), NAMES_LIMIT))
        return *(Sentence("\n".join(record)) for record in records), Sentence(text)


def state_in_words(row: HistoryRow) -> str:
    """The state of a row, and how far it came or how often it was tried."""
    more = [
        *(["marked"] if row.marked else []),
        *([f"{row.done} of {row.steps} steps"] if row.steps is not None else []),
        *([f"{row.attempts} attempts"] if row.attempts is not None and row.attempts > 1 else []),
    ]
    return _WORDS[row.state] + (f" ({', '.join(more)})" if more else "")


def cells_of(row: HistoryRow) -> tuple[str, ...]:
    """What is shown of a row: name, state, when it began, how long it took, and what the server said; a line each."""
    took = "" if row.elapsed_ms is None or row.marked else f"{row.elapsed_ms} ms"
    return in_one_line(row.name), state_in_words(row), _in_seconds(row.started_at), took, in_one_line(row.reason or "")


def _in_seconds(time: str) -> str:
    """A time as people read it; one like `infinity` as the server writes it."""
    found = _TIME.fullmatch(time)
    return f"{found['day']} {found['time']} UTC" if found else time


def _shortened(cells: tuple[str, ...]) -> tuple[str, ...]:
    *others, reason = cells
    return *others, reason if len(reason) <= _REASON_LIMIT else reason[:_REASON_LIMIT] + "…"


def _aligned(table: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [_GAP.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() for cells in table]


def _counted(count: int) -> str:
    return "1 row." if count == 1 else f"{count} rows."
