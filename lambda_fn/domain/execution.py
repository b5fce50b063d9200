"""How a script is to be run, and what is refused before anything runs."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from lambda_fn.domain import location
from lambda_fn.domain.chunks import CHUNK_BYTES, CHUNKED_ABOVE_BYTES, Range
from lambda_fn.domain.directive import BadDirective, Directives, Mode, read_directives
from lambda_fn.domain.landmark import Landmarks
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.script_refusal import head_of, refusal
from lambda_fn.domain.statement_limit import MAX_STATEMENT_MIB
from lambda_fn.domain.statement_traits import calls_routine, may_refuse_transaction
from lambda_fn.domain.statements import Statement
from lambda_fn.domain.steps import NoStep, Steps, plan_steps
from lambda_fn.domain.survey import IN_A_TRANSACTION, UNCOMMITTED_ENUM, Splitter, Survey
from lambda_fn.errors import SettingsInvalid
from lambda_fn.errors import settings as settings_errors

__all__ = ["CHUNKED_ABOVE_BYTES", "CHUNK_BYTES", "Execution", "Splitter", "falls_back", "plan_execution", "refusals"]

_FEW_CONTROLS: Final = 16  # each makes a chunk more, which is one more round trip
_NOT_LINE_END: Final = re.compile(rb"[^\r\n]")


@dataclass(frozen=True, slots=True)
class Execution:
    """A script made ready: `text` is sent, in `chunks` (byte ranges of whole statements) when it is large.

    `text` is the script without a byte order mark. The author's own BEGIN and COMMIT are not sent: they stand between
    chunks, or are blanked in the text, so that every other character keeps its line and column. `statements` counts
    what will be executed. `steps` are there unless the mode is atomic. `fallbacks` are the SQLSTATEs at which an atomic
    script may be run stepwise instead. `landmarks` stand about every CHUNK_BYTES, also in the migration's own text: an
    error is found from the last one before it, because the time to read all of it again is not there when the deadline
    has passed.
    """

    mode: Mode
    text: bytes = field(repr=False)
    statements: int
    chunks: tuple[Range, ...]
    directives: Directives = field(default_factory=Directives)
    steps: Steps | None = field(default=None, repr=False)
    fallbacks: frozenset[str] = frozenset()
    landmarks: Landmarks = field(default=(), repr=False)


def _no_limit() -> None:
    """The time is not looked at."""


def plan_execution(
    migration: Migration,
    *,
    stepwise: bool = False,
    max_statement_mib: int = MAX_STATEMENT_MIB,
    check_time: Callable[[], None] = _no_limit,
    splitter: Splitter | None = None,
) -> Execution:
    """Decide how to run a migration; `stepwise` has decided already, whatever the file asks for.

    `check_time` is called every now and then, and may raise. With a `splitter`, every statement is read by it; without,
    those that are surely ordinary ones are passed over, which takes a tenth of the time.
    Raises: SettingsInvalid M211 for what cannot be run safely, M212 for what does not fit the way it is to be run, M223
    for a statement larger than `max_statement_mib`.
    """
    text = migration.text
    _check_nul(migration, text)
    directives = _directives(migration, text)
    survey = Survey(migration.name, text, max_statement_mib)
    survey.read(splitter, check_time)
    mode = _mode(migration, survey, Mode.STEPWISE if stepwise else directives.mode)
    steps = None if mode is Mode.ATOMIC else _steps(migration, text, check_time)
    if steps is not None and not steps.steps:
        # Only SETs and the like: nothing to be run step by step.
        mode, steps = Mode.ATOMIC, None
    return _execution(text, survey, mode, directives, steps)


def refusals(
    migrations: Iterable[Migration], *, max_statement_mib: int = MAX_STATEMENT_MIB
) -> Iterator[SettingsInvalid]:
    """Why migrations cannot be run, for each that cannot."""
    for migration in migrations:
        try:
            plan_execution(migration, max_statement_mib=max_statement_mib)
        except SettingsInvalid as error:
            yield error


def falls_back(execution: Execution, sqlstate: str, offset: int | None) -> bool:
    """Whether an atomic script that the server refused with this can work stepwise only.

    Not by the SQLSTATE alone: an event trigger may raise 25001 too. `offset` is where the error is.
    """
    if sqlstate not in execution.fallbacks:
        return False
    if sqlstate == UNCOMMITTED_ENUM:
        return True
    statement = location.statement_at(execution.text, offset, execution.landmarks)
    if statement is None:
        return False
    return may_refuse_transaction(statement) if sqlstate == IN_A_TRANSACTION else calls_routine(statement)


def _mode(migration: Migration, survey: Survey, wish: Mode | None) -> Mode:
    """How the script is to be run, now that all of it is known."""
    statement = survey.non_transactional
    if survey.executed == 0 or (statement is None and wish is not Mode.STEPWISE):
        return Mode.ATOMIC
    if statement is not None and wish is Mode.ATOMIC:
        where = location.at_offset(migration.name, migration.text, statement.start, survey.landmarks)
        problem = f"`{head_of(migration.text, statement)}` (line {where.line}) cannot run in a transaction"
        raise settings_errors.not_atomic(problem, where)
    is_alone = statement is not None and survey.executed == 1 and not survey.controls
    return Mode.ALONE if is_alone else Mode.STEPWISE


def _execution(text: bytes, survey: Survey, mode: Mode, directives: Directives, steps: Steps | None) -> Execution:
    chunked = len(text) > CHUNKED_ABOVE_BYTES and mode is Mode.ATOMIC
    # Blanking makes a second text, which is no small matter where chunks are needed.
    cut_out = chunked and len(survey.controls) <= _FEW_CONTROLS
    chunks = survey.chunks if chunked else ((0, len(text)),)
    may_fall_back = mode is Mode.ATOMIC and directives.mode is None
    return Execution(
        mode,
        text if cut_out else _blanked(text, survey.controls),
        survey.executed,
        tuple(_without(chunks, survey.controls) if cut_out else chunks),
        directives,
        steps,
        frozenset(survey.fallbacks if may_fall_back else ()),
        survey.landmarks,
    )


def _without(chunks: Iterable[Range], controls: Iterable[Statement]) -> Iterator[Range]:
    """The parts of the chunks that stand between these statements."""
    for start, stop in chunks:
        begin = start
        for control in controls:
            if begin <= control.start < stop:
                yield begin, control.start
                begin = control.stop
        yield begin, stop


def _blanked(text: bytes, controls: Iterable[Statement]) -> bytes:
    """The text with blanks in the place of these statements; not one copy of it more than that."""
    parts: list[bytes | memoryview] = []
    whole, done = memoryview(text), 0
    for control in controls:
        parts += whole[done : control.start], _NOT_LINE_END.sub(b" ", whole[control.start : control.stop])
        done = control.stop
    return b"".join([*parts, whole[done:]]) if parts else text


def _steps(migration: Migration, text: bytes, check_time: Callable[[], None]) -> Steps:
    try:
        return plan_steps(text, check_time)
    except NoStep as error:
        start = error.statement.start
        where = location.at_offset(migration.name, text, start)
        problem = f"`{head_of(text, error.statement)}` (line {where.line}) {error.problem}"
        raise settings_errors.no_step(problem, error.next_step, where) from None


def _check_nul(migration: Migration, text: bytes) -> None:
    offset = text.find(b"\0")
    if offset >= 0:
        raise refusal(
            migration.name,
            text,
            offset,
            "it holds a NUL byte, at which PostgreSQL would stop reading.",
            "Save the file as UTF-8.",
        )


def _directives(migration: Migration, text: bytes) -> Directives:
    try:
        return read_directives(text)
    except BadDirective as error:
        raise refusal(migration.name, text, error.offset, error.problem, error.next_step) from None
