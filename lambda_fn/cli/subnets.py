"""`subnets`: what the subnets of a function lack, and the parameters of the template that make it."""

import sys
from collections.abc import Iterator

from lambda_fn.account.subnet import Needs, needs_of
from lambda_fn.aws.network import read_network
from lambda_fn.cli.command import Command, Given, switch, words
from lambda_fn.cli.exit_codes import FOUND
from lambda_fn.cli.place import PLACE, account_of
from lambda_fn.cli.screen import Screen, print_error, print_json
from lambda_fn.errors import MigrateError


def carry_out(given: Given) -> int:
    """Look at the subnets and return the exit code: 1 where something is missing."""
    screen = Screen(sys.stdout)
    try:
        needs = needs_of(read_network(tuple(dict.fromkeys(given.subnets)), account_of(given)))
    except MigrateError as error:
        print_error(error, as_json=given.json)
        return error.exit_code
    if given.json:
        print_json(_to_json(needs))
        return FOUND if needs.lacking else 0
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


def _to_json(needs: Needs) -> dict[str, object]:
    return {
        "lacking": needs.lacking,
        "parameters": dict(parameter.split("=", 1) for parameter in needs.parameters),
        "findings": [{"level": each.level.upper(), "message": each.text} for each in needs.sentences],
    }


COMMANDS = (
    Command(
        "subnets",
        "Say what subnets lack for a function that reads a secret and answers CloudFormation.",
        ("migrate-lambda subnets subnet-0a1b2c3d subnet-0e4f5a6b --region eu-central-1",),
        (
            words("subnets", "The subnets that the function is to be in.", "SUBNET...", required=True),
            switch("--json", "Print it as JSON."),
            *PLACE,
        ),
        carry_out,
    ),
)
