"""Random sequences of operations by either tool on one database: a dozen here, `make interop` does more.

A disagreement names its seed, and `make interop SEED=n` does it again.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local.postgres import PostgresServer
from tests.fixtures.prisma_engine import LiveEngine
from tests.fixtures.servers import Servers
from tests.interop.alternation import chances
from tests.interop.alternation.bench import Bench, origins
from tests.interop.alternation.chances import Shape
from tests.interop.alternation.differences import LISTED_AS, Difference
from tests.interop.alternation.place import Place, new_place
from tests.interop.alternation.recovery import Recovery, Stuck
from tests.interop.alternation.run import Tools
from tests.interop.alternation.tools import Ours, Prisma, Reading, Verdict
from tests.interop.alternation.world import World
from tests.interop.matrix.elsewhere import ELSEWHERE
from tests.interop.matrix.listed import LISTED

# With what comes up in each: together all in which the two are meant to differ.
SEEDS: dict[int, set[Difference]] = {
    18: {Difference.ROLLED_BACK_AT_ONCE},
    23: {Difference.AHEAD_IS_NOT_MISSING},
    33: {Difference.NO_TABLE},
    36: {Difference.HALF_DONE_EDITED},
    38: {Difference.OWN_TRANSACTION},
    41: {Difference.EMPTY_DIRECTORY},
    43: {Difference.HALF_DONE, Difference.STEPWISE},
    46: {Difference.MISSING_SCRIPT},
    47: {Difference.EQUAL_TIMESTAMPS, Difference.FAILED_IS_NOT_EDITED},
    56: {Difference.INVALID_INDEX},
    90: {Difference.HALF_DONE_AHEAD},
    119: {Difference.BYTE_ORDER_MARK, Difference.REFUSED_SCRIPT},
}
FIRST = "20240101000000_first"


@pytest.fixture(scope="module")
def bench(servers: Servers, prisma_engine: LiveEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Runs on every server that there is, in turn."""
    running = [servers.get(origin) for origin in origins()]
    with Bench(running, tmp_path_factory.mktemp("alternation"), prisma_engine) as bench:
        yield bench


@pytest.mark.parametrize(("seed", "meant"), SEEDS.items())
def test_whoever_works_on_a_database_the_other_one_reads_it_alike_and_can_go_on(
    bench: Bench, seed: int, meant: set[Difference]
) -> None:
    tally = bench.run(seed)

    assert tally.disagreements == [], "\n".join(tally.disagreements)
    assert tally.recoveries >= 2
    assert meant <= tally.differences.keys(), "choose another seed in which it comes up"


def test_all_that_is_meant_comes_up() -> None:
    assert set().union(*SEEDS.values()) == set(Difference)


def test_all_that_is_meant_is_in_the_document() -> None:
    assert set(LISTED_AS) == set(Difference)
    assert set(LISTED_AS.values()) <= {*LISTED, *ELSEWHERE}


def test_a_seed_is_a_run(bench: Bench) -> None:
    histories = [bench.run(seed).history for seed in (41, 41, 33)]

    assert histories[0] == histories[1] != histories[2]


class ForgetsPending(Ours):
    def read(self, place: Place) -> Reading:
        reading = super().read(place)
        return replace(reading, pending=reading.pending[:-1])


class ForgetsFailed(Ours):
    def read(self, place: Place) -> Reading:
        return replace(super().read(place), failed=())


class ForgetsEdited(Ours):
    def read(self, place: Place) -> Reading:
        return replace(super().read(place), edited=frozenset())


class SetsTheOldestRowAnew(Ours):
    """As it was but for one column."""

    def deploy(self, place: Place) -> Verdict:
        verdict, seen = super().deploy(place), place.look()
        if seen.records:
            row = seen.records[0].id
            table = f'"{place.schema}"._prisma_migrations'
            place.by_hand([f"UPDATE {table} SET started_at = started_at - interval '1 second' WHERE id = '{row}'"])
        return verdict


class MarksWithoutARow(Ours):
    def resolve_applied(self, place: Place, name: str) -> Verdict:
        before, verdict = {row.id for row in place.look().records}, super().resolve_applied(place, name)
        new = [row.id for row in place.look().records if row.id not in before]
        place.by_hand([f"DELETE FROM \"{place.schema}\"._prisma_migrations WHERE id = '{row}'" for row in new])
        return verdict


class AppliesTwice(Ours):
    """What can be run twice without an error."""

    def deploy(self, place: Place) -> Verdict:
        verdict = super().deploy(place)
        place.by_hand(["INSERT INTO witness.note SELECT tag FROM witness.note LIMIT 1"])
        return verdict


class AppliesNothing(Ours):
    """It says and records all of it."""

    def deploy(self, place: Place) -> Verdict:
        before, verdict, after = place.look(), super().deploy(place), place.look()
        new = [fact.split()[1] for fact in after.facts - before.facts if fact.startswith("table ")]
        place.by_hand([f"DROP TABLE {name}" for name in new])
        return verdict


@pytest.mark.parametrize(
    ("planted", "seed", "told"),
    [
        (ForgetsPending, 46, "pending to ours: "),
        (ForgetsFailed, 43, "failed to ours: nothing; to Prisma: "),
        (ForgetsEdited, 43, "edited to ours: nothing; to Prisma: "),
        (SetsTheOldestRowAnew, 43, "altered are "),
        (MarksWithoutARow, 23, "rows were added for nothing, and not for "),
        (AppliesTwice, 46, "in the database and not to be there: note "),
        (AppliesNothing, 56, "missing from it: table "),
    ],
)
def test_a_tool_that_is_wrong_is_caught(bench: Bench, planted: type[Ours], seed: int, told: str) -> None:
    tally = bench.run(seed, Tools(planted(), bench.tools.prisma))

    assert told in "\n".join(tally.disagreements)


class NeverResolves(Prisma):
    def resolve_rolled_back(self, place: Place, name: str) -> Verdict:
        return Verdict("P3012")


class NeverDone(Prisma):
    def deploy(self, place: Place) -> Verdict:
        return Verdict("P3009")


@pytest.mark.parametrize(("planted", "told"), [(NeverResolves, "cannot resolve"), (NeverDone, "deploys in vain")])
def test_a_tool_without_a_way_on_is_caught(
    one_server: PostgresServer, prisma_engine: LiveEngine, tmp_path: Path, planted: type[Prisma], told: str
) -> None:
    with new_place(one_server, tmp_path) as place:
        place.empty()
        world = World(place)
        world.write(FIRST, chances.script_of(Shape.COPIED, 1))
        assert Prisma(prisma_engine).deploy(place).code == "P3018"
        world.seen = place.look()

        with pytest.raises(Stuck, match=told):
            Recovery(world, planted(prisma_engine), chances.script_of(Shape.PLAIN, 2)).carry_out()

        Recovery(world, Prisma(prisma_engine), chances.script_of(Shape.PLAIN, 2)).carry_out()
        assert world.seen.facts == {"table t1_0"}
