"""The rules of `resolve`: which rows to mark, and whether to write one."""

from dataclasses import dataclass

from lambda_fn.domain.history import History, MigrationState
from lambda_fn.domain.migration import Migration, find_migration
from lambda_fn.errors import history as history_errors


@dataclass(frozen=True, slots=True)
class Resolution:
    """What `resolve` does for one name.

    `mark_rolled_back` are the ids of rows that get `rolled_back_at`; `record_applied` is the migration that
    gets a new finished row, or None.
    """

    name: str
    mark_rolled_back: tuple[str, ...]
    record_applied: Migration | None


def resolve_applied(name: str, migrations: tuple[Migration, ...], history: History) -> Resolution:
    """Mark a migration as applied: open rows are rolled back, and a finished row is added.

    Raises: HistoryBlocked P3017 when the directory does not have it, P3008 when any row of it is finished.
    """
    migration = find_migration(migrations, name)
    if migration is None:
        raise history_errors.migration_not_found(name)
    if any(record.finished for record in history.of(name)):
        raise history_errors.already_applied(name)
    return Resolution(name, _open_rows(name, history), migration)


def resolve_rolled_back(name: str, history: History) -> Resolution:
    """Mark every open row of a migration as rolled back; when it is so already, nothing changes.

    Raises: HistoryBlocked M501 without a table, P3011 without a row, P3012 when every row is finished.
    """
    if not history.exists:
        raise history_errors.no_history()
    records = history.of(name)
    if not records:
        raise history_errors.never_applied(name)
    if all(record.finished for record in records):
        raise history_errors.not_failed(name)
    return Resolution(name, _open_rows(name, history), None)


def _open_rows(name: str, history: History) -> tuple[str, ...]:
    return tuple(r.id for r in history.of(name) if r.state is MigrationState.FAILED)
