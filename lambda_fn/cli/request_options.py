"""The options of a request, and the event that asks for the same."""

import argparse
from collections.abc import Mapping

from lambda_fn.domain.request import Action

OPTIONS: Mapping[str, str] = {
    "schema": "--schema",
    "ownerRole": "--owner-role",
    "strict": "--strict",
    "lockWaitS": "--lock-wait-s",
    "lockBudgetS": "--lock-budget-s",
    "to": "--to",
    "requires": "--requires",
    "applied": "--applied",
    "rolledBack": "--rolled-back",
    "secretId": "--secret-id",
    "dbname": "--dbname",
}
"""The options by the keys of a request."""


def add_common(parser: argparse.ArgumentParser) -> None:
    """The options of every action."""
    parser.add_argument("--schema", help="the schema of the history and of unqualified names")
    parser.add_argument("--owner-role", metavar="ROLE", help="the role that is to own what is made (SET ROLE)")
    parser.add_argument("--strict", action="store_const", const=True, help="warnings are errors")
    parser.add_argument("--lock-wait-s", metavar="SECONDS", help="how long to wait for another runner")
    parser.add_argument(
        "--lock-budget-s", metavar="SECONDS", help="how long a migration tries to get the locks on what it changes"
    )
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON, all else on stderr")


def add_names(parser: argparse.ArgumentParser) -> None:
    """What resolve marks."""
    parser.add_argument("--applied", metavar="NAME", nargs="+", action="extend", help="its changes are in the database")
    parser.add_argument("--rolled-back", metavar="NAME", nargs="+", action="extend", help="its changes are not")


def add_to(parser: argparse.ArgumentParser) -> None:
    """Where to stop."""
    parser.add_argument("--to", metavar="NAME", help="the last migration to regard")


def add_requires(parser: argparse.ArgumentParser) -> None:
    """What verify insists on."""
    parser.add_argument("--requires", metavar="NAME", help="a migration that must be applied")


def event_of(given: argparse.Namespace, action: Action) -> dict[str, object]:
    """The command line as the event that asks for the same."""
    options = {key: getattr(given, name[2:].replace("-", "_"), None) for key, name in OPTIONS.items()}
    return {"action": action.value, **{key: value for key, value in options.items() if value is not None}}
