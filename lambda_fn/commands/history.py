"""History: what its rows say, without a lock, a write or a migrations directory."""

from lambda_fn.commands.draft import Draft
from lambda_fn.domain.history_event import HistoryRead
from lambda_fn.domain.row import RowFilter
from lambda_fn.ports import MigrationsTable, Reporter


def history(draft: Draft, table: MigrationsTable, reporter: Reporter) -> None:
    """Read the rows that are asked for. Raises: HistoryBlocked M505, SettingsInvalid M307."""
    request = draft.request
    draft.rows = table.read_rows(RowFilter(request.state, request.name_part, request.limit))
    reporter.report(HistoryRead(draft.rows))
