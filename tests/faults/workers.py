"""Processes that try faults, each with a server of its own."""

import contextlib
import functools
import importlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.util import Finalize
from pathlib import Path

from local.postgres import PostgresServer
from local.postgres_binaries import first_binaries
from tests.faults.bench import Bench, StateHook, Tally
from tests.faults.exhaustive import changing_points, cut_everywhere, every_point, inside_messages, telling_points
from tests.faults.random_run import random_run
from tests.faults.scenarios import SCENARIOS
from tests.faults.schedule import schedule
from tests.fixtures import processes
from tests.fixtures.fault_proxy import Harm, Point, Seen
from tests.fixtures.servers import SETTINGS

CHOICES = {each.__name__: each for each in (every_point, inside_messages, changing_points, telling_points)}


@dataclass(frozen=True, slots=True)
class Cuts:
    """A part of the points of a scenario: each `of`-th, from `part` on."""

    scenario: str
    choice: str
    harm: Harm
    part: int
    of: int
    down_s: float = 0.0

    def carry_out(self, bench: Bench) -> Tally:
        """Try every one of them."""
        scenario = next(each for each in SCENARIOS if each.name == self.scenario)
        choose = CHOICES[self.choice]

        def part(seen: tuple[Seen, ...]) -> list[Point]:
            return list(choose(seen))[self.part :: self.of]

        return cut_everywhere(bench, scenario, part, self.harm, down_s=self.down_s)


@dataclass(frozen=True, slots=True)
class Seeds:
    """Random runs."""

    seeds: range

    def carry_out(self, bench: Bench) -> Tally:
        """Carry every one of them out."""
        tally = Tally()
        for seed in self.seeds:
            tally.add(random_run(bench, schedule(seed)))
        return tally


Task = Cuts | Seeds


class _Place:
    """Where a process works."""

    bench: Bench


def _furnish(hook: str | None) -> None:
    stack = contextlib.ExitStack()
    # The process ends without what `atexit` knows of.
    Finalize(None, stack.close, exitpriority=10)
    home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
    server = stack.enter_context(PostgresServer(first_binaries("wheel"), settings=SETTINGS))
    _Place.bench = stack.enter_context(Bench(server, home, _state_hook(hook)))


def _state_hook(name: str | None) -> StateHook | None:
    """The function of `package.module:function`."""
    if name is None:
        return None
    module, _, function = name.partition(":")
    found: StateHook = getattr(importlib.import_module(module), function)
    return found


def _carry_out(task: Task) -> Tally:
    return task.carry_out(_Place.bench)


def carried_out(tasks: list[Task], *, jobs: int, hook: str | None = None) -> Iterator[Tally]:
    """What came of each task, as it comes; `hook` names the function that is shown every distinct state."""
    return processes.carried_out(_carry_out, tasks, jobs=jobs, furnish=functools.partial(_furnish, hook))
