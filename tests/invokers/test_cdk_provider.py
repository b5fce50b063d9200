"""The CDK's Provider framework: return or raise, and never a PUT."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.domain.reply import Raise, Return
from lambda_fn.domain.request import Action, Request
from lambda_fn.errors import HistoryBlocked, LockTimeout, MigrateError, MigrationFailed, RequestInvalid, Whereabouts
from lambda_fn.invokers.cdk_provider import CdkProvider
from lambda_fn.invokers.explanation import as_json
from lambda_fn.invokers.invoker import Function, Skip
from tests.fixtures.custom_resources import (
    ANY_TEXT,
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
    update,
    with_properties,
)

CREATE = event_of("cdk-provider-create.json")
DELETE = event_of("cdk-provider-delete.json")
REQUESTS: dict[str, Request | None] = {
    "cdk-provider-create.json": Request(),
    "cdk-provider-delete.json": None,
    "cdk-provider-update.json": Request(lock_wait_s=60),
}
CREATE_FAILED = "AWSCDK::CustomResourceProviderFramework::CREATE_FAILED"


def returned(outcome: Outcome, event: Event = CREATE) -> dict[str, object]:
    reply = CdkProvider(event, FUNCTION).reply(outcome)
    assert isinstance(reply, Return)
    assert "Status" not in reply.payload, "the framework takes no notice of it"
    assert reply.payload == json.loads(json.dumps(reply.payload))
    return reply.payload


def raised(outcome: Outcome, function: Function = FUNCTION) -> MigrateError:
    reply = CdkProvider(CREATE, function).reply(outcome)
    assert isinstance(reply, Raise)
    return reply.error


@pytest.mark.parametrize(("file", "request_"), REQUESTS.items(), ids=REQUESTS)
def test_every_event_file_asks_for_what_its_name_says(file: str, request_: Request | None) -> None:
    asked_for = CdkProvider(event_of(file), FUNCTION).request()

    assert isinstance(asked_for, Skip) if request_ is None else asked_for == request_


def test_there_is_no_event_file_that_is_not_tried() -> None:
    assert files_of("cdk-provider") == set(REQUESTS)


def test_a_success_returns_the_id_and_the_attributes() -> None:
    assert returned(applied()) == {
        "PhysicalResourceId": "shop-Migrations",
        "Data": {
            "Status": "applied",
            "AppliedCount": "1",
            "LatestMigration": LATEST,
            "ElapsedMs": "812",
            "RunId": "run-1",
        },
    }


@pytest.mark.parametrize("own", ["shop-Migrations", "a1b2c3", CREATE_FAILED])
def test_a_delete_returns_the_id_that_it_comes_with(own: str) -> None:
    event = {**DELETE, "PhysicalResourceId": own}

    assert isinstance(CdkProvider(event, FUNCTION).request(), Skip)
    assert returned(skipped(), event)["PhysicalResourceId"] == own


def test_a_rollback_is_skipped_and_returns_the_same_attributes() -> None:
    event = update({"MigrationsLayerArn": "arn:layer:7"}, {"MigrationsLayerArn": "arn:layer:8"})

    assert isinstance(CdkProvider(event, FUNCTION).request(), Skip)
    payload = returned(skipped(), event)
    assert payload["PhysicalResourceId"] == event["PhysicalResourceId"]
    assert isinstance(payload["Data"], dict)
    assert set(payload["Data"]) == DATA_KEYS
    assert payload["Data"]["LatestMigration"] == "unknown"


def test_a_property_that_looks_like_an_option_is_refused() -> None:
    with pytest.raises(RequestInvalid, match=r"^M109 .*Did you mean Schema\?"):
        CdkProvider(with_properties(CREATE, schema="shop"), FUNCTION).request()


def test_a_failure_is_raised_with_its_class_code_headline_logs_and_lines() -> None:
    where = Whereabouts(LATEST, "42703", excerpt="    3 | SELECT y;")
    error = MigrationFailed("P3018", "It failed.", "Mend it.", where=where, lines=("HINT: h",), unknown=True)

    told = raised(failed(error))

    assert type(told) is MigrationFailed
    assert (told.code, told.where, told.lines, told.unknown) == ("P3018", where, ("HINT: h",), True)
    assert str(told) == told.text == f"P3018 It failed. Mend it. {LOGS}\n    3 | SELECT y;\nHINT: h"
    assert str(error) == error.text == "P3018 It failed. Mend it.\n    3 | SELECT y;\nHINT: h", "it is left as it was"


@pytest.mark.parametrize("status", Status)
def test_only_what_is_known_to_be_done_is_returned(status: Status) -> None:
    outcome = Outcome(Action.VERIFY, status, "run-1", 5)

    if status in (Status.APPLIED, Status.UP_TO_DATE, Status.PASSED, Status.SKIPPED):
        assert returned(outcome)["PhysicalResourceId"] == "shop-Migrations"
    else:
        assert raised(outcome).code == "M702"
    assert isinstance(raised(failed(HistoryBlocked("P3009", "It failed.", "Resolve it."))), HistoryBlocked)


def test_a_message_is_cut_at_1500_characters() -> None:
    error = LockTimeout("P1002", "It waited.", "Try again.", lines=("x" * 6000,))

    told = str(raised(failed(error)))

    assert told.startswith(f"P1002 It waited. Try again. {LOGS}\nxxx")
    assert told.endswith("x…")
    assert 1490 <= len(told) <= 1500


def test_a_long_headline_is_whole_where_logs_and_ids_are_of_the_usual_length() -> None:
    error = LockTimeout("P1002", "It waited. " * 120, "Try again.", lines=("x" * 6000,))

    assert str(raised(failed(error))).startswith(f"{error.headline} {LOGS}\nxxx")


@settings(deadline=None)
@given(error=ERRORS, function=st.just(FUNCTION) | st.builds(Function, ANY_TEXT, LONG_TEXT, LONG_TEXT))
def test_a_message_has_1500_characters_and_3000_bytes_at_most_whatever_it_says(
    error: MigrateError, function: Function
) -> None:
    told = raised(failed(error), function)

    message, headline = str(told), readable(error.headline)
    assert len(message) <= 1500
    assert len(message.encode("utf-8")) <= len(as_json(message)) - 2 <= 3000
    assert (type(told), told.code) == (type(error), error.code)
    assert message.startswith(headline[:200])
    if function == FUNCTION:
        assert f" {LOGS}" in message
    if len(as_json(headline)) < 740:  # the log's name may take half of it all
        assert message.startswith(f"{headline} Logs: ")


@settings(deadline=None)
@given(latest=LONG_TEXT)
def test_what_is_returned_is_small_whatever_the_names(latest: str) -> None:
    assert len(as_json(returned(applied(latest)))) < 1500


def test_the_url_shows_nowhere() -> None:
    invoker = CdkProvider({**CREATE, "ResponseURL": "https://host/key?X-Amz-Signature=hush"}, FUNCTION)

    assert "hush" not in f"{invoker!r}{invoker}{invoker.reply(applied())!r}{invoker.reply(skipped())}"
