"""Deploy: apply what is pending, in order, and stop at the first failure."""

from collections.abc import Iterable

from lambda_fn.commands.draft import Draft
from lambda_fn.domain.event import Applied, ApplyStarted, DeployFinished, Warned
from lambda_fn.domain.execution import Execution, plan_execution
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.plan import Plan, check_plan, check_schema_empty, make_plan
from lambda_fn.ports import Database, Reporter


def deploy(
    draft: Draft,
    migrations: tuple[Migration, ...],
    database: Database,
    reporter: Reporter,
    *,
    strict: bool,
    lock_wait_s: float,
) -> None:
    """Apply the pending migrations; `draft` says afterwards, or on an error so far, what was done.

    Nothing pending and nothing failed: no lock is taken. Every pending script is checked before the first runs.
    Raises: whatever check_plan, check_schema_empty, plan_execution and the ports raise.
    """
    _look(draft, migrations, database, strict=strict)
    if draft.plan.pending:
        draft.executions.update(_executions(draft.plan.pending))
        draft.lock_wait_ms = database.advisory_lock.acquire(lock_wait_s)
        # Another runner may have worked while we waited.
        plan = _look(draft, migrations, database, strict=strict, create=True)
        _warn(plan, reporter)
        _apply(draft, plan.pending, database, reporter)
    else:
        _warn(draft.plan, reporter)
    reporter.report(DeployFinished(tuple(draft.applied)))


def _look(
    draft: Draft, migrations: tuple[Migration, ...], database: Database, *, strict: bool, create: bool = False
) -> Plan:
    """Read the history and plan; with `create`, make sure that the table is there."""
    history = database.table.read()
    draft.plan = make_plan(migrations, history, to=draft.request.to)
    check_plan(draft.plan, strict=strict)
    check_schema_empty(history, database.table.schema, migrations)
    if create and not history.exists:
        database.table.create()
    return draft.plan


def _executions(pending: Iterable[Migration]) -> dict[str, Execution]:
    return {migration.name: plan_execution(migration) for migration in pending}


def _warn(plan: Plan, reporter: Reporter) -> None:
    for diagnostic in plan.warnings:
        reporter.report(Warned(diagnostic))


def _apply(draft: Draft, pending: Iterable[Migration], database: Database, reporter: Reporter) -> None:
    for migration in pending:
        reporter.report(ApplyStarted(migration.name))
        done = database.runner.apply(migration, draft.executions[migration.name])
        draft.applied.append(done)
        reporter.report(Applied(done))
