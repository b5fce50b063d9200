"""The rules of `baseline`: what is marked as applied, and when it is too late or too early for that."""

from lambda_fn.domain.history import History
from lambda_fn.domain.migration import Migration, find_migration, sort_key
from lambda_fn.domain.plan import Plan
from lambda_fn.domain.resolution import Resolution
from lambda_fn.errors import history as history_errors
from lambda_fn.errors import request as request_errors


def wanted_up_to(migrations: tuple[Migration, ...], to: str | None) -> tuple[Migration, ...]:
    """The migrations to mark: those up to `to`, or all. Raises: RequestInvalid M106."""
    if to is None:
        return migrations
    if find_migration(migrations, to) is None:
        raise request_errors.unknown_target(to)
    return tuple(migration for migration in migrations if sort_key(migration.name) <= sort_key(to))


def plan_baseline(
    wanted: tuple[Migration, ...], plan: Plan, history: History, schema: str, *, occupied: bool
) -> tuple[Resolution, ...]:
    """What to write; nothing where all that is wanted is applied already, so that a pipeline may repeat itself.

    `plan` is that of the whole directory, so that what is half done behind the last one wanted is no failure.
    Raises: HistoryBlocked M508 where the history holds rows otherwise, M509 where the schema holds no tables.
    """
    if history.records:
        if not plan.failed and set(plan.pending).isdisjoint(wanted):
            return ()
        raise history_errors.managed_already(len(history.records), history.records[-1].name)
    if not occupied:
        raise history_errors.nothing_to_baseline(schema)
    return tuple(Resolution(migration.name, (), migration) for migration in wanted)
