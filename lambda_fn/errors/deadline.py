"""M605 to M608: the time that the invoker gave ran out."""

from lambda_fn.errors.classes import DeadlineExceeded, Whereabouts

_MORE_TIME = (
    "Give the function more time (Timeout, up to 900 s); what takes longer than that is run from a terminal or a "
    "container: python -m lambda_fn deploy."
)


def no_time_left(left_s: float, reserve_s: float) -> DeadlineExceeded:
    """M605: less time is left than is kept in reserve for the answer, so nothing was begun."""
    return DeadlineExceeded(
        "M605",
        f"The invocation has {max(0.0, left_s):.1f} s left, and {reserve_s:g} s are kept for the answer; "
        "nothing was run.",
        "Raise the function's Timeout, 120 s at least; MIGRATE_RESERVE_S sets the reserve.",
    )


def before_migration(migration: str) -> DeadlineExceeded:
    """M605: the time was up before the next migration began; those before it are applied."""
    return DeadlineExceeded(
        "M605",
        f"The invocation's time was up before migration {migration} began; what was applied before it stays applied.",
        f"Deploy again: the next run goes on from there. {_MORE_TIME}",
        where=Whereabouts(migration=migration),
    )


def during_migration(where: Whereabouts) -> DeadlineExceeded:
    """M606: a migration was cancelled when the time was up, and the server confirmed the rollback."""
    place = f" at line {where.line}" if where.line else ""
    return DeadlineExceeded(
        "M606",
        f"Migration {where.migration} was cancelled{place}, because the invocation's time was up. "
        "Nothing of it is in the database.",
        _MORE_TIME,
        where=where,
    )


def during_statement_alone(where: Whereabouts, next_step: str) -> DeadlineExceeded:
    """M608: a statement that cannot share a transaction was cancelled when the time was up."""
    return DeadlineExceeded(
        "M608",
        f"Migration {where.migration} was cancelled, because the invocation's time was up. It ran outside a "
        "transaction, so part of its work may be in the database.",
        f"{next_step} {_MORE_TIME}",
        where=where,
    )


def during(doing: str) -> DeadlineExceeded:
    """M607: something other than a migration was cancelled when the time was up."""
    return DeadlineExceeded("M607", f"The invocation's time was up while {doing}.", _MORE_TIME)
