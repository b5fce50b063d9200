"""`aws lambda invoke`, SDKs and Step Functions: event in, request out; outcome in, reply out."""

import json
from dataclasses import replace

import pytest

from lambda_fn.domain.outcome import AppliedMigration, Outcome, PendingMigration, Status, to_json
from lambda_fn.domain.plan import Diagnostic
from lambda_fn.domain.reply import Raise, Return
from lambda_fn.domain.request import Action, Request
from lambda_fn.domain.row import HistoryRow, RowState
from lambda_fn.errors import DeadlineExceeded, HistoryBlocked, RequestInvalid
from lambda_fn.invokers.direct import Direct
from tests.fixtures.custom_resources import FUNCTION, LOGS
from tests.fixtures.projects import ROOT, check_outcome

EVENTS = ROOT / "events"
REQUESTS = {
    "direct-baseline.json": Request(Action.BASELINE, to="20251030031945_first_mig"),
    "direct-cdk-trigger.json": Request(),
    "direct-continue.json": Request(comes_back=True),
    "direct-deploy.json": Request(),
    "direct-doctor.json": Request(Action.DOCTOR),
    "direct-empty.json": Request(),
    "direct-history.json": Request(Action.HISTORY, state=RowState.FAILED, limit=20),
    "direct-other-database.json": Request(secret_id="shop/database", dbname="shop"),
    "direct-plan.json": Request(Action.PLAN),
    "direct-resolve-applied.json": Request(Action.RESOLVE, applied=("20251030031945_first_mig",)),
    "direct-resolve-rolled-back.json": Request(
        Action.RESOLVE, rolled_back=("20251104175917_add_user_roles_and_permissions",)
    ),
    "direct-status.json": Request(Action.STATUS),
    "direct-verify.json": Request(Action.VERIFY),
}


@pytest.mark.parametrize(("file", "request_"), REQUESTS.items(), ids=REQUESTS)
def test_every_event_file_is_the_request_that_its_name_says(file: str, request_: Request) -> None:
    assert Direct(json.loads((EVENTS / file).read_text()), FUNCTION).request() == request_


def test_there_is_no_event_file_that_is_not_tried() -> None:
    assert {path.name for path in EVENTS.glob("direct-*")} == set(REQUESTS)


def test_the_event_files_name_migrations_of_the_sample_directory() -> None:
    names = {name for each in REQUESTS.values() for name in (each.to, *each.applied, *each.rolled_back) if name}

    assert names <= {path.name for path in (ROOT / "migrations").iterdir()}


def test_nothing_at_all_deploys() -> None:
    assert Direct(None, FUNCTION).request() == Request(Action.DEPLOY)
    assert Direct({}, FUNCTION).request() == Request(Action.DEPLOY)
    assert Direct("", FUNCTION).request() == Request(Action.DEPLOY)


@pytest.mark.parametrize("event", ["deploy", [], {"Action": "deploy"}, {"action": "reset"}, {"RequestType": "Create"}])
def test_an_event_of_something_else_is_refused(event: object) -> None:
    with pytest.raises(RequestInvalid):
        Direct(event, FUNCTION).request()


def test_lists_of_thousands_are_cut_and_counted_so_that_step_functions_can_pass_the_outcome_on() -> None:
    names = [f"2024010100{number:04}_{'x' * 100}" for number in range(5000)]
    outcome = Outcome(
        Action.DEPLOY,
        Status.FAILED,
        "r",
        5,
        applied=tuple(AppliedMigration(name, 1, 2) for name in names),
        pending=tuple(PendingMigration(name) for name in names),
        failed=tuple(names),
        resolved=tuple(names),
        warnings=(Diagnostic("M510", "edited", tuple(names)),),
    )

    reply = Direct({}, FUNCTION).reply(outcome)

    assert isinstance(reply, Return)
    check_outcome(reply.payload)
    assert len(json.dumps(reply.payload)) < 100_000
    assert [reply.payload[f"{name}Count"] for name in ("applied", "pending", "failed", "resolved")] == [5000] * 4
    assert [len(reply.payload[name]) for name in ("applied", "pending", "failed", "resolved")] == [100] * 4  # type: ignore[arg-type]  # lists


def test_an_error_is_raised_so_that_the_invocation_fails() -> None:
    error = HistoryBlocked("P3009", "It failed.", "Resolve it.")

    reply = Direct(None, FUNCTION).reply(Outcome(Action.DEPLOY, Status.FAILED, "r", 5, error=error))

    assert isinstance(reply, Raise)
    assert type(reply.error) is HistoryBlocked
    assert str(reply.error) == f"P3009 It failed. Resolve it. {LOGS}"


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(Action.DEPLOY, Status.APPLIED, "r", 5, applied=(AppliedMigration("a", 1, 2),)),
        Outcome(Action.DEPLOY, Status.UP_TO_DATE, "r", 5),
        Outcome(Action.STATUS, Status.FAILED, "r", 5, failed=("a",)),
    ],
)
def test_an_outcome_without_an_error_is_returned_as_json(outcome: Outcome) -> None:
    reply = Direct(None, FUNCTION).reply(outcome)

    assert isinstance(reply, Return)
    assert reply.payload == to_json(outcome) == json.loads(json.dumps(reply.payload))
    check_outcome(reply.payload)


