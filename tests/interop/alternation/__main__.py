"""`make interop`: random sequences of operations by either tool on one database."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping

from local.postgres_binaries import first_binaries
from tests.fixtures.prisma import missing
from tests.fixtures.processes import processors
from tests.interop.alternation.bench import origins
from tests.interop.alternation.differences import Difference
from tests.interop.alternation.run import Tally
from tests.interop.alternation.workers import carried_out

_PROGRESS_EVERY_S = 30.0


def main() -> int:
    """Print what was tried and what came of it; 1 where the two disagree."""
    parser = argparse.ArgumentParser(prog="python -m tests.interop.alternation", description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="random runs (default: 200)")
    parser.add_argument("--seed", type=int, help="repeat this run only, and show its steps")
    parser.add_argument("--first-seed", type=int, default=0, help="seed of the first run")
    parser.add_argument("--jobs", type=int, default=processors(), help="processes at work")
    given = parser.parse_args()
    if (reason := missing()) is not None:
        parser.error(reason)
    print("on PostgreSQL", " and ".join(first_binaries(origin).version for origin in origins()))
    seeds = range(given.first_seed, given.first_seed + given.runs)
    if given.seed is not None:
        seeds = range(given.seed, given.seed + 1)
    total = _added(carried_out(seeds, jobs=min(given.jobs, len(seeds))))
    if given.seed is not None:
        print("\n".join(f"  {number}. {step}" for number, step in enumerate(total.history, 1)))
    _report(total)
    return min(len(total.disagreements), 1)


def _added(runs: Iterable[Tally]) -> Tally:
    """All of them together, each disagreement told as soon as it is found."""
    total, told_s = Tally(), time.monotonic()
    for tally in runs:
        total.add(tally)
        for disagreement in tally.disagreements:
            print(f"DISAGREEMENT {disagreement}\n", flush=True)
        if time.monotonic() - told_s > _PROGRESS_EVERY_S:
            told_s = time.monotonic()
            print(f"  ... {total.runs} runs, disagreements: {len(total.disagreements)}", file=sys.stderr)
    return total


def _report(total: Tally) -> None:
    _print_counts("operations", total.deeds)
    _print_counts("migrations", total.shapes)
    _print_counts("answers", total.answers)
    _print_counts(
        "differences that are meant",
        {f"{each.name}: {each.value}": total.differences[each] for each in Difference},
    )
    print(f"recoveries: {total.recoveries}")
    print(f"runs: {total.runs}, steps: {total.steps}, disagreements: {len(total.disagreements)}")


def _print_counts(title: str, counts: Mapping[str, int]) -> None:
    print(f"{title}:")
    for name, count in Counter(counts).most_common():
        print(f"  {count:6} {name}")


if __name__ == "__main__":
    sys.exit(main())
