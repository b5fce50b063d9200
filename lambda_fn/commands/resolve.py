"""Resolve: mark migrations as applied or as rolled back."""

from collections.abc import Iterator

from lambda_fn.commands.draft import Draft
from lambda_fn.domain.event import Resolved
from lambda_fn.domain.history import History
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.plan import make_plan
from lambda_fn.domain.resolution import Resolution, resolve_applied, resolve_rolled_back
from lambda_fn.ports import Database, MigrationsTable, Reporter


def resolve(
    draft: Draft,
    migrations: tuple[Migration, ...],
    database: Database,
    reporter: Reporter,
    *,
    lock_wait_s: float,
) -> None:
    """Mark the request's migrations, all or none: every name is checked first, and one transaction writes them.

    Marking as applied creates the table when it is absent, also in a schema with tables: this is baselining.
    Raises: HistoryBlocked as the rules of resolution say; LockTimeout P1002.
    """
    draft.take_lock(database.advisory_lock, lock_wait_s)
    history = database.table.read()
    resolutions = tuple(_resolutions(draft, migrations, history))
    mark(draft, migrations, database.table, resolutions, history=history, reporter=reporter)


def mark(
    draft: Draft,
    migrations: tuple[Migration, ...],
    table: MigrationsTable,
    resolutions: tuple[Resolution, ...],
    *,
    history: History,
    reporter: Reporter,
) -> None:
    """Carry resolutions out that were made of the history as it is, and find out what is left. The lock is held."""
    if not history.exists:
        table.create()
    table.resolve(*resolutions)
    for resolution in resolutions:
        draft.resolved.append(resolution.name)
        reporter.report(Resolved(resolution.name, applied=resolution.record_applied is not None))
    draft.plan = make_plan(migrations, table.read())


def _resolutions(draft: Draft, migrations: tuple[Migration, ...], history: History) -> Iterator[Resolution]:
    for name in draft.request.applied:
        yield resolve_applied(name, migrations, history)
    for name in draft.request.rolled_back:
        yield resolve_rolled_back(name, history)
