"""`python -m lambda_fn deploy|status|plan|verify|resolve|doctor`."""

import argparse
import dataclasses
import io
import json
import os
import sys
import uuid
from collections.abc import Mapping, Sequence
from typing import TextIO

from lambda_fn import wiring
from lambda_fn.commands.draft import Draft
from lambda_fn.domain.event import Event, Level, RunFailed
from lambda_fn.domain.outcome import Outcome, to_json
from lambda_fn.domain.request import Action, Request, parse_request
from lambda_fn.errors import HistoryBlocked, MigrateError
from lambda_fn.errors import request as request_errors
from lambda_fn.errors import settings as settings_errors
from lambda_fn.errors.history import NOT_READY
from lambda_fn.settings import Settings

_EXIT_CODES = """\
exit codes: 0 done or up to date; 1 status or verify found something pending; 2 request or settings;
3 database unreachable or locked, try again; 4 the history is blocked; 5 a migration failed; 6 deadline; 70 a bug.
doctor exits with the code of the first check that failed"""


INTERRUPTED_EXIT_CODE = 130
_INTERRUPTED = (
    "Interrupted. What was reported as applied is applied. The migration that was running is in the database and in "
    "the history, or in neither (one that runs alone outside a transaction: recorded as started). Run status to see."
)


class TerminalReporter:
    """Prints the sentences of a run, one a line, to a stream. A reader that has gone away stops nothing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def report(self, event: Event) -> None:
        """Print the event's sentences."""
        for sentence in event.sentences:
            mark = "" if sentence.level is Level.INFO else f"{sentence.level.upper()}: "
            _print(f"{mark}{sentence.text}", self._stream)


def _print(text: str, stream: TextIO) -> None:
    try:
        print(text, file=stream, flush=True)
    except OSError:
        # As in `deploy | head -1`. From here on it is written to nowhere, also what Python flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _replace_what_cannot_be_shown(stream: TextIO) -> None:
    """Let a terminal that knows only ASCII show question marks, instead of ending the run."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command line and return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        _replace_what_cannot_be_shown(stream)
    given = _parser().parse_args(arguments)
    run_id = str(uuid.uuid4())
    reporter = TerminalReporter(sys.stderr if given.json else sys.stdout)
    try:
        request, settings = parse_request(_event(given)), _settings(given)
    except MigrateError as error:
        reporter.report(RunFailed(error))
        outcome = Draft(Request(Action(given.action)), run_id).outcome(error, elapsed_ms=0)
    else:
        try:
            outcome = wiring.run(request, settings, reporter, run_id=run_id)
        except KeyboardInterrupt:
            _print(_INTERRUPTED, sys.stderr)
            return INTERRUPTED_EXIT_CODE
    if given.json:
        _print(json.dumps(to_json(outcome), indent=2), sys.stdout)
    return exit_code(outcome)


def exit_code(outcome: Outcome) -> int:
    """The exit code of an outcome; for status and verify, 1 says that something is pending.

    That of doctor is the one of its first failed check.
    """
    if outcome.error is not None:
        return 1 if outcome.error.code in NOT_READY else outcome.error.exit_code
    if outcome.action is Action.DOCTOR:
        return next((check.error.exit_code for check in outcome.checks if check.error), 0)
    if outcome.failed and outcome.action is not Action.RESOLVE:
        return HistoryBlocked.exit_code
    return 1 if outcome.action is Action.STATUS and outcome.pending else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lambda_fn",
        description="Applies Prisma-style SQL migrations to PostgreSQL.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for action, explanation in _EXPLANATIONS.items():
        parser_of_action = actions.add_parser(
            action.value, help=explanation, description=explanation, allow_abbrev=False
        )
        _add_options(parser_of_action, action)
    return parser


_EXPLANATIONS: Mapping[Action, str] = {
    Action.DEPLOY: "apply what is pending",
    Action.STATUS: "say what is pending and failed; no lock, no write",
    Action.PLAN: "say what deploy would do, and refuse what it would refuse; no lock, no write",
    Action.VERIFY: "succeed only if nothing is pending or failed; no lock, no write",
    Action.RESOLVE: "mark migrations as applied or as rolled back",
    Action.DOCTOR: "say of everything that a deploy needs whether it is there; no lock, no write",
}


def _add_options(parser: argparse.ArgumentParser, action: Action) -> None:
    parser.add_argument("--database-url", metavar="URL", help="instead of DATABASE_URL or MIGRATE_SECRET_ID")
    parser.add_argument("--migrations", metavar="DIR", help="the migrations directory, instead of MIGRATE_DIR")
    parser.add_argument("--schema", help="the schema of the history and of unqualified names")
    parser.add_argument("--owner-role", metavar="ROLE", help="the role that is to own what is made (SET ROLE)")
    parser.add_argument("--strict", action="store_const", const=True, help="warnings are errors")
    parser.add_argument("--lock-wait-s", metavar="SECONDS", help="how long to wait for another runner")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON, all else on stderr")
    if action is Action.RESOLVE:
        parser.add_argument(
            "--applied", metavar="NAME", nargs="+", action="extend", help="its changes are in the database"
        )
        parser.add_argument("--rolled-back", metavar="NAME", nargs="+", action="extend", help="its changes are not")
    elif action is not Action.DOCTOR:
        parser.add_argument("--to", metavar="NAME", help="the last migration to regard")
    if action is Action.VERIFY:
        parser.add_argument("--requires", metavar="NAME", help="a migration that must be applied")


_KEYS = {
    "schema": "schema",
    "owner_role": "ownerRole",
    "strict": "strict",
    "lock_wait_s": "lockWaitS",
    "to": "to",
    "requires": "requires",
    "applied": "applied",
    "rolled_back": "rolledBack",
}


def _event(given: argparse.Namespace) -> dict[str, object]:
    """The command line as the event that asks for the same."""
    options = {key: getattr(given, name, None) for name, key in _KEYS.items()}
    return {"action": given.action, **{key: value for key, value in options.items() if value is not None}}


def _settings(given: argparse.Namespace) -> Settings:
    """The settings of the environment, and what the command line overrides.

    The directory has to be named: one that happens to be there must not end in somebody's database.
    """
    settings = Settings.from_env()
    for option in ("database_url", "migrations"):
        if getattr(given, option) == "":
            raise request_errors.wrong_value(f"--{option.replace('_', '-')}", "a non-empty text", _EXAMPLES[option])
    if given.database_url:
        settings = settings.elsewhere(given.database_url)
    if given.migrations:
        settings = dataclasses.replace(settings, directory=given.migrations)
    if settings.directory is None:
        raise settings_errors.directory_not_named()
    return settings


_EXAMPLES = {"database_url": "postgresql://user:password@host:5432/database", "migrations": "prisma/migrations"}
