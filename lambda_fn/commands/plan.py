"""Plan: what deploy would do, what it would refuse and what it would destroy; without a lock and without a write."""

from lambda_fn.commands.draft import Draft
from lambda_fn.commands.status import status
from lambda_fn.domain.destructive_event import FoundDestructive
from lambda_fn.domain.event import Planned
from lambda_fn.domain.execution import Execution
from lambda_fn.domain.history import MigrationRecord
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
    """Find out what deploy would do, how it would run each script, and what in it is destructive.

    Raises: what deploy would raise before it takes the lock.
    """
    from lambda_fn.domain.destructive_statements import DestructiveStatements  # noqa: PLC0415  # no deploy pays for it

    history = status(draft, migrations, table, reporter)
    check_plan(draft.plan, strict=strict)
    check_schema_empty(history, table.schema, migrations)
    reading = DestructiveStatements(table.schema)
    for migration in draft.plan.pending:
        record = draft.plan.halfway_of(migration.name)
        execution = plan_script(migration, record, max_statement_mib=draft.max_statement_mib, splitter=reading.split)
        destructive = reading.findings(_done(execution, record))
        draft.executions[migration.name] = execution
        draft.destructive[migration.name] = destructive
        reporter.report(Planned(migration.name, execution.mode, execution.statements))
        reporter.report(FoundDestructive(migration.name, destructive))


def _done(execution: Execution, record: MigrationRecord | None) -> int:
    """How many statements of a script are in the database already: those of its finished steps."""
    if record is None or record.journal is None or execution.steps is None:
        return 0
    left = execution.steps.steps[record.journal.done :]
    return left[0].statement - 1 if left else execution.statements
