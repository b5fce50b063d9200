"""Measures tools in turns: A B C, B C A, … so that what disturbs the machine meets all of them."""

import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.backend_watch import BackendWatch
from bench.place import Place
from bench.process import Ended, run
from bench.results import FAILED, KILLED, ONCE, Sample, Series
from bench.tools.tool import Tool
from bench.work import Work

SLOW_S = 15.0
LIMIT_S = 180.0
FRESH, NOOP = "fresh", "noop"


@dataclass(slots=True)
class _Tally:
    """The samples of one tool doing one thing, so far; with a remark it is settled."""

    what: str
    samples: list[Sample] = field(default_factory=list)
    remark: str = ""
    reason: str = ""

    @property
    def applied(self) -> bool:
        return self.remark in ("", ONCE)


@dataclass(slots=True)
class _Entrant:
    """A tool with its migrations laid out; `database` is where it applied them last."""

    tool: Tool
    home: Path
    fresh: _Tally = field(default_factory=lambda: _Tally(FRESH))
    noop: _Tally = field(default_factory=lambda: _Tally(NOOP))
    database: str | None = None

    def series(self) -> list[Series]:
        tallies = [self.fresh] if self.tool.applies else []
        tallies += [self.noop] if self.tool.keeps_history and self.fresh.applied else []
        return [Series(self.tool.name, each.what, tuple(each.samples), each.remark, each.reason) for each in tallies]


@dataclass(slots=True)
class Contest:
    """One work, applied by several tools over a way of one length.

    The tables that the first tool made are what the others have to make, where the work does not say how many.
    `watches_server` is to watch the memory of the server's side too.
    """

    place: Place
    work: Work
    latency_ms: float
    watches_server: bool = False
    tables: int | None = None

    def measure(self, tools: Sequence[Tool], rounds: int) -> tuple[Series, ...]:
        """A warm-up round, and those that count."""
        self.tables = self.work.tables
        with ExitStack() as stack:
            entrants = [self._entrant(tool, stack) for tool in tools if tool.missing() is None]
            for number in range(rounds + 1):
                turn = number % max(1, len(entrants))
                for entrant in entrants[turn:] + entrants[:turn]:
                    self._turn(entrant, warm_up=number == 0)
            for entrant in entrants:
                self._drop(entrant)
        measured = [series for entrant in entrants for series in entrant.series()]
        return (*measured, *(_missing(tool) for tool in tools if tool.missing() is not None))

    def _entrant(self, tool: Tool, stack: ExitStack) -> _Entrant:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        tool.lay_out(self.work.migrations, home)
        return _Entrant(tool, home)

    def _turn(self, entrant: _Entrant, *, warm_up: bool) -> None:
        """A new database, migrated; then the same again, with nothing to do. A slow one's database is kept for that."""
        if not entrant.fresh.remark:
            self._drop(entrant)
            entrant.database = self.place.create_database()
            if entrant.tool.applies:
                self._sample(entrant, entrant.fresh, warm_up=warm_up)
        if entrant.tool.keeps_history and entrant.fresh.applied and not entrant.noop.remark:
            self._sample(entrant, entrant.noop, warm_up=warm_up)

    def _drop(self, entrant: _Entrant) -> None:
        if entrant.database is not None:
            self.place.drop_database(entrant.database)
            entrant.database = None

    def _sample(self, entrant: _Entrant, tally: _Tally, *, warm_up: bool) -> None:
        ended, sample = self._run(entrant)
        ended = replace(ended, said=self.place.without_password(ended.said))
        reason = "" if ended.killed else self._objection(entrant, ended)
        if ended.killed:
            tally.remark = KILLED
        elif reason:
            tally.remark, tally.reason = FAILED, reason
            print(f"{entrant.tool.name} failed ({tally.what}): {reason}\n{ended.said}", file=sys.stderr)
        elif not warm_up:
            tally.samples.append(sample)
        elif ended.wall_ms > SLOW_S * 1000:
            tally.samples.append(sample)
            tally.remark = ONCE

    def _run(self, entrant: _Entrant) -> tuple[Ended, Sample]:
        assert entrant.database is not None
        command = entrant.tool.command(self.place.url(entrant.database, self.latency_ms), entrant.home)
        if not self.watches_server:
            ended = run(command, limit_s=LIMIT_S)
            return ended, Sample(ended.wall_ms, ended.cpu_ms, ended.peak_mib)
        with BackendWatch(self.place.server_pid, entrant.database) as watch:
            ended = run(command, limit_s=LIMIT_S)
        return ended, Sample(ended.wall_ms, ended.cpu_ms, ended.peak_mib, watch.peak_mib, watch.own_mib)

    def _objection(self, entrant: _Entrant, ended: Ended) -> str:
        """What is wrong with what a run has done."""
        if ended.exit_code != 0:
            return f"exit code {ended.exit_code}: {_last_words(ended.said)}"
        if not entrant.tool.applies:
            return ""
        assert entrant.database is not None
        made = self.place.tables(entrant.database)
        self.tables = made if self.tables is None else self.tables
        return "" if made == self.tables else f"{made} tables, not {self.tables}"


def _missing(tool: Tool) -> Series:
    return Series(tool.name, FRESH if tool.applies else NOOP, remark="missing", reason=tool.missing() or "")


def _last_words(said: str) -> str:
    """Mostly the error, and its hint."""
    return " ".join(line.strip() for line in said.splitlines()[-2:])[-300:] or "it said nothing"
