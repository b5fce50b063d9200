"""What a failed script is told as: the error for people, and the text for the history's `logs`."""

import json
from collections.abc import Mapping

from lambda_fn.domain.execution import Mode
from lambda_fn.domain.server_error import ServerError
from lambda_fn.errors import MigrationFailed, Whereabouts
from lambda_fn.errors import apply as apply_errors
from lambda_fn.errors.history import RESOLVE_LINK

_OURS = "migrateLambda"


def migration_failed(error: ServerError, where: Whereabouts, mode: Mode) -> MigrationFailed:
    """The error that the invoker gets."""
    error = _presentable(error, where)
    place = f" at line {where.line}, column {where.column}" if where.line else ""
    problem = f"{error.severity} {error.sqlstate}{place}: {error.message.rstrip('.')}."
    make = apply_errors.failed if mode is Mode.ATOMIC else apply_errors.failed_alone
    return make(problem, _next_step(error, where, mode), where, error.lines)


def _presentable(error: ServerError, where: Whereabouts) -> ServerError:
    return error.without_literals() if where.hides_literals else error


def _next_step(error: ServerError, where: Whereabouts, mode: Mode) -> str:
    name = where.migration
    if mode is Mode.ALONE:
        return (
            "Look at what is left in the database (an INVALID index: DROP INDEX CONCURRENTLY), remove it, then "
            f"`python -m lambda_fn resolve --rolled-back {name}` and deploy again."
        )
    return _ADVICE.get(error.sqlstate, _TRY_AGAIN).format(name=name)


_TRY_AGAIN = "Correct the file and deploy again; no resolve is needed."
_EXISTS = (
    "If the database already has what this migration makes, mark it as applied with "
    "`python -m lambda_fn resolve --applied {name}`; else correct the file and deploy again."
)
_ADVICE: Mapping[str, str] = {
    **dict.fromkeys(("42P07", "42710", "42701", "42P06", "42723", "42P04"), _EXISTS),
    "42501": (
        "Let the role that owns the objects do it: set ownerRole (MIGRATE_OWNER_ROLE) to that role after GRANT "
        "of it to the connecting user, or GRANT the missing right (new objects: GRANT CREATE ON SCHEMA). "
        "Then deploy again; no resolve is needed."
    ),
    "55P04": (
        "A new enum value can be used only after it is committed: move what uses it into a migration of its own, "
        "and deploy again."
    ),
    "25001": (
        "This statement cannot run inside a transaction, in which migrations run: run it outside of migrations, "
        "or alone in its file where it is of a kind that is known for this (VACUUM, CREATE INDEX CONCURRENTLY, …), "
        "and deploy again."
    ),
    "2D000": "The procedure commits by itself, which it cannot do here: call it outside of migrations.",
    "40P01": "Deploy again: a deadlock is chance.",
    "55P03": "Deploy again when whoever holds the lock is done.",
    "57014": "The statement was cancelled or took longer than statement_timeout; deploy again, or raise it.",
}


def logs_text(error: ServerError, where: Whereabouts, *, attempts: int, run_id: str) -> str:
    """What goes into `logs`: Prisma's text of P3018 first, then one line of JSON of our own."""
    error = _presentable(error, where)
    position = f"\n\nPosition:\n{where.excerpt}" if where.excerpt else ""
    server = "\n".join([f"{error.severity}: {error.message}", *error.lines])
    return (
        "A migration failed to apply. New migrations cannot be applied before the error is recovered from. "
        f"Read more about how to resolve migration issues in a production database: {RESOLVE_LINK}\n\n"
        f"Migration name: {where.migration}\n\nDatabase error code: {error.sqlstate}\n\n"
        f"Database error:\n{server}{position}\n\n"
        + json.dumps({_OURS: {"attempts": attempts, "run": run_id, "statement": where.statement}})
    )


def attempts_in(logs: str | None) -> int:
    """How often a row of ours says that it was tried; 0 for a row that is not ours."""
    last = (logs or "").rstrip().rpartition("\n")[2]
    try:
        return int(json.loads(last)[_OURS]["attempts"])
    except (ValueError, KeyError, TypeError, OverflowError):
        return 0
