"""Prisma and this program at once on one database: one applies, the other waits, and neither harms the other.

Of twenty rounds five are processes of the CLI against processes of ours. The CLI needs a second to begin, so that the
two hardly meet; in the others the engine alone, which begins in milliseconds, is asked at a chosen moment of our run.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lambda_fn.domain.outcome import Status
from local.postgres import PostgresServer
from tests.fixtures.prisma import Prisma, finished
from tests.fixtures.prisma_engine import EngineError, LiveEngine
from tests.fixtures.projects import Project, new_project
from tests.fixtures.terminal import Finished, finish, start_on
from tests.interop.each_other import SLEEPING

A, B, C = "20240101000000_a", "20240102000000_b", "20240103000000_c"
# What is applied twice fails, or counts twice.
SCRIPTS = {
    A: "CREATE TABLE a AS SELECT 0 AS n;",
    B: "UPDATE a SET n = n + 1; SELECT pg_sleep(0.1);",
    C: "UPDATE a SET n = n + 1; CREATE TABLE c (id int);",
}
ALL = tuple(SCRIPTS)
LONG = "SELECT pg_sleep(11.5); CREATE TABLE b (id int);"
INDEX = "CREATE INDEX CONCURRENTLY a_n ON a (n);"
OURS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'mig/%'"
RUNNING = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active' AND query ~ %s
"""
LOCKS = """
SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
 WHERE locktype = 'advisory' AND objid = 72707369 AND datname = current_database()
"""
HELD, WAITING = f"{LOCKS} AND granted", f"{LOCKS} AND NOT granted"
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('a_n')"


def wait_until(project: Project, query: str, *parameters: str, unless: Callable[[], object] = lambda: None) -> None:
    """Wait until a count is no longer 0, or until there is no sense in that any more."""
    give_up_at_s = time.monotonic() + 30
    with project.connect() as connection:
        while unless() is None and not next(iter(connection.execute(query, parameters or None).fetchall()[0].values())):
            assert time.monotonic() < give_up_at_s
            time.sleep(0.005)


LOCKED_ROUNDS = 3
PRISMA_BEGINS_AT = (0.0, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0, 1.05)
"""Parts of the time that ours needs to come to the lock."""
LATER_THAN_THE_CLI_S = (0.0, 0.4, 0.7, 1.0, 1.3)


def write(project: Project) -> None:
    for name, script in SCRIPTS.items():
        project.write(name, script)


def assert_each_was_applied_once(project: Project) -> None:
    rows = project.rows()
    assert [row["migration_name"] for row in rows] == list(ALL)
    assert [row["applied_steps_count"] for row in rows] == [1, 1, 1]
    assert all(row["finished_at"] and not row["rolled_back_at"] and row["logs"] is None for row in rows)
    assert project.value("SELECT n FROM a") == 2


def applied_by_ours(ended: Finished) -> tuple[str, ...]:
    assert ended.exit_code == 0, ended.stderr
    names = tuple(migration["name"] for migration in ended.outcome["applied"])
    assert ended.outcome["status"] == (Status.APPLIED if names else Status.UP_TO_DATE)
    return names


def test_of_ours_and_prismas_engine_exactly_one_applies_fifteen_times(
    tmp_path: Path, one_server: PostgresServer, prisma_engine: LiveEngine
) -> None:
    """The first times Prisma begins when ours has the lock, then before that, at moments that come closer to it."""
    winners = set[str]()
    loading_s = 0.0
    for number, begins_at in enumerate((None,) * LOCKED_ROUNDS + PRISMA_BEGINS_AT):
        for project in new_project(tmp_path / str(number), one_server):
            write(project)
            runner = start_on(project, "deploy")
            if begins_at is None:
                started_s = time.monotonic()
                wait_until(project, HELD, unless=runner.poll)
                loading_s = time.monotonic() - started_s
            else:
                time.sleep(loading_s * begins_at)
            theirs = prisma_engine.deploy(project.url, project.directory)
            ours = applied_by_ours(finish(runner))

            assert sorted((theirs, ours)) == [(), ALL]
            assert_each_was_applied_once(project)
            winners.add("ours" if ours else "prisma")
    assert winners == {"ours", "prisma"}


