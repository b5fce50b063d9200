"""M5 and Prisma's P30xx: the history does not allow it."""

from collections.abc import Iterable, Sequence

from lambda_fn.errors.classes import HistoryBlocked, Whereabouts

RESOLVE_LINK = "https://pris.ly/d/migrate-resolve"
NOT_READY = ("M503", "M504")
"""Codes that say: the database is not yet what `verify` asks for."""
_SHOWN = 5
_EXAMPLE = '(example: "20201207184859_initial_migration")'


def schema_not_empty(schema: str, first: str) -> HistoryBlocked:
    """P3005: the schema has tables, but no history, so it was never managed."""
    return HistoryBlocked(
        "P3005",
        f'The database schema is not empty: "{schema}" has tables, but no _prisma_migrations. Read more about how '
        "to baseline an existing production database: https://pris.ly/d/migrate-baseline",
        "If its tables are those of your first migrations, mark these as applied, up to the last of them: "
        f"`migrate-lambda baseline --to {first}`, or the event "
        f'{{"action": "baseline", "to": "{first}"}}; else check the database and ?schema=.',
    )


def failed_migrations(failed: Sequence[tuple[str, str, str | None]]) -> HistoryBlocked:
    """P3009: the history holds migrations that failed and were not resolved.

    `failed` has a (name, started_at in UTC, the server's reason) for each.
    """
    name = failed[0][0]
    return HistoryBlocked(
        "P3009",
        "migrate found failed migrations in the target database, new migrations will not be applied. "
        f"Read more about how to resolve migration issues in a production database: {RESOLVE_LINK} "
        + " ".join(f"The `{name}` migration started at {started} UTC failed." for name, started, _ in failed[:_SHOWN]),
        f"If its changes are not in the database: `migrate-lambda resolve --rolled-back {name}`; "
        f"if they are: `migrate-lambda resolve --applied {name}`. Then deploy again.",
        where=Whereabouts(migration=name),
        lines=tuple(f"{name}: {reason}" for name, _, reason in failed[:_SHOWN] if reason),
    )


def already_applied(name: str) -> HistoryBlocked:
    """P3008: `resolve` of a migration that is recorded as applied."""
    return HistoryBlocked(
        "P3008",
        f"The migration `{name}` is already recorded as applied in the database.",
        "Nothing needs to be done.",
        where=Whereabouts(migration=name),
    )


def never_applied(name: str) -> HistoryBlocked:
    """P3011: the history does not have the migration that is to be marked as rolled back."""
    return HistoryBlocked(
        "P3011",
        f"Migration `{name}` cannot be rolled back because it was never applied to the database.",
        f"Hint: did you pass in the whole migration name? {_EXAMPLE}",
        where=Whereabouts(migration=name),
    )


def not_failed(name: str) -> HistoryBlocked:
    """P3012: the migration that is to be marked as rolled back succeeded."""
    return HistoryBlocked(
        "P3012",
        f"Migration `{name}` cannot be rolled back because it is not in a failed state.",
        "Its changes are in the database; undo them with a new migration.",
        where=Whereabouts(migration=name),
    )


def migration_not_found(name: str) -> HistoryBlocked:
    """P3017: the migrations directory does not have the migration that is to be marked as applied."""
    return HistoryBlocked(
        "P3017",
        f"The migration {name} could not be found.",
        "Please make sure that the migration exists, and that you included the whole name of the directory. "
        + _EXAMPLE,
        where=Whereabouts(migration=name),
    )


def no_history() -> HistoryBlocked:
    """M501: `resolve --rolled-back` on a database without a history (Prisma: an invariant violation)."""
    return HistoryBlocked(
        "M501",
        "The database has no _prisma_migrations table, so no migration can be marked as rolled back.",
        "Check that this is the right database and ?schema=; if it is new, just deploy.",
    )


def strict(problems: Iterable[str]) -> HistoryBlocked:
    """M502: what is a warning otherwise, in strict mode."""
    return HistoryBlocked(
        "M502",
        f"The history and the directory disagree: {' '.join(problems)}",
        "Mend the directory, or deploy without strict.",
    )


