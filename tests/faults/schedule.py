"""What is to happen in a random run: a seed in, a schedule out."""

import random
from dataclasses import dataclass, replace
from enum import StrEnum

from tests.faults.mixtures import MIXTURES, mixture
from tests.faults.scenarios import Scenario
from tests.fixtures.fault_proxy import ALL_PASS, Cancels, Fault, Harm, Point, Way

_WEIGHTS = {Harm.FIN: 4, Harm.RST: 4, Harm.KILL: 3, Harm.STALL: 2, Harm.DELAY: 1, Harm.SILENCE: 1}
_BUSY_S = 0.5
"""In which most disturbances fall."""


class Act(StrEnum):
    """What is done to a runner, to the server, or to the data by others."""

    KILL = "kill -9"
    TERM = "SIGTERM"
    STOP = "SIGSTOP"
    CONTINUE = "SIGCONT"
    TERMINATE = "pg_terminate_backend"
    CANCEL = "pg_cancel_backend"
    LOCK_TABLE = "table lock"
    LOCK_ROW = "row lock"
    RESTART = "immediate restart"


@dataclass(frozen=True, slots=True, order=True)
class Deed:
    """An act at a time; `runner` is whom a signal is for, `for_s` how long a lock is held."""

    at_s: float
    act: Act
    runner: int = 0
    for_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Runner:
    """One of the runners: when it starts, how much time it has, and what its way to the server does to it.

    `stays_silent` says that a connection that fell silent is still there when the next run comes.
    """

    starts_at_s: float
    remaining_s: float
    reserve_s: float
    faults: tuple[Fault, ...] = ()
    cancels: Cancels = ALL_PASS
    stays_silent: bool = False

    @property
    def falls_silent(self) -> bool:
        """Whether a fault of it makes a connection silent."""
        return any(fault.harm is Harm.SILENCE for fault in self.faults)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything of a random run."""

    seed: int
    scenario: Scenario
    runners: tuple[Runner, ...]
    deeds: tuple[Deed, ...]

    def __str__(self) -> str:
        lines = [f"seed {self.seed}: {self.scenario}, {', '.join(file.name for file in self.scenario.files)}"]
        for number, runner in enumerate(self.runners):
            faults = "; ".join(map(str, runner.faults)) or "no fault on its way"
            lines.append(
                f"  runner {number} at {runner.starts_at_s:.2f} s with {runner.remaining_s:g} s, of which "
                f"{runner.reserve_s:g} s in reserve: {faults}; {runner.cancels}"
            )
        lines += [f"  {deed.at_s:.2f} s: {deed.act} (runner {deed.runner}, {deed.for_s:.2f} s)" for deed in self.deeds]
        return "\n".join(lines)


def schedule(seed: int, *, is_short: bool = False) -> Schedule:
    """The schedule of a seed; a short one leaves out what takes long: restarts, and what outlives a deadline."""
    chance = random.Random(seed)
    runners = tuple(_runner(chance, number) for number in range(chance.choice((1, 1, 2, 2, 3, 4))))
    deeds = [deed for number in range(len(runners)) for deed in _signals(chance, number)]
    for _ in range(chance.choice((0, 0, 1, 1, 2))):
        deeds.append(_disturbance(chance))
    if chance.random() < 0.05 and not is_short:
        deeds.append(Deed(chance.uniform(0, _BUSY_S), Act.RESTART))
    if is_short:
        runners = tuple(replace(runner, stays_silent=False) for runner in runners)
    return Schedule(seed, mixture(seed % MIXTURES), runners, tuple(sorted(deeds)))


def _runner(chance: random.Random, number: int) -> Runner:
    starts_at_s = 0.0 if number == 0 else chance.uniform(0, 0.3)
    if chance.random() < 0.1:
        # A deadline that runs out in the middle; what comes of it must be told within the reserve.
        remaining_s, reserve_s = 2.5 + chance.uniform(0.03, 0.5), 2.5
    else:
        remaining_s, reserve_s = 30.0, 5.0
    faults = tuple(_fault(chance) for _ in range(chance.choice((0, 1, 1, 2))))
    if any(fault.harm is Harm.SILENCE for fault in faults):
        remaining_s, reserve_s = 4.0, 3.0
    cancels = chance.choice((ALL_PASS, ALL_PASS, Cancels(lost=True), Cancels(late_s=chance.uniform(0.05, 1.5))))
    return Runner(starts_at_s, remaining_s, reserve_s, faults, cancels, chance.random() < 0.3)


def _fault(chance: random.Random) -> Fault:
    way = chance.choice(tuple(Way))
    # A run begins with a login of 4 messages to the server and 22 answers.
    message = chance.randint(0, 30) if way is Way.TO_SERVER else chance.randint(0, 400)
    point = Point(chance.choice((0, 0, 0, 1)), way, message, chance.choice((0, 0, None, 3)))
    harm = chance.choices(tuple(_WEIGHTS), tuple(_WEIGHTS.values()))[0]
    match harm:
        case Harm.FIN | Harm.RST:
            return Fault(point, harm, chance.choice((0.0, 0.0, chance.uniform(0.1, 1.0))))
        case Harm.KILL:
            return Fault(point, harm)
        case Harm.SILENCE:
            ways = chance.choice(((Way.TO_SERVER, Way.TO_CLIENT), (Way.TO_CLIENT,), (Way.TO_SERVER,)))
            return Fault(point, harm, ways=ways)
        case Harm.STALL:
            return Fault(point, harm, chance.uniform(0.05, 1.5))
        case Harm.DELAY:
            return Fault(point, harm, chance.uniform(0.001, 0.01))


def _signals(chance: random.Random, number: int) -> list[Deed]:
    if chance.random() > 0.3:
        return []
    at_s = chance.uniform(0.01, _BUSY_S)
    first = Deed(at_s, chance.choice((Act.KILL, Act.TERM, Act.STOP)), number)
    if first.act is not Act.STOP:
        return [first]
    return [first, Deed(at_s + chance.uniform(0.1, 1.0), chance.choice((Act.CONTINUE, Act.KILL)), number)]


def _disturbance(chance: random.Random) -> Deed:
    act = chance.choice((Act.TERMINATE, Act.CANCEL, Act.LOCK_TABLE, Act.LOCK_ROW))
    return Deed(chance.uniform(0.0, _BUSY_S), act, for_s=chance.uniform(0.05, 1.5))
