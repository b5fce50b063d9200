"""A command of the program as a value, and how typer learns of it.

Commands share most of their options, so that an option is made once and named by each command that has it.
"""

import inspect
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Any, NamedTuple

import typer
from typer.main import get_command, get_group

from lambda_fn.cli.exit_codes import INTERRUPTED
from lambda_fn.cli.screen import Screen

Given = SimpleNamespace
"""The values of a command line, by the names of its options: `--lock-wait-s` is `lock_wait_s`."""


@dataclass(slots=True)
class Invocation:
    """One command line: what stands behind its `--`, None without one, and whether its command has begun."""

    after_dashes: tuple[str, ...] | None = None
    began: bool = False


class Command(NamedTuple):
    """One command: what it does in one sentence, command lines that can be pasted, its options, and its function.

    `carry_out` returns the exit code.
    """

    name: str
    explanation: str
    examples: Sequence[str]
    options: Sequence[inspect.Parameter]
    carry_out: Callable[[Given], int]


class Group(NamedTuple):
    """Commands under one word."""

    name: str
    explanation: str
    commands: Sequence[Command]


def text(flag: str, explanation: str, metavar: str, *aliases: str, default: str | None = None) -> inspect.Parameter:
    """An option with a value; what it says is read where its meaning is known, and not by typer."""
    info = typer.Option(flag, *aliases, help=explanation, metavar=metavar, show_default=default is not None)
    return _parameter(_name_of(flag), str | None, info, default)


def switch(flag: str, explanation: str) -> inspect.Parameter:
    """An option without a value."""
    return _parameter(_name_of(flag), bool, typer.Option(flag, help=explanation, show_default=False), False)


def texts(flag: str, explanation: str, metavar: str) -> inspect.Parameter:
    """An option that may be given several times."""
    info = typer.Option(flag, help=explanation, metavar=metavar, show_default=False)
    return _parameter(_name_of(flag), list[str] | None, info, None)


def word(name: str, explanation: str, metavar: str, *, required: bool = False) -> inspect.Parameter:
    """An argument."""
    info = typer.Argument(help=explanation, metavar=metavar, show_default=False)
    return _parameter(name, str if required else str | None, info, inspect.Parameter.empty if required else None)


def words(name: str, explanation: str, metavar: str, *, required: bool = False) -> inspect.Parameter:
    """All other arguments."""
    info = typer.Argument(help=explanation, metavar=metavar, show_default=False)
    kind: Any = list[str] if required else list[str] | None
    return _parameter(name, kind, info, inspect.Parameter.empty if required else None)


def _name_of(flag: str) -> str:
    return flag.removeprefix("--").replace("-", "_")


def _parameter(name: str, kind: Any, info: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info])


def known_to_typer(command: Command | Group) -> Any:
    """A command, or a group of commands, as typer makes it; its class is private to typer."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    if isinstance(command, Group):
        group = typer.Typer(help=command.explanation, no_args_is_help=True, rich_markup_mode=None)
        for each in command.commands:
            _add(group, each)
        app.add_typer(group, name=command.name)
        return get_group(app).commands[command.name]
    _add(app, command)
    return get_command(app)


def _add(app: typer.Typer, command: Command) -> None:
    def run(context: typer.Context, **values: Any) -> int:
        invocation: Invocation = context.obj or Invocation()
        invocation.began = True
        try:
            return command.carry_out(Given(**values, after_dashes=invocation.after_dashes))
        except KeyboardInterrupt:  # typer would say nothing
            Screen(sys.stderr).print("Interrupted.")
            return INTERRUPTED

    context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    # typer makes the options out of the signature.
    run.__signature__ = inspect.Signature([context, *command.options])  # type: ignore[attr-defined]  # inspect reads it
    short = re.split(r"[;.:](?: |$)", command.explanation)[0]
    app.command(command.name, help=command.explanation, short_help=short, epilog=_shown(command.examples))(run)


def _shown(examples: Sequence[str]) -> str:
    # \b keeps the lines as they are.
    return "\n".join(["\b", "Examples:", *(f"  {example}" for example in examples)])
