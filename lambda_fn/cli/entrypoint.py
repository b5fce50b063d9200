"""`deploy -- CMD ARGS…`: once the migrations are applied, the process becomes the application."""

import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lambda_fn.cli.screen import Screen
from lambda_fn.errors import request as request_errors

_CANNOT_RUN = 126  # as shells say it
# Python ignores them, and what is ignored stays so in the program that comes after.
_IGNORED_BY_PYTHON = ("SIGPIPE", "SIGXFSZ")


class Program(NamedTuple):
    """A program that is there, and its whole command line."""

    path: str
    command: tuple[str, ...]


def found(command: Sequence[str] | None) -> Program | None:
    """The program to become; looked for before anything is changed. Raises: RequestInvalid M115."""
    if command is None:
        return None
    path = shutil.which(command[0]) if command else None
    if path is None:
        raise request_errors.cannot_become(_reason(command))
    return Program(path, tuple(command))


def _reason(command: Sequence[str]) -> str:
    if not command:
        return "there is nothing"
    named = Path(command[0])
    if named.is_dir():
        return "it is a directory"
    if named.is_file():
        return "the file has no right to be executed (chmod +x)" if os.sep in command[0] else "it is not on the PATH"
    return "there is no such file" if os.sep in command[0] else "there is no such program on the PATH"


def become(program: Program) -> int:
    """Become the program, under the same process id; return the exit code only where that fails."""
    for name in _IGNORED_BY_PYTHON:
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execv(program.path, program.command)  # noqa: S606  # without a shell, and given by whoever runs us
    except OSError as error:
        text = f"ERROR: The migrations are applied, but {program.path} could not be started: {error.strerror}."
        Screen(sys.stderr).print(text)
        return _CANNOT_RUN
