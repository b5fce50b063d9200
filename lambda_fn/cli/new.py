"""`new`: an empty migration on disk, as `prisma migrate dev --create-only` makes it."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from lambda_fn.cli.command import Command, Given, switch, word
from lambda_fn.cli.database import DIRECTORY
from lambda_fn.cli.screen import Screen, print_json
from lambda_fn.directory import directory_near
from lambda_fn.domain.event import Warned
from lambda_fn.errors import MigrateError
from lambda_fn.new_migration import NewMigration, create_migration
from lambda_fn.settings import Settings

_WITH_PRISMA, _BY_ITSELF = Path("prisma", "migrations"), Path("migrations")


def carry_out(given: Given) -> int:
    """Make the migration and return the exit code."""
    screen = Screen.beside_document(given.json)
    try:
        made = create_migration(_directory(given.migrations), given.name, datetime.now(UTC))
    except MigrateError as error:
        Screen(sys.stderr).print(f"ERROR: {error.text}")
        return error.exit_code
    for warning in made.warnings:
        screen.report(Warned(warning))
    screen.print(f"Created {_shown(made.script)}" + (" and the lock file beside it" if made.wrote_lock_file else ""))
    if given.json:
        print_json(_to_json(made))
    return 0


def _directory(named: str | None) -> Path:
    """The one that is named, the only one that is there, else a new one where Prisma would make it.

    Raises: SettingsInvalid M207 where more than one is there.
    """
    if directory := named or Settings.from_env().directory:
        return Path(directory)
    here = Path.cwd()
    try:
        return directory_near(here)
    except MigrateError as error:
        if error.code == "M207":
            raise
    return _WITH_PRISMA if (here / "prisma").is_dir() else _BY_ITSELF


def _shown(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _to_json(made: NewMigration) -> dict[str, object]:
    return {
        "name": made.name,
        "script": str(made.script),
        "wroteLockFile": made.wrote_lock_file,
        "warnings": [{"code": each.code, "message": each.message} for each in made.warnings],
    }


COMMAND = Command(
    "new",
    "Make an empty migration, to be written by hand or filled by prisma migrate diff --script.",
    ("migrate-lambda new add_orders", "migrate-lambda new 'Add orders' --migrations packages/prisma/migrations"),
    (
        word("name", "What it does; becomes YYYYMMDDHHMMSS_what_it_does.", "NAME", required=True),
        DIRECTORY,
        switch("--json", "Print what was made as JSON."),
    ),
    carry_out,
)
