"""What CloudWatch gets: one record a sentence, and metrics."""

import threading
from contextlib import ExitStack
from typing import Any

import pytest

from local.invocation import Invocation
from local.runtime_api import LambdaSandbox
from local.secrets_manager import LocalSecretsManager
from tests.fixtures.functions import (
    SECRET_ID,
    A,
    B,
    BreakImports,
    Planted,
    Start,
    messages,
    metrics,
    outcome_of,
    records,
    refusal,
)
from tests.fixtures.sessions import open_session

NAMES = {"Runs", "Applied", "Failed", "Duration", "LockWait", "TimeUsed", "ColdStart"}


def metrics_of(invocation: Invocation) -> dict[str, Any]:
    """The one record of metrics of an invocation."""
    [record] = metrics(invocation)
    return record


def values(invocation: Invocation) -> dict[str, float]:
    record = metrics_of(invocation)
    return {name: record[name][0] for name in NAMES}


def test_a_run_is_told_in_cloudwatchs_embedded_metric_format(function: LambdaSandbox) -> None:
    invocation = function.invoke({})

    record = metrics_of(invocation)
    [directive] = record["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "MigrateLambda"
    assert directive["Dimensions"] == [["service"]]
    assert {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]} == {
        **dict.fromkeys(NAMES, "Count"),
        "Duration": "Milliseconds",
        "LockWait": "Milliseconds",
        "TimeUsed": "Percent",
    }
    assert record["service"] == "migrate-lambda"
    assert (record["run_id"], record["action"], record["status"]) == (invocation.request_id, "deploy", "applied")
    assert record["database"] == outcome_of(invocation)["database"]


def test_metrics_count_what_was_done(function: LambdaSandbox, planted: Planted) -> None:
    first, second = function.invoke({}), function.invoke({})
    planted.project.write("20240103000000_c", "SELECT 1/0;")
    failed = function.invoke({})

    told = [values(invocation) for invocation in (first, second, failed)]

    assert [(each["Runs"], each["Applied"], each["Failed"]) for each in told] == [(1, 2, 0), (1, 0, 0), (1, 0, 1)]
    assert [each["ColdStart"] for each in told] == [1, 0, 0]
    assert told[0]["Duration"] == outcome_of(first)["elapsedMs"]
    assert (metrics_of(failed)["status"], metrics_of(failed)["error_code"]) == ("failed", "P3018")


def test_how_much_of_the_timeout_a_run_used_is_a_metric(function: LambdaSandbox, planted: Planted) -> None:
    function.invoke({"action": "plan"})  # so that the start does not count
    short = function.invoke({"action": "status"}, timeout_s=900)
    planted.project.write("20240103000000_c", "SELECT pg_sleep(3);")
    long = function.invoke({}, timeout_s=30)

    assert 0 <= values(short)["TimeUsed"] < 1
    assert 10 <= values(long)["TimeUsed"] < 100


def test_the_wait_for_the_lock_is_a_metric(function: LambdaSandbox, planted: Planted) -> None:
    with open_session(planted.project):
        given_up = values(function.invoke({"lockWaitS": 0.2}))
    not_needed = values(function.invoke({"action": "status"}))

    assert (given_up["Failed"], given_up["LockWait"]) == (1, 200)
    assert (not_needed["Failed"], not_needed["LockWait"]) == (0, 0)


def test_the_wait_for_the_lock_that_was_worth_it_is_a_metric(function: LambdaSandbox, planted: Planted) -> None:
    with ExitStack() as stack:
        stack.enter_context(open_session(planted.project))
        release = threading.Timer(0.5, stack.pop_all().close)
        function.invoke({"action": "plan"})  # so that the start does not count
        release.start()
        waited = values(function.invoke({}))["LockWait"]
        release.join()

    assert 200 < waited < 5_000


def test_a_request_or_a_setting_that_is_wrong_is_logged_and_counts_as_a_failed_run(start: Start) -> None:
    request, setting = start().invoke({"action": "reset"}), start(MIGRATE_STRICT="perhaps").invoke({})

    for invocation, code in ((request, "M102"), (setting, "M201")):
        assert values(invocation)["Failed"] == 1
        [record] = records(invocation)
        assert (record["level"], record["run_id"]) == ("ERROR", invocation.request_id)
        assert record["message"].startswith(f"{code} ")


@pytest.mark.parametrize("variables", [{}, {"MIGRATE_STRICT": "perhaps"}], ids=["all is well", "a setting is wrong"])
@pytest.mark.parametrize("event", [{}, {"action": "reset"}], ids=["deploy", "a wrong request"])
def test_namespace_and_service_can_be_set(
    start: Start, planted: Planted, manager: LocalSecretsManager, variables: dict[str, str], event: object
) -> None:
    manager.put(SECRET_ID, planted.secret)
    named = {"POWERTOOLS_METRICS_NAMESPACE": "Shop/Migrations", "POWERTOOLS_SERVICE_NAME": "shop"}

    invocation = start(MIGRATE_SECRET_ID=SECRET_ID, **named, **variables).invoke(event)

    record = metrics_of(invocation)
    assert record["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Shop/Migrations"
    assert record["service"] == "shop"
    assert {each["service"] for each in records(invocation)} == {"shop"}


def test_without_powertools_the_run_is_made_and_told_in_plain_records(
    start: Start, planted: Planted, manager: LocalSecretsManager, broken_imports: BreakImports
) -> None:
    manager.put(SECRET_ID, planted.secret)

    invocation = start(MIGRATE_SECRET_ID=SECRET_ID, PYTHONPATH=broken_imports("aws_lambda_powertools")).invoke({})

    assert [migration["name"] for migration in outcome_of(invocation)["applied"]] == [A, B]
    assert messages(invocation)[0].startswith("Powertools cannot be used (ImportError)")
    assert messages(invocation)[1] == "Running Database Migrations"
    assert messages(invocation)[-1] == "Migrations completed successfully"
    assert {record["run_id"] for record in records(invocation)} == {invocation.request_id}
    assert metrics(invocation) == []


def test_an_error_before_the_run_is_in_the_log_as_it_is_in_the_answer(start: Start) -> None:
    invocation = start().invoke({"acton": "deploy"})

    message = refusal(invocation, "RequestInvalid", "M103")
    assert messages(invocation) == [message]