LATE = DeadlineExceeded("M605", "The time was up.", "Deploy again.")


def test_what_is_incomplete_is_returned_to_who_asked_for_it_and_comes_back() -> None:
    outcome = Outcome(Action.DEPLOY, Status.INCOMPLETE, "r", 5, applied=(AppliedMigration("a", 1, 2),), error=LATE)

    reply = Direct({"continue": True}, FUNCTION).reply(outcome)

    assert isinstance(reply, Return)
    assert (reply.payload["status"], json.loads(json.dumps(reply.payload))) == ("incomplete", to_json(outcome))
    check_outcome(reply.payload)


@pytest.mark.parametrize("status", [Status.FAILED, Status.UNKNOWN])
def test_the_same_lack_of_time_is_raised_where_it_is_a_failure_or_not_known(status: Status) -> None:
    reply = Direct({}, FUNCTION).reply(Outcome(Action.DEPLOY, status, "r", 5, error=LATE))

    assert isinstance(reply, Raise)
    assert str(reply.error) == f"{LATE.headline} {LOGS}"


@pytest.mark.parametrize(
    ("event", "comes_back"), [({"continue": True}, True), ({"continue": False}, False), ({}, False)]
)
def test_who_comes_back_says_so_by_continue(event: dict[str, object], comes_back: bool) -> None:
    assert Direct(event, FUNCTION).request().comes_back is comes_back


def test_nothing_but_a_deploy_is_continued() -> None:
    with pytest.raises(RequestInvalid):
        Direct({"action": "status", "continue": True}, FUNCTION).request()


@pytest.mark.parametrize(
    ("asked", "limit"), [({}, 100), ({"limit": 7}, 7), ({"limit": 1000}, 1000), ({"limit": 5000}, 1000)]
)
def test_of_the_history_as_much_is_read_as_an_answer_holds(asked: dict[str, object], limit: int) -> None:
    request = Direct({"action": "history", **asked}, FUNCTION).request()

    assert request == Request(Action.HISTORY, limit=limit)


MOST_OF_LAMBDA = 6 * 1024 * 1024


@pytest.mark.parametrize("character", ["x", "ü", "日", "🙂", '"', "\x01"])
def test_a_thousand_failures_are_no_more_than_lambda_answers_with(character: str) -> None:
    reason = f"ERROR: {character * 5000} (SQLSTATE 22012)"
    rows = tuple(
        HistoryRow(
            character * 36, character * 255, character * 64, RowState.FAILED, "2024-01-01T00:00:00Z", reason=reason
        )
        for _ in range(1000)
    )
    outcome = Outcome(Action.HISTORY, Status.PASSED, "r", 5, history_count=1000, history=rows)

    reply = Direct({"action": "history", "limit": 1000}, FUNCTION).reply(outcome)

    assert isinstance(reply, Return)
    assert 5_000_000 < len(json.dumps(reply.payload)) < MOST_OF_LAMBDA
    told: list[dict[str, str]] = reply.payload["history"]  # type: ignore[assignment]  # a list
    assert {row["reason"] for row in told} == {told[0]["reason"]}
    head = told[0]["reason"].removesuffix("…")
    assert reason.startswith(head)
    assert len(head) > 50


def test_reasons_that_an_answer_holds_are_whole() -> None:
    row = HistoryRow("i", "m", "c", RowState.FAILED, "2024-01-01T00:00:00Z", reason="🙂" * 300)
    longest = replace(row, reason="🙂" * 5000)
    outcome = Outcome(Action.HISTORY, Status.PASSED, "r", 5, history_count=1000, history=(*(row,) * 999, longest))

    reply = Direct({"action": "history"}, FUNCTION).reply(outcome)

    assert isinstance(reply, Return)
    assert reply.payload == to_json(outcome)


def test_rows_of_the_history_are_not_cut_as_other_lists_are() -> None:
    rows = tuple(
        HistoryRow("i", f"m{number}", "c", RowState.APPLIED, "2024-01-01T00:00:00.000000Z") for number in range(1000)
    )
    outcome = Outcome(Action.HISTORY, Status.PASSED, "r", 5, history_count=1200, history=rows)

    reply = Direct({"action": "history", "limit": 1000}, FUNCTION).reply(outcome)

    assert isinstance(reply, Return)
    check_outcome(reply.payload)
    assert (reply.payload["historyCount"], len(reply.payload["history"])) == (1200, 1000)  # type: ignore[arg-type]  # a list
