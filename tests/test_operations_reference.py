"""What docs/operations.md and docs/from-container-startup.md show was printed by the program."""

from collections import Counter

import pytest

from local.postgres import PostgresServer
from tests import operations_reference
from tests.operations.alike import made_alike
from tests.operations.scenario import Scenario
from tests.operations_reference import DOCUMENTS, SCENARIOS, blocks_in, fenced, place_on, with_blocks

_RUN_IT = "docs are not what is printed: run python -m tests.operations_reference"


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_box_shows_what_the_program_prints(scenario: Scenario, one_server: PostgresServer) -> None:
    if (reason := scenario.missing()) is not None:
        pytest.skip(reason)
    shown = [block for path in DOCUMENTS for name, block in blocks_in(path.read_text()) if name == scenario.name]

    with place_on(one_server) as place:
        scenario.play(place)

    assert set(shown) == {fenced(place.text)}, _RUN_IT


def test_every_box_has_its_scenario_and_every_scenario_its_box() -> None:
    boxes = Counter(name for path in DOCUMENTS for name, _ in blocks_in(path.read_text()))

    assert set(boxes) == {scenario.name for scenario in SCENARIOS}


def test_a_box_is_written_between_its_marks_and_nothing_else_is_touched() -> None:
    text = "a\n<!-- ran: one -->\nold\n<!-- end -->\nb\n<!-- ran: two -->\nkept\n<!-- end -->\n"

    written = with_blocks(text, {"one": "new\n"})

    assert written == text.replace("old", "new")
    assert blocks_in(written) == [("one", "new\n"), ("two", "kept\n")]


def test_what_differs_from_run_to_run_is_made_the_same() -> None:
    first = "Applied migration `a` in 12 ms, backend 17, 2025-01-02 03:04:05.678 UTC  7 ms\npid | 123\n"
    other = "Applied migration `a` in 3.4 s, backend 99999, 2026-11-22 21:05:40.1 UTC  712 ms\npid | 4\n"

    assert made_alike(first) == made_alike(other)
    assert made_alike("    8 | ALTER TABLE a") == "    8 | ALTER TABLE a"


def test_the_reference_says_why_a_scenario_is_not_run(
    one_server: PostgresServer, capsys: pytest.CaptureFixture[str]
) -> None:
    def play(_: object) -> None:
        raise AssertionError

    never = Scenario(play, lambda: "npm is absent")

    assert dict(operations_reference.play([never], one_server)) == {}
    assert capsys.readouterr().out == "play is not run: npm is absent\n"
