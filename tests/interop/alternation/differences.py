"""In what the two tools are meant to differ, each with its reason; whatever else differs is a disagreement."""

from collections.abc import Iterator, Mapping
from enum import Enum

from tests.interop.alternation.forecast import Forecast, directory_refused, our_pending
from tests.interop.alternation.rows import RowState
from tests.interop.alternation.script import CONTROL, Script
from tests.interop.alternation.tools import UNCODED, Who
from tests.interop.alternation.world import State
from tests.interop.matrix import elsewhere, listed
from tests.interop.matrix import scenario as matrix

_NEEDS_STEPS = ("25001", "55P04")


class Difference(Enum):
    """A difference that is meant, and why."""

    EMPTY_DIRECTORY = "an empty directory is refused (M206): it was packaged from the wrong place; to Prisma, success"
    MISSING_SCRIPT = "a directory without migration.sql is found before anything runs, by Prisma when its turn comes"
    REFUSED_SCRIPT = "COPY FROM STDIN is refused before anything runs (M211), by Prisma found when its turn comes"
    NO_TABLE = "resolve --rolled-back without a table has a code (M501), and is an invariant violation to Prisma"
    ROLLED_BACK_AT_ONCE = "what failed and left nothing is recorded as rolled back, and is pending again"
    HALF_DONE = "what is half done is pending and gone on with; to Prisma it has failed (P3009)"
    HALF_DONE_EDITED = "finished steps of what is half done were edited (M506); to Prisma it has failed (P3009)"
    HALF_DONE_AHEAD = "what is half done and newer than the directory is a warning (M514); to Prisma it has failed"
    STEPWISE = "what no transaction can run, or asks for it, is run step by step; Prisma fails, or runs it as one"
    INVALID_INDEX = "a failed concurrent index is removed; Prisma leaves it INVALID"
    OWN_TRANSACTION = "BEGIN and COMMIT of a file belong to its own transaction; with Prisma a committed part stays"
    BYTE_ORDER_MARK = "a byte order mark is left out when the file is run; a syntax error to Prisma"
    EQUAL_TIMESTAMPS = "names of equal timestamps go by their bytes, with Prisma by localeCompare (told as M512)"
    FAILED_IS_NOT_EDITED = "only what is applied can be edited or missing; Prisma counts what has failed too"
    AHEAD_IS_NOT_MISSING = "what is newer than the directory is no finding: so it is after a rollback"


_BY_CODE = {
    "M206": Difference.EMPTY_DIRECTORY,
    "P3015": Difference.MISSING_SCRIPT,
    "M211": Difference.REFUSED_SCRIPT,
    "M506": Difference.HALF_DONE_EDITED,
}


LISTED_AS: Mapping[Difference, matrix.Difference] = {
    Difference.EMPTY_DIRECTORY: listed.NO_MIGRATIONS,
    Difference.MISSING_SCRIPT: listed.NO_SCRIPT,
    Difference.REFUSED_SCRIPT: listed.NOT_FOR_SERVERS,
    Difference.NO_TABLE: listed.NO_CODE,
    Difference.ROLLED_BACK_AT_ONCE: listed.ROLLED_BACK,
    Difference.HALF_DONE: elsewhere.HALF_DONE,
    Difference.HALF_DONE_EDITED: elsewhere.HALF_DONE,
    Difference.HALF_DONE_AHEAD: elsewhere.HALF_DONE,
    Difference.STEPWISE: listed.STEPWISE,
    Difference.INVALID_INDEX: listed.INVALID_INDEX,
    Difference.OWN_TRANSACTION: listed.OWN_TRANSACTION,
    Difference.BYTE_ORDER_MARK: listed.BYTE_ORDER_MARK,
    Difference.EQUAL_TIMESTAMPS: listed.BYTE_ORDER,
    Difference.FAILED_IS_NOT_EDITED: elsewhere.FAILED_ALONE,
    Difference.AHEAD_IS_NOT_MISSING: listed.AHEAD,
}
"""Where docs/prisma-compatibility.md lists them."""


class Disagreed(Exception):
    """The two tools, or a tool and its documentation, disagree."""


def of(state: State, forecasts: Mapping[Who, Forecast], *, deploys: bool) -> frozenset[Difference]:
    """Why a command by ours is to differ from the same by Prisma. Raises: Disagreed where nothing says why."""
    ours, prismas = forecasts[Who.OURS], forecasts[Who.PRISMA]
    if _alike(ours, prismas):
        return frozenset()
    found = frozenset(_of_deploys(state, ours, prismas) if deploys else _of_resolves(state))
    if not found:
        raise Disagreed(f"nothing says why ours is to come to {ours}, and Prisma to {prismas}")
    return found


def _alike(ours: Forecast, prismas: Forecast) -> bool:
    return (ours.verdict, ours.facts, ours.added, ours.altered) == (
        prismas.verdict,
        prismas.facts,
        prismas.added,
        prismas.altered,
    )


def _of_deploys(state: State, ours: Forecast, prismas: Forecast) -> Iterator[Difference]:
    if ours.verdict.code in _BY_CODE:
        yield _BY_CODE[ours.verdict.code]
    elif state.half_done:
        yield Difference.HALF_DONE_AHEAD if state.ahead else Difference.HALF_DONE
    else:
        yield from _of_scripts(state, ours, prismas)


def _of_scripts(state: State, ours: Forecast, prismas: Forecast) -> Iterator[Difference]:
    if our_pending(state) != state.order:
        yield Difference.EQUAL_TIMESTAMPS
    if any(kept is RowState.ROLLED_BACK for _, kept in (*ours.added, *ours.altered)):
        yield Difference.ROLLED_BACK_AT_ONCE
    if any(fact.startswith("invalid") for fact in ours.facts ^ prismas.facts):
        yield Difference.INVALID_INDEX
    if ours.done or prismas.verdict.sqlstate in _NEEDS_STEPS:
        yield Difference.STEPWISE
    script = state.scripts.get(prismas.failed)
    if script is not None and script.byte_order_mark:
        yield Difference.BYTE_ORDER_MARK
    if script is not None and _commits_by_itself(script) and _is_in_part(ours, prismas):
        yield Difference.OWN_TRANSACTION


def _commits_by_itself(script: Script) -> bool:
    return any(statement.form in CONTROL for statement in script.statements)


def _is_in_part(ours: Forecast, prismas: Forecast) -> bool:
    """Whether Prisma leaves what ours does not, or cannot even record the failure."""
    return prismas.verdict.code == UNCODED or bool(prismas.facts - ours.facts)


def _of_resolves(state: State) -> Iterator[Difference]:
    if code := directory_refused(state):
        yield Difference.EMPTY_DIRECTORY if code == "M206" else Difference.MISSING_SCRIPT
    elif state.seen.rows is None:
        yield Difference.NO_TABLE
