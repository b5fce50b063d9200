"""Plan: what deploy would do, and what it would refuse; without a lock and without a write."""

from lambda_fn.commands.draft import Draft
from lambda_fn.commands.status import status
from lambda_fn.domain.event import Planned
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.plan import check_plan, check_schema_empty
from lambda_fn.domain.resumption import plan_script
from lambda_fn.ports import MigrationsTable, Reporter


def plan(
    draft: Draft,
    migrations: tuple[Migration, ...],
    table: MigrationsTable,
    reporter: Reporter,
    *,
    strict: bool,
) -> None:
    """Find out what deploy would do, and how it would run each script.

    Raises: what deploy would raise before it takes the lock.
    """
    history = status(draft, migrations, table, reporter)
    check_plan(draft.plan, strict=strict)
    check_schema_empty(history, table.schema, migrations)
    for migration in draft.plan.pending:
        execution = plan_script(migration, draft.plan.halfway_of(migration.name))
        draft.executions[migration.name] = execution
        reporter.report(Planned(migration.name, execution.mode, execution.statements))
