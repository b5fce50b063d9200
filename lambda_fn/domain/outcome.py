"""What a run came to, and the one place that turns it into JSON (`docs/outcome.schema.json`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lambda_fn.domain.check import Check
    from lambda_fn.domain.destructive import Destructive
    from lambda_fn.domain.plan import Diagnostic
    from lambda_fn.domain.request import Action
    from lambda_fn.domain.row import HistoryRow
    from lambda_fn.errors import MigrateError

Json = dict[str, object]
_DRIFT = frozenset({"M510", "M513", "M514"})  # the warnings of edited, missing and half-done migrations


class Status(StrEnum):
    """The outcome in one word; public API."""

    APPLIED = "applied"
    """Deploy applied at least one migration, and nothing is left to do."""
    UP_TO_DATE = "upToDate"
    """Nothing is pending."""
    PENDING = "pending"
    """Something is pending (status, plan, verify, resolve, baseline)."""
    INCOMPLETE = "incomplete"
    """The time was up behind a first part; told only to who comes back, and deploys again. ECS and CodePipeline are
    told so too where another runner held the lock for all of it."""
    FAILED = "failed"
    """The run ended with an error, or the history holds a failed row."""
    UNKNOWN = "unknown"
    """The server's answer to a commit is not in; the next run finds out."""
    PASSED = "passed"
    """No check of doctor failed; history was read, whatever stands in it."""
    SKIPPED = "skipped"
    """There was nothing to do for this event: a stack was rolled back or deleted."""


class AppliedMigration(NamedTuple):
    """A migration that this run applied.

    `reconnected` says that the connection, and with it the lock, was lost meanwhile and had anew.
    """

    name: str
    statements: int
    elapsed_ms: int
    reconnected: bool = False


class PendingMigration(NamedTuple):
    """A migration that is pending; how it would run, and what it would destroy, is said by `plan` only.

    Of one that is half done, `done` of its `steps` are in the database; both are None for others.
    """

    name: str
    mode: str | None = None
    statements: int | None = None
    done: int | None = None
    steps: int | None = None
    destructive: tuple[Destructive, ...] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to. Every field that is not known is None or empty.

    `latest` is the newest migration of the directory that is applied; `skipped` says why nothing was done. `omitted`
    is how many names are left out, where the outcome was read from a function's answer. `history_count` is how many
    rows match what `history` was asked for; `history` holds the newest of them.
    """

    action: Action
    status: Status
    run_id: str
    elapsed_ms: int
    lock_wait_ms: int | None = None
    directory: str | None = None
    migrations: int | None = None
    database: str | None = None
    schema: str | None = None
    server_version: str | None = None
    applied: tuple[AppliedMigration, ...] = ()
    pending: tuple[PendingMigration, ...] = ()
    failed: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    checks: tuple[Check, ...] = ()
    latest: str | None = None
    skipped: str | None = None
    history_count: int | None = None
    history: tuple[HistoryRow, ...] = ()
    omitted: int = 0
    error: MigrateError | None = field(default=None, compare=False)

    @property
    def drift(self) -> int:
        """In how many migrations directory and database differ: pending, half done, failed, edited, missing."""
        told = (name for warning in self.warnings if warning.code in _DRIFT for name in warning.migrations)
        return len({*(migration.name for migration in self.pending), *self.failed, *told})


def to_json(outcome: Outcome, *, listed: int | None = None) -> Json:
    """The outcome as JSON values; keys in camelCase, times in milliseconds.

    `listed` is how many entries of each list are kept; the counts are those of the whole ones.
    """
    return {
        "action": outcome.action.value,
        "status": outcome.status.value,
        "runId": outcome.run_id,
        "elapsedMs": outcome.elapsed_ms,
        "lockWaitMs": outcome.lock_wait_ms,
        "directory": outcome.directory,
        "migrations": outcome.migrations,
        "database": outcome.database,
        "schema": outcome.schema,
        "serverVersion": outcome.server_version,
        "appliedCount": len(outcome.applied),
        "applied": [_applied_to_json(m) for m in outcome.applied[:listed]],
        "pendingCount": len(outcome.pending),
        "pending": list(_pending_to_json(outcome.pending[:listed], listed)),
        "failedCount": len(outcome.failed),
        "failed": list(outcome.failed[:listed]),
        "resolvedCount": len(outcome.resolved),
        "resolved": list(outcome.resolved[:listed]),
        "warnings": [
            {"code": w.code, "message": w.message, "migrations": list(w.migrations[:listed])} for w in outcome.warnings
        ],
        "checks": [_check_to_json(check) for check in outcome.checks],
        "latest": outcome.latest,
        "skipped": outcome.skipped,
        "historyCount": outcome.history_count,
        "history": [_row_to_json(row) for row in outcome.history],
        "error": None if outcome.error is None else error_to_json(outcome.error),
    }


def _applied_to_json(migration: AppliedMigration) -> Json:
    return {"name": migration.name, "statements": migration.statements, "elapsedMs": migration.elapsed_ms}


def _pending_to_json(pending: tuple[PendingMigration, ...], listed: int | None) -> Iterator[Json]:
    """Of what is destructive, so many are kept in all of them together."""
    for migration in pending:
        found = (migration.destructive or ())[:listed]
        listed = None if listed is None else listed - len(found)
        told: Json = {
            "destructiveCount": len(migration.destructive or ()),
            "destructive": [each.to_json() for each in found],
        }
        yield _named_to_json(migration) | ({} if migration.destructive is None else told)


def _named_to_json(migration: PendingMigration) -> Json:
    values = {
        "mode": migration.mode,
        "statements": migration.statements,
        "done": migration.done,
        "steps": migration.steps,
    }
    return {"name": migration.name, **{key: value for key, value in values.items() if value is not None}}


def _row_to_json(row: HistoryRow) -> Json:
    return {
        "name": row.name,
        "state": row.state.value,
        "marked": row.marked,
        "startedAt": row.started_at,
        "finishedAt": row.finished_at,
        "rolledBackAt": row.rolled_back_at,
        "elapsedMs": row.elapsed_ms,
        "done": row.done,
        "steps": row.steps,
        "reason": row.reason,
        "attempts": row.attempts,
        "id": row.id,
        "checksum": row.checksum,
    }


def _check_to_json(check: Check) -> Json:
    return {
        "name": check.name.value,
        "result": check.result.value,
        "message": check.message,
        "nextStep": check.next_step or None,
        "class": type(check.error).__name__ if check.error else None,
        "code": check.error.code if check.error else None,
    }


def error_to_json(error: MigrateError) -> Json:
    """An error as JSON values."""
    where = error.where
    return {
        "class": type(error).__name__,
        "code": error.code,
        "message": error.headline,
        "nextStep": error.next_step or None,
        "migration": where.migration,
        "sqlstate": where.sqlstate,
        "statement": where.statement,
        "line": where.line,
        "column": where.column,
        "excerpt": where.excerpt,
        "details": list(error.lines),
    }
