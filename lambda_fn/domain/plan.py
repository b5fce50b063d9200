"""What a deploy would do: the directory and the history in, a plan out."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from lambda_fn.domain.checksum import matches_checksum
from lambda_fn.domain.history import History, MigrationRecord, MigrationState
from lambda_fn.domain.migration import Migration, find_migration, sort_key
from lambda_fn.errors import history as history_errors
from lambda_fn.errors import request as request_errors

_AHEAD = "M514"
_SHOWN_NAMES = 5


class Diagnostic(NamedTuple):
    """Something about the history that people should know, with the migrations concerned."""

    code: str
    message: str
    migrations: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """The migrations to apply in order, the rows that block it, and what to warn of."""

    pending: tuple[Migration, ...] = ()
    failed: tuple[MigrationRecord, ...] = ()
    halfway: tuple[MigrationRecord, ...] = ()
    """The rows of pending migrations of which some steps are done: deploy goes on with them."""
    warnings: tuple[Diagnostic, ...] = ()
    latest: str | None = None
    """The newest migration of the directory that is applied already."""

    @property
    def failed_names(self) -> tuple[str, ...]:
        """The migrations that have failed rows, each once."""
        return tuple(dict.fromkeys(record.name for record in self.failed))

    def halfway_of(self, name: str) -> MigrationRecord | None:
        """The row of a migration of which some steps are done."""
        return self._halfway_by_name.get(name)

    @cached_property
    def _halfway_by_name(self) -> dict[str, MigrationRecord]:
        return {record.name: record for record in self.halfway}


def make_plan(migrations: tuple[Migration, ...], history: History, *, to: str | None = None) -> Plan:
    """Decide what is pending and what has failed, by Prisma's rules for deploy.

    Pending: the directory has the name and no row of it has `rolled_back_at` NULL. Failed: any row with
    `finished_at` and `rolled_back_at` both NULL; but a wanted migration whose one such row has a journal of ours is
    halfway, and pending, unless it is recorded as applied too. Where nothing is pending, one with a journal of ours
    that is newer than the directory is no failure either: so it is after a rollback. `migrations` are in their order;
    `to` is the last one wanted.

    Raises: RequestInvalid (M106) when the directory has no migration `to`.
    """
    if to is not None and find_migration(migrations, to) is None:
        raise request_errors.unknown_target(to)
    current = _current_records(history)
    wanted = tuple(m for m in migrations if _is_wanted(m, to))
    half_done = _half_done(history)
    names = {migration.name for migration in wanted}
    halfway = tuple(record for record in half_done if record.name in names)
    begun = {record.name for record in halfway}
    pending = tuple(m for m in wanted if m.name not in current or m.name in begun)
    ahead = () if pending else _ahead_of(migrations, half_done)
    no_failures = begun | {record.name for record in ahead}
    applied = (m.name for m in reversed(migrations) if _is_applied(current.get(m.name)))
    return Plan(
        pending=pending,
        failed=tuple(record for record in history.failed if record.name not in no_failures),
        halfway=halfway,
        warnings=(*_diagnose(migrations, pending, current), *_warn(_AHEAD, (r.name for r in ahead), _ahead_message)),
        latest=next(applied, None),
    )


def check_plan(plan: Plan, *, strict: bool) -> None:
    """Raise HistoryBlocked: P3009 when a failed row is there, M502 when strict and there is a warning.

    That the database is ahead of the directory is a warning for the strict too.
    """
    if plan.failed:
        raise history_errors.failed_migrations(
            [(record.name, record.started_at or "unknown", _reason(record)) for record in plan.failed]
        )
    counting = [warning.message for warning in plan.warnings if warning.code != _AHEAD]
    if strict and counting:
        raise history_errors.strict(counting)


def _reason(record: MigrationRecord) -> str | None:
    if record.journal is None:
        return record.reason
    stopped = f", stopped at {record.reason}" if record.reason else ""
    return (
        f"half done, {record.journal.done} of {record.journal.steps} steps{stopped}. A deploy from a directory that "
        "has it, and not of an older `to`, goes on with it"
    )


def check_schema_empty(history: History, schema: str, migrations: tuple[Migration, ...]) -> None:
    """Raise P3005 when there is no history but the schema holds tables."""
    if not history.exists and history.occupied:
        raise history_errors.schema_not_empty(schema, migrations[0].name)


def _half_done(history: History) -> tuple[MigrationRecord, ...]:
    """The rows with a journal of ours that are the only ones of their names."""
    begun = tuple(record for record in history.failed if record.journal is not None)
    if not begun:
        return ()
    # Of two rows of a name, the second may be an applied one: what is in the database is then for a person to see.
    rows = Counter(record.name for record in history.records if record.state is not MigrationState.ROLLED_BACK)
    return tuple(record for record in begun if rows[record.name] == 1)


def _ahead_of(migrations: tuple[Migration, ...], records: tuple[MigrationRecord, ...]) -> tuple[MigrationRecord, ...]:
    """Those whose migrations are newer than the directory, which therefore does not have them."""
    newest = sort_key(migrations[-1].name) if migrations else b""
    return tuple(record for record in records if sort_key(record.name) > newest)


def _ahead_message(names: str) -> str:
    return f"Half done, and newer than this directory; a deploy from one that has it goes on with it: {names}."


def _is_wanted(migration: Migration, to: str | None) -> bool:
    return to is None or sort_key(migration.name) <= sort_key(to)


def _is_applied(record: MigrationRecord | None) -> bool:
    return record is not None and record.state is MigrationState.APPLIED


def _current_records(history: History) -> dict[str, MigrationRecord]:
    """The newest row of each name that is not rolled back."""
    return {r.name: r for r in history.records if r.state is not MigrationState.ROLLED_BACK}


def _diagnose(
    migrations: tuple[Migration, ...], pending: tuple[Migration, ...], current: dict[str, MigrationRecord]
) -> Iterator[Diagnostic]:
    applied = {name: r for name, r in current.items() if r.state is MigrationState.APPLIED}
    yield from _warn("M510", _edited(migrations, applied), _edited_message)
    yield from _warn("M511", _out_of_order(pending, applied), _out_of_order_message)
    yield from _warn("M512", _sharing_a_timestamp(migrations, pending), _sharing_message)
    yield from _warn("M515", _ordered_otherwise(migrations, pending), _otherwise_message)
    yield from _warn("M513", _missing(migrations, applied), _missing_message)


def _warn(code: str, names: Iterable[str], message: Callable[[str], str]) -> Iterator[Diagnostic]:
    found = tuple(names)
    if found:
        yield Diagnostic(code, message(_listed(found)), found)


def _listed(names: tuple[str, ...]) -> str:
    rest = len(names) - _SHOWN_NAMES
    return ", ".join(names[:_SHOWN_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def _edited(migrations: tuple[Migration, ...], applied: dict[str, MigrationRecord]) -> Iterator[str]:
    for migration in migrations:
        record = applied.get(migration.name)
        if record and not _is_unchanged(migration, record):
            yield migration.name


def _is_unchanged(migration: Migration, record: MigrationRecord) -> bool:
    return record.checksum == migration.checksum or matches_checksum(migration.script, record.checksum)


def _edited_message(names: str) -> str:
    return f"Edited after it was applied, and not run again: {names}."


def _out_of_order(pending: tuple[Migration, ...], applied: dict[str, MigrationRecord]) -> Iterator[str]:
    newest = max(map(sort_key, applied), default=b"")
    return (migration.name for migration in pending if sort_key(migration.name) < newest)


def _out_of_order_message(names: str) -> str:
    return f"Pending, though a newer migration is already applied: {names}."


def _sharing_a_timestamp(migrations: tuple[Migration, ...], pending: tuple[Migration, ...]) -> Iterator[str]:
    """Names with equal timestamps of which one is pending: Prisma may order them otherwise (localeCompare)."""
    groups: dict[str, list[str]] = defaultdict(list)
    for migration in migrations:
        if migration.timestamp:
            groups[migration.timestamp].append(migration.name)
    wanted = {migration.timestamp for migration in pending}
    for timestamp, names in groups.items():
        if len(names) > 1 and timestamp in wanted:
            yield from names


def _sharing_message(names: str) -> str:
    return f"These share a timestamp, so that other tools may order them differently: {names}."


def _ordered_otherwise(migrations: tuple[Migration, ...], pending: tuple[Migration, ...]) -> Iterator[str]:
    """As those that share a timestamp, but between names of which one has none."""
    if all(migration.timestamp for migration in migrations):
        return
    # Nearly all names have timestamps, and its table of Unicode takes 2 ms to load.
    from lambda_fn.domain.name_order import ordered_otherwise  # noqa: PLC0415  # few directories pay for it

    heads: dict[str, list[str]] = defaultdict(list)
    for migration in migrations:
        heads[migration.timestamp or migration.name].append(migration.name)
    for head in ordered_otherwise(tuple(heads), {migration.timestamp or migration.name for migration in pending}):
        yield from heads[head]


def _otherwise_message(names: str) -> str:
    return f"Prisma may apply these in another order, as not all of them begin with a timestamp: {names}."


def _missing(migrations: tuple[Migration, ...], applied: dict[str, MigrationRecord]) -> Iterator[str]:
    """Applied, below the directory's newest name, and not in it. A database that is ahead is no finding."""
    present = {migration.name for migration in migrations}
    newest = max(map(sort_key, present), default=b"")
    return (name for name in applied if name not in present and sort_key(name) < newest)


def _missing_message(names: str) -> str:
    return f"Applied in the database, but missing from the migrations directory: {names}."
