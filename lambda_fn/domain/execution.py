"""How a script is to be run, and what is refused before anything runs."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lambda_fn.domain import location
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.statement_kinds import REFUSED, TRANSACTION_CONTROL, Kind, kind_of
from lambda_fn.domain.statements import Statement, UnreadableScript, split
from lambda_fn.errors import SettingsInvalid
from lambda_fn.errors import settings as settings_errors

CHUNKED_ABOVE_BYTES = 1024 * 1024
CHUNK_BYTES = 256 * 1024
_HEAD_WORDS = 3

_NOT_LINE_END = re.compile(rb"[^\r\n]")
_DIRECTIVE = re.compile(rb"--[ \t]*migrate:[ \t]*([^\r\n]*)")
_LEADING_COMMENTS = re.compile(rb"(?:\s+|--[^\r\n]*)*")


class Mode(StrEnum):
    """The way a script is run."""

    ATOMIC = "atomic"
    """One transaction, which records it as well."""
    ALONE = "alone"
    """A single statement that cannot run in a transaction: recorded as started, run, recorded as finished."""


@dataclass(frozen=True, slots=True)
class Execution:
    """A script made ready: `text` is sent, in `chunks` (byte ranges of whole statements) when it is large.

    `text` is the script without a byte order mark, and with the author's own BEGIN and COMMIT blanked, so that
    every other character keeps its line and column. `statements` counts what will be executed.
    """

    mode: Mode
    text: bytes = field(repr=False)
    statements: int
    chunks: tuple[tuple[int, int], ...]


def plan_execution(migration: Migration) -> Execution:
    """Decide how to run a migration.

    Raises: SettingsInvalid M211 for what cannot be run safely, M212 for what needs more than one transaction.
    """
    text = migration.text
    _check_nul(migration, text)
    _check_directive(migration, text)
    survey = _Survey(migration, text)
    for statement in _statements(migration, text):
        survey.add(statement)
    return survey.execution()


def _statements(migration: Migration, text: bytes) -> Iterator[Statement]:
    try:
        yield from split(text)
    except UnreadableScript as error:
        raise _refusal(migration, text, error.offset, f"{error.reason}.", "Mend the file.") from None


def _refusal(migration: Migration, text: bytes, offset: int, problem: str, next_step: str) -> SettingsInvalid:
    where = location.at_offset(migration.name, text, offset)
    line = f" (line {where.line}, column {where.column})"
    return settings_errors.refused_script(problem.removesuffix(".") + line + ".", next_step, where)


def _check_nul(migration: Migration, text: bytes) -> None:
    offset = text.find(b"\0")
    if offset >= 0:
        raise _refusal(
            migration,
            text,
            offset,
            "it holds a NUL byte, at which PostgreSQL would stop reading.",
            "Save the file as UTF-8.",
        )


def _check_directive(migration: Migration, text: bytes) -> None:
    """The leading comment may say `-- migrate: atomic`; stepwise is not supported yet."""
    head = _LEADING_COMMENTS.match(text)
    for found in _DIRECTIVE.finditer(head[0] if head else b""):
        wish = found[1].strip().decode(errors="replace")
        if wish == "stepwise":
            where = location.at_offset(migration.name, text, found.start())
            raise settings_errors.stepwise_unsupported(where)
        if wish != Mode.ATOMIC:
            raise _refusal(
                migration,
                text,
                found.start(),
                f"it asks for `migrate: {wish}`, which does not exist.",
                "Write `-- migrate: atomic`, or remove the comment.",
            )


_REFUSALS: Mapping[Kind, tuple[str, str]] = {
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


class _Survey:
    """Goes once through the statements of a script, and knows in the end how to run it."""

    def __init__(self, migration: Migration, text: bytes) -> None:
        self._migration = migration
        self._text = text
        self._open_begin: Statement | None = None
        self._controls: list[Statement] = []
        self._non_transactional: Statement | None = None
        self._executed = 0
        self._chunks: list[tuple[int, int]] = []
        self._chunk_start = 0

    def add(self, statement: Statement) -> None:
        kind = kind_of(statement)
        if kind in REFUSED:
            problem, next_step = _REFUSALS[kind]
            raise self._refuse(statement, f"{kind.value} {problem}", next_step)
        if kind in TRANSACTION_CONTROL:
            self._control(kind, statement)
        else:
            self._executed += 1
        if kind is Kind.NON_TRANSACTIONAL and self._non_transactional is None:
            self._non_transactional = statement
        if statement.stop - self._chunk_start >= CHUNK_BYTES:
            self._end_chunk(statement.stop)

    def execution(self) -> Execution:
        if self._open_begin:
            raise self._refuse(
                self._open_begin,
                "this BEGIN is never followed by a COMMIT.",
                "Add COMMIT;, or remove the BEGIN.",
            )
        if self._non_transactional:
            return self._alone(self._non_transactional)
        self._end_chunk(len(self._text))
        chunked = len(self._text) > CHUNKED_ABOVE_BYTES
        chunks = tuple(self._chunks) if chunked else ((0, len(self._text)),)
        return Execution(Mode.ATOMIC, self._blanked(), self._executed, chunks)

    def _alone(self, statement: Statement) -> Execution:
        if self._executed > 1 or self._controls:
            where = location.at_offset(self._migration.name, self._text, statement.start)
            raise settings_errors.needs_stepwise(
                f"`{self._head(statement)}` (line {where.line}) cannot run in a transaction, so it cannot "
                "share its file.",
                where,
            )
        return Execution(Mode.ALONE, self._text, 1, ((0, len(self._text)),))

    def _control(self, kind: Kind, statement: Statement) -> None:
        """The author's own BEGIN … COMMIT (Prisma writes one for a changed enum) is dropped when balanced."""
        if kind is Kind.BEGIN and self._open_begin is None:
            self._open_begin = statement
        elif kind is Kind.COMMIT and self._open_begin is not None:
            self._open_begin = None
        else:
            raise self._refuse(
                statement,
                f"{kind.value} does not fit here: only pairs of a plain BEGIN and COMMIT can become part of the "
                "transaction that the file runs in.",
                "Remove it: every file runs in a transaction of its own anyway.",
            )
        self._controls.append(statement)

    def _refuse(self, statement: Statement, problem: str, next_step: str) -> SettingsInvalid:
        return _refusal(self._migration, self._text, statement.start, problem, next_step)

    def _head(self, statement: Statement) -> str:
        """The beginning of a statement, for people; no literal stands there."""
        words = self._text[statement.start : statement.end].decode(errors="replace").split()
        return " ".join(words[:_HEAD_WORDS]) + (" …" if len(words) > _HEAD_WORDS else "")

    def _end_chunk(self, stop: int) -> None:
        if stop > self._chunk_start or not self._chunks:
            self._chunks.append((self._chunk_start, stop))
        self._chunk_start = stop

    def _blanked(self) -> bytes:
        if not self._controls:
            return self._text
        text = bytearray(self._text)
        for control in self._controls:
            text[control.start : control.stop] = _NOT_LINE_END.sub(b" ", text[control.start : control.stop])
        return bytes(text)
