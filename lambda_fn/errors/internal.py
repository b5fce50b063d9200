"""M9: not foreseen."""

import traceback

from lambda_fn.errors.classes import InternalError


def unexpected(error: Exception) -> InternalError:
    """M900: an exception that is none of ours; a bug. Its message is left out: it may repeat anything."""
    frames = traceback.extract_tb(error.__traceback__)
    return InternalError(
        "M900",
        f"An unexpected {type(error).__name__} ended the run.",
        "Please report it with the lines below; deploying again is safe.",
        lines=tuple(f"at {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames),
    )


def import_failed(module: str) -> InternalError:
    """M902: a module that belongs in the package cannot be imported."""
    return InternalError(
        "M902",
        f"The module {module} cannot be imported.",
        "Install what requirements/lambda.txt names, for this Python version and architecture.",
    )


def from_exception(error: Exception) -> InternalError:
    """The error for any exception that is none of ours."""
    return import_failed(error.name or "psycopg") if isinstance(error, ImportError) else unexpected(error)
