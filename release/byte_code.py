"""Byte code, so that a cold start compiles nothing: /var/task is read-only, and Lambda keeps none."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from release.refusal import Refused
from release.target import Target

CODE_DIRECTORY = "/var/task"
_WHO_ARE_YOU = """
import json, sys
print(json.dumps([sys.implementation.name, *sys.version_info[:2], sys.version_info.releaselevel, sys.abiflags]))
"""
_ANSWER_LIMIT_S = 20
# Most of Powertools is never imported; with the byte code of that, the package would be larger than its limit.
_NOT_COMPILED = "aws_lambda_powertools/utilities/(?!__init__|jmespath_utils/)"


def find_interpreter(target: Target, candidates: Iterable[Path]) -> Path | None:
    """The first of the candidates that says of itself that it is a released CPython of the target's minor version.

    Each is run: a version manager's shim has the name of a Python that it does not have, and the byte code of a
    pre-release or of another build is not the runtime's.
    """
    expected = ["cpython", 3, target.python_minor, "final", ""]
    return next((each for each in candidates if _identity(each) == expected), None)


def candidates_for(target: Target, search_path: str) -> Iterator[Path]:
    """The running interpreter, and every command of the runtime's name on a search path."""
    yield Path(sys.executable)
    for directory in filter(None, search_path.split(os.pathsep)):
        command = Path(directory, target.runtime)
        if os.access(command, os.X_OK):
            yield command


def compile_all(directory: Path, interpreter: Path) -> None:
    """Compile what is in the directory, in place. Raises: Refused when a file is not Python of that version.

    The sources are not looked at when the code is loaded: in a package their times mean nothing, and nobody edits them.
    The paths in the code are those in Lambda, so that none of this machine is in the package.
    """
    ended = subprocess.run(
        [*_compileall(interpreter), "-x", _NOT_COMPILED, "-s", directory, "-p", CODE_DIRECTORY, directory],
        env={"PYTHONHASHSEED": "0"},  # the order of a set in the code; and no other variable of Python's
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise Refused(f"{interpreter} cannot compile the package:\n{ended.stdout}{ended.stderr}".strip())


def _compileall(interpreter: Path) -> list[str | Path]:
    # -S: without the site-packages of this machine; -W ignore: warnings about the source of others.
    alone: list[str | Path] = [interpreter, "-S", "-s", "-W", "ignore"]
    return [*alone, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]


def _identity(interpreter: Path) -> object:
    """What the interpreter says of itself; None when it does not answer."""
    try:
        ended = subprocess.run(
            [interpreter, "-I", "-S", "-c", _WHO_ARE_YOU],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ANSWER_LIMIT_S,
            check=True,
        )
        answer: object = json.loads(ended.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return answer
