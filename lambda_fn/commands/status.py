"""Status: what is pending and failed, without a lock and without a write."""

from lambda_fn.commands.draft import Draft
from lambda_fn.domain.event import Diagnosed, Warned
from lambda_fn.domain.history import History
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.plan import make_plan
from lambda_fn.ports import MigrationsTable, Reporter


def status(draft: Draft, migrations: tuple[Migration, ...], table: MigrationsTable, reporter: Reporter) -> History:
    """Find out what is pending and failed, by the same rules as deploy; return what the history says."""
    history = table.read()
    draft.plan = plan = make_plan(migrations, history, to=draft.request.to)
    for diagnostic in plan.warnings:
        reporter.report(Warned(diagnostic))
    for record in plan.halfway:
        if (journal := record.journal) is not None:
            from lambda_fn.domain.step_event import HalfDone  # noqa: PLC0415  # few migrations are half done

            reporter.report(HalfDone(record.name, journal.done, journal.steps, record.reason))
    reporter.report(Diagnosed(tuple(m.name for m in plan.pending), plan.failed_names))
    return history
