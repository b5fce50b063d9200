"""`migrate-lambda`, also `python -m lambda_fn`: actions on a database, and what is done with a deployed function."""

import gc
import sys
from collections.abc import Sequence

__all__ = ["PROGRAM", "library_of_extra", "main", "migrate_lambda"]

PROGRAM = "migrate-lambda"
_EXTRA_MISSING, _INTERRUPTED = 2, 130
_COLLECTED_AFTER = 50_000  # objects. By default 70 times while modules are imported, none of which is garbage: 10 ms


def migrate_lambda(program: str = PROGRAM) -> int:
    """The program `migrate-lambda`, which an installation puts on the path: a process of its own."""
    gc.set_threshold(_COLLECTED_AFTER)
    return main(program=program)


def main(arguments: Sequence[str] | None = None, *, program: str = PROGRAM) -> int:
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
        library = library_of_extra(error)
        if library is None:
            raise
        _say(f"{PROGRAM} needs {library}, which its extra brings: pip install '.[cli]' where its pyproject.toml is.")
        return _EXTRA_MISSING


def library_of_extra(error: ModuleNotFoundError) -> str | None:
    """Which of the terminal's libraries is missing; None where it is another one."""
    library = (error.name or "").partition(".")[0]
    return library if library in ("typer", "dotenv", "rich") else None


def _say(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"{text}\n")