def test_of_ours_and_the_cli_exactly_one_applies_five_times(
    tmp_path: Path, one_server: PostgresServer, prisma: Prisma
) -> None:
    for number, later_s in enumerate(LATER_THAN_THE_CLI_S):
        for project in new_project(tmp_path / str(number), one_server):
            write(project)
            with prisma.start("deploy", url=project.url, migrations_dir=project.directory) as process:
                time.sleep(later_s)
                ours = applied_by_ours(finish(start_on(project, "deploy")))
                theirs = finished(process)

            assert theirs.exit_code == 0, theirs.text
            said = "No pending migrations to apply." if ours else "All migrations have been successfully applied."
            assert said in theirs.text
            assert ours in ((), ALL)
            assert_each_was_applied_once(project)


def code_of(engine: LiveEngine, project: Project) -> str | None:
    """Of a deploy of Prisma's that is to fail."""
    with pytest.raises(EngineError) as refused:
        engine.deploy(project.url, project.directory)
    return refused.value.code


def test_behind_a_script_of_more_than_ten_seconds_prisma_gives_up_and_ours_waits(
    one_project: Project, tmp_path: Path, one_server: PostgresServer, prisma_engine: LiveEngine
) -> None:
    """In two databases at the same time."""
    for other, pool in ((each, ThreadPoolExecutor()) for each in new_project(tmp_path / "other", one_server)):
        for project in (one_project, other):
            project.write(A, LONG)
        with pool:
            runner = start_on(one_project, "deploy")
            theirs = pool.submit(prisma_engine.deploy, other.url, other.directory)
            wait_until(one_project, SLEEPING)
            given_up = pool.submit(code_of, prisma_engine, one_project)
            wait_until(other, SLEEPING)
            waiter = start_on(other, "deploy")

        assert given_up.result() == "P1002"
        assert applied_by_ours(finish(runner)) == (A,)
        assert theirs.result() == (A,)
        assert applied_by_ours(finish(waiter)) == ()
        for project in (one_project, other):
            assert prisma_engine.deploy(project.url, project.directory) == ()
            assert len(project.rows()) == 1


def prepare_index(project: Project) -> None:
    project.write(A, "CREATE TABLE a AS SELECT 0 AS n;")
    project.run()
    project.write(B, INDEX)


def test_a_prisma_that_waits_for_the_lock_does_not_kill_our_index_build(
    one_project: Project, prisma_engine: LiveEngine
) -> None:
    """It waits with a snapshot, for which the build waits in turn: the server ends one of the two.

    Who has waited for longer than deadlock_timeout has been looked at already, so that it is the build. And when
    Prisma has given up, its backend still waits: it learns of that only when it has the lock.
    """
    prepare_index(one_project)
    with ThreadPoolExecutor() as pool:
        with one_project.connect() as other, other.transaction():
            other.execute("INSERT INTO a VALUES (0)")
            runner = start_on(one_project, "deploy")
            wait_until(one_project, RUNNING, "^CREATE INDEX")
            given_up = pool.submit(code_of, prisma_engine, one_project)
            wait_until(one_project, WAITING)
            time.sleep(2)
        ended = finish(runner)
        assert given_up.result() == "P1002"

    assert applied_by_ours(ended) == (B,)
    assert "tried again after deadlock detected" in ended.stderr
    assert f"{B}: cancelled backend" in ended.stderr
    assert one_project.query(VALID) == [{"indisvalid": True}]
    assert prisma_engine.deploy(one_project.url, one_project.directory) == ()


def test_waiting_for_the_lock_does_not_kill_the_index_build_of_prisma(
    project: Project, prisma_engine: LiveEngine
) -> None:
    prepare_index(project)
    with ThreadPoolExecutor() as pool:
        with project.connect() as other, other.transaction():
            other.execute("INSERT INTO a VALUES (0)")
            theirs = pool.submit(prisma_engine.deploy, project.url, project.directory)
            wait_until(project, RUNNING, "^CREATE INDEX")
            runner = start_on(project, "deploy")
            wait_until(project, OURS)
            time.sleep(1.5)
            assert runner.poll() is None, "it waits"
        assert theirs.result() == (B,)
    assert applied_by_ours(finish(runner)) == ()
    assert project.query(VALID) == [{"indisvalid": True}]
