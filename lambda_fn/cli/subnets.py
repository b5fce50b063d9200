"""`subnets`: what the subnets of a function lack, and the parameters of the template that make it."""

import argparse
import sys
from collections.abc import Iterator
from typing import Any

from lambda_fn.account.subnet import Needs, needs_of
from lambda_fn.aws.network import read_network
from lambda_fn.cli.exit_codes import FOUND
from lambda_fn.cli.place import account_of, add_place
from lambda_fn.cli.screen import Screen
from lambda_fn.errors import MigrateError

_EXPLANATION = "say what subnets lack for a function that reads a secret and answers CloudFormation"


def add_to(commands: Any) -> None:
    """Add the command to those of the program."""
    parser = commands.add_parser("subnets", help=_EXPLANATION, description=_EXPLANATION, allow_abbrev=False)
    parser.add_argument("subnets", metavar="SUBNET", nargs="+", help="a subnet that the function is to be in")
    add_place(parser)
    parser.set_defaults(carry_out=carry_out)


def carry_out(given: argparse.Namespace) -> int:
    """Look at the subnets and return the exit code: 1 where something is missing."""
    screen = Screen(sys.stdout)
    try:
        needs = needs_of(read_network(tuple(dict.fromkeys(given.subnets)), account_of(given)))
    except MigrateError as error:
        Screen(sys.stderr).print(f"ERROR: {error.text}")
        return error.exit_code
    for sentence in needs.sentences:
        screen.show(sentence)
    for line in _advice(needs):
        screen.print(line)
    return FOUND if needs.lacking else 0


def _advice(needs: Needs) -> Iterator[str]:
    if needs.parameters:
        yield f"Parameters of the template that make what is missing: {' '.join(needs.parameters)}"
    elif not needs.lacking:
        nothing = "Nothing else" if needs.lacking_for_some else "Nothing"
        yield f"{nothing} is missing: leave SecretsManagerEndpoint at false and S3RouteTableIds empty."
