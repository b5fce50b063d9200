"""`new`: an empty migration on disk, as `prisma migrate dev --create-only` makes it."""

from datetime import UTC, datetime
from pathlib import Path

from lambda_fn.cli import project
from lambda_fn.cli.command import Command, Given, switch, word
from lambda_fn.cli.screen import Screen, print_json
from lambda_fn.domain.event import Warned
from lambda_fn.new_migration import NewMigration, create_migration
from lambda_fn.settings import Settings, defaults_that_count, process_environment


def carry_out(given: Given) -> int:
    """Make the migration and return the exit code. Raises: what finding the directory and making it raise."""
    screen = Screen.beside_document(given.json)
    made = create_migration(_directory(given.migrations, screen), given.name, datetime.now(UTC))
    for warning in made.warnings:
        screen.report(Warned(warning))
    screen.print(f"Created {_shown(made.script)}" + (" and the lock file beside it" if made.wrote_lock_file else ""))
    if given.json:
        print_json(_to_json(made))
    return 0


def _directory(named: str | None, screen: Screen) -> Path:
    """The one that is named, the only one that is there, else a new one where Prisma would make it.

    No other setting is read.
    Raises: RequestInvalid M104; SettingsInvalid M201, M218; M207 where more than one is there.
    """
    files = project.read_files(named)
    counted = {} if named else defaults_that_count(files.values, process_environment())
    project.tell(files, {"MIGRATE_DIR"}.intersection(counted), screen)
    return project.directory(named or Settings.directory_from(counted, files.places), to_make=True)


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


COMMANDS = (
    Command(
        "new",
        "Make an empty migration, to be written by hand or filled by prisma migrate diff --script.",
        ("migrate-lambda new add_orders", "migrate-lambda new 'Add orders' --migrations packages/prisma/migrations"),
        (
            word("name", "What it does; becomes YYYYMMDDHHMMSS_what_it_does.", "NAME", required=True),
            project.DIRECTORY,
            switch("--json", "Print what was made as JSON."),
        ),
        carry_out,
    ),
)
