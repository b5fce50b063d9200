"""Whatever message of a run is the last one that goes by: the next run goes on, and no answer was wrong.

`make faults` cuts before and behind every message; here it is done around those that change something.
"""

import itertools

import pytest

from tests.faults.bench import Bench, Tally
from tests.faults.exhaustive import changing_points, cut_everywhere, cut_routine, run_beside_lock, telling_points
from tests.faults.scenarios import ADD_VALUE, CONCURRENT_INDEX, INCREMENT, SCENARIOS, SESSION_STATE, Scenario
from tests.fixtures.fault_proxy import Harm, Point, Seen

HARMS = (Harm.KILL, Harm.FIN, Harm.RST)


def check(tally: Tally) -> None:
    """No invariant is violated; and nearly every fault has come to pass, else nothing was shown."""
    assert not tally.violations, "\n\n".join(tally.violations[:5])
    assert tally.missed <= tally.runs // 20


@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_a_run_that_is_cut_anywhere_is_finished_by_the_next_one(bench: Bench, scenario: Scenario, part: int) -> None:
    """Killed, or cut with FIN or RST, in turn."""

    def choose(seen: tuple[Seen, ...]) -> list[Point]:
        return list(itertools.islice(telling_points(seen), part, None, 2))

    tally = cut_everywhere(bench, scenario, choose, *HARMS)

    check(tally)
    assert all(tally.faults[harm] for harm in HARMS)


@pytest.mark.parametrize(("harm", "down_s"), [(Harm.SILENCE, 0.0), (Harm.FIN, 30.0)])
@pytest.mark.parametrize("scenario", [INCREMENT, CONCURRENT_INDEX, ADD_VALUE], ids=str)
def test_what_cannot_be_known_in_time_is_not_guessed(
    bench: Bench, scenario: Scenario, harm: Harm, down_s: float
) -> None:
    """The connection falls silent around what changes something, or is cut, and nobody can connect any more."""

    def choose(seen: tuple[Seen, ...]) -> list[Point]:
        return list(changing_points(seen))[-2:]

    check(cut_everywhere(bench, scenario, choose, harm, down_s=down_s))


def test_a_script_that_commits_by_itself_is_never_run_twice(bench: Bench) -> None:
    """Stopped while it runs, it is left to a person: the one exception of the promise."""
    tally = cut_routine(bench, Harm.KILL)

    assert not tally.violations, "\n\n".join(tally.violations[:5])
    assert tally.answers["failed M507"] > 0
    assert tally.answers["upToDate"] + tally.answers["applied"] > tally.runs // 2


def test_a_lock_of_somebody_else_is_waited_for_from_a_clean_session(bench: Bench) -> None:
    tally = run_beside_lock(bench, SESSION_STATE, "LOCK TABLE item IN ACCESS SHARE MODE", 0.4)

    assert not tally.violations, "\n\n".join(tally.violations)
