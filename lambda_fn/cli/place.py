"""Where in AWS to look: options that every command has which asks there."""

import argparse
import shlex
from datetime import UTC, datetime

from lambda_fn.aws.client import Account
from lambda_fn.aws.function import DeployedFunction
from lambda_fn.aws.stacks import Stacks
from lambda_fn.errors import request as request_errors
from lambda_fn.settings import Settings

FUNCTION_OUTPUT = "FunctionName"  # of the stack that template.yaml makes


def add_place(parser: argparse.ArgumentParser) -> None:
    """The region and the profile."""
    parser.add_argument("--region", help="the AWS region, instead of AWS_REGION or the profile's")
    parser.add_argument("--profile", help="a profile of the AWS configuration, instead of AWS_PROFILE")


def add_stack(parser: argparse.ArgumentParser) -> None:
    """The stack that has the function."""
    parser.add_argument("--stack", help=f"the stack whose output {FUNCTION_OUTPUT} names the function")


def account_of(given: argparse.Namespace) -> Account:
    """The account that the command line or the environment names. Raises: SettingsInvalid M801."""
    return Account(given.region or Settings.region_from_env(), given.profile)


def function_of(given: argparse.Namespace, account: Account) -> DeployedFunction:
    """The function that is named, or that the stack names.

    Raises: RequestInvalid M104, M811, M812; what asking AWS raises.
    """
    if given.stack:
        return DeployedFunction(Stacks(account).output(given.stack, FUNCTION_OUTPUT), account)
    if not given.function:
        raise request_errors.wrong_value("FUNCTION", "the name or the ARN of a function", "migrate, or give --stack")
    return DeployedFunction(given.function, account)


def again(given: argparse.Namespace, *words: str) -> str:
    """A command line of ours that looks in the same place, to paste."""
    options = [
        word for name in ("region", "profile") if (value := getattr(given, name)) for word in (f"--{name}", value)
    ]
    return shlex.join(["migrate-lambda", *words, *options])


def in_utc(time: datetime) -> str:
    """A time to the second."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
