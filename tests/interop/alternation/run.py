"""One random run: a dozen steps by either tool, each judged, and the way on by either from where they led."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.interop.alternation import chances, differences, forecast
from tests.interop.alternation.author import Author
from tests.interop.alternation.differences import Difference, Disagreed
from tests.interop.alternation.forecast import Forecast
from tests.interop.alternation.judge import compare, judge_command, judge_history
from tests.interop.alternation.operations import Deed, Operation, choose
from tests.interop.alternation.place import Place
from tests.interop.alternation.recovery import Recovery, Stuck
from tests.interop.alternation.rows import told_of
from tests.interop.alternation.tools import DONE, Ours, Prisma, Reading, Tool, Verdict, Who
from tests.interop.alternation.world import State, World

_STEPS = (8, 14)
_ON_THE_WAY = 0.08
_BY_HAND_AT_FIRST = 0.15


@dataclass(slots=True)
class Tally:
    """What has been done so far, and what came of it; `history` are the steps of the last run."""

    runs: int = 0
    steps: int = 0
    recoveries: int = 0
    deeds: Counter[str] = field(default_factory=Counter)
    shapes: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    differences: Counter[Difference] = field(default_factory=Counter)
    history: list[str] = field(default_factory=list)
    disagreements: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Count what another one has counted."""
        self.runs += other.runs
        self.steps += other.steps
        self.recoveries += other.recoveries
        self.deeds += other.deeds
        self.shapes += other.shapes
        self.answers += other.answers
        self.differences += other.differences
        self.history = other.history
        self.disagreements += other.disagreements


@dataclass(frozen=True, slots=True)
class Tools:
    """Both tools."""

    ours: Ours
    prisma: Prisma

    def of(self, who: Who) -> Ours | Prisma:
        """One of them."""
        return self.ours if who is Who.OURS else self.prisma


def schema_of(seed: int) -> str:
    """The schema of a run."""
    return "app" if seed % 8 in (2, 5) else "public"


