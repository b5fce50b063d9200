"""Lifecycle hooks of ECS deployments from end to end: the event in, the hook's status out."""

from typing import Any

import pytest

from local.invocation import Invocation
from local.runtime_api import LambdaSandbox
from tests.fixtures.custom_resources import Event, event_of
from tests.fixtures.functions import A, B, BreakImports, Planted, Start, errors, messages, metrics, records
from tests.fixtures.sessions import open_session

C, D = "20240103000000_c", "20240104000000_d"
BEFORE_NEW_TASKS = event_of("ecs-pre-scale-up.json")
SUCCEEDED, FAILED = {"hookStatus": "SUCCEEDED"}, {"hookStatus": "FAILED"}
RESERVE_S = "5"


@pytest.fixture
def function(start: Start, planted: Planted) -> LambdaSandbox:
    """The function as a hook of a service."""
    return start(DATABASE_URL=planted.url, MIGRATE_RESERVE_S=RESERVE_S)


def answer(invocation: Invocation) -> dict[str, Any]:
    """What the hook returned: an exception, or no status, would roll the deployment back without a word."""
    assert invocation.error is None
    payload: dict[str, Any] = invocation.payload
    return payload


def error(invocation: Invocation) -> str:
    """The one error in the log."""
    [message] = errors(invocation)
    return message


def merged(event: Event, answered: dict[str, Any]) -> Event:
    """The event that ECS sends next: what the hook returned is merged into what the service's definition says."""
    return {**event, "hookDetails": {**event["hookDetails"], **answered["hookDetails"]}}


def test_before_new_tasks_what_is_pending_is_applied(function: LambdaSandbox, planted: Planted) -> None:
    """ECS's guide has shown the event in two forms."""
    invocations = [function.invoke(event) for event in (event_of("ecs-pre-scale-up-first-form.json"), BEFORE_NEW_TASKS)]

    assert [answer(each) for each in invocations] == [SUCCEEDED, SUCCEEDED]
    assert [metrics(each)[0]["Applied"] for each in invocations] == [[2], [0]]
    assert planted.project.tables() == {"a", "b"}


def test_a_migration_that_fails_fails_the_hook_and_the_log_says_why(function: LambdaSandbox, planted: Planted) -> None:
    planted.project.write(B, "CREATE TABLE b (id int);\nALTER TABLE nowhere ADD COLUMN c int;")

    invocation = function.invoke(BEFORE_NEW_TASKS)

    assert answer(invocation) == FAILED
    first, *more = error(invocation).splitlines()
    assert first.startswith(f"P3018 Migration {B} failed to apply: ERROR 42P01 ")
    assert "line 2, column 1" in first
    assert "Correct the file and deploy again; no resolve is needed." in first
    assert "Logs: /aws/lambda/migrate local/[$LATEST]" in first
    assert any("ALTER TABLE nowhere ADD COLUMN c int;" in line for line in more)
    assert planted.project.tables() == {"a"}


def test_a_run_that_does_not_fit_comes_back_until_it_is_done(function: LambdaSandbox, planted: Planted) -> None:
    planted.project.write(C, "CREATE TABLE slow (seconds int); INSERT INTO slow VALUES (60);")
    planted.project.write(D, "CREATE TABLE d (id int); SELECT pg_sleep(seconds) FROM slow;")

    first = function.invoke(BEFORE_NEW_TASKS, timeout_s=8.0)
    came_back = answer(first)
    in_between = planted.project.tables()
    planted.project.query("UPDATE slow SET seconds = 0")
    last = function.invoke(merged(BEFORE_NEW_TASKS, came_back))

    assert came_back["hookStatus"] == "IN_PROGRESS"
    assert came_back["callBackDelay"] == 30
    continuation = {"runId": first.request_id, "appliedCount": 3, "waits": 0}
    assert came_back["hookDetails"] == {"action": "deploy", "continuation": continuation}
    assert first.elapsed_ms < 8_000
    assert in_between == {"a", "b", "slow"}
    assert answer(last) == SUCCEEDED
    assert [row["migration_name"] for row in planted.project.rows() if row["finished_at"]] == [A, B, C, D]


def test_whoever_is_held_up_by_another_runner_comes_back_and_is_not_rolled_back(
    function: LambdaSandbox, planted: Planted
) -> None:
    """Services of one stack deploy at the same time, and one of them has work for more than one invocation."""
    with open_session(planted.project):
        waited = function.invoke(BEFORE_NEW_TASKS, timeout_s=7.0)
        again = function.invoke(merged(BEFORE_NEW_TASKS, answer(waited)), timeout_s=7.0)
    last = function.invoke(merged(merged(BEFORE_NEW_TASKS, answer(waited)), answer(again)))

    continuations = [answer(each)["hookDetails"]["continuation"] for each in (waited, again)]
    assert continuations == [{"runId": waited.request_id, "appliedCount": 0, "waits": count} for count in (1, 2)]
    assert [record["level"] for record in records(again) if "P1002" in record["message"]] == ["WARNING"]
    assert f"Going on with the work of run {waited.request_id}" in messages(last)
    assert answer(last) == SUCCEEDED
    assert metrics(waited)[0]["Failed"] == [0]
    assert planted.project.tables() == {"a", "b"}


