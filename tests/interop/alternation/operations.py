"""What is done next: chosen by chance from what there is."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tests.interop.alternation.tools import Who
from tests.interop.alternation.world import State, World

NOBODY = "20990101000000_nobody"


class Deed(StrEnum):
    """What can be done."""

    DEPLOY = "deploy"
    RESOLVE_APPLIED = "resolve --applied"
    RESOLVE_ROLLED_BACK = "resolve --rolled-back"
    BASELINE = "baseline"
    ADD = "add migrations"
    ADD_OLDER = "add an older migration"
    ADD_SIBLING = "add a migration of the same timestamp"
    MEND = "mend"
    EDIT = "edit"
    EDIT_TOP = "edit the first statement"
    LINE_ENDS = "change the line endings"
    DELETE = "delete"
    CHECK_OUT_OLDER = "check an older release out"
    RESTORE = "restore"
    RESTORE_ALL = "check the newest release out"
    LOSE_FILE = "lose migration.sql"


@dataclass(frozen=True, slots=True)
class Operation:
    """One step. `by_hand`, the person undoes or completes the migration in the database first, as documented.

    `on_copy`, the other tool does the same on a copy of the place. `count` is how many are added.
    """

    deed: Deed
    who: Who | None = None
    name: str = ""
    by_hand: bool = False
    on_copy: bool = False
    count: int = 1

    def __str__(self) -> str:
        words = [self.deed.value, self.name, f"({self.count})" if self.deed is Deed.ADD else ""]
        words += [f"by {self.who}" if self.who else "", "as by hand before" if self.by_hand else ""]
        return " ".join(filter(None, [*words, "and by the other one on a copy" if self.on_copy else ""]))


_COMMANDS = frozenset({Deed.DEPLOY, Deed.RESOLVE_APPLIED, Deed.RESOLVE_ROLLED_BACK})


def choose(chance: random.Random, world: World) -> Operation:
    """What is done next."""
    state = world.state
    weights = _weights(state, world)
    deed = chance.choices(tuple(weights), tuple(weights.values()))[0]
    who = chance.choice((Who.OURS, Who.PRISMA)) if deed in _COMMANDS else None
    if deed is Deed.BASELINE:
        who = Who.OURS
    return Operation(
        deed,
        who,
        _name(chance, deed, state, world),
        by_hand=deed in _COMMANDS - {Deed.DEPLOY} and chance.random() < 0.75,
        on_copy=deed in _COMMANDS and chance.random() < (0.3 if deed is Deed.DEPLOY else 0.1),
        count=chance.choice((1, 1, 2, 3)),
    )


def _weights(state: State, world: World) -> Mapping[Deed, float]:
    there, in_the_way = bool(state.scripts), bool(state.failed)
    unmanaged = state.seen.rows is None and state.seen.is_occupied
    half_done = bool(set(state.half_done) & set(state.scripts))
    weights: dict[Deed, float] = {
        Deed.DEPLOY: 12 if there else 2,
        Deed.ADD: 7,
        Deed.RESOLVE_APPLIED: 4 if in_the_way or unmanaged else 1,
        Deed.RESOLVE_ROLLED_BACK: 5 if in_the_way else 2,
        Deed.BASELINE: 8 if unmanaged else there and 1,
        Deed.ADD_OLDER: there and 1,
        Deed.ADD_SIBLING: there and 2,
        Deed.MEND: (8 if half_done else 5) * bool(_to_mend(state)),
        Deed.EDIT: there and 1,
        Deed.EDIT_TOP: 6 if half_done else there and 1,
        Deed.LINE_ENDS: there and 2,
        Deed.DELETE: there and 2,
        Deed.CHECK_OUT_OLDER: (8 if half_done else 1) * (len(state.scripts) > 1),
        Deed.RESTORE: 2 * bool(world.taken_out),
        Deed.RESTORE_ALL: (20 if None in state.scripts.values() else 2) * bool(world.taken_out),
        Deed.LOSE_FILE: bool(_to_lose(state)) * 0.5,
    }
    return {deed: float(weight) for deed, weight in weights.items() if weight}


def _name(chance: random.Random, deed: Deed, state: State, world: World) -> str:
    names = _names(deed, state, world)
    return chance.choice(names) if names else ""


def _names(deed: Deed, state: State, world: World) -> list[str]:
    """Of what there is a choice; what is likelier stands there several times."""
    there = sorted(name for name, script in state.scripts.items() if script is not None) or sorted(state.scripts)
    half_done = sorted(set(state.half_done) & set(there)) * 4
    recorded = Counter(row.name for row in state.seen.records)
    tried_twice = sorted(name for name, rows in recorded.items() if rows > 1)
    choices: Mapping[Deed, list[str]] = {
        Deed.RESOLVE_APPLIED: [*state.failed * 6, *tried_twice * 3, *sorted({*there, *world.taken_out}), NOBODY],
        Deed.MEND: _to_mend(state),
        Deed.LOSE_FILE: _to_lose(state),
        Deed.RESTORE: sorted(world.taken_out),
        Deed.BASELINE: [*there, NOBODY],
        Deed.EDIT: [*half_done, *there],
        Deed.LINE_ENDS: [*half_done, *there, *_with_other_line_ends(state) * 3],
        Deed.DELETE: sorted(state.scripts),
        Deed.CHECK_OUT_OLDER: [*half_done, *sorted(state.scripts)],
    }
    same = {Deed.RESOLVE_ROLLED_BACK: Deed.RESOLVE_APPLIED, Deed.EDIT_TOP: Deed.EDIT}
    return choices.get(same.get(deed, deed), [])


def _to_mend(state: State) -> list[str]:
    """What is not applied, and cannot be by both tools."""
    left = {*state.pending, *state.half_done, *state.failed}
    scripts = [(name, script) for name, script in state.scripts.items() if script is not None and name in left]
    return sorted(name for name, script in scripts if script != script.mended(for_prisma=True))


def _with_other_line_ends(state: State) -> list[str]:
    return sorted(name for name, script in state.scripts.items() if script is not None and script.line_end != "\n")


def _to_lose(state: State) -> list[str]:
    return sorted(name for name, script in state.scripts.items() if script is not None and name in state.pending)
