"""The connection is lost while a migration runs: what is said is what is so."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest

from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.postgres import recovery, sql
from lambda_fn.settings import Settings
from local.postgres import PostgresServer
from local.secrets_manager import LocalSecretsManager
from tests.fixtures.functions import SECRET_ID, Planted
from tests.fixtures.planted import plant
from tests.fixtures.projects import Project, new_project
from tests.fixtures.proxy import CountingProxy

MARK = b"CREATE TABLE b"
ROTATED = plant("rotated-while-the-answer-was-lost")


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


def test_a_message_that_never_arrived_is_sent_again_on_a_new_connection(
    one_project: Project, counting_proxy: CountingProxy
) -> None:
    counting_proxy.lose_message = MARK

    outcome = deploy_through(counting_proxy, one_project)

    assert outcome.status is Status.APPLIED, outcome.error
    assert one_project.tables() == {"a", "b", "c"}
    assert [row["migration_name"][-1] for row in one_project.rows()] == ["a", "b", "c"]


def test_a_script_that_ends_its_session_again_and_again_is_given_up_with_nothing_committed(project: Project) -> None:
    project.write("20240101000000_a", "CREATE TABLE a (id int); SELECT pg_terminate_backend(pg_backend_pid());")

    outcome = project.run()

    assert outcome.status is Status.FAILED
    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.exit_code) == ("P1017", 3)
    assert "Nothing of it was committed" in outcome.error.headline
    assert (project.tables(), project.rows()) == (set(), [])


def test_a_verdict_that_cannot_be_had_in_time_is_unknown_and_not_failed(
    one_project: Project, counting_proxy: CountingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "_VERDICT_WAIT_S", 0.5)
    counting_proxy.lose_answer = MARK
    counting_proxy.refuse_new_connections()

    outcome = deploy_through(counting_proxy, one_project)

    assert outcome.status is Status.UNKNOWN
    assert outcome.error is not None
    assert "in the database and in the history, or in neither" in outcome.error.headline
    assert one_project.run().status is Status.APPLIED
    assert one_project.tables() == {"a", "b", "c"}


def test_a_run_goes_on_behind_an_immediate_shutdown(tmp_path: Path) -> None:
    """The verdict comes from the server that has recovered. A server of its own: others use the shared one."""
    with PostgresServer() as server:
        for project in new_project(tmp_path / "migrations", server):
            project.write("20240101000000_a", "CREATE TABLE a (id int); SELECT pg_sleep(2);")
            with ThreadPoolExecutor() as pool:
                running = pool.submit(project.run)
                while not project.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"):
                    time.sleep(0.05)
                server.stop("immediate")
                server.start()
                outcome = running.result()

            assert (outcome.status, outcome.error) == (Status.APPLIED, None)
            assert project.tables() == {"a"}
            assert len(project.rows()) == 1


def test_a_failover_is_waited_for_while_the_name_still_leads_to_a_standby(tmp_path: Path) -> None:
    """As a cluster's endpoint does for some seconds."""
    with PostgresServer() as server:
        for project in new_project(tmp_path / "migrations", server):
            project.write("20240101000000_a", "-- migrate: stepwise\nCREATE TABLE a (id int);\nSELECT pg_sleep(2);")
            with ThreadPoolExecutor() as pool:
                running = pool.submit(project.run)
                while not project.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"):
                    time.sleep(0.05)
                server.stop("immediate")
                (server.home / "data" / "standby.signal").touch()
                server.start()
                time.sleep(2)
                assert not running.done()
                project.query("SELECT pg_promote()")
                outcome = running.result()

            assert (outcome.status, outcome.error) == (Status.APPLIED, None)
            assert project.tables() == {"a"}


