"""The project round the working directory, as every command sees it: its `.env` files and its migrations directory."""

from collections.abc import Container
from pathlib import Path

from lambda_fn.cli.command import text
from lambda_fn.cli.dotenv_files import DotenvFiles, read_dotenv_files
from lambda_fn.cli.screen import Screen
from lambda_fn.directory import directory_near, directory_to_make
from lambda_fn.domain.event import Level, Sentence
from lambda_fn.domain.form import DIRECTORY as FORM
from lambda_fn.errors import MigrateError
from lambda_fn.errors import request as request_errors
from lambda_fn.settings import process_environment

DIRECTORY = text("--migrations", "The migrations directory, instead of MIGRATE_DIR.", "DIR")


def read_files(named: str | None) -> DotenvFiles:
    """The `.env` files, one of which lies beside the migrations; `named` is what --migrations says.

    Raises: RequestInvalid M104 for the option, SettingsInvalid M218 for a file.
    """
    if named is not None and not (named and FORM.fits(named)):
        raise request_errors.wrong_value("--migrations", FORM.expected, FORM.example)
    environment = process_environment()
    migrations = named or environment.get("MIGRATE_DIR", "").strip()
    return read_dotenv_files(Path.cwd(), environment, migrations=Path(migrations) if migrations else _usual())


def tell(files: DotenvFiles, counted: Container[str], screen: Screen) -> None:
    """Say which files said something that counts, and what is odd in any."""
    for sentence in files.sentences(counted):
        screen.show(Sentence(sentence))
    for warning in files.warnings:
        screen.show(Sentence(warning, Level.WARNING))


def directory(named: str | None, *, to_make: bool = False) -> Path:
    """The migrations directory that is named, else the only one that is there, else one that is `to_make`.

    Raises: SettingsInvalid M206 where none is there, M207 where more than one is.
    """
    if named is not None:
        return Path(named)
    try:
        return directory_near(Path.cwd())
    except MigrateError as error:
        if not to_make or error.code != "M206":
            raise
    return directory_to_make(Path.cwd())


def _usual() -> Path | None:
    try:
        return directory(None, to_make=True)
    except MigrateError:
        return None
