"""`migrate-lambda`, also `python -m lambda_fn`: actions on a database, and what is done with a deployed function."""

import sys
from collections.abc import Sequence

__all__ = ["main", "migrate_lambda"]

_PROGRAM = "migrate-lambda"
_EXTRA_MISSING, _INTERRUPTED = 2, 130


def migrate_lambda() -> int:
    """The program `migrate-lambda`, which an installation puts on the path."""
    return main()


def main(arguments: Sequence[str] | None = None, *, program: str = _PROGRAM) -> int:
    """Carry out the command line and return the exit code."""
    # Imported here, so that its absence is told in words (the package for Lambda has no terminal's libraries), and so
    # that Ctrl-C while it is imported shows no traceback.
    try:
        from lambda_fn.cli.program import run

        return run(arguments, program)
    except KeyboardInterrupt:
        _say("Interrupted. Nothing was run.")
        return _INTERRUPTED
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in ("dotenv", "rich", "typer"):
            raise
        _say(f"{_PROGRAM} needs {library}, which its extra brings: pip install '.[cli]' where its pyproject.toml is.")
        return _EXTRA_MISSING


def _say(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"{text}\n")
