"""How long each attempt waits for a lock, and when there is no further one."""

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fn.domain.lock_ladder import BUDGET_S, LockLadder, Rung

LONG_MS = 1500
LONGEST_PAUSE_S = 2.0


def rung(
    waited_s: float,
    ladder: LockLadder | None = None,
    *,
    since_long_s: float | None = 0.0,
    work_ms: float = 0.0,
    chance: float = 1.0,
) -> Rung:
    found = (ladder or LockLadder()).next(waited_s, since_long_s=since_long_s, work_ms=work_ms, chance=lambda: chance)
    assert found is not None
    return found


def is_over(waited_s: float, ladder: LockLadder) -> bool:
    return ladder.next(waited_s, since_long_s=None, work_ms=0, chance=lambda: 0) is None


@dataclass
class Climb:
    """A climb without a lock to be had: every attempt works, waits for as long as it may, and fails."""

    ladder: LockLadder
    work_ms: float = 0.0
    chance: float = 0.5
    rungs: list[tuple[float, Rung]] = field(default_factory=list)
    """By when they began, counted from the first attempt that failed."""
    end_s: float = 0.0

    def run(self) -> "Climb":
        """Climb until there is no further attempt."""
        now_s, long_s = 0.0, None
        while (
            found := self.ladder.next(
                now_s,
                since_long_s=None if long_s is None else now_s - long_s,
                work_ms=self.work_ms,
                chance=lambda: self.chance,
            )
        ) is not None:
            assert len(self.rungs) < 100_000, "it never ends"
            now_s += found.pause_s
            self.rungs.append((now_s, found))
            long_s = now_s if found.lock_timeout_ms >= self.ladder.long_ms else long_s
            now_s += (self.work_ms + found.lock_timeout_ms) / 1000
        self.end_s = now_s
        return self


def test_the_first_attempt_is_made_at_once_and_waits_for_milliseconds() -> None:
    assert LockLadder().first == Rung(0.0, 5)


@pytest.mark.parametrize(
    ("waited_s", "lock_timeout_ms"),
    [(0, 5), (3.99, 5), (4, 50), (9.99, 50), (10, 300), (19.99, 300), (20, 1000), (59.99, 1000)],
)
def test_the_wait_grows_with_the_time(waited_s: float, lock_timeout_ms: int) -> None:
    assert rung(waited_s).lock_timeout_ms == lock_timeout_ms


@pytest.mark.parametrize(
    ("waited_s", "since_long_s", "is_long"),
    [
        (0, None, False), (9.99, None, False), (10, None, True), (10, 0, False), (30, 9.99, False), (30, 10, True),
        (30, None, True), (5, 20, False),
    ],
)  # fmt: skip
def test_from_ten_seconds_on_one_attempt_in_ten_seconds_makes_autovacuum_yield(
    waited_s: float, since_long_s: float | None, is_long: bool
) -> None:
    assert (rung(waited_s, since_long_s=since_long_s).lock_timeout_ms == LONG_MS) is is_long


@pytest.mark.parametrize(("deadlock_timeout_ms", "long_ms"), [(1000, 1500), (200, 700), (5000, 5500)])
def test_the_long_wait_is_longer_than_deadlock_timeout(deadlock_timeout_ms: int, long_ms: int) -> None:
    ladder = LockLadder(deadlock_timeout_ms=deadlock_timeout_ms)

    assert ladder.long_ms == long_ms
    assert rung(12, ladder, since_long_s=None).lock_timeout_ms == long_ms


@pytest.mark.parametrize(
    ("work_ms", "lock_timeout_ms"), [(0, 5), (4, 5), (6, 6), (700.4, 700), (1500, 1500), (90_000, 1500)]
)
def test_an_attempt_waits_as_long_as_the_work_that_a_failure_would_throw_away(
    work_ms: float, lock_timeout_ms: int
) -> None:
    assert rung(0, work_ms=work_ms).lock_timeout_ms == lock_timeout_ms


def test_little_work_does_not_shorten_the_wait() -> None:
    assert rung(20, work_ms=6).lock_timeout_ms == 1000


@pytest.mark.parametrize("fixed_ms", [0, 1, 250, 10_000])
def test_what_the_file_asks_for_is_in_the_place_of_every_rung(fixed_ms: int) -> None:
    ladder = LockLadder(fixed_ms=fixed_ms)

    assert ladder.first == Rung(0.0, fixed_ms)
    for waited_s in (0, 12, 59):
        assert rung(waited_s, ladder, since_long_s=None, work_ms=900).lock_timeout_ms == fixed_ms


