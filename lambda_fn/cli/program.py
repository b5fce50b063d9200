"""The program: its commands, and which one a command line asks for."""

import os
import re
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from lambda_fn import __version__
from lambda_fn.cli import PROGRAM, library_of_extra
from lambda_fn.cli.command import Command, Group, Invocation, known_to_typer
from lambda_fn.cli.document import refused
from lambda_fn.cli.exit_codes import EXPLAINED, INTERRUPTED
from lambda_fn.cli.screen import Screen, let_go, print_error, print_json, replace_what_cannot_be_shown
from lambda_fn.domain.event import RunFailed
from lambda_fn.domain.outcome import to_json
from lambda_fn.domain.request import Action
from lambda_fn.errors import MigrateError
from lambda_fn.errors import internal as internal_errors
from lambda_fn.errors import request as request_errors

MODULES: Mapping[str, str] = {
    **dict.fromkeys(Action, "actions"),
    "new": "new",
    "invoke": "invoke",
    "explain": "explain",
    "logs": "logs",
    "subnets": "subnets",
    "url": "url",
}
"""The commands in the order of the help, and where in this package each is: none pays for the others."""

_BECOMES_A_PROGRAM = Action.DEPLOY.value
_HELP_ASKED_FOR = 2
_LOGIN = r"\S*://\S*"


def run(arguments: Sequence[str] | None, program: str) -> int:
    """Carry out the command line and return the exit code."""
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        replace_what_cannot_be_shown(stream)
    try:
        return _guarded(sys.argv[1:] if arguments is None else list(arguments), program)
    finally:
        for stream in (sys.stdout, sys.stderr):
            let_go(stream)


def _guarded(given: list[str], program: str) -> int:
    try:
        return _run(given, program)
    except MigrateError as error:
        print_error(error, as_json="--json" in given)
        return error.exit_code
    except ModuleNotFoundError as error:
        if library_of_extra(error) is not None:
            raise
        return _bug(error)
    except Exception as error:  # noqa: BLE001  # a bug of ours exits with 70: 1 would say that something is pending
        return _bug(error)


def _bug(error: Exception) -> int:
    bug = internal_errors.from_exception(error)
    Screen(sys.stderr).report(RunFailed(bug))
    return bug.exit_code


def _open_what_is_closed() -> None:
    """A stream that a shell has closed (`>&-`) is one that leads nowhere."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123  # open to the end


def _run(arguments: list[str], program: str) -> int:
    command = next((word for word in arguments if not word.startswith("-")), "")
    own, after_dashes = _parted(arguments) if command == _BECOMES_A_PROGRAM else (arguments, None)
    invocation = Invocation(after_dashes)
    try:
        code = app_of(completes=program == PROGRAM)(own, prog_name=program, obj=invocation, standalone_mode=False)
    except typer.TyperException as error:
        return _not_understood(error, command, as_json="--json" in own)
    if code == INTERRUPTED and not invocation.began:
        Screen(sys.stderr).print("Interrupted. Nothing was run.")
    return int(code or 0)


def _not_understood(problem: typer.TyperException, command: str, *, as_json: bool) -> int:
    """Say what is wrong with the command line, but never a word of it that may be a password."""
    said = problem.format_message()
    if said.startswith("Usage:"):  # no command at all
        Screen(sys.stderr).print(said)
        return _HELP_ASKED_FOR
    if said.startswith("Got unexpected extra argument"):
        said = "There is a word too many, which is not shown, because it may be a secret."
    error = request_errors.command_line(re.sub(_LOGIN, "***", said), command if command in MODULES else "")
    if as_json and command in list(Action):
        outcome = refused(Action(command), Screen(sys.stderr), str(uuid.uuid4()), error)
        print_json(to_json(outcome))
    else:
        print_error(error, as_json=as_json)
    return error.exit_code


def _parted(arguments: list[str]) -> tuple[list[str], tuple[str, ...] | None]:
    """What stands before the first `--`, and what stands behind it; None without one."""
    if "--" not in arguments:
        return arguments, None
    at = arguments.index("--")
    return arguments[:at], tuple(arguments[at + 1 :])


def find_command(name: str) -> Command | Group | None:
    """The command of a name, if there is one; only then its module is imported."""
    if name not in MODULES:
        return None
    commands: Sequence[Command | Group] = import_module(f"lambda_fn.cli.{MODULES[name]}").COMMANDS
    return next(command for command in commands if command.name == name)


def app_of(find: Callable[[str], Command | Group | None] = find_command, *, completes: bool = True) -> typer.Typer:
    """The program as typer knows it. Its help is plain text, the same on a terminal and in a pipe.

    A shell can complete what is typed only for a program with a name of its own: not for `python -m lambda_fn`.
    """

    class Commands(TyperGroup):
        """The commands, each made when it is asked for."""

        def list_commands(self, ctx: Any) -> list[str]:
            return list(MODULES)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            command = find(cmd_name)
            return None if command is None else known_to_typer(command)

    app = typer.Typer(
        cls=Commands,
        add_completion=completes,
        help="Applies Prisma-style SQL migrations to PostgreSQL, from here or by a deployed function.",
        epilog="\b\n" + EXPLAINED,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"max_content_width": 100, "help_option_names": ["-h", "--help"]},
    )
    app.callback()(_program)
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        Screen(sys.stdout).print(f"migrate-lambda {__version__}")
        raise typer.Exit


def _program(
    version: Annotated[  # its callback does it
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """A program of commands, also where it had but one."""
