"""The real Prisma and this program do the same with the same, but for the differences that are listed."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.postgres import PostgresServer
from tests.fixtures.prisma import Prisma
from tests.fixtures.prisma_engine import LiveEngine
from tests.fixtures.projects import ROOT, Project, new_project
from tests.interop.compatibility import DOCUMENT, document, shown
from tests.interop.matrix import SCENARIOS
from tests.interop.matrix.elsewhere import ELSEWHERE
from tests.interop.matrix.facts import differences
from tests.interop.matrix.listed import LISTED
from tests.interop.matrix.scenario import Scenario
from tests.interop.matrix.sides import OurSide, PrismaSide

_WHAT_TO_DO = (
    "If it is meant: declare the lines in the scenario, by a Difference of tests/interop/matrix/listed.py that says "
    "why, then python -m tests.interop.compatibility. Else it is a bug, here or in what is compared."
)
SIX = [each for each in SCENARIOS if each.also_with_6]


@pytest.fixture
def other_project(tmp_path: Path, one_server: PostgresServer) -> Iterator[Project]:
    """A second project, for the other program."""
    yield from new_project(tmp_path / "other", one_server)


def check(scenario: Scenario, theirs: PrismaSide, ours: OurSide) -> None:
    """Play the scenario on both, and fail unless they differ in exactly the declared lines."""
    scenario.play(theirs)
    scenario.play(ours)
    seen = Counter(differences(theirs.facts(), ours.facts()))
    declared = Counter(scenario.declared)
    undeclared, gone = [*(seen - declared).elements()], [*(declared - seen).elements()]
    message = ["Not declared (Prisma | ours):", *undeclared, "Declared, and not seen:", *gone, _WHAT_TO_DO]
    assert (undeclared, gone) == ([], []), "\n".join(message)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name.replace(" ", "-"))
def test_prisma_7_and_this_program_differ_only_as_listed(
    scenario: Scenario, one_project: Project, other_project: Project, prisma: Prisma, prisma_engine: LiveEngine
) -> None:
    check(scenario, PrismaSide(one_project, prisma, prisma_engine), OurSide(other_project))


@pytest.mark.parametrize("scenario", SIX, ids=lambda scenario: scenario.name.replace(" ", "-"))
def test_the_cli_of_prisma_6_and_this_program_differ_only_as_listed(
    scenario: Scenario, one_project: Project, other_project: Project, prisma6: Prisma, prisma_engine: LiveEngine
) -> None:
    check(scenario, PrismaSide(one_project, prisma6, prisma_engine), OurSide(other_project))


def test_the_document_lists_every_difference_and_every_scenario() -> None:
    assert DOCUMENT.read_text() == document(), "when the scenarios pass, run python -m tests.interop.compatibility"


def test_every_listed_difference_is_shown_by_a_scenario_or_by_a_test_that_is_there() -> None:
    assert shown() == set(LISTED)
    assert [each.shown_by for each in ELSEWHERE if not _is_there(each.shown_by)] == []


def _is_there(test: str) -> bool:
    path, _, name = test.partition("::")
    return (ROOT / path).is_file() and f"def {name}(" in (ROOT / path).read_text()
