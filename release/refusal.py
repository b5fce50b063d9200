"""What keeps a package from being made, and how the programs of this directory say it."""

import sys
from collections.abc import Callable

from lambda_fn.errors import MigrateError


class Refused(Exception):
    """The package cannot be made; the text says why and what to do next."""


def exit_code_of(program: Callable[[], None]) -> int:
    """Run a program and return its exit code: 0, or 1 with the reason on stderr."""
    try:
        program()
    except (Refused, MigrateError) as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return 1
    return 0
