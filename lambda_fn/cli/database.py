"""Which database and which migrations directory: the options that say so, and the settings that they come to."""

import contextlib
import dataclasses
from pathlib import Path

from lambda_fn.cli.command import Given, text
from lambda_fn.cli.dotenv_files import read_dotenv_files
from lambda_fn.cli.place import PLACE
from lambda_fn.cli.screen import Screen
from lambda_fn.directory import directory_near
from lambda_fn.domain import variable
from lambda_fn.domain.event import Level, Sentence
from lambda_fn.domain.form import HOST, SECRET_ID, Form
from lambda_fn.errors import MigrateError
from lambda_fn.errors import request as request_errors
from lambda_fn.settings import Settings, process_environment

OPTIONS = (
    text("--database-url", "The database, instead of DATABASE_URL or MIGRATE_SECRET_ID.", "URL"),
    text("--secret", "Its secret in Secrets Manager, read with your AWS profile.", "ID", "--secret-id"),
    text("--host", "Where to connect instead; localhost is a forwarded port.", "HOST"),
    text("--port", "On which port instead.", "PORT"),
    text("--dbname", "Another database on the server.", "NAME"),
    *PLACE,
)
DIRECTORY = text("--migrations", "The migrations directory, instead of MIGRATE_DIR.", "DIR")
TIMEOUT = text("--timeout-s", "Answer by then; work is stopped MIGRATE_RESERVE_S before.", "SECONDS")

_EXAMPLES = {
    "database_url": "postgresql://user:password@host:5432/database",
    "secret": SECRET_ID.example,
    "host": "localhost",
    "port": "15432",
    "migrations": "prisma/migrations",
}


def settings_of(given: Given, screen: Screen, *, needs_directory: bool = True) -> Settings:
    """The settings of the environment and of `.env` files, and what the command line overrides.

    An action that needs no migrations directory does without one that is not named and not found.
    Raises: RequestInvalid M104; SettingsInvalid M206, M207 for the directory, M201, M218.
    """
    for option, example in _EXAMPLES.items():
        if getattr(given, option, None) == "":
            raise request_errors.wrong_value(_flag(option), "a non-empty text", example)
    settings = _named(given, _from_environment(given, screen))
    named = {
        "host": _in_form("host", HOST, given.host),
        "port": variable.port("--port", given.port) if given.port else None,
        "region": given.region,
        "profile": given.profile,
        "directory": _directory(given, settings, needed=needs_directory),
    }
    return dataclasses.replace(settings, **{name: value for name, value in named.items() if value is not None})


def _from_environment(given: Given, screen: Screen) -> Settings:
    """The settings without the command line's."""
    files = read_dotenv_files(Path.cwd(), process_environment(), migrations=_migrations(given))
    settings = Settings.from_env(defaults=files.values)
    for sentence in files.sentences:
        screen.show(Sentence(sentence))
    for warning in files.warnings:
        screen.show(Sentence(warning, Level.WARNING))
    return settings


def _named(given: Given, settings: Settings) -> Settings:
    """The settings for the database that the command line names, if it does."""
    if given.database_url and given.secret:
        raise request_errors.wrong_value(
            "What names the database", "only one of --database-url, --secret", "--secret x"
        )
    if given.database_url:
        return settings.elsewhere(given.database_url)
    if given.secret:
        return dataclasses.replace(settings.elsewhere(), secret_id=_in_form("secret", SECRET_ID, given.secret))
    return settings


def _migrations(given: Given) -> Path | None:
    """Where the migrations lie, as far as that is known without the files: one of these lies beside them."""
    if named := getattr(given, "migrations", None) or process_environment().get("MIGRATE_DIR"):
        return Path(named)
    with contextlib.suppress(MigrateError):
        return directory_near(Path.cwd())
    return None


def _directory(given: Given, settings: Settings, *, needed: bool) -> str | None:
    """The migrations directory. One that happens to be beside the program never counts."""
    named = getattr(given, "migrations", None) or settings.directory
    if named is not None:
        return str(named)
    try:
        return str(directory_near(Path.cwd()))
    except MigrateError:
        if needed:
            raise
        return None


def timeout_s(given: Given) -> float | None:
    """The seconds that there are. Raises: RequestInvalid M104."""
    if given.timeout_s is None:
        return None
    try:
        seconds = float(given.timeout_s)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise request_errors.wrong_value("--timeout-s", "a number of seconds above 0", "300")
    return seconds


def _in_form(option: str, form: Form, value: str | None) -> str | None:
    if value is not None and not form.fits(value):
        raise request_errors.wrong_value(_flag(option), form.expected, form.example)
    return value


def _flag(option: str) -> str:
    return f"--{option.replace('_', '-')}"
