"""`make faults`: cut everywhere, then random runs, then how long readers stall."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable

from tests.faults import reader_stall
from tests.faults.bench import Tally
from tests.faults.scenarios import SCENARIOS
from tests.faults.schedule import schedule
from tests.faults.workers import Cuts, Seeds, Task, carried_out
from tests.fixtures.fault_proxy import Harm
from tests.fixtures.processes import processors

_CHUNK = 10  # random runs a task
_PARTS = 4  # tasks of a scenario
_AWAY_S = 30.0
_PROGRESS_EVERY_S = 30.0


def main() -> int:
    """Print what was tried and what came of it; 1 where something is violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--runs", type=int, default=1000, help="random runs (default: 1000)")
    parser.add_argument("--seed", type=int, help="replay this random run only")
    parser.add_argument("--first-seed", type=int, default=0, help="seed of the first random run")
    parser.add_argument("--jobs", type=int, default=processors(), help="processes at work")
    parser.add_argument("--random-only", action="store_true", help="neither cut everywhere nor measure readers")
    parser.add_argument("--on-state", metavar="MODULE:FUNCTION", help="is shown every distinct state that a cut leaves")
    given = parser.parse_args()
    if given.seed is not None:
        print(schedule(given.seed))
        return _report("replay", [Seeds(range(given.seed, given.seed + 1))], given.jobs, given.on_state)
    found = 0
    if not given.random_only:
        found += _report("cut at every message", _cuts(), given.jobs, given.on_state)
    last = given.first_seed + given.runs
    seeds = [Seeds(range(seed, min(seed + _CHUNK, last))) for seed in range(given.first_seed, last, _CHUNK)]
    # Their states are as many as there are runs.
    found += _report("random runs", seeds, given.jobs, None)
    if not given.random_only:
        reader_stall.main()
    return min(found, 1)


def _cuts() -> list[Task]:
    """A cut of either kind before and behind every message, and inside of messages.

    A kill, silence, and a server that stays away behind the cut come around what changes something.
    """
    kinds = [("every_point", Harm.FIN, 0.0), ("every_point", Harm.RST, 0.0), ("telling_points", Harm.KILL, 0.0)]
    kinds += [("inside_messages", Harm.RST, 0.0)]
    kinds += [("changing_points", Harm.SILENCE, 0.0), ("changing_points", Harm.FIN, _AWAY_S)]
    return [
        Cuts(scenario.name, choice, harm, part, _PARTS, down_s)
        for scenario in SCENARIOS
        for choice, harm, down_s in kinds
        for part in range(_PARTS)
    ]


def _report(title: str, tasks: Iterable[Task], jobs: int, hook: str | None) -> int:
    """Print what came of the tasks, and return how many violations there are."""
    total, began_s, told_s = Tally(), time.monotonic(), time.monotonic()
    for tally in carried_out(list(tasks), jobs=jobs, hook=hook):
        total.add(tally)
        for violation in tally.violations:
            print(f"VIOLATION {violation}\n", flush=True)
        if time.monotonic() - told_s > _PROGRESS_EVERY_S:
            told_s = time.monotonic()
            print(f"  ... {total.runs} runs, violations: {len(total.violations)}", file=sys.stderr)
    print(f"{title}: {total.runs} runs in {time.monotonic() - began_s:.0f} s")
    print(f"  faults injected: {_listed(total.faults)}; never reached: {total.missed}")
    print(f"  answers: {_listed(total.answers)}")
    print(f"  reconnections: {total.reconnections}; tried again for a lock: {total.retries}")
    print(f"  unknown answers: {sum(n for answer, n in total.answers.items() if answer.startswith('unknown'))}")
    print(f"  violations: {len(total.violations)}")
    return len(total.violations)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common()) or "none"


if __name__ == "__main__":
    sys.exit(main())
