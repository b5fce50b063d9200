"""The history as a table, for a terminal."""

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from lambda_fn.domain.history_event import cells_of, state_in_words
from lambda_fn.domain.row import HistoryRow, RowState

_STYLES = {
    RowState.APPLIED: "green",
    RowState.FAILED: "bold red",
    RowState.ROLLED_BACK: "dim",
    RowState.HALF_DONE: "yellow",
}


def history_table(rows: Sequence[HistoryRow]) -> Table:
    """A row each, as the lines of a pipe have them, with the state in colour."""
    table = Table("migration", "state", "started", "took", "what the server said", box=box.SIMPLE_HEAD)
    for row in rows:
        name, _, began, took, reason = cells_of(row)
        table.add_row(Text(name), Text(state_in_words(row), _STYLES[row.state]), began, took, Text(reason))
    return table
