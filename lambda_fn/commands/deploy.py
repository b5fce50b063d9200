"""Deploy: apply what is pending, in order, and stop at the first failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_fn.deadline import NO_DEADLINE, Deadline
from lambda_fn.domain.event import Applied, ApplyStarted, DeployFinished, Warned
from lambda_fn.domain.plan import check_plan, check_schema_empty, make_plan
from lambda_fn.errors import deadline as deadline_errors

if TYPE_CHECKING:
    from lambda_fn.commands.draft import Draft
    from lambda_fn.domain.history import History
    from lambda_fn.domain.migration import Migration
    from lambda_fn.domain.resumption import Resumption
    from lambda_fn.ports import Database, MigrationsTable, Reporter


def deploy(
    draft: Draft,
    migrations: tuple[Migration, ...],
    database: Database,
    reporter: Reporter,
    *,
    strict: bool,
    lock_wait_s: float,
    deadline: Deadline = NO_DEADLINE,
) -> None:
    """Apply the pending migrations; `draft` says afterwards, or on an error so far, what was done.

    Nothing pending and nothing failed: no lock is taken. Every pending script is checked before the first runs.
    Raises: DeadlineExceeded M605 when the time is up before all are checked; whatever check_plan,
    check_schema_empty, plan_execution, plan_resumption and the ports raise.
    """
    history = _look(draft, migrations, database.table, deadline)
    # A failed row may be one that another runner is applying right now: only who holds the lock can tell.
    if draft.plan.pending or draft.plan.failed:
        _ = database.runner  # imported now, and not while others wait for the lock
        # Reading the scripts may have taken some of the time that there was to wait.
        draft.take_lock(database.advisory_lock, max(0.0, min(lock_wait_s, deadline.work_left_s)))
        # Another runner may have worked while we waited.
        history = _look(draft, migrations, database.table, deadline)
    check_plan(draft.plan, strict=strict)
    _check_halfway(draft)
    for diagnostic in draft.plan.warnings:
        reporter.report(Warned(diagnostic))
    if draft.plan.pending and not history.exists:
        database.table.create()
    while not _apply(draft, database, reporter):
        # The lock was free for a while, so that another runner may have applied the rest.
        _look(draft, migrations, database.table, deadline)
        check_plan(draft.plan, strict=strict)
        _check_halfway(draft)
    reporter.report(DeployFinished(tuple(draft.applied)))


def _look(draft: Draft, migrations: tuple[Migration, ...], table: MigrationsTable, deadline: Deadline) -> History:
    """Read the history, plan, and decide how each pending script runs: a bad one stops the run before the first."""
    history = table.read()
    draft.plan = make_plan(migrations, history, to=draft.request.to)
    check_schema_empty(history, table.schema, migrations)
    for migration in draft.plan.pending:
        _plan_script(draft, migration, deadline)
    return history


def _plan_script(draft: Draft, migration: Migration, deadline: Deadline) -> None:
    from lambda_fn.domain.execution import plan_execution  # noqa: PLC0415  # only what is pending pays for the lexer

    def check_time() -> None:
        # Reading a large script takes seconds, in which nothing can be cancelled.
        if deadline.passed:
            raise deadline_errors.before_migration(migration.name)

    check_time()
    name, halfway = migration.name, draft.plan.halfway_of(migration.name) is not None
    # While the lock was waited for, others may have begun or resolved it.
    if name not in draft.executions or halfway is not (name in draft.going_on):
        draft.executions[name] = plan_execution(
            migration, stepwise=halfway, max_statement_mib=draft.max_statement_mib, check_time=check_time
        )
        if halfway:
            draft.going_on.add(name)
        else:
            draft.going_on.discard(name)


def _check_halfway(draft: Draft) -> None:
    """Only who holds the lock can tell a migration that is half done from one that another runner is applying."""
    for migration in draft.plan.pending:
        _resumption(draft, migration)


def _resumption(draft: Draft, migration: Migration) -> Resumption | None:
    record = draft.plan.halfway_of(migration.name)
    if record is None:
        return None
    from lambda_fn.domain.resumption import plan_resumption  # noqa: PLC0415  # few migrations are half done

    return plan_resumption(migration, draft.executions[migration.name], record)


def _apply(draft: Draft, database: Database, reporter: Reporter) -> bool:
    """Apply the plan; False when it has to be made anew before it goes on."""
    before = len(draft.applied)
    for number, migration in enumerate(draft.plan.pending, before + 1):
        reporter.report(ApplyStarted(migration.name, number, before + len(draft.plan.pending)))
        done = database.runner.apply(migration, draft.executions[migration.name], _resumption(draft, migration))
        if done is None:
            return False
        draft.applied.append(done)
        reporter.report(Applied(done))
        if done.reconnected:
            return False
    return True
