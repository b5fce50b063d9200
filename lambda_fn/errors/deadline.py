"""M605 to M609: the time that the invoker gave ran out."""

from lambda_fn.errors.classes import NOTHING_STAYED, DeadlineExceeded, Stayed, Whereabouts

_TIME_WAS_UP, _INTERRUPTED = "invocation's time was up", "run was interrupted"
_MORE_TIME = (
    "Give the function more time (Timeout, up to 900 s), on a terminal --timeout-s; what takes longer than 900 s is "
    "run from a terminal or a container: migrate-lambda deploy."
)


def no_time_left(left_s: float, reserve_s: float) -> DeadlineExceeded:
    """M605: less time is left than is kept in reserve for the answer, so nothing was begun."""
    return DeadlineExceeded(
        "M605",
        f"The invocation has {max(0.0, left_s):.1f} s left, and {reserve_s:g} s are kept for the answer; "
        "nothing was run.",
        "Give it more time (the function's Timeout, at best 900 s, or --timeout-s); MIGRATE_RESERVE_S sets the "
        "reserve.",
    )


def before_migration(migration: str) -> DeadlineExceeded:
    """M605: the time was up before the next migration began; those before it are applied."""
    return DeadlineExceeded(
        "M605",
        f"The {_TIME_WAS_UP} before migration {migration} began; what was applied before it stays applied.",
        f"Deploy again: the next run goes on from there. {_MORE_TIME}",
        where=Whereabouts(migration=migration),
    )


def before_step(migration: str, stayed: Stayed) -> DeadlineExceeded:
    """M605: the time was up before the next step of a migration began; those before it are in the database."""
    return DeadlineExceeded(
        "M605",
        f"The {_TIME_WAS_UP} before step {stayed.done + 1} of {stayed.steps} of migration {migration} began. "
        f"{stayed.sentence}",
        f"Deploy again: the next run goes on from there. {_MORE_TIME}",
        where=Whereabouts(migration=migration),
    )


def during_migration(where: Whereabouts, stayed: Stayed = NOTHING_STAYED) -> DeadlineExceeded:
    """M606: a migration was cancelled when the time was up; `stayed` says what of it was not."""
    return DeadlineExceeded(
        "M606",
        f"Migration {where.migration} was cancelled{where.place}, because the {_TIME_WAS_UP}. {stayed.sentence}",
        f"Deploy again: the next run goes on from there. {_MORE_TIME}" if stayed.done else _MORE_TIME,
        where=where,
    )


def during_concurrent_statement(where: Whereabouts) -> DeadlineExceeded:
    """M608: a concurrent statement was cancelled when the time was up, and what it left is for the next run."""
    return DeadlineExceeded(
        "M608",
        f"Migration {where.migration} was cancelled{where.place}, because the {_TIME_WAS_UP}. What "
        "the statement left behind, such as an INVALID index, could not be removed yet.",
        f"Deploy again: the next run removes it and begins this statement anew; no resolve is needed. {_MORE_TIME}",
        where=where,
    )


def during_statement_alone(where: Whereabouts, next_step: str) -> DeadlineExceeded:
    """M608: a statement of which nobody can find out what it left was cancelled when the time was up."""
    return DeadlineExceeded(
        "M608",
        f"Migration {where.migration} was cancelled, because the {_TIME_WAS_UP}. It ran outside a "
        "transaction, so part of its work may be in the database.",
        f"{next_step} {_MORE_TIME}",
        where=where,
    )


def during(doing: str) -> DeadlineExceeded:
    """M607: something other than a migration was cancelled when the time was up."""
    return DeadlineExceeded("M607", f"The {_TIME_WAS_UP} while {doing}.", _MORE_TIME)


def reading_credentials() -> DeadlineExceeded:
    """M607: the secret, or what an IAM token is made of, had not come when the time was up."""
    return DeadlineExceeded(
        "M607",
        f"The {_TIME_WAS_UP} while reading the credentials.",
        "Look whether the function's subnets have a way to Secrets Manager (an interface endpoint, or a NAT), and give "
        "the function more time (Timeout).",
    )


def unanswered(doing: str) -> DeadlineExceeded:
    """M609: the server answered neither a commit nor the cancel, so it is not known what became of it."""
    return DeadlineExceeded(
        "M609",
        f"The {_TIME_WAS_UP} while {doing}, and the server did not answer a cancel. Whether its "
        "transaction was committed is not known: it is in the database and in the history, or in neither.",
        f"Deploy again: the next run reads the history and goes on from there. {_MORE_TIME}",
        unknown=True,
    )


def unanswered_outside_transaction(migration: str) -> DeadlineExceeded:
    """M609: a statement that cannot share a transaction did not end when it was cancelled, and may still run."""
    return DeadlineExceeded(
        "M609",
        f"The {_TIME_WAS_UP} while applying {migration}, and the server did not answer a cancel. It runs "
        "outside a transaction, and may be recorded as started.",
        "Deploy again: the next run finds out what is in the database and goes on from there, or says what to do. "
        f"{_MORE_TIME}",
        where=Whereabouts(migration=migration),
        unknown=True,
    )


def end_not_recorded_in_time(migration: str) -> DeadlineExceeded:
    """M609: a statement that runs alone is done, and the time was up before the history had it."""
    return DeadlineExceeded(
        "M609",
        f"A statement of migration {migration} was run, and the {_TIME_WAS_UP} before its end could be "
        "recorded; whether the history has it is not known.",
        "Deploy again: the next run finds out what is in the database and goes on from there, or says what to do.",
        where=Whereabouts(migration=migration),
        unknown=True,
    )


def nothing_run() -> DeadlineExceeded:
    """M610: somebody interrupted a run before it had a connection."""
    return DeadlineExceeded("M610", "The run was interrupted before it began; nothing was run.", "Run it again.")


def cut_off() -> DeadlineExceeded:
    """M610: somebody interrupted a run for the second time, and it did not wait for what the server had to say."""
    return DeadlineExceeded(
        "M610",
        "The run was cut off while it was being interrupted. What was reported as applied is applied; the migration "
        "that was running, or the step of one that is run step by step, is in the database and in the history, or in "
        "neither.",
        "Run migrate-lambda status to see; the next deploy goes on from there.",
        unknown=True,
    )


def interrupted(error: DeadlineExceeded) -> DeadlineExceeded:
    """The same for a run that somebody interrupted, which had time enough."""
    next_step = error.next_step.replace(_MORE_TIME, "").rstrip()
    same = DeadlineExceeded(
        error.code,
        error.problem.replace(_TIME_WAS_UP, _INTERRUPTED),
        next_step or "Run it again: the next run goes on from there.",
        where=error.where,
        lines=error.lines,
        unknown=error.unknown,
    )
    same.progressed = error.progressed
    return same
