"""CloudFormation's custom resource: its event files, and the body that answers it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.domain.reply import Put
from lambda_fn.domain.request import Action, Request
from lambda_fn.errors import HistoryBlocked, MigrateError, MigrationFailed, RequestInvalid, Whereabouts
from lambda_fn.invokers.cloudformation import CloudFormation
from lambda_fn.invokers.explanation import as_json
from lambda_fn.invokers.invoker import Function, Skip
from tests.fixtures.custom_resources import (
    ANY_TEXT,
    ARN_CHARACTERS,
    DATA_KEYS,
    ERRORS,
    FUNCTION,
    LATEST,
    LOGS,
    LONG_TEXT,
    Event,
    applied,
    event_of,
    failed,
    files_of,
    readable,
    skipped,
)
from tests.fixtures.projects import ROOT

CREATE = event_of("cloudformation-create.json")
REQUESTS: dict[str, Request | None] = {
    "cloudformation-create.json": Request(
        secret_id="arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/database-Zk3bQx",
        owner_role="app_owner",
        lock_wait_s=120,
        strict=True,
    ),
    "cloudformation-create-sam-local.json": Request(),
    "cloudformation-create-verify.json": Request(Action.VERIFY, requires="20251104212242_add_cognito_username"),
    "cloudformation-delete.json": None,
    "cloudformation-update.json": Request(),
    "cloudformation-update-rollback.json": None,
}
ERROR = MigrationFailed(
    "P3018",
    'A migration failed to apply: column "y" does not exist.',
    "Correct the file and deploy again.",
    where=Whereabouts(LATEST, "42703", excerpt="    3 | SELECT y;\n               ^"),
    lines=("HINT: h",),
)


def put_of(outcome: Outcome, event: Event = CREATE, function: Function = FUNCTION) -> Put:
    reply = CloudFormation(event, function).reply(outcome)
    assert isinstance(reply, Put)
    assert len(reply.body) <= 4096
    return reply


def body_of(outcome: Outcome, event: Event = CREATE, function: Function = FUNCTION) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(put_of(outcome, event, function).body.decode("utf-8"))
    return body


@pytest.mark.parametrize(("file", "request_"), REQUESTS.items(), ids=REQUESTS)
def test_every_event_file_asks_for_what_its_name_says(file: str, request_: Request | None) -> None:
    if request_ is None:
        assert isinstance(CloudFormation(event_of(file), FUNCTION).request(), Skip)
    else:
        assert CloudFormation(event_of(file), FUNCTION).request() == request_


def test_there_is_no_event_file_that_is_not_tried() -> None:
    assert files_of("cloudformation") == set(REQUESTS)


def test_the_event_files_name_migrations_of_the_sample_directory_and_hold_no_signature() -> None:
    required = {request.requires for request in REQUESTS.values() if request and request.requires}

    assert required
    assert required <= {path.name for path in (ROOT / "migrations").iterdir()}
    for file in REQUESTS:
        _, _, signature = event_of(file)["ResponseURL"].partition("X-Amz-Signature=")
        assert signature in ("", "REDACTED")


def test_a_success_is_answered_with_the_ids_and_the_attributes() -> None:
    body = body_of(applied())

    assert body == {
        "Status": "SUCCESS",
        "PhysicalResourceId": "shop-Migrations",
        "NoEcho": False,
        "StackId": CREATE["StackId"],
        "RequestId": CREATE["RequestId"],
        "LogicalResourceId": "Migrations",
        "Data": {
            "Status": "applied",
            "AppliedCount": "1",
            "LatestMigration": LATEST,
            "ElapsedMs": "812",
            "RunId": "run-1",
        },
    }


def test_a_failure_is_answered_with_headline_logs_and_further_lines() -> None:
    body = body_of(failed(ERROR))

    assert body["Status"] == "FAILED"
    assert body["Reason"].split("\n") == [
        f"{ERROR.headline} {LOGS}",
        "    3 | SELECT y;",
        "               ^",
        "HINT: h",
    ]
    assert body["Data"]["Status"] == "failed"
    assert body["Data"]["LatestMigration"] == "unknown"


@pytest.mark.parametrize("outcome", [applied(), failed(ERROR), failed(ERROR, LATEST), skipped()])
def test_the_attributes_are_always_the_same_and_strings(outcome: Outcome) -> None:
    data = body_of(outcome)["Data"]

    assert set(data) == DATA_KEYS
    assert all(isinstance(value, str) and value for value in data.values())


@pytest.mark.parametrize("file", ["cloudformation-delete.json", "cloudformation-update-rollback.json"])
def test_where_nothing_was_to_be_done_success_is_answered(file: str) -> None:
    event = event_of(file)
    asked_for = CloudFormation(event, FUNCTION).request()
    assert isinstance(asked_for, Skip)

    body = body_of(skipped(asked_for.reason), event)

    assert (body["Status"], body["Reason"]) == ("SUCCESS", asked_for.reason)
    assert body["Data"]["Status"] == "skipped"


def test_a_request_that_is_refused_is_answered_too() -> None:
    event = {**CREATE, "RequestType": "Replace"}
    with pytest.raises(RequestInvalid) as refused:
        CloudFormation(event, FUNCTION).request()

    body = body_of(failed(refused.value), event)

    assert body["Status"] == "FAILED"
    assert body["Reason"].startswith('M107 There is no RequestType "Replace". ')


@pytest.mark.parametrize("status", Status)
def test_only_what_is_known_to_be_done_is_a_success(status: Status) -> None:
    body = body_of(Outcome(Action.VERIFY, status, "run-1", 5))

    if status in (Status.APPLIED, Status.UP_TO_DATE, Status.PASSED, Status.SKIPPED):
        assert body["Status"] == "SUCCESS"
    else:
        assert body["Status"] == "FAILED"
        assert body["Reason"].startswith(f"M702 The run ended with the status {status.value}, ")


@pytest.mark.parametrize("status", Status)
def test_an_error_is_a_failure_whatever_the_status(status: Status) -> None:
    error = HistoryBlocked("P3009", "It failed.", "Resolve it.")

    assert body_of(Outcome(Action.DEPLOY, status, "run-1", 5, error=error))["Status"] == "FAILED"


def test_an_update_and_a_delete_keep_the_id_that_they_come_with() -> None:
    for file in ("cloudformation-update.json", "cloudformation-delete.json"):
        event = {**event_of(file), "PhysicalResourceId": "shop-Migrations-1JX9K2M3N4P5"}
        assert body_of(skipped(), event)["PhysicalResourceId"] == "shop-Migrations-1JX9K2M3N4P5"


@pytest.mark.parametrize("own", [None, "", 5, {}])
def test_an_event_without_an_id_gets_one_that_is_always_the_same(own: object) -> None:
    event = {**event_of("cloudformation-update.json"), "PhysicalResourceId": own}

    assert body_of(applied(), event)["PhysicalResourceId"] == "shop-Migrations"


@pytest.mark.parametrize(
    ("stack_id", "logical_id", "expected"),
    [
        ("arn:aws:cloudformation:eu-central-1:1:stack/a-b/guid", "M", "a-b-M"),
        ("arn:aws:cloudformation:eu-central-1:1:stack/a-b", "M", "a-b-M"),
        ("odd", "M", "odd-M"),
        (None, None, "None-None"),
        ("x/" + "ä" * 2000, "M", "ä" * 512),
        ("x/a" + "ä" * 2000, "M", "a" + "ä" * 511),
        ("x/\ud800", "M", "?-M"),
    ],
)
def test_an_id_is_made_of_stack_and_logical_id_and_has_1024_bytes_at_most(
    stack_id: object, logical_id: object, expected: str
) -> None:
    reply = CloudFormation({**CREATE, "StackId": stack_id, "LogicalResourceId": logical_id}, FUNCTION).reply(applied())

    assert reply.payload["PhysicalResourceId"] == expected
    assert len(expected.encode()) <= 1024


def test_the_function_returns_the_answer_without_url_and_ids() -> None:
    success, failure = put_of(applied()), put_of(failed(ERROR))

    assert set(success.payload) == {"Status", "PhysicalResourceId", "Data"}
    assert set(failure.payload) == {"Status", "PhysicalResourceId", "Data", "Reason"}
    for reply in (success, failure):
        body = json.loads(reply.body)
        assert reply.payload == json.loads(json.dumps(reply.payload)) == {key: body[key] for key in reply.payload}
        assert "https://" not in json.dumps(reply.payload)


def test_the_url_goes_into_the_reply_and_shows_nowhere() -> None:
    url = "https://host/key?X-Amz-Signature=hush"
    invoker = CloudFormation({**CREATE, "ResponseURL": url}, FUNCTION)

    reply = invoker.reply(failed(ERROR))

    assert reply.url == url
    assert "hush" not in f"{invoker!r}{reply!r}{reply.body!r}"
    assert "hush" not in f"{invoker}{reply}"


IDS = st.fixed_dictionaries(
    {
        "StackId": st.text(ARN_CHARACTERS, max_size=300) | st.text(st.characters(exclude_categories=()), max_size=50),
        "RequestId": st.uuids().map(str) | st.text(st.characters(exclude_categories=()), max_size=50),
        "LogicalResourceId": st.text(ARN_CHARACTERS, max_size=255),
        "PhysicalResourceId": st.text(ARN_CHARACTERS, min_size=1, max_size=1024),
    }
)
FUNCTIONS = st.just(FUNCTION) | st.builds(Function, ANY_TEXT, LONG_TEXT, LONG_TEXT)


@settings(deadline=None)
@given(ids=IDS, error=ERRORS, latest=st.none() | LONG_TEXT, function=FUNCTIONS)
def test_a_failure_is_told_in_4096_bytes_whatever_it_says(
    ids: dict[str, str], error: MigrateError, latest: str | None, function: Function
) -> None:
    body = body_of(failed(error, latest), {**CREATE, **ids}, function)

    assert {key: body[key] for key in ids} == ids
    assert body["Status"] == "FAILED"
    assert set(body["Data"]) == DATA_KEYS
    headline, reason = readable(error.headline), body["Reason"]
    assert reason.startswith(headline[:40])
    if function == FUNCTION:
        assert f" {LOGS}" in reason
    if len(as_json(headline)) < 250:  # the ids, the names and the log's name may take the rest
        assert reason.startswith(f"{headline} Logs: ")


@settings(deadline=None)
@given(ids=IDS, outcome=st.builds(applied, LONG_TEXT) | st.builds(skipped, LONG_TEXT))
def test_a_success_is_told_in_4096_bytes_whatever_the_names(ids: dict[str, str], outcome: Outcome) -> None:
    body = body_of(outcome, {**CREATE, **ids})

    assert {key: body[key] for key in ids} == ids
    assert body["Status"] == "SUCCESS"
    assert body["Data"]["Status"] == outcome.status.value
    if outcome.latest and len(outcome.latest) < 160:
        assert body["Data"]["LatestMigration"] == readable(outcome.latest)


def test_the_longest_name_that_the_history_can_hold_is_told_whole() -> None:
    for character in ("x", "ä", "語", "😀"):
        assert body_of(applied(character * 255))["Data"]["LatestMigration"] == character * 255


@pytest.mark.parametrize("character", ["x", "ä", "😀", '"', "\n", "\0", "\ud800", "\u2028"])
def test_the_longest_ids_names_and_errors_leave_room_for_the_beginning_of_the_headline(character: str) -> None:
    ids = {"StackId": "s" * 300, "LogicalResourceId": "l" * 255, "PhysicalResourceId": "p" * 1024}
    error = MigrationFailed("P3018", "It failed. " + character * 9000, "Mend it.", lines=(character * 9000,))
    function = Function("migrate", "g" * 512, "s" * 512)

    outcome = replace(failed(error, character * 9000), run_id=character * 9000)

    body = body_of(outcome, {**CREATE, **ids}, function)

    assert {key: body[key] for key in ids} == ids
    assert body["Reason"].startswith("P3018 It failed. ")
    assert " Logs: ggg" in body["Reason"]
    for text in (body["Reason"], *body["Data"].values()):
        assert readable(text) == text, "it holds no lone surrogate"


def test_a_long_headline_is_whole_where_logs_and_ids_are_of_the_usual_length() -> None:
    error = MigrationFailed("P3018", "It failed. " * 250, "Mend it.", lines=("x" * 6000,))

    assert body_of(failed(error))["Reason"].startswith(f"{error.headline} {LOGS}\nxxx")


def test_very_many_lines_are_cut_at_the_end() -> None:
    error = MigrationFailed("P3018", "It failed.", "Mend it.", lines=tuple(f"line {n} ä" for n in range(100_000)))

    put = put_of(failed(error))

    assert 4090 <= len(put.body) <= 4096
    assert str(put.payload["Reason"]).startswith(f"P3018 It failed. Mend it. {LOGS}\nline 0 ä\nline 1 ä\n")
    assert str(put.payload["Reason"]).endswith("…")