def test_a_query_of_ours_that_somebody_cancels_is_sent_again(project: Project) -> None:
    project.write("20240101000000_a", "CREATE TABLE a (id int);")
    project.run()
    project.write("20240102000000_b", "CREATE TABLE b (id int);")
    waiting = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with ThreadPoolExecutor() as pool, project.connect() as other:
        other.execute("BEGIN")
        other.execute("LOCK TABLE _prisma_migrations IN ACCESS EXCLUSIVE MODE")
        running = pool.submit(project.run)
        while not (found := project.query(waiting)):
            time.sleep(0.02)
        project.query("SELECT pg_cancel_backend(%s)", found[0]["pid"])
        other.execute("COMMIT")
        outcome = running.result()

    assert (outcome.status, outcome.error) == (Status.APPLIED, None)


@pytest.mark.parametrize("script", ["CREATE TABLE b (id int);", "VACUUM a;"])
def test_a_prologue_that_somebody_cancels_is_sent_again(
    project: Project, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    project.write("20240101000000_a", "CREATE TABLE a (id int);")
    project.run()
    project.write("20240102000000_b", script)
    for name in ("CHECK_SESSION_LOCK", "TAKE_FENCE"):
        monkeypatch.setattr(sql, name, "SELECT pg_catalog.pg_sleep(0.5);" + getattr(sql, name))
    sleeping = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
    with ThreadPoolExecutor() as pool:
        running = pool.submit(project.run)
        while not (found := project.query(sleeping)):
            time.sleep(0.02)
        project.query("SELECT pg_cancel_backend(%s)", found[0]["pid"])
        outcome = running.result()

    assert (outcome.status, outcome.error) == (Status.APPLIED, None)


class BySecret:
    """A deploy by a secret; when it connects again, the database has another password."""

    def __init__(self, planted: Planted, manager: LocalSecretsManager, proxy: CountingProxy) -> None:
        self._planted = planted
        self._manager = manager
        self._secret = {**planted.secret, "host": "127.0.0.1", "port": proxy.port}
        self.rotate_after_s: float | None = None
        """When the secret follows; None is never."""
        self.connections = 0
        manager.put(SECRET_ID, self._secret)
        proxy.before_connection = self._count
        proxy.before_reconnection = self._change_password

    def deploy(self) -> Outcome:
        """Run it."""
        project = self._planted.project
        return project.run(settings=Settings(secret_id=SECRET_ID, directory=str(project.directory)))

    def _count(self) -> None:
        self.connections += 1

    def _change_password(self) -> None:
        self._planted.project.query(f"ALTER ROLE {self._planted.user} PASSWORD '{ROTATED}'")
        if self.rotate_after_s is not None:
            rotated = {**self._secret, "password": ROTATED}
            threading.Timer(self.rotate_after_s, self._manager.put, (SECRET_ID, rotated)).start()
            self.rotate_after_s = None


@pytest.fixture
def by_secret(
    planted: Planted, manager: LocalSecretsManager, counting_proxy: CountingProxy, monkeypatch: pytest.MonkeyPatch
) -> BySecret:
    """A deploy whose connection is lost behind a COMMIT, and whose password is another by then."""
    for name, value in manager.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # of tests before this one, with their credentials
    monkeypatch.setattr(recovery, "_VERDICT_WAIT_S", 6.0)
    monkeypatch.setattr(recovery, "_ROTATION_PAUSE_S", 1.0)
    counting_proxy.lose_answer = b"CREATE TABLE a"
    return BySecret(planted, manager, counting_proxy)


def test_a_refused_password_is_not_tried_again_while_the_secret_stays_the_same(
    by_secret: BySecret, manager: LocalSecretsManager
) -> None:
    outcome = by_secret.deploy()

    assert outcome.status is Status.UNKNOWN
    assert by_secret.connections == 2, "the run's own, and one that was refused: failed logins can lock a user out"
    assert 2 < len(manager.operations) <= 8


def test_a_secret_that_follows_the_database_is_waited_for(by_secret: BySecret) -> None:
    by_secret.rotate_after_s = 1.5

    outcome = by_secret.deploy()

    assert outcome.status is Status.APPLIED, outcome.error
    assert by_secret.connections == 3
