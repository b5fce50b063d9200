"""Going on with a migration of which some steps are done."""

from collections.abc import Callable
from dataclasses import dataclass

from lambda_fn.domain import location
from lambda_fn.domain.execution import Execution, Splitter, plan_execution
from lambda_fn.domain.history import MigrationRecord
from lambda_fn.domain.journal import Journal
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.recheck import Unknowable
from lambda_fn.domain.statement_limit import MAX_STATEMENT_MIB
from lambda_fn.domain.steps import Steps
from lambda_fn.errors import history as history_errors


@dataclass(frozen=True, slots=True)
class Resumption:
    """The row of an unfinished migration, and how far it has come."""

    row_id: str
    journal: Journal


def plan_script(
    migration: Migration,
    record: MigrationRecord | None,
    check_time: Callable[[], None] = lambda: None,
    *,
    max_statement_mib: int = MAX_STATEMENT_MIB,
    splitter: Splitter | None = None,
) -> Execution:
    """Decide how to run a pending migration; `record` is its row when it is half done.

    Raises: what plan_execution and plan_resumption raise, and check_time.
    """
    execution = plan_execution(
        migration,
        stepwise=record is not None,
        max_statement_mib=max_statement_mib,
        check_time=check_time,
        splitter=splitter,
    )
    if record is not None:
        plan_resumption(migration, execution, record)
    return execution


def plan_resumption(migration: Migration, execution: Execution, record: MigrationRecord) -> Resumption:
    """Decide whether a run may go on with a half-done migration; `execution` is the file as it is now.

    What comes behind the finished steps may have been edited, they themselves and one that was begun not.
    Raises: HistoryBlocked M506 when they were, M507 when nobody can know whether the one that was begun was done.
    """
    journal, steps = record.journal, execution.steps
    if journal is None:
        raise history_errors.failed_migrations([(record.name, record.started_at or "unknown", record.reason)])
    if steps is None or steps.chain_after(journal.done) != journal.chain:
        raise history_errors.finished_steps_edited(migration.name, journal.done, journal.steps)
    if journal.begun is not None:
        _check_begun(migration, execution, steps, journal)
    return Resumption(record.id, journal)


def _check_begun(migration: Migration, execution: Execution, steps: Steps, journal: Journal) -> None:
    if steps.chain_after(journal.done + 1) != journal.begun_chain:
        raise history_errors.begun_step_edited(migration.name, journal.done + 1)
    step = steps.steps[journal.done]
    if isinstance(step.recheck, Unknowable):
        where = location.of_error(
            migration.name, migration.text, offset=step.start, sqlstate="", landmarks=execution.landmarks
        )
        raise history_errors.step_without_end(step.number, len(steps.steps), where)