def test_after_four_waits_in_a_row_a_lock_that_nobody_releases_is_a_failure(
    function: LambdaSandbox, planted: Planted
) -> None:
    details = {**BEFORE_NEW_TASKS["hookDetails"], "continuation": {"runId": "r", "appliedCount": 0, "waits": 4}}
    with open_session(planted.project):
        invocation = function.invoke({**BEFORE_NEW_TASKS, "hookDetails": details}, timeout_s=7.0)

    assert (answer(invocation), error(invocation)[:5]) == (FAILED, "P1002")


def test_an_older_release_is_deployed_although_a_newer_migration_is_half_done(
    function: LambdaSandbox, planted: Planted
) -> None:
    """As when a stack is rolled back: ECS calls the hook again, of the function with the layer that it had before."""
    planted.project.write(C, "-- migrate: stepwise\nCREATE TABLE c (id int);\nSELECT 1/0;")
    failed = function.invoke(BEFORE_NEW_TASKS)
    planted.project.remove(C)

    verify = {**BEFORE_NEW_TASKS, "hookDetails": {"action": "verify"}}
    rolled_back = [function.invoke(event) for event in (BEFORE_NEW_TASKS, verify)]

    assert (answer(failed), [answer(each) for each in rolled_back]) == (FAILED, [SUCCEEDED, SUCCEEDED])
    assert all(any("Half done, and newer" in message for message in messages(each)) for each in rolled_back)
    planted.project.write(C, "-- migrate: stepwise\nCREATE TABLE c (id int);\nSELECT 1;")
    assert answer(function.invoke(BEFORE_NEW_TASKS)) == SUCCEEDED
    assert planted.project.tables() == {"a", "b", "c"}


def test_verify_gates_a_deployment_without_changing_anything(function: LambdaSandbox, planted: Planted) -> None:
    event = {**BEFORE_NEW_TASKS, "hookDetails": {"action": "verify"}}

    pending, before = function.invoke(event), planted.project.tables_with_history()
    planted.project.run()

    assert (answer(pending), error(pending)[:4], before) == (FAILED, "M503", set())
    assert answer(function.invoke(event)) == SUCCEEDED


def test_a_rollback_that_reaches_a_stage_again_changes_nothing(function: LambdaSandbox, planted: Planted) -> None:
    invocation = function.invoke(event_of("ecs-production-traffic-shift-rollback.json"))

    assert answer(invocation) == SUCCEEDED
    assert planted.project.tables_with_history() == set()
    assert metrics(invocation) == [], "there was no run"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an action that a hook has not": ({"hookDetails": {"action": "resolve", "applied": A}}, "M108"),
    "a key that is unknown": ({"hookDetails": {"acton": "deploy"}}, "M103"),
    "details that are no object": ({"hookDetails": "deploy"}, "M104"),
    "a stage at which nothing is to be done": ({"lifecycleStage": "POST_SCALE_UP", "hookDetails": {}}, "M110"),
}


def test_what_is_not_understood_fails_the_hook_before_anything_is_done(
    function: LambdaSandbox, planted: Planted
) -> None:
    invocations = {name: function.invoke({**BEFORE_NEW_TASKS, **keys}) for name, (keys, _) in WRONG.items()}

    assert {name: answer(each) for name, each in invocations.items()} == dict.fromkeys(WRONG, FAILED)
    assert {name: error(each)[:4] for name, each in invocations.items()} == {
        name: code for name, (_, code) in WRONG.items()
    }
    assert planted.project.tables_with_history() == set()


def test_a_package_that_cannot_be_imported_is_no_exception(
    start: Start, planted: Planted, broken_imports: BreakImports
) -> None:
    invocation = start(DATABASE_URL=planted.url, PYTHONPATH=broken_imports("psycopg")).invoke(BEFORE_NEW_TASKS)

    assert answer(invocation) == FAILED
    assert "psycopg" in error(invocation)
    assert planted.project.tables_with_history() == set()


def test_a_hook_needs_no_aws_at_all(start: Start, planted: Planted, broken_imports: BreakImports) -> None:
    invocation = start(DATABASE_URL=planted.url, PYTHONPATH=broken_imports("boto3", "botocore")).invoke(
        BEFORE_NEW_TASKS
    )

    assert answer(invocation) == SUCCEEDED
