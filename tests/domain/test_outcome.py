"""The outcome as JSON, against the published schema."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from lambda_fn.domain.directive import Mode
from lambda_fn.domain.outcome import AppliedMigration, Outcome, PendingMigration, Status, error_to_json, to_json
from lambda_fn.domain.plan import Diagnostic
from lambda_fn.domain.request import Action
from lambda_fn.domain.row import HistoryRow, RowState
from lambda_fn.errors import HistoryBlocked, MigrateError, Whereabouts
from tests.error_reference import Entry, entries
from tests.fixtures.projects import OUTCOME_SCHEMA, check_outcome

A, B = "20240101000000_a", "20240102000000_b"
BLOCKED = HistoryBlocked("P3009", "It failed.", "Resolve it.")

OUTCOMES = {
    Status.APPLIED: Outcome(Action.DEPLOY, Status.APPLIED, "r", 5, applied=(AppliedMigration(A, 2, 3),)),
    Status.UP_TO_DATE: Outcome(Action.DEPLOY, Status.UP_TO_DATE, "r", 5),
    Status.PENDING: Outcome(Action.STATUS, Status.PENDING, "r", 5, pending=(PendingMigration(A),)),
    Status.INCOMPLETE: Outcome(Action.DEPLOY, Status.INCOMPLETE, "r", 5, error=BLOCKED),
    Status.FAILED: Outcome(Action.DEPLOY, Status.FAILED, "r", 5, failed=(A,), error=BLOCKED),
    Status.UNKNOWN: Outcome(Action.DEPLOY, Status.UNKNOWN, "r", 5, error=BLOCKED),
    Status.PASSED: Outcome(Action.DOCTOR, Status.PASSED, "r", 5),
    Status.SKIPPED: Outcome(Action.DEPLOY, Status.SKIPPED, "r", 0, skipped="The stack is being deleted."),
}
FULL = Outcome(
    action=Action.DEPLOY,
    status=Status.FAILED,
    run_id="run-1",
    elapsed_ms=12,
    lock_wait_ms=3,
    directory="/opt/migrations",
    migrations=4,
    database="db:5432/shop",
    schema="public",
    server_version="16.4",
    applied=(AppliedMigration(A, 2, 3),),
    pending=(PendingMigration(B, Mode.STEPWISE, 9, done=1, steps=7), PendingMigration("20240103000000_c")),
    failed=("x",),
    resolved=("y",),
    warnings=(Diagnostic("M510", "Edited.", (A,)),),
    latest=A,
    error=MigrateError(
        "P3018", "It failed.", "Mend it.", where=Whereabouts(B, "42601", 2, 3, 4, "an excerpt"), lines=("DETAIL: d",)
    ),
)


TIME = "2024-01-01T00:00:00.000000Z"
HISTORY = Outcome(
    Action.HISTORY,
    Status.PASSED,
    "r",
    5,
    history_count=7,
    history=(
        HistoryRow("i", A, "c", RowState.APPLIED, TIME, TIME, elapsed_ms=0, marked=True),
        HistoryRow("j", B, "c", RowState.HALF_DONE, TIME, reason="why", attempts=2, done=1, steps=3),
    ),
)


@pytest.mark.parametrize("status", Status)
def test_every_status_is_as_the_schema_says(status: Status) -> None:
    check_outcome(to_json(OUTCOMES[status]))


def test_the_schema_knows_the_actions_the_statuses_and_the_modes_there_are_and_no_others() -> None:
    properties = OUTCOME_SCHEMA["properties"]

    assert properties["action"]["enum"] == [action.value for action in Action]
    assert properties["status"]["enum"] == [status.value for status in Status]
    assert properties["pending"]["items"]["properties"]["mode"]["enum"] == [mode.value for mode in Mode]
    assert {*properties["history"]["items"]["properties"]["state"]["enum"]} == {state.value for state in RowState}


def test_the_schema_knows_the_error_classes_there_are_and_no_others() -> None:
    known = OUTCOME_SCHEMA["properties"]["error"]["properties"]["class"]["enum"]

    assert known == [each.__name__ for each in MigrateError.__subclasses__()]


def test_every_field_has_its_key() -> None:
    assert to_json(FULL) == {
        "action": "deploy",
        "status": "failed",
        "runId": "run-1",
        "elapsedMs": 12,
        "lockWaitMs": 3,
        "directory": "/opt/migrations",
        "migrations": 4,
        "database": "db:5432/shop",
        "schema": "public",
        "serverVersion": "16.4",
        "appliedCount": 1,
        "applied": [{"name": A, "statements": 2, "elapsedMs": 3}],
        "pendingCount": 2,
        "pending": [
            {"name": B, "mode": "stepwise", "statements": 9, "done": 1, "steps": 7},
            {"name": "20240103000000_c"},
        ],
        "failedCount": 1,
        "failed": ["x"],
        "resolvedCount": 1,
        "resolved": ["y"],
        "warnings": [{"code": "M510", "message": "Edited.", "migrations": [A]}],
        "latest": A,
        "skipped": None,
        "historyCount": None,
        "history": [],
        "checks": [],
        "error": {
            "class": "MigrateError",
            "code": "P3018",
            "message": "P3018 It failed. Mend it.",
            "nextStep": "Mend it.",
            "migration": B,
            "sqlstate": "42601",
            "statement": 2,
            "line": 3,
            "column": 4,
            "excerpt": "an excerpt",
            "details": ["DETAIL: d"],
        },
    }


def test_every_field_of_a_row_of_the_history_has_its_key() -> None:
    rows: Any = to_json(HISTORY)["history"]

    assert rows[0] == {
        "name": A,
        "state": "applied",
        "marked": True,
        "startedAt": TIME,
        "finishedAt": TIME,
        "rolledBackAt": None,
        "elapsedMs": 0,
        "done": None,
        "steps": None,
        "reason": None,
        "attempts": None,
        "id": "i",
        "checksum": "c",
    }
    assert [rows[1][key] for key in ("state", "done", "steps", "reason", "attempts")] == ["halfDone", 1, 3, "why", 2]
    check_outcome(to_json(HISTORY))


def test_the_json_is_plain_values_that_come_back_as_they_were() -> None:
    assert json.loads(json.dumps(to_json(FULL))) == to_json(FULL)


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.function.__name__)
def test_every_error_there_is_makes_an_outcome_as_the_schema_says(entry: Entry) -> None:
    error = entry.error
    status = Status.UNKNOWN if error.unknown else Status.FAILED

    check_outcome(to_json(Outcome(Action.DEPLOY, status, "r", 0, error=error)))
    assert error_to_json(error)["class"] == type(error).__name__


def contradictions() -> Iterator[Outcome]:
    yield Outcome(Action.DEPLOY, Status.APPLIED, "r", 5, applied=(AppliedMigration(A, 2, 3),), error=BLOCKED)
    yield Outcome(Action.DEPLOY, Status.APPLIED, "r", 5)
    yield Outcome(Action.DEPLOY, Status.UP_TO_DATE, "r", 5, error=BLOCKED)
    yield Outcome(Action.STATUS, Status.PENDING, "r", 5)
    yield Outcome(Action.STATUS, Status.UP_TO_DATE, "", 5)
    yield Outcome(Action.STATUS, Status.UP_TO_DATE, "r", -1)
    yield Outcome(Action.STATUS, Status.PASSED, "r", 5)
    yield Outcome(Action.STATUS, Status.UP_TO_DATE, "r", 5, history_count=0)
    yield Outcome(Action.HISTORY, Status.UP_TO_DATE, "r", 5, history_count=0)
    yield replace(HISTORY, action=Action.STATUS, status=Status.UP_TO_DATE, history_count=None)
    yield replace(HISTORY, history_count=None)


@pytest.mark.parametrize("outcome", list(contradictions()))
def test_the_schema_refuses_an_outcome_that_contradicts_itself(outcome: Outcome) -> None:
    with pytest.raises(jsonschema.ValidationError):
        check_outcome(to_json(outcome))
