"""The history as a table, for a terminal."""

from collections.abc import Sequence
from typing import Final

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from lambda_fn.domain.history_event import cells_of, state_in_words
from lambda_fn.domain.row import HistoryRow, RowState

_STYLES: Final = {
    RowState.APPLIED: "green",
    RowState.FAILED: "bold red",
    RowState.ROLLED_BACK: "dim",
    RowState.HALF_DONE: "yellow",
}
_HEADINGS: Final = ("migration", "state", "started", "took")
_REASON: Final = "what the server said"
_REASON_CELLS: Final = 30
"""What a reason gets at least; it is the only thing that may be wrapped."""
_UNBOUNDED: Final = 100_000


def history_table(rows: Sequence[HistoryRow], console: Console) -> Table | None:
    """A row each, as the lines of a pipe have them, with the state in colour; None where the terminal is too narrow.

    What the server said has a column only where it said something.
    """
    cells = [cells_of(row) for row in rows]
    table = _empty(cells)
    for row, (name, _, began, took, reason) in zip(rows, cells, strict=True):
        told = [Text(reason)] if len(table.columns) > len(_HEADINGS) else []
        table.add_row(Text(name), Text(state_in_words(row), _STYLES[row.state]), Text(began), Text(took), *told)
    needed = Measurement.get(console, console.options.update(max_width=_UNBOUNDED), table).minimum
    return table if needed <= console.width else None


def _empty(cells: Sequence[tuple[str, ...]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    *widths, reason = (max(map(cell_len, column)) for column in zip(*cells, strict=True))
    for heading, width in zip(_HEADINGS, widths, strict=True):
        table.add_column(heading, no_wrap=True, min_width=max(width, len(heading)))
    if reason:
        table.add_column(_REASON, min_width=min(reason, _REASON_CELLS), overflow="fold")
    return table
