"""Where in AWS to look: options that every command has which asks there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lambda_fn.cli.command import Given, text
from lambda_fn.errors import request as request_errors
from lambda_fn.settings import Settings

if TYPE_CHECKING:
    from lambda_fn.aws.client import Account
    from lambda_fn.aws.function import DeployedFunction

FUNCTION_OUTPUT = "FunctionName"  # of the stack that template.yaml makes


PLACE = (
    text("--region", "The AWS region, instead of AWS_REGION or the profile's.", "REGION"),
    text("--profile", "A profile of the AWS configuration, instead of AWS_PROFILE.", "PROFILE"),
)
_NAMES = {"function": "FUNCTION", "log_group": "--log-group", "subnets": "SUBNET"}
STACK = text("--stack", f"The stack whose output {FUNCTION_OUTPUT} names the function.", "STACK")


def account_of(given: Given) -> Account:
    """The account that the command line or the environment names. Raises: RequestInvalid M104, SettingsInvalid M801."""
    # Imported here and below: an action on a database has only the options of this module.
    from lambda_fn.aws.client import Account

    refuse_urls(given)
    return Account(_region_of(given) or Settings.region_from_env(), given.profile)


def refuse_urls(given: Given) -> None:
    """A slip that puts a URL into one of these, which errors repeat, with its password. Raises: RequestInvalid M104."""
    for option in ("function", "stack", "log_group", "subnets", "region", "profile"):
        named = getattr(given, option, None) or ""
        if any("://" in each for each in ([named] if isinstance(named, str) else named)):
            raise request_errors.wrong_value(_NAMES.get(option, f"--{option}"), "a name, without ://", "shop")


def _region_of(given: Given) -> str | None:
    """The region of the stack's ARN, else the one that is given."""
    from lambda_fn.aws.client import region_in

    named: str | None = region_in(getattr(given, "stack", None) or "") or given.region
    return named


def function_of(given: Given, account: Account) -> DeployedFunction:
    """The function that is named, or that the stack names.

    Raises: RequestInvalid M104, also where both are named; M811, M812; what asking AWS raises.
    """
    from lambda_fn.aws.function import DeployedFunction
    from lambda_fn.aws.stacks import Stacks

    if given.stack and given.function:
        raise request_errors.only_one_of(("FUNCTION", "--stack"))
    if given.stack:
        return DeployedFunction(Stacks(account).output(given.stack, FUNCTION_OUTPUT), account)
    if not given.function:
        raise request_errors.wrong_value("FUNCTION", "the name or the ARN of a function", "migrate, or give --stack")
    return DeployedFunction(given.function, account)


def again(given: Given, *words: str) -> str:
    """A command line of ours that looks in the same place, to paste."""
    import shlex

    place = {"--region": _region_of(given), "--profile": given.profile}
    options = [word for name, value in place.items() if value for word in (name, value)]
    return shlex.join(["migrate-lambda", *words, *options])


def in_utc(time: datetime) -> str:
    """A time to the second."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
