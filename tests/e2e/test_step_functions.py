"""The state machine of docs/examples/step-functions over three databases of one server."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from uuid import UUID

import pytest

from tests.fixtures.deployments import Account
from tests.fixtures.functions import A, B, plant_login, sessions_of_runs, wait_until
from tests.fixtures.projects import Project
from tests.fixtures.servers import new_database
from tests.fixtures.state_machines import Fleet

NAMES = ("first", "second", "third")
SLOW = ("20240103000000_c", "20240104000000_d", "20240105000000_e")


@pytest.fixture
def fleet(account: Account, one_project: Project) -> Iterator[Fleet]:
    """Three empty databases with two migrations to come. Afterwards no session may be left in any of them."""
    pytest.importorskip("awslambdaric", reason="AWS's runtime client is not installed")
    made = Fleet(account)
    with ExitStack() as stack:
        planted = stack.enter_context(contextmanager(plant_login)(one_project))
        for name in NAMES:
            database = stack.enter_context(contextmanager(new_database)(one_project.server))
            project = Project(one_project.directory, one_project.server, database)
            made.add(name, project, {**planted.secret, "dbname": database})
        made.create()
        stack.callback(made.delete)
        yield made
        wait_until(lambda: all(sessions_of_runs(project) == 0 for project in made.projects.values()))
        assert made.log


def test_one_execution_migrates_every_database_and_tells_of_each_in_a_few_words(fleet: Fleet) -> None:
    execution = fleet.execute(*NAMES)

    assert (execution.status, execution.invocations) == ("SUCCEEDED", 3)
    assert [project.tables() for project in fleet.projects.values()] == [{"a", "b"}] * 3
    assert execution.size_bytes < 800
    for name, result in zip(NAMES, execution.databases, strict=True):
        run_id = result.pop("runId")
        assert str(UUID(run_id)) == run_id
        database = {"secretId": fleet.secret_id(name)}
        assert result == {"database": database, "status": "applied", "latest": B, "appliedCount": 2}


def test_a_second_execution_has_nothing_to_do(fleet: Fleet) -> None:
    fleet.execute(*NAMES)

    execution = fleet.execute(*NAMES)

    assert (execution.status, execution.invocations) == ("SUCCEEDED", 3)
    results = [(result["status"], result["latest"], result["appliedCount"]) for result in execution.databases]
    assert results == [("upToDate", B, 0)] * 3


def test_what_a_person_has_to_mend_is_named_not_retried_and_stops_no_other_database(fleet: Fleet) -> None:
    fleet.execute("second", to=A)
    for name in ("second", "third"):  # what the history of one does not tell, and what has no history
        fleet.projects[name].query("CREATE TABLE b (note text)")

    execution = fleet.execute(*NAMES)

    second, third = fleet.secret_id("second"), fleet.secret_id("third")
    assert (execution.status, execution.error) == ("FAILED", "DatabasesNotMigrated")
    assert execution.cause == f"2 of 3 databases: {second} MigrationFailed, {third} HistoryBlocked"
    assert execution.invocations == 3
    assert [result["status"] for result in execution.databases] == ["applied", "failed", "failed"]
    failed = execution.databases[1]
    assert failed["cause"].startswith(f"P3018 Migration {B} failed to apply: ERROR 42P07")
    assert failed.keys() == {"database", "status", "error", "cause"}
    assert [len(result["cause"].splitlines()) for result in execution.databases[1:]] == [1, 1]
    assert [project.tables() for project in fleet.projects.values()] == [{"a", "b"}, {"a", "b"}, {"b"}]
    assert len(fleet.projects["second"].rows()) == 2, "the failure is recorded once"


def test_a_database_that_could_not_be_tried_is_told_apart_from_one_that_failed(fleet: Fleet) -> None:
    execution = fleet.execute("first", "unheard-of")

    assert execution.status == "FAILED"
    assert execution.cause == f"1 of 2 databases: {fleet.secret_id('unheard-of')} SettingsInvalid"
    assert [result["status"] for result in execution.databases] == ["applied", "unfinished"]
    assert execution.databases[1]["cause"].startswith("M2")
    assert fleet.projects["first"].tables() == {"a", "b"}


def test_a_database_with_a_runner_in_it_is_tried_again(fleet: Fleet) -> None:
    with fleet.projects["first"].connect() as runner:
        runner.execute("SELECT pg_advisory_lock(72707369)")
        release = threading.Timer(3, lambda: runner.execute("SELECT pg_advisory_unlock_all()"))
        release.start()
        execution = fleet.execute("first", lockWaitS=1)
        release.join()

    assert (execution.status, execution.invocations) == ("SUCCEEDED", 2)
    assert execution.databases[0]["database"] == {"secretId": fleet.secret_id("first"), "lockWaitS": 1}
    assert execution.databases[0]["appliedCount"] == 2


def test_what_does_not_fit_one_invocation_is_applied_in_several(fleet: Fleet) -> None:
    project = fleet.projects["first"]
    for name in SLOW:
        project.write(name, "SELECT pg_sleep(1.2);")
    fleet.configure(timeout_s=8, MIGRATE_RESERVE_S="5")

    execution = fleet.execute("first")

    assert execution.status == "SUCCEEDED"
    assert 2 <= execution.invocations <= len(SLOW)
    [result] = execution.databases
    assert (result["status"], result["latest"], result["appliedCount"]) == ("applied", SLOW[-1], 2 + len(SLOW))
    assert [row["migration_name"] for row in project.rows() if row["finished_at"]] == [A, B, *SLOW]