def not_verified(pending: Sequence[str]) -> HistoryBlocked:
    """M503: `verify` found pending migrations."""
    return HistoryBlocked(
        "M503",
        f"Not yet applied: {', '.join(pending[:_SHOWN])}{', …' if pending[_SHOWN:] else ''}.",
        "Deploy them before what needs them starts.",
        where=Whereabouts(migration=pending[0]),
    )


def requirement_missing(name: str) -> HistoryBlocked:
    """M504: `verify` with `requires` found that the named migration is not applied."""
    return HistoryBlocked(
        "M504",
        f"The required migration {name} is not applied in the database.",
        "Deploy the package that holds it before what needs it starts.",
        where=Whereabouts(migration=name),
    )


def finished_steps_edited(name: str, done: int, steps: int) -> HistoryBlocked:
    """M506: a migration is half done, and the steps that are done are no longer those of its file."""
    return HistoryBlocked(
        "M506",
        f"Migration {name} is half done, and the first {done} of its {steps} steps, which are in the database, were "
        "edited since.",
        "Restore the file up to there; what comes behind may be edited. Or undo in the database what is done and run "
        f"`migrate-lambda resolve --rolled-back {name}`, or complete it by hand and run "
        f"`migrate-lambda resolve --applied {name}`.",
        where=Whereabouts(migration=name),
    )


def begun_step_edited(name: str, step: int) -> HistoryBlocked:
    """M506: a step was begun outside of a transaction, its end is not recorded, and its statement was edited since."""
    return HistoryBlocked(
        "M506",
        f"Step {step} of migration {name} was begun, did not come to an end that is recorded, and was edited since, so "
        "that what became of it cannot be looked for.",
        "Restore the file up to and with this statement and deploy again: the next run finds out. Or undo in the "
        f"database what there is of the migration and run `migrate-lambda resolve --rolled-back {name}`, or "
        f"complete it by hand and run `migrate-lambda resolve --applied {name}`.",
        where=Whereabouts(migration=name),
    )


def step_without_end(step: int, steps: int, where: Whereabouts) -> HistoryBlocked:
    """M507: a step that commits by itself was begun, and nobody can know whether it was done."""
    name, place = where.migration, f" (line {where.line})" if where.line else ""
    return HistoryBlocked(
        "M507",
        f"Step {step} of {steps} of migration {name}{place} ran outside of a transaction and did not come "
        "to an end that is recorded. Whether it was done cannot be known, so it is not run again.",
        "Look at the database. Complete the migration by hand and run "
        f"`migrate-lambda resolve --applied {name}`, or undo all of it and run "
        f"`migrate-lambda resolve --rolled-back {name}`; then deploy again.",
        where=where,
    )


def managed_already(rows: int, newest: str) -> HistoryBlocked:
    """M508: `baseline` of a database whose history holds rows, and not those that it would write."""
    return HistoryBlocked(
        "M508",
        f"The database is managed already: _prisma_migrations holds {rows} row{'' if rows == 1 else 's'}, the newest "
        f"of {newest}. A baseline is only for a database without a history.",
        "Run `migrate-lambda status` to see what is pending or failed. To mark a single migration, run "
        "`migrate-lambda resolve --applied NAME`.",
        where=Whereabouts(migration=newest),
    )


def nothing_to_baseline(schema: str) -> HistoryBlocked:
    """M509: `baseline` of a schema without tables: what is marked there would never be applied."""
    return HistoryBlocked(
        "M509",
        f'The schema "{schema}" holds no tables, so there is nothing that migrations could be marked for.',
        "Deploy instead (`migrate-lambda deploy`), which creates them; if there should be tables, check the database "
        "and ?schema=.",
    )


def history_malformed(schema: str, message: str) -> HistoryBlocked:
    """M505: a table of that name that is not Prisma's."""
    return HistoryBlocked(
        "M505",
        f'The table "{schema}"._prisma_migrations does not have the columns of Prisma Migrate: {message}.',
        "Check that this is the right database and ?schema=; restore the table as Prisma makes it.",
    )