@pytest.mark.parametrize(
    ("lock_timeout_ms", "longest_s"), [(0, 0.1), (5, 0.12), (50, 0.3), (300, 1.3), (1000, 2.0), (60_000, 2.0)]
)
def test_the_pause_grows_with_the_wait_and_leaves_others_more_time_than_it_takes(
    lock_timeout_ms: int, longest_s: float
) -> None:
    ladder = LockLadder(fixed_ms=lock_timeout_ms)

    assert rung(0, ladder, chance=1.0).pause_s == pytest.approx(longest_s)
    assert rung(0, ladder, chance=0.0).pause_s == pytest.approx(longest_s / 2)
    assert rung(0, ladder, chance=0.5).pause_s == pytest.approx(longest_s * 0.75)


@pytest.mark.parametrize("budget_s", [0.0, 0.001, 5.0, BUDGET_S, 600.0])
def test_when_the_budget_is_used_up_there_is_no_further_attempt(budget_s: float) -> None:
    ladder = LockLadder(budget_s)

    assert is_over(budget_s, ladder)
    assert is_over(budget_s + 1, ladder)
    assert budget_s == 0 or not is_over(budget_s * 0.999, ladder)


def test_without_a_budget_the_first_attempt_is_the_only_one() -> None:
    assert LockLadder(0).first == Rung(0.0, 5)
    assert Climb(LockLadder(0)).run().rungs == []


def test_no_pause_goes_beyond_the_budget() -> None:
    assert rung(59.99, chance=1.0).pause_s == pytest.approx(0.01)


@pytest.mark.parametrize(("waited_s", "lock_timeout_ms"), [(0, 5), (0.4, 50), (1, 300), (2, 1000)])
def test_a_small_budget_is_climbed_in_the_same_proportion(waited_s: float, lock_timeout_ms: int) -> None:
    assert rung(waited_s, LockLadder(6)).lock_timeout_ms == lock_timeout_ms


def test_a_large_budget_is_climbed_no_more_slowly() -> None:
    assert [rung(waited_s, LockLadder(6000)).lock_timeout_ms for waited_s in (3, 4, 10, 20)] == [5, 50, 300, 1000]


@pytest.mark.parametrize("budget_s", [2.0, 30.0, 60.0, 300.0])
@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_over_its_whole_budget_a_climb_holds_up_others_for_a_small_part_of_the_time(
    budget_s: float, chance: float
) -> None:
    climb = Climb(LockLadder(budget_s), chance=chance).run()

    long = [began_s for began_s, each in climb.rungs if each.lock_timeout_ms == LONG_MS]
    assert all(later - earlier >= 10 for earlier, later in pairwise(long))
    assert len(long) >= 1, "autovacuum yields"
    assert sum(each.lock_timeout_ms for _, each in climb.rungs) / 1000 < climb.end_s * 0.6
    assert budget_s <= climb.end_s <= budget_s + LONG_MS / 1000


LADDERS = st.builds(
    LockLadder,
    budget_s=st.floats(0, 900),
    fixed_ms=st.none() | st.integers(0, 60_000),
    deadlock_timeout_ms=st.integers(1, 10_000),
)


@given(LADDERS, st.floats(0, 5000), st.floats(0, 1))
def test_every_climb_ends_with_the_first_attempt_that_ends_behind_the_budget(
    ladder: LockLadder, work_ms: float, chance: float
) -> None:
    climb = Climb(ladder, work_ms, chance).run()

    longest_ms = ladder.fixed_ms if ladder.fixed_ms is not None else max(ladder.long_ms, 1000)
    assert climb.end_s <= ladder.budget_s + (work_ms + longest_ms) / 1000 + 1e-6
    assert all(0 <= each.pause_s <= LONGEST_PAUSE_S for _, each in climb.rungs)
    assert all(0 <= each.lock_timeout_ms <= longest_ms for _, each in climb.rungs)
    assert all(began_s <= ladder.budget_s + 1e-6 for began_s, _ in climb.rungs)


@given(LADDERS, st.floats(0, 1000), st.none() | st.floats(0, 100), st.floats(0, 1e6), st.floats(0, 1))
def test_between_two_attempts_there_is_a_pause_unless_the_budget_ends(
    ladder: LockLadder, waited_s: float, since_long_s: float | None, work_ms: float, chance: float
) -> None:
    """Or an attempt that fails at once would be made as fast as the server answers."""
    found = ladder.next(waited_s, since_long_s=since_long_s, work_ms=work_ms, chance=lambda: chance)

    assert (found is None) is (waited_s >= ladder.budget_s)
    assert found is None or found.pause_s >= min(0.05, ladder.budget_s - waited_s)
