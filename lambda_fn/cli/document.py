"""The one document that standard output may hold: the outcome as JSON, or a plan as Markdown."""

import sys

from lambda_fn.cli.command import Given
from lambda_fn.cli.screen import Screen, print_json
from lambda_fn.commands.draft import Draft
from lambda_fn.domain.event import RunFailed
from lambda_fn.domain.outcome import Outcome, to_json
from lambda_fn.domain.request import Action, Request
from lambda_fn.errors import MigrateError


def screen_beside(given: Given) -> Screen:
    """Where all else is printed."""
    return Screen.beside_document(given.json or getattr(given, "markdown", False))


def print_document(given: Given, outcome: Outcome, content: object = None) -> None:
    """Print what is asked for, if anything is; `content` is the outcome as a function wrote it."""
    if given.json:
        print_json(to_json(outcome) if content is None else content)
    elif getattr(given, "markdown", False):
        from lambda_fn.domain.plan_table import plan_table  # noqa: PLC0415  # no other output pays for it

        Screen(sys.stdout).print(plan_table(outcome).rstrip("\n"))


def refused(action: Action, screen: Screen, run_id: str, error: MigrateError) -> Outcome:
    """Tell why an action was not begun, or not ended; the outcome of that."""
    screen.report(RunFailed(error))
    return Draft(Request(action), run_id).outcome(error, elapsed_ms=0)
