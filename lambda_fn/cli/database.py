"""Which database and which migrations directory: the options that say so, and the settings that they come to."""

import dataclasses
from typing import Any

from lambda_fn.cli import project
from lambda_fn.cli.command import Given, text
from lambda_fn.cli.place import PLACE, refuse_urls
from lambda_fn.cli.screen import Screen
from lambda_fn.domain import variable
from lambda_fn.domain.form import HOST, SECRET_ID, Form, is_loopback_over_tcp
from lambda_fn.domain.target import Place
from lambda_fn.domain.variables import VARIABLES
from lambda_fn.errors import MigrateError
from lambda_fn.errors import request as request_errors
from lambda_fn.settings import OF_A_DATABASE, Settings, defaults_that_count, process_environment

OPTIONS = (
    text("--database-url", "The database, instead of DATABASE_URL or MIGRATE_SECRET_ID.", "URL"),
    text("--secret", "Its secret in Secrets Manager, read with your AWS profile.", "ID", "--secret-id"),
    text("--host", "Where the server is instead; localhost is a port that is forwarded to it.", "HOST"),
    text("--port", "On which port instead.", "PORT"),
    text("--through", "A forwarded port that leads to the server; TLS checks the server's own name.", "HOST:PORT"),
    text("--dbname", "Another database on the server.", "NAME"),
    *PLACE,
)
TIMEOUT = text("--timeout-s", "Answer by then; work is stopped MIGRATE_RESERVE_S before.", "SECONDS")

_EXAMPLES = {
    "database_url": "postgresql://user:password@host:5432/database",
    "secret": SECRET_ID.example,
    "host": "localhost",
    "port": "15432",
}
_ENDPOINT = "shop.cluster-c1a2b3c4d5e6.eu-central-1.rds.amazonaws.com"


def settings_of(given: Given, screen: Screen, *, needs_directory: bool = True) -> Settings:
    """The settings of the environment and of `.env` files, and what the command line overrides.

    An action that needs no migrations directory does without one that is not named and not found.
    Raises: RequestInvalid M104; SettingsInvalid M206, M207 for the directory, M201, M218.
    """
    refuse_urls(given)
    for option, example in _EXAMPLES.items():
        if getattr(given, option, None) == "":
            raise request_errors.wrong_value(_flag(option), "a non-empty text", example)
    settings = _placed(given, _named(given, _from_environment(given, screen)))
    named = {
        "region": given.region,
        "profile": given.profile,
        "directory": _directory(given, settings, needed=needs_directory),
    }
    # One that happens to be beside the program never counts.
    return _with(settings, finds_directory=False, **named)


def _from_environment(given: Given, screen: Screen) -> Settings:
    """The settings without the command line's, and without what of the files does not count beside it."""
    files = project.read_files(getattr(given, "migrations", None))
    found = defaults_that_count(files.values, process_environment())
    counted = {name: value for name, value in found.items() if name not in _overridden(given)}
    project.tell(files, counted, screen)
    return Settings.from_env(defaults=counted, files=files.places)


def _overridden(given: Given) -> frozenset[str]:
    """The variables in whose place the command line says something."""
    same = (each.name for each in VARIABLES if getattr(given, each.field, None))
    others = {
        "migrations": ("MIGRATE_DIR",),
        "database_url": OF_A_DATABASE,
        "secret": OF_A_DATABASE,
        "host": ("PGHOSTADDR",),
        "through": ("PGHOSTADDR",),
    }
    return frozenset((*same, *(name for key, names in others.items() if getattr(given, key, None) for name in names)))


def _named(given: Given, settings: Settings) -> Settings:
    """The settings for the database that the command line names, if it does."""
    if given.database_url and given.secret:
        raise request_errors.only_one_of(("--database-url", "--secret"))
    if given.database_url:
        return settings.elsewhere(given.database_url)
    if given.secret:
        return dataclasses.replace(settings.elsewhere(), secret_id=_in_form("secret", SECRET_ID, given.secret))
    return settings


def _placed(given: Given, settings: Settings) -> Settings:
    """At the host and port of the command line: whoever says one of them means no other address (PGHOSTADDR)."""
    through, host = _through(given), _in_form("host", HOST, given.host)
    port = variable.port("--port", given.port) if given.port else None
    if host or through:
        settings = dataclasses.replace(settings, hostaddr=None)
    if through and settings.host and is_loopback_over_tcp(settings.host):
        # It was a forwarded port too, with which the port goes.
        settings = dataclasses.replace(settings, host=None, port=None)
    return _with(settings, host=host, port=port, through=through)


def _through(given: Given) -> Place | None:
    if given.through is None:
        return None
    place = Place.read(given.through)
    if place is None:
        raise request_errors.wrong_value("--through", "HOST:PORT of a forwarded port", "localhost:15432")
    if given.host and is_loopback_over_tcp(given.host):
        raise request_errors.wrong_value("--host beside --through", "the server's own name", _ENDPOINT)
    return place


def _with(settings: Settings, **named: object) -> Settings:
    given: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    return dataclasses.replace(settings, **given)


def _directory(given: Given, settings: Settings, *, needed: bool) -> str | None:
    """The migrations directory."""
    try:
        return str(project.directory(getattr(given, "migrations", None) or settings.directory))
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
