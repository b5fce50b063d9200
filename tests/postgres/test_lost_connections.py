"""The connection is lost while a migration runs: what is said is what is so."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.postgres import runner
from local.postgres import PostgresServer
from tests.fixtures.projects import Project, new_project
from tests.fixtures.proxy import CountingProxy

MARK = b"CREATE TABLE b"


def deploy_through(proxy: CountingProxy, project: Project) -> Outcome:
    project.write("20240101000000_a", "CREATE TABLE a (id int);")
    project.write("20240102000000_b", "CREATE TABLE b (id int);")
    project.write("20240103000000_c", "CREATE TABLE c (id int);")
    return project.run(settings=project.settings_for(proxy.url(project.database)))


def test_a_commit_whose_answer_was_lost_is_found_in_the_history_and_the_run_goes_on(
    one_project: Project, counting_proxy: CountingProxy
) -> None:
    counting_proxy.lose_answer = MARK

    outcome = deploy_through(counting_proxy, one_project)

    assert outcome.status is Status.APPLIED, outcome.error
    assert one_project.tables() == {"a", "b", "c"}
    assert [row["migration_name"][-1] for row in one_project.rows()] == ["a", "b", "c"]
    assert all(row["finished_at"] for row in one_project.rows())


def test_a_message_that_never_arrived_is_said_to_have_committed_nothing(
    one_project: Project, counting_proxy: CountingProxy
) -> None:
    counting_proxy.lose_message = MARK

    outcome = deploy_through(counting_proxy, one_project)

    assert outcome.status is Status.FAILED
    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.exit_code) == ("P1017", 3)
    assert "Nothing of it was committed" in outcome.error.headline
    assert one_project.tables() == {"a"}
    assert one_project.run().status is Status.APPLIED


def test_a_verdict_that_cannot_be_had_in_time_is_unknown_and_not_failed(
    one_project: Project, counting_proxy: CountingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_VERDICT_WAIT_S", 0.5)
    counting_proxy.lose_answer = MARK
    counting_proxy.refuse_new_connections()

    outcome = deploy_through(counting_proxy, one_project)

    assert outcome.status is Status.UNKNOWN
    assert outcome.error is not None
    assert "in the database and in the history, or in neither" in outcome.error.headline
    assert one_project.run().status is Status.APPLIED
    assert one_project.tables() == {"a", "b", "c"}


def test_a_session_ended_by_an_immediate_shutdown_left_nothing(tmp_path: Path) -> None:
    """The verdict comes from the server that has recovered. A server of its own: others use the shared one."""
    with PostgresServer() as server:
        for project in new_project(tmp_path / "migrations", server):
            project.write("20240101000000_a", "CREATE TABLE a (id int); SELECT pg_sleep(20);")
            with ThreadPoolExecutor() as pool:
                running = pool.submit(project.run)
                while not project.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"):
                    time.sleep(0.05)
                server.stop("immediate")
                server.start()
                outcome = running.result()

            assert outcome.error is not None
            assert outcome.error.code == "P1017"
            assert "Nothing of it was committed" in outcome.error.headline
            assert project.tables() == set()
