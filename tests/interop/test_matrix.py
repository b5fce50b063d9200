"""The real Prisma and this program do the same with the same, but for the differences that are listed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.postgres import PostgresServer
from tests.fixtures.prisma import Prisma
from tests.fixtures.prisma_engine import LiveEngine
from tests.fixtures.projects import ROOT, Project, new_project
from tests.interop.compatibility import DOCUMENT, differences_shown, document
from tests.interop.matrix import SCENARIOS
from tests.interop.matrix.elsewhere import ELSEWHERE
from tests.interop.matrix.facts import differences
from tests.interop.matrix.scenario import Scenario
from tests.interop.matrix.sides import OurSide, PrismaSide

SIX = [each for each in SCENARIOS if each.also_with_6]


@pytest.fixture
def other_project(tmp_path: Path, one_server: PostgresServer) -> Iterator[Project]:
    """A second project, for the other program."""
    yield from new_project(tmp_path / "other", one_server)


def found(scenario: Scenario, one: Project, other: Project, prisma: Prisma, engine: LiveEngine) -> list[str]:
    """Every difference between Prisma on one project and this program on the other."""
    theirs, ours = PrismaSide(one, prisma, engine), OurSide(other)
    scenario.play(theirs)
    scenario.play(ours)
    return differences(theirs.facts(), ours.facts())


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name.replace(" ", "-"))
def test_prisma_7_and_this_program_differ_only_as_listed(
    scenario: Scenario, one_project: Project, other_project: Project, prisma: Prisma, prisma_engine: LiveEngine
) -> None:
    seen = found(scenario, one_project, other_project, prisma, prisma_engine)
    assert sorted(seen) == sorted(scenario.declared), "\n".join(seen)


@pytest.mark.parametrize("scenario", SIX, ids=lambda scenario: scenario.name.replace(" ", "-"))
def test_prisma_6_and_this_program_differ_only_as_listed(
    scenario: Scenario, one_project: Project, other_project: Project, prisma6: Prisma, prisma_engine: LiveEngine
) -> None:
    seen = found(scenario, one_project, other_project, prisma6, prisma_engine)
    assert sorted(seen) == sorted(scenario.declared), "\n".join(seen)


def test_the_document_lists_every_difference_and_every_scenario() -> None:
    assert DOCUMENT.read_text() == document(), "run python -m tests.interop.compatibility"


def test_what_no_scenario_shows_is_shown_by_a_test_that_is_there() -> None:
    assert [each.shown_by for each in ELSEWHERE if not (ROOT / each.shown_by).is_file()] == []
    assert [each.what for each in differences_shown() if each.shown_by] == []
