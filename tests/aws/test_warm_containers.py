"""A container that is used again: nothing of one invocation reaches the next."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.invocation import Invocation
from local.runtime_api import LambdaSandbox
from local.secrets_manager import LocalSecretsManager
from tests.fixtures.functions import (
    SECRET_ID,
    A,
    B,
    Planted,
    Start,
    messages,
    outcome_of,
    plant_login,
    records,
    refusal,
    sessions_of_runs,
    wait_until,
)
from tests.fixtures.planted import PASSWORD
from tests.fixtures.projects import Project, new_project

OTHER_ID = "other/database"


@pytest.fixture
def other(tmp_path: Path, planted: Planted) -> Iterator[Planted]:
    """Another login with another database, on the same server."""
    new, plant = contextmanager(new_project), contextmanager(plant_login)
    with new(tmp_path / "other", planted.project.server) as project, plant(project) as login:
        yield login


@pytest.fixture
def two(function: LambdaSandbox, other: Planted, manager: LocalSecretsManager) -> LambdaSandbox:
    """A function that has one database set, and may read the secret of another one."""
    manager.put(OTHER_ID, other.secret)
    return function


def invoke_and_kill(function: LambdaSandbox, planted: Planted) -> Invocation:
    """Deploy, and end the function as Lambda does when it is out of memory: in the midst of the last migration."""
    function.invoke({"action": "plan"})  # its process is started by this thread, with which it ends

    def kill() -> None:
        asleep = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event = 'PgSleep'"
        wait_until(lambda: bool(planted.project.value(asleep, planted.project.database)))
        assert function.pid is not None
        os.kill(function.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    invocation = function.invoke({})
    killer.join()
    return invocation


def database(project: Project) -> str:
    return f"127.0.0.1:{project.server.address.port}/{project.database}"


def test_two_invocations_with_different_databases_do_not_meet(
    two: LambdaSandbox, planted: Planted, other: Planted
) -> None:
    events: tuple[object, ...] = (
        {},
        {"secretId": OTHER_ID},
        {"action": "status"},
        {"secretId": OTHER_ID, "action": "status"},
    )

    first, second, third, fourth = (two.invoke(event) for event in events)

    assert [outcome_of(each)["database"] for each in (first, second, third, fourth)] == [
        database(planted.project),
        database(other.project),
    ] * 2
    assert [outcome_of(each)["status"] for each in (first, second, third, fourth)] == ["applied"] * 2 + ["upToDate"] * 2
    assert planted.project.tables() == other.project.tables() == {"a", "b"}
    assert (first.cold, second.cold, fourth.cold) == (True, False, False)


def test_what_a_request_asks_for_holds_for_it_alone(two: LambdaSandbox, planted: Planted, other: Planted) -> None:
    asked = {"secretId": OTHER_ID, "schema": "app", "strict": True, "to": A, "lockWaitS": 1}

    first, second = two.invoke(asked), two.invoke({})

    assert (outcome_of(first)["schema"], outcome_of(second)["schema"]) == ("app", "public")
    assert [migration["name"] for migration in outcome_of(second)["applied"]] == [A, B]
    assert planted.project.tables("app") == set()
    assert other.project.tables("app") == {"a"}


def test_no_connection_outlives_its_invocation(two: LambdaSandbox, planted: Planted, other: Planted) -> None:
    two.invoke({})
    assert sessions_of_runs(planted.project) == 0

    planted.project.write("20240103000000_c", "SELECT 1/0;")
    refusal(two.invoke({}), "MigrationFailed", "P3018")
    assert sessions_of_runs(planted.project) == 0

    two.invoke({"secretId": OTHER_ID})
    assert sessions_of_runs(planted.project) == sessions_of_runs(other.project) == 0


def test_after_an_exception_the_next_invocation_knows_nothing_of_it(
    two: LambdaSandbox, planted: Planted, manager: LocalSecretsManager
) -> None:
    manager.put("broken", {"username": "nobody", "password": PASSWORD})
    failed = two.invoke({"secretId": "broken"})

    after = two.invoke({})

    refusal(failed, "SettingsInvalid", "M205")
    assert outcome_of(after)["database"] == database(planted.project)
    assert not after.cold
    assert {record["run_id"] for record in records(after)} == {after.request_id}
    assert all(record["level"] == "INFO" for record in records(after))
    assert not any("broken" in message for message in messages(after))


def test_after_one_that_was_killed_the_next_invocation_goes_on(
    two: LambdaSandbox, planted: Planted, start: Start
) -> None:
    planted.project.write("20240103000000_c", "CREATE TABLE c (id int); SELECT pg_sleep(30);")
    killed = invoke_and_kill(start(MIGRATE_SECRET_ID=SECRET_ID), planted)
    planted.project.write("20240103000000_c", "CREATE TABLE c (id int);")

    after = two.invoke({})

    assert killed.error_type == "Runtime.ExitError"
    assert outcome_of(after)["status"] == "applied"
    assert planted.project.tables() == {"a", "b", "c"}
    assert [row["rolled_back_at"] for row in planted.project.rows()] == [None] * 3, "the killed one left nothing"


def test_the_same_container_goes_on_after_it_was_killed(start: Start, planted: Planted) -> None:
    function = start(DATABASE_URL=planted.url)
    planted.project.write("20240103000000_c", "SELECT pg_sleep(30);")
    killed = invoke_and_kill(function, planted)
    planted.project.write("20240103000000_c", "SELECT 1;")

    after = function.invoke({})

    assert killed.error_type == "Runtime.ExitError"
    assert after.cold
    assert outcome_of(after)["status"] == "applied"
    wait_until(lambda: sessions_of_runs(planted.project) == 0)


def test_a_setting_of_one_function_does_not_reach_another(start: Start, planted: Planted) -> None:
    in_app, in_public = start(DATABASE_URL=planted.url, MIGRATE_SCHEMA="app"), start(DATABASE_URL=planted.url)
    answers: dict[str, str] = {}

    def invoke(name: str, function: LambdaSandbox) -> None:
        answers[name] = outcome_of(function.invoke({}))["schema"]

    # The processes are started here: each ends with the thread that started it.
    for function in (in_app, in_public):
        function.invoke({"action": "status"})
    threads = [threading.Thread(target=invoke, args=each) for each in (("app", in_app), ("public", in_public))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == {"app": "app", "public": "public"}
