"""Several runners at once, and chance: kills, cuts, locks, cancels and deadlines.

`make faults` does a thousand of these, and some that take longer. A violation names its seed.
"""

import pytest

from tests.faults.bench import Bench, Tally
from tests.faults.mixtures import MIXTURES
from tests.faults.random_run import random_run
from tests.faults.schedule import schedule

RUNS = 3  # of each mixture


@pytest.mark.parametrize("mixture", range(MIXTURES))
def test_whatever_happens_every_migration_is_applied_once_and_no_answer_is_wrong(bench: Bench, mixture: int) -> None:
    tally = Tally()
    for number in range(RUNS):
        tally.add(random_run(bench, schedule(mixture + number * MIXTURES, is_short=True)))

    assert not tally.violations, "\n\n".join(tally.violations)
    assert tally.answers.total() >= RUNS


def test_a_seed_is_a_schedule() -> None:
    assert str(schedule(7)) == str(schedule(7))
    assert len({str(schedule(seed)) for seed in range(50)}) == 50
