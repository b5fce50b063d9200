"""The options of a request, and the event that asks for the same."""

from collections.abc import Mapping, Sequence

from lambda_fn.cli.command import Given, switch, text, texts
from lambda_fn.domain.request import Action
from lambda_fn.errors import request as request_errors

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
    "state": "--state",
    "name": "--name",
    "limit": "--limit",
    "continue": "--until-done",
}
"""The options by the keys of a request."""

COMMON = (
    text("--schema", "The schema of the history and of unqualified names.", "SCHEMA"),
    text("--owner-role", "The role that is to own what is made (SET ROLE).", "ROLE"),
    switch("--strict", "Warnings are errors."),
    text("--lock-wait-s", "How long to wait for another runner.", "SECONDS"),
    text("--lock-budget-s", "How long a migration tries to get the locks on what it changes.", "SECONDS"),
)
"""Of every action."""

JSON = switch("--json", "Print the outcome as JSON, all else on standard error.")
MARKDOWN = switch("--markdown", "Print the plan as Markdown, for a pull request; all else on standard error.")
TO = text("--to", "The last migration to regard.", "NAME")
REQUIRES = text("--requires", "A migration that must be applied.", "NAME")
NAMES = (
    texts("--applied", "Its changes are in the database.", "NAME"),
    texts("--rolled-back", "Its changes are not.", "NAME"),
)
FILTERS = (
    text("--state", "Only rows in this state: applied, failed, rolledBack or halfDone.", "STATE"),
    text("--name", "Only migrations with this in their names.", "TEXT"),
    text("--limit", "The newest so many rows.", "N"),
)


def take_names(given: Given, names: Sequence[str]) -> None:
    """Add the names that stand by themselves to those of the option: `--applied FIRST SECOND`.

    Raises: RequestInvalid M104 where no option, or both, say what they are.
    """
    if not names:
        return
    asked = [option for option in ("applied", "rolled_back") if getattr(given, option, None)]
    if len(asked) != 1:
        raise request_errors.command_line("a name stands by itself, without --applied or --rolled-back", "resolve")
    setattr(given, asked[0], [*getattr(given, asked[0]), *names])


def event_of(given: Given, action: Action) -> dict[str, object]:
    """The command line as the event that asks for the same."""
    options = {key: getattr(given, name[2:].replace("-", "_"), None) for key, name in OPTIONS.items()}
    # A switch that is not given says nothing, where false would go against what is set.
    return {"action": action.value, **{key: value for key, value in options.items() if value not in (None, False)}}
