"""The program: its commands, and which one a command line asks for."""

import sys
from collections.abc import Iterable, Sequence

import typer

from lambda_fn.cli import actions, explain, invoke, logs, new, subnets, url
from lambda_fn.cli.command import Command, Group, add
from lambda_fn.cli.exit_codes import EXPLAINED
from lambda_fn.cli.screen import Screen, replace_what_cannot_be_shown
from lambda_fn.domain.event import RunFailed
from lambda_fn.errors import MigrateError
from lambda_fn.errors import internal as internal_errors
from lambda_fn.errors import request as request_errors

COMMANDS: tuple[Command | Group, ...] = (
    *actions.COMMANDS,
    new.COMMAND,
    Group(url.NAME, url.EXPLANATION, url.COMMANDS),
    invoke.COMMAND,
    explain.COMMAND,
    logs.COMMAND,
    subnets.COMMAND,
)
_TAKES_A_COMMAND = "deploy"


def run(arguments: Sequence[str] | None, program: str) -> int:
    """Carry out the command line and return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        replace_what_cannot_be_shown(stream)
    try:
        return _run(sys.argv[1:] if arguments is None else list(arguments), program)
    except MigrateError as error:
        Screen(sys.stderr).report(RunFailed(error))
        return error.exit_code
    except Exception as error:  # noqa: BLE001  # a bug of ours exits with 70: 1 would say that something is pending
        bug = internal_errors.from_exception(error)
        Screen(sys.stderr).report(RunFailed(bug))
        return bug.exit_code


def _run(arguments: list[str], program: str) -> int:
    own, after_dashes = _parted(arguments)
    if after_dashes is not None and _TAKES_A_COMMAND not in own:
        raise request_errors.wrong_value("What stands behind --", f"for {_TAKES_A_COMMAND}", "deploy -- node server.js")
    try:
        # typer ends a program by SystemExit, with 2 where it does not understand the command line.
        app_of()(own, prog_name=program, obj=after_dashes)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    return 0


def _parted(arguments: list[str]) -> tuple[list[str], tuple[str, ...] | None]:
    """What stands before the first `--`, and what stands behind it; None without one."""
    if "--" not in arguments:
        return arguments, None
    at = arguments.index("--")
    return arguments[:at], tuple(arguments[at + 1 :])


def app_of(commands: Iterable[Command | Group] = COMMANDS) -> typer.Typer:
    """The program as typer knows it. Its help is plain text, the same on a terminal and in a pipe."""
    app = typer.Typer(
        help="Applies Prisma-style SQL migrations to PostgreSQL, from here or by a deployed function.",
        epilog="\b\n" + EXPLAINED,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"max_content_width": 100, "help_option_names": ["-h", "--help"]},
    )
    app.callback()(_nothing_of_its_own)
    for command in commands:
        add(app, command)
    return app


def _nothing_of_its_own() -> None:
    """A program of commands, also where it had but one."""
