"""How a person with one of the tools alone, and its documented commands, gets to where nothing is left to do."""

from collections.abc import Iterator

from tests.interop.alternation.script import Script
from tests.interop.alternation.tools import DONE, UNCODED, Ours, Prisma, Tool, Verdict, Who
from tests.interop.alternation.world import World, in_bytes

_MOST_TRIES = 30
_THERE_ALREADY = ("42P07", "42710")
_LEFT_FAILED = ("P3009", "M506")


class Stuck(Exception):
    """There is no way on."""


class Recovery:
    """One person, with one tool, at a copy of a place."""

    def __init__(self, world: World, tool: Ours | Prisma, add: Script) -> None:
        self._world = world
        self._tool: Tool = tool
        self._ours = tool if isinstance(tool, Ours) else None
        self._add = add
        self.steps: list[str] = []
        self.known: list[Script] = [add]

    def carry_out(self) -> None:
        """Get to the end. Raises: Stuck."""
        self._mend_directory()
        for _ in range(_MOST_TRIES):
            verdict = self._tool.deploy(self._world.place)
            self.steps.append(f"deploy: {verdict}")
            self._world.seen = self._world.place.look()
            if verdict.is_done:
                return
            self._answer(verdict)
        raise Stuck(f"{self._tool.who} deploys in vain: {'; '.join(self.steps)}")

    def _mend_directory(self) -> None:
        """What was taken out is put back where it is needed, and scripts are mended that are not applied."""
        world = self._world
        for name in sorted(world.taken_out):
            if world.scripts.get(name, "") is None or world.seen.rows is None:
                world.put_back(name)
        if not world.scripts:
            world.write("20240101000000_begin", self._add)
        for name in sorted({*world.state.half_done} & {*world.taken_out}):
            world.put_back(name)
        for name in world.state.pending | frozenset(world.state.failed):
            script = world.scripts.get(name)
            if script is not None:
                mended = script.mended(for_prisma=self._tool.who is Who.PRISMA)
                world.write(name, mended)
                self.known.append(mended)

    def _answer(self, verdict: Verdict) -> None:
        state = self._world.state
        if verdict.code == "P3005":
            self._baseline()
        elif verdict.code in _LEFT_FAILED:
            for name in state.failed:
                self._settle(name)
        elif verdict.sqlstate in _THERE_ALREADY or (verdict.code in ("P3018", UNCODED) and state.failed):
            # What is there already was left by an earlier try.
            self._clear_leftovers()
        else:
            raise Stuck(f"{self._tool.who} has no way on behind {verdict}: {'; '.join(self.steps)}")

    def _settle(self, name: str) -> None:
        """Resolve it as it is in the database; what is there in part is undone, as both tools say."""
        if self._world.is_complete(name):
            verdict = self._tool.resolve_applied(self._world.place, name)
            self.steps.append(f"resolve --applied {name}: {verdict}")
        else:
            self._world.undo(name)
            verdict = self._tool.resolve_rolled_back(self._world.place, name)
            self.steps.append(f"undo {name}, resolve --rolled-back: {verdict}")
        if verdict.code != DONE:
            raise Stuck(f"{self._tool.who} cannot resolve: {'; '.join(self.steps)}")

    def _clear_leftovers(self) -> None:
        state = self._world.state
        for name in (*state.failed, *state.pending):
            if self._world.has_leftovers(name):
                self._world.undo(name)
                self.steps.append(f"undo what is left of {name}")
        for name in state.failed:
            self._settle(name)

    def _baseline(self) -> None:
        """Mark what the database holds already: from the first one on, as far as each is there."""
        there = []
        for name in sorted(self._world.scripts, key=in_bytes):
            if not self._world.is_complete(name):
                break
            there.append(name)
        for name in sorted(set(self._world.scripts) - set(there)):
            self._world.undo(name)
        if not there:
            return
        commands = [self._ours.baseline(self._world.place, there[-1])] if self._ours else self._one_by_one(there)
        for verdict in commands:
            self.steps.append(f"baseline: {verdict}")

    def _one_by_one(self, names: list[str]) -> Iterator[Verdict]:
        return (self._tool.resolve_applied(self._world.place, name) for name in names)
