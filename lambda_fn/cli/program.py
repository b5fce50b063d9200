"""The program: its commands, and which one a command line asks for."""

import argparse
import sys
from collections.abc import Sequence

from lambda_fn.cli import actions, explain, invoke, logs, subnets
from lambda_fn.cli.exit_codes import EXPLAINED, INTERRUPTED
from lambda_fn.cli.screen import Screen, replace_what_cannot_be_shown
from lambda_fn.domain.event import RunFailed
from lambda_fn.errors import internal as internal_errors

_COMMANDS = (actions, invoke, explain, logs, subnets)


def migrate_lambda() -> int:
    """The program `migrate-lambda`, which an installation puts on the path."""
    return main(program="migrate-lambda")


def main(arguments: Sequence[str] | None = None, *, program: str = "python -m lambda_fn") -> int:
    """Carry out the command line and return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        replace_what_cannot_be_shown(stream)
    given = parser_of(program).parse_args(arguments)
    try:
        return int(given.carry_out(given))
    except KeyboardInterrupt:
        Screen(sys.stderr).print("Interrupted.")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  # a bug of ours exits with 70: 1 would say that something is pending
        bug = internal_errors.from_exception(error)
        Screen(sys.stderr).report(RunFailed(bug))
        return bug.exit_code


def parser_of(program: str) -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog=program,
        description="Applies Prisma-style SQL migrations to PostgreSQL, from here or by a deployed function.",
        epilog=EXPLAINED,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="ACTION")
    for command in _COMMANDS:
        command.add_to(commands)
    return parser
