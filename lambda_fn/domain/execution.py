"""How a script is to be run, and what is refused before anything runs."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lambda_fn.domain import location
from lambda_fn.domain.directive import BadDirective, Directives, Mode, read_directives
from lambda_fn.domain.landmark import Landmark, Landmarks
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.statement_kinds import REFUSED, TRANSACTION_CONTROL, Kind, kind_of
from lambda_fn.domain.statement_traits import adds_enum_value, calls_routine, may_refuse_transaction
from lambda_fn.domain.statements import Statement, UnreadableScript, split
from lambda_fn.domain.steps import NoStep, Steps, plan_steps
from lambda_fn.errors import SettingsInvalid
from lambda_fn.errors import settings as settings_errors

CHUNKED_ABOVE_BYTES = 1024 * 1024
CHUNK_BYTES = 256 * 1024
_HEAD_WORDS = 3

_NOT_LINE_END = re.compile(rb"[^\r\n]")
_IN_A_TRANSACTION, _UNCOMMITTED_ENUM, _COMMITS_BY_ITSELF = "25001", "55P04", "2D000"


@dataclass(frozen=True, slots=True)
class Execution:
    """A script made ready: `text` is sent, in `chunks` (byte ranges of whole statements) when it is large.

    `text` is the script without a byte order mark, and with the author's own BEGIN and COMMIT blanked, so that
    every other character keeps its line and column. `statements` counts what will be executed. `steps` are there
    unless the mode is atomic. `fallbacks` are the SQLSTATEs at which an atomic script may be run stepwise instead.
    `landmarks` stand about every CHUNK_BYTES, also in the migration's own text: an error is found from the last one
    before it, because the time to read 18 MB again, many seconds, is not there when the deadline has passed.
    """

    mode: Mode
    text: bytes = field(repr=False)
    statements: int
    chunks: tuple[tuple[int, int], ...]
    directives: Directives = field(default_factory=Directives)
    steps: Steps | None = field(default=None, repr=False)
    fallbacks: frozenset[str] = frozenset()
    landmarks: Landmarks = field(default=(), repr=False)


def _no_limit() -> None:
    """The time is not looked at."""


Splitter = Callable[[bytes], Iterator[Statement]]
"""What gives the statements of a script: statements.split, or one that looks at them as it passes them on."""


def plan_execution(
    migration: Migration,
    *,
    stepwise: bool = False,
    check_time: Callable[[], None] = _no_limit,
    splitter: Splitter = split,
) -> Execution:
    """Decide how to run a migration; `stepwise` has decided already, whatever the file asks for.

    `check_time` is called at every statement, and may raise: 4 MB are read in a second.
    Raises: SettingsInvalid M211 for what cannot be run safely, M212 for what does not fit the way it is to be run.
    """
    text = migration.text
    _check_nul(migration, text)
    survey = _Survey(migration, text, _directives(migration, text))
    for statement in _statements(migration, text, splitter):
        check_time()
        survey.add(statement)
    mode = survey.mode(stepwise=stepwise)
    steps = None if mode is Mode.ATOMIC else _steps(migration, text, check_time)
    if steps is not None and not steps.steps:
        # Only SETs and the like: nothing to be run step by step.
        mode, steps = Mode.ATOMIC, None
    return survey.execution(mode, steps)


def refusals(migrations: Iterable[Migration]) -> Iterator[SettingsInvalid]:
    """Why migrations cannot be run, for each that cannot."""
    for migration in migrations:
        try:
            plan_execution(migration)
        except SettingsInvalid as error:
            yield error


def falls_back(execution: Execution, sqlstate: str, offset: int | None) -> bool:
    """Whether an atomic script that the server refused with this can work stepwise only.

    Not by the SQLSTATE alone: an event trigger may raise 25001 too. `offset` is where the error is.
    """
    if sqlstate not in execution.fallbacks:
        return False
    if sqlstate == _UNCOMMITTED_ENUM:
        return True
    statement = location.statement_at(execution.text, offset, execution.landmarks)
    if statement is None:
        return False
    return may_refuse_transaction(statement) if sqlstate == _IN_A_TRANSACTION else calls_routine(statement)


def _steps(migration: Migration, text: bytes, check_time: Callable[[], None]) -> Steps:
    try:
        return plan_steps(text, check_time)
    except NoStep as error:
        start = error.statement.start
        where = location.at_offset(migration.name, text, start)
        problem = f"`{_head(text, error.statement)}` (line {where.line}) {error.problem}"
        raise settings_errors.no_step(problem, error.next_step, where) from None


def _statements(migration: Migration, text: bytes, splitter: Splitter) -> Iterator[Statement]:
    try:
        yield from splitter(text)
    except UnreadableScript as error:
        raise _refusal(migration, text, error.offset, f"{error.reason}.", "Mend the file.") from None


def _refusal(
    migration: Migration, text: bytes, offset: int, problem: str, next_step: str, *, landmarks: Landmarks = ()
) -> SettingsInvalid:
    where = location.at_offset(migration.name, text, offset, landmarks)
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


def _directives(migration: Migration, text: bytes) -> Directives:
    try:
        return read_directives(text)
    except BadDirective as error:
        raise _refusal(migration, text, error.offset, error.problem, error.next_step) from None


def _head(text: bytes, statement: Statement) -> str:
    """The beginning of a statement, for people; no literal stands there."""
    words = text[statement.start : statement.end].decode(errors="replace").split()
    return " ".join(words[:_HEAD_WORDS]) + (" …" if len(words) > _HEAD_WORDS else "")


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

    def __init__(self, migration: Migration, text: bytes, directives: Directives) -> None:
        self._migration = migration
        self._text = text
        self._directives = directives
        self._fallbacks: set[str] = set()
        self._open_begin: Statement | None = None
        self._controls: list[Statement] = []
        self._non_transactional: Statement | None = None
        self._executed = 0
        self._chunks: list[tuple[int, int]] = []
        self._chunk_start = 0
        self._landmarks: list[Landmark] = []

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
        self._fallbacks.update(_fallbacks(statement))
        if statement.stop - self._chunk_start >= CHUNK_BYTES:
            self._end_chunk(statement.stop)
            self._landmarks.append(Landmark(statement.stop, self._executed + len(self._controls)))

    def mode(self, *, stepwise: bool) -> Mode:
        """How the script is to be run, now that all of it is known."""
        if self._open_begin:
            raise self._refuse(
                self._open_begin,
                "this BEGIN is never followed by a COMMIT.",
                "Add COMMIT;, or remove the BEGIN.",
            )
        statement, wish = self._non_transactional, Mode.STEPWISE if stepwise else self._directives.mode
        if self._executed == 0 or (statement is None and wish is not Mode.STEPWISE):
            return Mode.ATOMIC
        if statement is not None and wish is Mode.ATOMIC:
            where = location.at_offset(self._migration.name, self._text, statement.start)
            problem = f"`{_head(self._text, statement)}` (line {where.line}) cannot run in a transaction"
            raise settings_errors.not_atomic(problem, where)
        is_alone = statement is not None and self._executed == 1 and not self._controls
        return Mode.ALONE if is_alone else Mode.STEPWISE

    def execution(self, mode: Mode, steps: Steps | None) -> Execution:
        """The script made ready."""
        self._end_chunk(len(self._text))
        chunked = len(self._text) > CHUNKED_ABOVE_BYTES and mode is Mode.ATOMIC
        chunks = tuple(self._chunks) if chunked else ((0, len(self._text)),)
        may_fall_back = mode is Mode.ATOMIC and self._directives.mode is None
        fallbacks = frozenset(self._fallbacks if may_fall_back else ())
        blanked, landmarks = self._blanked(), tuple(self._landmarks)
        return Execution(mode, blanked, self._executed, chunks, self._directives, steps, fallbacks, landmarks)

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
        landmarks = tuple(self._landmarks)
        return _refusal(self._migration, self._text, statement.start, problem, next_step, landmarks=landmarks)

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


def _fallbacks(statement: Statement) -> Iterator[str]:
    if adds_enum_value(statement):
        yield _UNCOMMITTED_ENUM
    elif calls_routine(statement):
        yield _COMMITS_BY_ITSELF
    elif may_refuse_transaction(statement):
        yield _IN_A_TRANSACTION
