"""What is said of a script that is refused before anything runs."""

from collections.abc import Mapping
from typing import Final

from lambda_fn.domain import location
from lambda_fn.domain.landmark import Landmarks
from lambda_fn.domain.statement_kinds import Kind
from lambda_fn.domain.statements import Statement
from lambda_fn.errors import SettingsInvalid
from lambda_fn.errors import settings as settings_errors

_HEAD_WORDS: Final = 3
_HEAD_BYTES: Final = 1024


def refusal(
    migration: str, text: bytes, offset: int, problem: str, next_step: str, *, landmarks: Landmarks = ()
) -> SettingsInvalid:
    """M211, with the place of a byte offset."""
    where = location.at_offset(migration, text, offset, landmarks)
    line = f" (line {where.line}, column {where.column})"
    return settings_errors.refused_script(problem.removesuffix(".") + line + ".", next_step, where)


def head_of(text: bytes, statement: Statement) -> str:
    """The beginning of a statement, for people; no literal stands there."""
    words = text[statement.start : min(statement.end, statement.start + _HEAD_BYTES)].decode(errors="replace").split()
    return " ".join(words[:_HEAD_WORDS]) + (" …" if len(words) > _HEAD_WORDS else "")


REFUSALS: Final[Mapping[Kind, tuple[str, str]]] = {
    **dict.fromkeys(
        (Kind.COPY_FROM_STDIN, Kind.COPY_TO_STDOUT),
        (
            "needs a client that feeds or reads it.",
            "Write the rows as INSERT statements, or load them outside of migrations.",
        ),
    ),
    Kind.DISCARD_ALL: (
        "would release the advisory lock of the run.",
        "Use RESET ALL, DEALLOCATE ALL or DISCARD TEMP.",
    ),
    Kind.TWO_PHASE: ("would take the transaction out of our hands.", "Remove it from the file."),
    Kind.READ_ONLY: (
        "would keep the migration from being recorded.",
        "Remove READ ONLY, and any change of transaction_read_only.",
    ),
    Kind.STANDARD_CONFORMING_STRINGS: (
        "would change how the strings behind it are read.",
        "Write E'…' strings where backslashes matter, and remove it.",
    ),
    Kind.CLIENT_ENCODING: (
        "does not fit: scripts are sent as UTF-8.",
        "Save the file as UTF-8, and remove the SET.",
    ),
    Kind.META_COMMAND: (
        "is for psql, not for the server.",
        "Remove the line that begins with a backslash; pg_dump writes \\restrict and \\unrestrict.",
    ),
}
"""What is wrong with the kinds of statements that no migration may hold, and what to do."""
