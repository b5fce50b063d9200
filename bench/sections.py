"""What is measured, section by section; each gives its cells as they are done."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bench.place import Place, place_on_disk
from bench.results import FAILED, KILLED, Cell, Series
from bench.revision import revision
from bench.tools.alembic import Alembic
from bench.tools.bare import BarePsycopg
from bench.tools.dbmate import Dbmate
from bench.tools.node_pg_migrate import NodePgMigrate
from bench.tools.ours import Ours
from bench.tools.prisma import Prisma
from bench.tools.psql import Psql
from bench.tools.tool import Tool
from bench.tools.yoyo import Yoyo
from bench.turns import Contest
from bench.work import Work, generated, large, of_directory

SIZES = (1, 10, 100, 1000)
LATENCIES_MS = (0.0, 1.0, 5.0)
_MANY = 10_000
_DURABLE_SIZES = (100, 1000)
_PRISMA_SIZES = (100, 1000)
_ENDS_MS = (LATENCIES_MS[0], LATENCIES_MS[-1])
_FEW_ROUNDS = 3  # of what takes minutes


@dataclass(frozen=True, slots=True)
class Given:
    """What is asked for, and the server that does not wait for a disk."""

    place: Place
    rounds: int
    sizes: Sequence[int]
    corpus: Path | None

    @property
    def few_rounds(self) -> int:
        """For what takes long."""
        return min(self.rounds, _FEW_ROUNDS)

    @property
    def psql(self) -> Tool:
        """The server's own."""
        address = self.place.server.address
        return Psql(address.bin_directory / "psql", address.version)

    def tools(self) -> list[Tool]:
        """All that are compared."""
        return [self.psql, Ours(), Dbmate(), NodePgMigrate(), Alembic(), Yoyo(), BarePsycopg()]


def fresh(given: Given) -> Iterator[Cell]:
    """Generated migrations, and then the same again with nothing left to do."""
    for size in given.sizes:
        for latency_ms in LATENCIES_MS:
            contest = Contest(given.place, generated(size), latency_ms)
            yield _cell("fresh", contest, given.tools(), given.rounds)


def large_script(given: Given) -> Iterator[Cell]:
    """One script of 50 MB, with the server's memory."""
    work = large()
    given_up: dict[str, Series] = {}  # who cannot do it over a short way is not asked again over a long one
    for latency_ms in _ENDS_MS:
        contest = Contest(given.place, work, latency_ms, watches_server=True)
        tools = [tool for tool in given.tools() if tool.applies and tool.name not in given_up]
        measured = _cell("large", contest, tools, given.few_rounds)
        yield replace(measured, series=(*measured.series, *given_up.values()))
        given_up |= {each.subject: each for each in measured.series if each.remark in (FAILED, KILLED)}


def many(given: Given) -> Iterator[Cell]:
    """As many directories as nobody has."""
    yield _cell("many", Contest(given.place, generated(_MANY), 0), given.tools(), given.few_rounds)


def corpus(given: Given) -> Iterator[Cell]:
    """The migrations of a real project, where one is named."""
    if given.corpus is None:
        print("corpus: CORPUS names no directory")
        return
    for latency_ms in _ENDS_MS:
        contest = Contest(given.place, of_directory(given.corpus), latency_ms)
        yield _cell("corpus", contest, given.tools(), given.rounds)


def durable(given: Given) -> Iterator[Cell]:
    """On a disk, and every commit waits for it."""
    with place_on_disk() as place:
        detail = f"A transaction that writes one row takes {place.commit_ms():.2f} ms on this disk."
        for size in _DURABLE_SIZES:
            measured = _cell(
                "durable", Contest(place, generated(size), 0), [given.psql, Ours(), Dbmate()], given.rounds
            )
            yield replace(measured, detail=detail)


def prisma(given: Given) -> Iterator[Cell]:
    """The real Prisma in the form that can be had here, beside ours."""
    for size in _PRISMA_SIZES:
        for latency_ms in _ENDS_MS:
            contest = Contest(given.place, generated(size), latency_ms)
            yield _cell("prisma", contest, [Ours(), Prisma()], given.few_rounds)


def _cell(section: str, contest: Contest, tools: Sequence[Tool], rounds: int) -> Cell:
    series = contest.measure(tools, rounds)
    rtt_ms = added_ms(contest.place, contest.latency_ms)
    return cell(
        section,
        contest.work.label,
        series,
        rounds,
        latency_ms=contest.latency_ms,
        rtt_ms=rtt_ms,
        detail=described(contest.work, contest.tables),
    )


def cell(
    section: str,
    work: str,
    series: Sequence[Series],
    rounds: int,
    *,
    latency_ms: float = 0,
    rtt_ms: float = 0,
    detail: str = "",
) -> Cell:
    """What was measured just now."""
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    return Cell(section, work, latency_ms, round(rtt_ms, 2), rounds, now, revision(), tuple(series), detail)


def added_ms(place: Place, latency_ms: float) -> float:
    """What the longer way really adds to a round trip."""
    return place.round_trip_ms(latency_ms) - place.round_trip_ms(0) if latency_ms else 0.0


def described(work: Work, tables: int | None) -> str:
    """How much it is."""
    return f"{len(work.migrations):,} migrations, {work.size_bytes:,} bytes, {tables or 0:,} tables"
