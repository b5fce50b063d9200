"""`migrate-lambda`, also `python -m lambda_fn`: actions on a database, and what is done with a deployed function."""

import sys
from collections.abc import Sequence

from lambda_fn.cli.exit_codes import exit_code

__all__ = ["exit_code", "main", "migrate_lambda"]

_PROGRAM = "migrate-lambda"
_EXTRA_MISSING = 2


def migrate_lambda() -> int:
    """The program `migrate-lambda`, which an installation puts on the path."""
    return main()


def main(arguments: Sequence[str] | None = None, *, program: str = _PROGRAM) -> int:
    """Carry out the command line and return the exit code."""
    # Imported here, so that its absence is told in words: the package for Lambda has no terminal's libraries.
    try:
        from lambda_fn.cli.program import run
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in ("dotenv", "rich", "typer"):
            raise
        sys.stderr.write(f"{_PROGRAM} needs {library}: pip install 'migrate-lambda[cli]'.\n")
        return _EXTRA_MISSING
    return run(arguments, program)
