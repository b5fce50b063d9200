"""`deploy|status|plan|verify|resolve|doctor`: an action on a database that this machine reaches."""

import argparse
import dataclasses
import sys
import uuid
from collections.abc import Mapping
from typing import Any

from lambda_fn import wiring
from lambda_fn.cli import request_options
from lambda_fn.cli.exit_codes import INTERRUPTED, exit_code
from lambda_fn.cli.screen import Screen, print_json
from lambda_fn.commands.draft import Draft
from lambda_fn.domain.event import RunFailed
from lambda_fn.domain.outcome import to_json
from lambda_fn.domain.request import Action, Request, parse_request
from lambda_fn.errors import MigrateError
from lambda_fn.errors import request as request_errors
from lambda_fn.errors import settings as settings_errors
from lambda_fn.settings import Settings

_INTERRUPTED = (
    "Interrupted. What was reported as applied is applied. The migration that was running is in the database and in "
    "the history, or in neither (one that runs alone outside a transaction: recorded as started). Run status to see."
)
_EXPLANATIONS: Mapping[Action, str] = {
    Action.DEPLOY: "apply what is pending",
    Action.STATUS: "say what is pending and failed; no lock, no write",
    Action.PLAN: "say what deploy would do, and refuse what it would refuse; no lock, no write",
    Action.VERIFY: "succeed only if nothing is pending or failed; no lock, no write",
    Action.RESOLVE: "mark migrations as applied or as rolled back",
    Action.DOCTOR: "say of everything that a deploy needs whether it is there; no lock, no write",
}
_EXAMPLES = {"database_url": "postgresql://user:password@host:5432/database", "migrations": "prisma/migrations"}


def add_to(commands: Any) -> None:
    """Add the actions to the commands of the program."""
    for action, explanation in _EXPLANATIONS.items():
        parser = commands.add_parser(action.value, help=explanation, description=explanation, allow_abbrev=False)
        _add_options(parser, action)
        parser.set_defaults(carry_out=carry_out, action=action)


def _add_options(parser: argparse.ArgumentParser, action: Action) -> None:
    parser.add_argument("--database-url", metavar="URL", help="instead of DATABASE_URL or MIGRATE_SECRET_ID")
    parser.add_argument("--migrations", metavar="DIR", help="the migrations directory, instead of MIGRATE_DIR")
    parser.add_argument(
        "--timeout-s",
        metavar="SECONDS",
        help="answer by then; work is stopped MIGRATE_RESERVE_S before, and goes on with the next run",
    )
    request_options.add_common(parser)
    if action is Action.RESOLVE:
        request_options.add_names(parser)
    elif action is not Action.DOCTOR:
        request_options.add_to(parser)
    if action is Action.VERIFY:
        request_options.add_requires(parser)


def carry_out(given: argparse.Namespace) -> int:
    """Run the action and return the exit code."""
    run_id = str(uuid.uuid4())
    screen = Screen.beside_json(given.json)
    try:
        request, settings = parse_request(request_options.event_of(given, given.action)), _settings(given)
        remaining_s = _timeout_s(given)
    except MigrateError as error:
        screen.report(RunFailed(error))
        outcome = Draft(Request(given.action), run_id).outcome(error, elapsed_ms=0)
    else:
        try:
            outcome = wiring.run(request, settings, screen, run_id=run_id, remaining_s=remaining_s)
        except KeyboardInterrupt:
            Screen(sys.stderr).print(_INTERRUPTED)
            return INTERRUPTED
    if given.json:
        print_json(to_json(outcome))
    return exit_code(outcome)


def _timeout_s(given: argparse.Namespace) -> float | None:
    if given.timeout_s is None:
        return None
    try:
        timeout_s = float(given.timeout_s)
    except ValueError:
        timeout_s = -1.0
    if not 0 < timeout_s < float("inf"):
        raise request_errors.wrong_value("--timeout-s", "a number of seconds above 0", "300")
    return timeout_s


def _settings(given: argparse.Namespace) -> Settings:
    """The settings of the environment, and what the command line overrides.

    The directory has to be named: one that happens to be there must not end in somebody's database.
    """
    settings = Settings.from_env()
    for option, example in _EXAMPLES.items():
        if getattr(given, option) == "":
            raise request_errors.wrong_value(f"--{option.replace('_', '-')}", "a non-empty text", example)
    if given.database_url:
        settings = settings.elsewhere(given.database_url)
    if given.migrations:
        settings = dataclasses.replace(settings, directory=given.migrations)
    if settings.directory is None:
        raise settings_errors.directory_not_named()
    return settings