class Run:
    """A run while it is carried out."""

    def __init__(self, seed: int, place: Place, spare: Place, tools: Tools) -> None:
        self._seed = seed
        self._chance = random.Random(seed)
        self._tools = tools
        self._world = World(place)
        self._spare = spare
        self._author = Author(self._chance, self._world)
        self.steps: list[str] = []
        self.tally = Tally(runs=1, history=self.steps)

    def __str__(self) -> str:
        numbered = (f"  {number}. {step}" for number, step in enumerate(self.steps, 1))
        where = f"PostgreSQL {self._world.place.server.address.version}, schema {self._world.place.schema}"
        return "\n".join([f"seed {self._seed} ({where})", *numbered])

    def carry_out(self) -> Tally:
        """All of it; a disagreement ends it, and tells the steps that led there."""
        try:
            self._begin()
            for _ in range(self._chance.randint(*_STEPS)):
                self._step(choose(self._chance, self._world))
                if self._chance.random() < _ON_THE_WAY:
                    self._recover()
            self._recover()
        except Disagreed as disagreement:
            self.tally.disagreements.append(f"{self}\n  {disagreement}")
        except Exception as error:
            error.add_note(str(self))
            raise
        self.tally.shapes = self._author.shapes
        return self.tally

    def _begin(self) -> None:
        """A few migrations; now and then the database has the first of them already, and no history."""
        for _ in range(self._chance.randint(1, 4)):
            self.steps.append(f"begin with {self._author.carry_out(Operation(Deed.ADD))}")
        if self._chance.random() < _BY_HAND_AT_FIRST:
            names = sorted(self._world.scripts)
            for name in names[: self._chance.randint(1, len(names))]:
                self._world.complete(name)
                self.steps.append(f"complete {name} by hand")
        self._read()

    def _step(self, operation: Operation) -> None:
        self.steps.append(str(operation))
        self.tally.steps += 1
        self.tally.deeds[f"{operation.deed} by {operation.who}" if operation.who else operation.deed] += 1
        if operation.who is None:
            self.steps[-1] += f" {self._author.carry_out(operation)}".rstrip()
        else:
            self._command(operation, operation.who)
        self._read()

    def _command(self, operation: Operation, who: Who) -> None:
        """By one tool, and by the other one too: on a copy, or behind it what is to be resolved already."""
        if operation.by_hand:
            self._prepare_by_hand(operation)
        state = self._world.state
        expected = {each: self._forecast(state, operation, each) for each in Who}
        if operation.deed is not Deed.BASELINE:
            found = differences.of(state, expected, deploys=operation.deed is Deed.DEPLOY)
            self.tally.differences.update(found)
        if operation.on_copy:
            self._judged(self._copy(), operation, who.other, expected[who.other])
        self._judged(self._world, operation, who, expected[who])
        if operation.deed in (Deed.RESOLVE_APPLIED, Deed.RESOLVE_ROLLED_BACK):
            again = self._forecast(self._world.state, operation, who.other)
            self._judged(self._world, operation, who.other, again)

    def _prepare_by_hand(self, operation: Operation) -> None:
        world, name = self._world, operation.name
        rows = world.state.current(name)
        if operation.deed is Deed.RESOLVE_APPLIED and all(row.is_open for row in rows):
            world.complete(name)
        elif operation.deed is Deed.RESOLVE_ROLLED_BACK and any(row.is_open for row in rows):
            world.undo(name)

    def _forecast(self, state: State, operation: Operation, who: Who) -> Forecast:
        match operation.deed:
            case Deed.DEPLOY:
                return forecast.deploy(state, who)
            case Deed.RESOLVE_APPLIED:
                return forecast.resolve_applied(state, operation.name, who)
            case Deed.RESOLVE_ROLLED_BACK:
                return forecast.resolve_rolled_back(state, operation.name, who)
            case _:
                return forecast.baseline(state, operation.name)

    def _judged(self, world: World, operation: Operation, who: Who, expected: Forecast) -> None:
        """Let a tool do it, and judge that; the world is then as it is seen."""
        state = world.state
        verdict = self._asked(world.place, operation, who)
        self.tally.answers[f"{operation.deed} by {who}: {verdict}"] += 1
        self.steps[-1] += f"; {who}: {verdict}"
        world.seen = world.place.look()
        if wrong := list(judge_command(state, world.seen, who, expected, verdict)):
            raise Disagreed("\n  ".join(wrong))
        script = world.scripts.get(expected.failed)
        if expected.done and script is not None:
            world.begun[expected.failed] = forecast.step_texts(script, expected.done)

    def _asked(self, place: Place, operation: Operation, who: Who) -> Verdict:
        tool: Tool = self._tools.of(who)
        match operation.deed:
            case Deed.DEPLOY:
                return tool.deploy(place)
            case Deed.RESOLVE_APPLIED:
                return tool.resolve_applied(place, operation.name)
            case Deed.RESOLVE_ROLLED_BACK:
                return tool.resolve_rolled_back(place, operation.name)
            case _:
                return self._tools.ours.baseline(place, operation.name)

    def _read(self) -> None:
        """What both say of the state; and whether it is as the history says."""
        world = self._world
        prisma, ours = self._tools.prisma.read(world.place), self._tools.ours.read(world.place)
        world.order = prisma.pending
        comparison = compare(world.state, prisma, ours)
        self.tally.differences.update(comparison.differences)
        wrong = [*comparison.disagreements, *judge_history(world.state, self._author.known)]
        if wrong := [*wrong, *self._model(prisma.code), *self._plan_and_history(ours)]:
            raise Disagreed("\n  ".join(wrong))

    def _plan_and_history(self, ours: Reading) -> Iterator[str]:
        """What ours says of the same in other words."""
        state, place = self._world.state, self._world.place
        planned = self._tools.ours.run(place, "plan")
        code, expected = planned.error.code if planned.error else "", forecast.plan_refused(state)
        if code != expected:
            yield f"plan says {code or DONE}, and not {expected or DONE}"
        if not code and tuple(each.name for each in planned.pending) != ours.pending:
            yield f"pending to plan: {planned.pending}; to status: {ours.pending}"
        told = [(row.id, row.state.value, row.marked) for row in self._tools.ours.run(place, "history").history]
        if told != [told_of(row) for row in sorted(state.seen.records, key=lambda row: (row.started_at, row.name))]:
            yield f"history tells {told}"

    def _model(self, code: str) -> Iterator[str]:
        """Whether Prisma itself is as it is understood here."""
        if code == DONE and set(self._world.order) != self._world.state.pending:
            yield f"pending to Prisma: {self._world.order}, and not {sorted(self._world.state.pending)}"

    def _recover(self) -> None:
        """Each tool alone gets to where both say that nothing is left to do."""
        for who in Who:
            self.tally.recoveries += 1
            world = self._copy()
            recovery = Recovery(world, self._tools.of(who), chances.script_of(chances.Shape.PLAIN, 10_000))
            try:
                recovery.carry_out()
            except Stuck as stuck:
                raise Disagreed(f"no way on: {stuck}") from stuck
            self._judge_end(world, who, recovery)

    def _copy(self) -> World:
        """The world once more, where nothing that happens matters to the run."""
        self._spare.copy_from(self._world.place)
        return self._world.at(self._spare)

    def _judge_end(self, world: World, who: Who, recovery: Recovery) -> None:
        wrong = list(judge_history(world.state, [*self._author.known, *recovery.known]))
        for tool in (self._tools.ours, self._tools.prisma):
            reading = tool.read(world.place)
            if not reading.is_up_to_date:
                wrong.append(f"not up to date to {tool.who}: {reading}")
        if wrong:
            raise Disagreed("\n  ".join([f"behind the recovery by {who} ({'; '.join(recovery.steps)})", *wrong]))
