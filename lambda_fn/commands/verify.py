"""Verify: succeed only if nothing is pending or failed; without a lock and without a write."""

from lambda_fn.commands.draft import Draft
from lambda_fn.commands.status import status
from lambda_fn.domain.history import History, MigrationState
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.plan import check_plan
from lambda_fn.errors import history as history_errors
from lambda_fn.ports import MigrationsTable, Reporter


def verify(
    draft: Draft,
    migrations: tuple[Migration, ...],
    table: MigrationsTable,
    reporter: Reporter,
    *,
    strict: bool,
) -> None:
    """Check that the database is ready for what needs it.

    Raises: HistoryBlocked P3009 for a failed row, M503 for a pending migration, M504 when the migration that
    the request `requires` is not applied, M502 for a warning when strict.
    """
    history = status(draft, migrations, table, reporter)
    check_plan(draft.plan, strict=strict)
    required = draft.request.requires
    if required is not None and not _is_applied(required, history):
        raise history_errors.requirement_missing(required)
    if draft.plan.pending:
        raise history_errors.not_verified([migration.name for migration in draft.plan.pending])


def _is_applied(name: str, history: History) -> bool:
    return any(record.state is MigrationState.APPLIED for record in history.of(name))
