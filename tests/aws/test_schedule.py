"""A schedule of EventBridge looks how database and directory differ, and changes nothing."""

import pytest

from local.invocation import Invocation
from local.runtime_api import LambdaSandbox
from tests.fixtures.custom_resources import event_of
from tests.fixtures.functions import A, B, Planted, Start, metrics, outcome_of, refusal

C = "20240103000000_c"
RULE = event_of("scheduled-rule.json")


@pytest.fixture
def function(start: Start, planted: Planted) -> LambdaSandbox:
    """The function with a schedule."""
    return start(DATABASE_URL=planted.url)


def drift(invocation: Invocation) -> list[float] | None:
    """The metric; None where there is none."""
    [record] = metrics(invocation)
    named = [metric for metric in record["_aws"]["CloudWatchMetrics"][0]["Metrics"] if metric["Name"] == "Drift"]
    assert bool(named) is ("Drift" in record)
    assert all(metric["Unit"] == "Count" for metric in named)
    value: list[float] | None = record.get("Drift")
    return value


@pytest.mark.parametrize("file", ["scheduled-rule.json", "scheduled-scheduler.json"])
def test_a_schedule_only_looks(function: LambdaSandbox, planted: Planted, file: str) -> None:
    invocation = function.invoke({**event_of(file), "action": "deploy", "detail": {"action": "deploy"}})

    outcome = outcome_of(invocation)
    assert (outcome["action"], outcome["status"]) == ("status", "pending")
    assert [migration["name"] for migration in outcome["pending"]] == [A, B]
    assert drift(invocation) == [2]
    assert planted.project.tables_with_history() == set()


def test_the_metric_is_how_many_migrations_differ(function: LambdaSandbox, planted: Planted) -> None:
    planted.project.run()
    level = function.invoke(RULE)
    planted.project.write(A, "CREATE TABLE a (id bigint);")
    planted.project.write(C, "SELECT 1;")
    ahead = function.invoke(RULE)

    assert [drift(level), drift(ahead)] == [[0], [2]]


def test_a_run_that_somebody_waits_for_has_no_such_metric(function: LambdaSandbox) -> None:
    """Before a deployment they differ, and an alarm on it would ring each time."""
    assert [drift(function.invoke(event)) for event in ({"action": "status"}, {}, {"action": "status"})] == [None] * 3


def test_a_database_that_cannot_be_asked_is_no_drift_and_fails_the_invocation(start: Start) -> None:
    invocation = start(DATABASE_URL="postgresql://app:password@127.0.0.1:1/shop").invoke(RULE)

    refusal(invocation, "DatabaseUnreachable", "P1001")
    assert drift(invocation) is None
    assert metrics(invocation)[0]["Failed"] == [1]
