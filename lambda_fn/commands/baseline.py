"""Baseline: mark what an existing database holds as applied, so that the next deploy goes on from there."""

from lambda_fn.commands.draft import Draft
from lambda_fn.commands.resolve import mark
from lambda_fn.domain.baseline import plan_baseline, wanted_up_to
from lambda_fn.domain.baseline_event import Baselined
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.plan import make_plan
from lambda_fn.ports import Database, Reporter


def baseline(
    draft: Draft,
    migrations: tuple[Migration, ...],
    database: Database,
    reporter: Reporter,
    *,
    lock_wait_s: float,
) -> None:
    """Mark the migrations up to the request's `to`, all or none: one transaction writes them.

    Raises: RequestInvalid M106, HistoryBlocked M508, M509 before anything is changed; LockTimeout P1002.
    """
    wanted = wanted_up_to(migrations, draft.request.to)
    draft.take_lock(database.advisory_lock, lock_wait_s)
    table = database.table
    history = table.read()
    plan = make_plan(migrations, history)
    resolutions = plan_baseline(wanted, plan, history, table.schema, occupied=table.is_occupied())
    mark(draft, migrations, table, resolutions, history=history, reporter=reporter)
    reporter.report(Baselined(len(resolutions), wanted[-1].name, len(draft.plan.pending)))
