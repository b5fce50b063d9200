"""What a failed script is told as: the error for people, and the text for the history's `logs`."""

import json
from collections.abc import Mapping

from lambda_fn.domain.journal import OURS, Journal, ours_in
from lambda_fn.domain.server_error import ServerError
from lambda_fn.errors import MigrationFailed, Whereabouts
from lambda_fn.errors import apply as apply_errors
from lambda_fn.errors.history import RESOLVE_LINK


def migration_failed(error: ServerError, where: Whereabouts) -> MigrationFailed:
    """The error that the invoker gets when nothing of the migration stayed."""
    error = _presentable(error, where)
    next_step = _ADVICE.get(error.sqlstate, _TRY_AGAIN).format(name=where.migration)
    return apply_errors.failed(_problem(error, where), next_step, where, error.lines)


def step_failed(error: ServerError, where: Whereabouts, journal: Journal) -> MigrationFailed:
    """The error when the steps before stayed, and deploy goes on behind them."""
    error = _presentable(error, where)
    return apply_errors.failed_at_step(_problem(error, where), journal.stayed, where, error.lines)


def outside_failed(error: ServerError, where: Whereabouts) -> MigrationFailed:
    """The error when nobody can know what stayed: a routine that commits by itself, an index without a name."""
    error = _presentable(error, where)
    return apply_errors.failed_outside(_problem(error, where), where, error.lines)


def leftover_failed(error: ServerError, where: Whereabouts) -> MigrationFailed:
    """The error when a concurrent statement left what could not be removed yet."""
    error = _presentable(error, where)
    return apply_errors.leftover(_problem(error, where), where, error.lines)


def _problem(error: ServerError, where: Whereabouts) -> str:
    return f"{error.severity} {error.sqlstate}{where.place}: {error.message.rstrip('.')}."


def _presentable(error: ServerError, where: Whereabouts) -> ServerError:
    return error.without_literals() if where.hides_literals else error


_TRY_AGAIN = "Correct the file and deploy again; no resolve is needed."
_EXISTS = (
    "If the database already has all that this migration makes, mark it as applied with "
    "`migrate-lambda resolve --applied {name}`; else correct the file, or undo the part that is there, and deploy "
    "again."
)
_ROWS_IN_THE_WAY = "Correct the file, or the rows that are in its way, and deploy again; no resolve is needed."
_ADVICE: Mapping[str, str] = {
    **dict.fromkeys(("42P07", "42710", "42701", "42P06", "42723", "42P04"), _EXISTS),
    **dict.fromkeys(("23502", "23503", "23505", "23514", "23P01"), _ROWS_IN_THE_WAY),
    "42501": (
        "Let the role that owns the objects do it: set ownerRole (MIGRATE_OWNER_ROLE) to that role after GRANT "
        "of it to the connecting user, or GRANT the missing right (new objects: GRANT CREATE ON SCHEMA). "
        "Then deploy again; no resolve is needed."
    ),
    "55P04": (
        "A new enum value can be used only after it is committed: write `-- migrate: stepwise` into the first line, or "
        "move what uses it into a migration of its own, and deploy again."
    ),
    "25001": (
        "This statement cannot run inside a transaction, in which migrations run: write `-- migrate: stepwise` into "
        "the first line where it is of a kind that is known for this (VACUUM, CREATE INDEX CONCURRENTLY, …); run "
        "others outside of migrations. Then deploy again."
    ),
    "2D000": (
        "The procedure commits by itself, which it cannot do inside a transaction: write `-- migrate: stepwise` into "
        "the first line, with the CALL outside of BEGIN … COMMIT, and deploy again."
    ),
    "40P01": "Deploy again: a deadlock is chance.",
    "55P03": "Deploy again when whoever holds the lock is done.",
    "57014": "The statement was cancelled or took longer than statement_timeout; deploy again, or raise it.",
}


def logs_text(error: ServerError, where: Whereabouts, *, attempts: int, run_id: str) -> str:
    """What goes into `logs`: Prisma's text of P3018 first, then one line of JSON of our own."""
    ours = json.dumps({OURS: {"attempts": attempts, "run": run_id, "statement": where.statement}})
    return f"{_logs(error, where)}\n\n{ours}"


def journal_logs(error: ServerError, where: Whereabouts, journal: Journal, run_id: str) -> str:
    """The same for a migration of which some steps are done; its journal is the last line."""
    return f"{_logs(error, where)}\n\n{journal.line(run_id)}"


def _logs(error: ServerError, where: Whereabouts) -> str:
    error = _presentable(error, where)
    position = f"\n\nPosition:\n{where.excerpt}" if where.excerpt else ""
    server = "\n".join([f"{error.severity}: {error.message}", *error.lines])
    return (
        "A migration failed to apply. New migrations cannot be applied before the error is recovered from. "
        f"Read more about how to resolve migration issues in a production database: {RESOLVE_LINK}\n\n"
        f"Migration name: {where.migration}\n\nDatabase error code: {error.sqlstate}\n\n"
        f"Database error:\n{server}{position}"
    )


def attempts_in(logs: str | None) -> int:
    """How often a row of ours says that it was tried; 0 for a row that is not ours."""
    attempts = ours_in(logs).get("attempts")
    return attempts if isinstance(attempts, int) else 0
