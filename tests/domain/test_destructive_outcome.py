"""What is destructive, in the outcome's JSON: as plan found it, as it comes back, and how much an answer lists."""

import json
from typing import Any, cast

import pytest

from lambda_fn.account.answer import Answer, events_of, outcome_of
from lambda_fn.domain.destructive import Destructive, Harm
from lambda_fn.domain.destructive_event import FoundDestructive
from lambda_fn.domain.outcome import Outcome, PendingMigration, Status, to_json
from lambda_fn.domain.request import Action, Request
from lambda_fn.errors import RequestInvalid
from tests.fixtures.projects import check_outcome

FOUND = Destructive(2, 7, Harm.DATA_LOSS, "DROP TABLE", '"User"', "The table goes.")
A, B, C = "20240101000000_a", "20240102000000_b", "20240103000000_c"


def planned(*pending: PendingMigration) -> Outcome:
    return Outcome(Action.PLAN, Status.PENDING, "r", 5, pending=pending)


def pending_in(content: dict[str, object]) -> list[dict[str, Any]]:
    check_outcome(content)
    return cast(list[dict[str, Any]], content["pending"])


def answered(content: dict[str, object]) -> Outcome:
    return outcome_of(Answer("migrate", json.dumps(content)), Action.PLAN)


def test_it_stands_with_its_migration_and_not_where_nobody_looked() -> None:
    content = to_json(
        planned(
            PendingMigration(A, "atomic", 2, destructive=(FOUND,)),
            PendingMigration(B, "atomic", 2, destructive=()),
            PendingMigration(C),
        )
    )

    found = {"destructiveCount": 1, "destructive": [pending_in(content)[0]["destructive"][0]]}
    assert pending_in(content) == [
        {"name": A, "mode": "atomic", "statements": 2, **found},
        {"name": B, "mode": "atomic", "statements": 2, "destructiveCount": 0, "destructive": []},
        {"name": C},
    ]
    assert pending_in(content)[0]["destructive"] == [
        {
            "statement": 2,
            "line": 7,
            "kind": "dataLoss",
            "operation": "DROP TABLE",
            "object": '"User"',
            "message": "The table goes.",
        }
    ]


def test_it_comes_back_from_a_functions_answer_and_is_told_as_a_terminal_would() -> None:
    outcome = planned(
        PendingMigration(A, "atomic", 2, destructive=(FOUND,)), PendingMigration(B, "atomic", 2, destructive=())
    )

    read = answered(to_json(outcome))

    assert read == outcome
    assert [event for event in events_of(read, Request(Action.PLAN)) if isinstance(event, FoundDestructive)] == [
        FoundDestructive(A, (FOUND,)),
        FoundDestructive(B, ()),
    ]


def test_an_answer_of_an_older_function_is_read() -> None:
    assert answered(to_json(planned(PendingMigration(A, "atomic", 2)))).pending[0].destructive is None


def test_an_answer_lists_so_many_in_all_and_says_how_many_there_are() -> None:
    outcome = planned(*(PendingMigration(name, "atomic", 9, destructive=(FOUND,) * 3) for name in (A, B, C)))

    content = to_json(outcome, listed=4)

    assert [(m["destructiveCount"], len(m["destructive"])) for m in pending_in(content)] == [(3, 3), (3, 1), (3, 0)]
    assert answered(content).omitted == 5


@pytest.mark.parametrize("wrong", [{"kind": "x"}, {"line": None, "kind": None}, 3])
def test_what_is_no_finding_is_no_outcome(wrong: object) -> None:
    content = to_json(planned(PendingMigration(A, "atomic", 2, destructive=(FOUND,))))
    pending_in(content)[0]["destructive"] = [wrong]

    with pytest.raises(RequestInvalid):
        answered(content)
