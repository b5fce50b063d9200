"""The steps of a script that is run statement by statement, each committed together with its entry in the history."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from itertools import pairwise

from lambda_fn.domain.checksum import pieces
from lambda_fn.domain.chunks import CHUNK_BYTES, CHUNKED_ABOVE_BYTES, Range
from lambda_fn.domain.ordinary_statements import ordinary_end
from lambda_fn.domain.recheck import Recheck, Repeatable, Unknowable, recheck_of
from lambda_fn.domain.session_state import SessionState, may_set_config, mentions_set_config, set_config_of
from lambda_fn.domain.statement_kinds import Kind, kind_of
from lambda_fn.domain.statement_traits import (
    calls_routine,
    lasts_for_transaction,
    makes_temporary,
    may_refuse_transaction,
    sets_session_state,
)
from lambda_fn.domain.statements import Statement, next_statement

_COMMITS_BY_ITSELF = Unknowable("it commits by itself")
_INSIDE = Unknowable("it runs in a transaction")
_CHAIN_DIGITS = 32  # of SHA-256: enough to tell an edited file


class StepKind(StrEnum):
    """How a step is run."""

    TRANSACTION = "in a transaction"
    """A statement, or the author's own BEGIN … COMMIT: committed with its entry, or rolled back without one."""
    EITHER = "in a transaction, if it can"
    """Like the former, and outside of a transaction where the server says so: a routine that commits by itself, the
    REINDEX of a partitioned table."""
    OUTSIDE = "outside of a transaction"
    """A statement that cannot run in one: announced, run, entered; `recheck` finds out about the gap between."""


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a script, from byte `start` to `stop`.

    `number` counts the steps from 1, `statement` is that of its first statement among all of the script, from 1 as
    well: the author's BEGIN and COMMIT and session statements count. `session` are the byte ranges of the session
    statements that hold before it. `chain` is the hash of all that has been run once this step is done; `recheck` is
    how to find out whether it was, where it ran outside of a transaction. `cuts` are between the parts of a large one.
    """

    kind: StepKind
    number: int
    statement: int
    start: int
    stop: int
    session: tuple[tuple[int, int], ...]
    chain: str
    recheck: Recheck = _INSIDE
    cuts: tuple[int, ...] = ()

    @property
    def parts(self) -> tuple[Range, ...]:
        """The byte ranges of its messages."""
        return tuple(pairwise((self.start, *self.cuts, self.stop)))


@dataclass(frozen=True, slots=True)
class Steps:
    """A script in steps.

    Every step begins with a clean session and what the session statements before it have set, so that it makes no
    difference whether a run has just come from the step before or goes on where another one was killed. One that a
    later one replaces before any step comes, or behind the last step, is never executed: nothing could tell.
    """

    steps: tuple[Step, ...]

    def chain_after(self, done: int) -> str | None:
        """The hash of the first `done` steps: "" for none, None when there are not so many."""
        if done == 0:
            return ""
        return self.steps[done - 1].chain if done <= len(self.steps) else None

    def state_of(self, step: Step) -> tuple[tuple[int, int], ...]:
        """The byte ranges of the session statements that hold before a step, in their order."""
        return step.session


class NoStep(Exception):
    """A statement that cannot be a step of its own: where it stands, what is wrong, and what to do."""

    def __init__(self, statement: Statement, problem: str, next_step: str) -> None:
        super().__init__(problem)
        self.statement = statement
        self.problem = problem
        self.next_step = next_step


def plan_steps(text: bytes, check_time: Callable[[], None] = lambda: None) -> Steps:
    """Divide a script into steps. Its BEGINs and COMMITs are in pairs, and it holds nothing that is refused.

    Raises: NoStep for what cannot be run step by step; UnreadableScript.
    """
    division = _Division(text)
    position = 0
    while (statement := next_statement(text, position)) is not None:
        check_time()
        division.add(statement)
        position = division.pass_over(statement.stop, check_time)
    return Steps(tuple(division.steps))


class _Division:
    """Goes once through the statements of a script."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._chain = ""
        self._count = 0
        self._begin: tuple[Statement, int] | None = None
        self._group_session: list[Statement] = []
        self._cuts: list[int] = []
        self._mentions_set_config = mentions_set_config(text)
        self._state = SessionState(text)
        self.steps: list[Step] = []

    def add(self, statement: Statement) -> None:
        self._count += 1
        kind = kind_of(statement)
        self._check_set_config(statement)
        if self._begin is not None:
            self._add_to_group(kind, statement)
        elif kind is Kind.BEGIN:
            self._begin = statement, self._count
            self._cuts = [statement.start]
        elif sets_session_state(statement) and not self._sets_local_config(statement):
            self._chain_on(statement.start, statement.end)
            self._state.add(statement)
        else:
            self._add_alone(statement, kind)

    def pass_over(self, position: int, check_time: Callable[[], None]) -> int:
        """Take what comes next in an open group, as far as it is surely ordinary: just behind the last of it."""
        if self._begin is None or self._mentions_set_config:
            return position
        while end := ordinary_end(self._text, position):
            position = end
            self._count += 1
            if self._cut_at(end):
                check_time()
        return position

    def _check_set_config(self, statement: Statement) -> None:
        if may_set_config(self._text, statement) and set_config_of(self._text, statement) is None:
            raise NoStep(
                statement,
                "mentions set_config() in a file that is run step by step, of which the next step would know nothing.",
                "Write SET, or SELECT set_config('…', '…', false) alone, with constants only.",
            )

    def _sets_local_config(self, statement: Statement) -> bool:
        found = set_config_of(self._text, statement)
        return found is not None and found.is_local

    def _add_to_group(self, kind: Kind, statement: Statement) -> None:
        if kind is Kind.NON_TRANSACTIONAL:
            raise NoStep(
                statement,
                "cannot run inside the BEGIN … COMMIT that it stands in.",
                "Move it behind the COMMIT, or before the BEGIN.",
            )
        if self._outlives_group(statement):
            self._group_session.append(statement)
        self._cut_at(statement.stop)
        if kind is Kind.COMMIT and self._begin is not None:
            (begin, number), self._begin = self._begin, None
            self._add_step(
                StepKind.TRANSACTION, number, begin.start, statement.stop, cuts=self._cuts_of_group(statement)
            )
            for each in self._group_session:
                self._state.add(each)
            self._group_session.clear()

    def _cut_at(self, stop: int) -> bool:
        """Whether a part of the group ends here."""
        is_end = stop - self._cuts[-1] >= CHUNK_BYTES
        if is_end:
            self._cuts.append(stop)
        return is_end

    def _cuts_of_group(self, commit: Statement) -> tuple[int, ...]:
        begin, *cuts = self._cuts
        return tuple(cuts) if commit.stop - begin > CHUNKED_ABOVE_BYTES else ()

    def _outlives_group(self, statement: Statement) -> bool:
        """What SET sets outlives its transaction; what a PREPARE of a group needs may be gone behind it."""
        if not sets_session_state(statement) or statement.tokens[0] in ("PREPARE", "LOAD"):
            return False
        return not self._sets_local_config(statement)

    def _add_alone(self, statement: Statement, kind: Kind) -> None:
        if makes_temporary(statement):
            raise NoStep(
                statement,
                "makes something temporary in a file that is run step by step, of which the next step knows nothing.",
                "Put BEGIN; and COMMIT; round it and all that uses it: they are then one step.",
            )
        if lasts_for_transaction(statement) or self._sets_local_config(statement):
            raise NoStep(
                statement,
                "lasts no longer than its transaction, which is its own in a file that is run step by step.",
                "Put BEGIN; and COMMIT; round it and all that it is for: they are then one step. SET LOCAL may become "
                "SET.",
            )
        step_kind, recheck = self._way_of(statement, kind)
        self._add_step(step_kind, self._count, statement.start, statement.stop, recheck)

    def _way_of(self, statement: Statement, kind: Kind) -> tuple[StepKind, Recheck]:
        if kind is Kind.NON_TRANSACTIONAL:
            return StepKind.OUTSIDE, recheck_of(self._text, statement)
        if may_refuse_transaction(statement):
            return StepKind.EITHER, Repeatable()
        if calls_routine(statement):
            return StepKind.EITHER, _COMMITS_BY_ITSELF
        return StepKind.TRANSACTION, _INSIDE

    def _add_step(
        self,
        kind: StepKind,
        statement: int,
        start: int,
        stop: int,
        recheck: Recheck = _INSIDE,
        *,
        cuts: tuple[int, ...] = (),
    ) -> None:
        self._chain_on(start, stop)
        number = len(self.steps) + 1
        self.steps.append(Step(kind, number, statement, start, stop, self._state.ranges, self._chain, recheck, cuts))

    def _chain_on(self, start: int, stop: int) -> None:
        # A checkout may change the ends of lines, and a last statement gets its semicolon later: neither is an edit.
        digest = sha256(self._chain.encode() + b"\n")
        for piece in pieces(self._text, start, _end_of_content(self._text, start, stop)):
            digest.update(piece.replace(b"\r\n", b"\n"))
        self._chain = digest.hexdigest()[:_CHAIN_DIGITS]


def _end_of_content(text: bytes, start: int, stop: int) -> int:
    """Where the semicolon and the white space at the end begin."""
    while stop > start and text[stop - 1] in b"; \t\r\n\f\v":
        stop -= 1
    return stop
