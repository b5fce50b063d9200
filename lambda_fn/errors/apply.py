"""M6 and P3018: a migration failed."""

from lambda_fn.errors.classes import NOTHING_STAYED, MigrationFailed, Stayed, Whereabouts


def failed(problem: str, next_step: str, where: Whereabouts, lines: tuple[str, ...]) -> MigrationFailed:
    """P3018: the server refused a statement, confirmed the rollback, and nothing of the file stayed."""
    return MigrationFailed(
        "P3018",
        f"Migration {where.migration} failed to apply: {problem} Nothing of it is in the database.",
        next_step,
        where=where,
        lines=lines,
    )


def failed_at_step(problem: str, stayed: Stayed, where: Whereabouts, lines: tuple[str, ...]) -> MigrationFailed:
    """P3018: a step of a migration failed and left nothing; the steps before it stay, and are recorded."""
    return MigrationFailed(
        "P3018",
        f"Migration {where.migration} failed to apply: {problem} {stayed.sentence}",
        "Correct the file from this statement on and deploy again: the next run goes on from here; no resolve is "
        "needed.",
        where=where,
        lines=lines,
    )


def failed_outside(problem: str, where: Whereabouts, lines: tuple[str, ...]) -> MigrationFailed:
    """P3018: what failed outside of a transaction may have left a part of its work, which nobody can find out."""
    return MigrationFailed(
        "P3018",
        f"Migration {where.migration} failed to apply: {problem} It ran outside a transaction, so part of its "
        "work may be in the database.",
        f"Look at what is left in the database. Undo all of the migration and run `migrate-lambda resolve "
        f"--rolled-back {where.migration}`, or complete it and run `migrate-lambda resolve --applied "
        f"{where.migration}`; then deploy again.",
        where=where,
        lines=lines,
    )


def leftover(problem: str, where: Whereabouts, lines: tuple[str, ...]) -> MigrationFailed:
    """P3018: a concurrent statement failed, and what it left invalid could not be removed yet."""
    return MigrationFailed(
        "P3018",
        f"Migration {where.migration} failed to apply: {problem} What it left behind, such as an INVALID index, could "
        "not be removed yet.",
        "Deploy again as it is: the next run removes it and begins this statement anew; no resolve is needed.",
        where=where,
        lines=lines,
    )


def transaction_ended_by_script(where: Whereabouts) -> MigrationFailed:
    """M601: the file ended the transaction that it ran in, so part of it may have been committed."""
    return MigrationFailed(
        "M601",
        f"Migration {where.migration} ended the transaction that it ran in (a COMMIT or ROLLBACK inside it), "
        "so part of it may be in the database. It is recorded as failed.",
        "Compare the database with the file; then either undo what is there and run "
        f"`migrate-lambda resolve --rolled-back {where.migration}`, or complete it and run "
        f"`migrate-lambda resolve --applied {where.migration}`. Remove the COMMIT or ROLLBACK from the file.",
        where=where,
    )


def not_recorded(where: Whereabouts, stayed: Stayed = NOTHING_STAYED) -> MigrationFailed:
    """M603: the history does not keep the rows that are written into it."""
    return MigrationFailed(
        "M603",
        f"Migration {where.migration} was rolled back: its row in _prisma_migrations was not there as it was written. "
        f"{stayed.sentence}",
        "Remove the rule or trigger from _prisma_migrations, and deploy again.",
        where=where,
    )


def end_not_recorded(migration: str) -> MigrationFailed:
    """M604: a statement outside of a transaction is done, but the history does not keep that."""
    return MigrationFailed(
        "M604",
        f"A statement of migration {migration} was run outside a transaction, and the history does not keep its end.",
        "Remove what keeps _prisma_migrations from being written (a rule, a trigger, a missing right) and deploy "
        "again: the next run finds out what is in the database and goes on from there, or says what to do.",
        where=Whereabouts(migration=migration),
    )


def not_committed(tag: str, where: Whereabouts, stayed: Stayed = NOTHING_STAYED) -> MigrationFailed:
    """M602: the server answered something other than COMMIT to our COMMIT."""
    return MigrationFailed(
        "M602",
        f"Migration {where.migration} was rolled back: the server answered {tag} to our COMMIT. {stayed.sentence}",
        "Look for statements in the file that abort the transaction.",
        where=where,
    )
