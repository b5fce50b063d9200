"""Concurrent indexes are looked after: what fails is removed, built again where that helps, and told about."""

import dataclasses
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from psycopg.errors import QueryCanceled

from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.errors import LockTimeout, MigrateError, MigrationFailed
from lambda_fn.postgres import outside
from lambda_fn.settings import Settings
from tests.fixtures.projects import Project
from tests.fixtures.terminal import finish, start_on

A, B, C = "20240101000000_a", "20240102000000_b", "20240103000000_c"
INDEX = "CREATE INDEX CONCURRENTLY a_id ON a (id);"
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('a_id')"
ACTIVE = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query ~ '^{}'"


@pytest.fixture
def table(project: Project) -> Project:
    """A project with a table, and an index on it pending."""
    project.write(A, "CREATE TABLE a (id int); INSERT INTO a SELECT generate_series(1, 100);")
    project.run()
    project.write(B, INDEX)
    return project


def limits(project: Project, **changes: float) -> Settings:
    return dataclasses.replace(project.settings, **changes)  # type: ignore[arg-type]  # all of them are seconds


@contextmanager
def while_open(project: Project, statement: str = "INSERT INTO a VALUES (0)") -> Iterator[None]:
    """A transaction of somebody else's that an index build has to wait for."""
    with project.connect() as other, other.transaction():
        other.execute(statement)
        yield


@contextmanager
def meanwhile(what: Callable[[], None]) -> Iterator[None]:
    """Something that happens in another thread."""
    thread = threading.Thread(target=what)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def wait_for_build(project: Project, verb: str = "CREATE INDEX CONC") -> int:
    give_up_at_s = time.monotonic() + 20
    while time.monotonic() < give_up_at_s:
        if rows := project.query(ACTIVE.format(verb)):
            return int(rows[0]["pid"])
        time.sleep(0.02)
    raise AssertionError("no index is being built")


def build_in_session(project: Project) -> None:
    """Build the index as somebody else would who comes first, once `while_open` has begun."""
    while not project.query("SELECT 1 FROM pg_locks WHERE mode = 'RowExclusiveLock' AND relation = 'a'::regclass"):
        time.sleep(0.02)
    with project.connect() as other:
        other.execute(INDEX)


def error_of(outcome: Outcome) -> MigrateError:
    assert outcome.error is not None
    return outcome.error


def leftovers(project: Project) -> list[str]:
    rows = project.query("SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT indisvalid")
    return [row["name"] for row in rows]


def test_an_index_that_cannot_be_unique_is_removed_and_needs_no_resolve(table: Project) -> None:
    table.query("INSERT INTO a VALUES (1)")
    table.write(B, f"CREATE TABLE b (id int);\n{INDEX.replace('INDEX', 'UNIQUE INDEX')}")

    error = error_of(table.run())

    assert isinstance(error, MigrationFailed)
    assert (error.where.sqlstate, error.where.line) == ("23505", 2)
    assert "The first of its 2 steps is in the database" in error.problem
    assert leftovers(table) == []
    table.query("DELETE FROM a")
    assert table.run().status is Status.APPLIED
    assert table.value(VALID)


def test_a_build_that_was_cancelled_is_begun_again(table: Project) -> None:
    """By whomever: the deadline's own cancel is another matter."""

    def cancel_once() -> None:
        pid = wait_for_build(table)
        table.query("SELECT pg_cancel_backend(%s)", pid)

    with while_open(table):
        thread = threading.Thread(target=cancel_once)
        thread.start()
        runner = start_on(table, "deploy")
        thread.join()
        while leftovers(table) or not table.query(ACTIVE.format("(CREATE|DROP) INDEX CONC")):
            if table.query(ACTIVE.format("DROP INDEX CONC")):
                break
            time.sleep(0.02)
    ended = finish(runner)

    assert ended.exit_code == 0
    assert table.value(VALID)
    assert "tried again after canceling statement due to user request" in ended.stderr


def test_a_lock_that_is_not_had_in_time_is_given_up_with_nothing_left(table: Project) -> None:
    with while_open(table):
        outcome = table.run(settings=limits(table, concurrent_lock_timeout_s=0.3))

    error = error_of(outcome)
    assert error.where.sqlstate == "55P03"
    assert leftovers(table) in ([], ["a_id"]), "removing it has to wait for the same transaction"
    assert table.run().status is Status.APPLIED
    assert table.value(VALID)
    assert leftovers(table) == []


def test_a_file_may_have_its_own_lock_timeout(table: Project) -> None:
    table.write(B, f"-- migrate: lock_timeout=200ms\n{INDEX}")

    with while_open(table):
        started = time.monotonic()
        error = error_of(table.run(settings=limits(table, concurrent_lock_timeout_s=0.4)))

    assert error.where.sqlstate == "55P03"
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("clause", ["", "IF NOT EXISTS "])
def test_an_invalid_index_of_an_earlier_attempt_is_removed_and_told(table: Project, clause: str) -> None:
    """With IF NOT EXISTS PostgreSQL would say success and leave it invalid."""
    table.query("INSERT INTO a VALUES (1)")
    with table.connect() as other, pytest.raises(Exception, match="could not create unique index"):
        other.execute("CREATE UNIQUE INDEX CONCURRENTLY a_id ON a (id)")
    assert leftovers(table) == ["a_id"]
    table.write(B, INDEX.replace("a_id", f"{clause}a_id"))

    outcome = table.run()

    assert (outcome.status, outcome.error) == (Status.APPLIED, None)
    assert table.value(VALID)
    assert any("had left something invalid" in line for line in table.reporter.lines)


def test_an_index_that_another_session_is_building_is_not_touched(table: Project) -> None:
    with meanwhile(lambda: build_in_session(table)), while_open(table):
        wait_for_build(table)
        error = error_of(table.run(lockBudgetS=0.5))

    assert isinstance(error, LockTimeout)
    assert error.code == "M330"
    assert table.value(VALID)


def test_a_runner_killed_while_an_index_is_built_is_followed_by_one_that_goes_on(table: Project) -> None:
    table.write(B, f"CREATE TABLE b (id int);\n{INDEX}\nCREATE TABLE c (id int);")
    with while_open(table):
        runner = start_on(table, "deploy")
        wait_for_build(table)
        os.kill(runner.pid, signal.SIGKILL)
        finish(runner)
        assert table.run("status").status is Status.PENDING
    outcome = table.run()

    assert (outcome.status, outcome.error) == (Status.APPLIED, None)
    assert table.value(VALID)
    assert leftovers(table) == []
    assert table.tables() == {"a", "b", "c"}


def test_progress_is_told_while_an_index_waits(table: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "_PROGRESS_EVERY_S", 0.2)

    def told() -> bool:
        return any(line.startswith(f"Index build of {B}: waiting for") for line in table.reporter.lines)

    with table.connect() as other:
        other.execute("BEGIN")
        other.execute("INSERT INTO a VALUES (0)")
        running = threading.Thread(target=table.run)
        running.start()
        give_up_at_s = time.monotonic() + 20
        while not told() and time.monotonic() < give_up_at_s:
            time.sleep(0.05)
        locker = other.info.backend_pid
        other.execute("COMMIT")
    running.join()

    assert told()
    assert any(f"locker {locker}" in line for line in table.reporter.lines)


def test_dropping_reindexing_and_detaching_concurrently_go_on_after_a_kill(table: Project) -> None:
    table.run()
    table.query("CREATE TABLE p (id int) PARTITION BY RANGE (id)")
    table.query("CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9)")
    statements = {
        "DROP INDEX CONC": "DROP INDEX CONCURRENTLY a_id;",
        "ALTER TABLE p": "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;",
    }
    for number, (verb, statement) in enumerate(statements.items()):
        table.write(f"2024020{number}000000_{number}", f"CREATE TABLE x{number} (id int);\n{statement}")
        with while_open(table, "SELECT * FROM a, p"):
            runner = start_on(table, "deploy")
            wait_for_build(table, verb)
            os.kill(runner.pid, signal.SIGKILL)
            finish(runner)
        outcome = table.run()
        assert (outcome.status, outcome.error) == (Status.APPLIED, None)

    assert table.query("SELECT 1 FROM pg_class WHERE relname = 'a_id'") == []
    assert table.query("SELECT 1 FROM pg_inherits") == []


def test_a_detaching_that_was_interrupted_before_is_finished_and_counts_as_done(table: Project) -> None:
    table.query("CREATE TABLE p (id int) PARTITION BY RANGE (id)")
    table.query("CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9)")
    detach = "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;"
    with while_open(table, "SELECT * FROM p"), table.connect() as other:
        other.execute("SET statement_timeout = '500ms'")
        with pytest.raises(QueryCanceled):
            other.execute(detach)
    table.write(B, detach)

    outcome = table.run()

    assert (outcome.status, outcome.error) == (Status.APPLIED, None)
    assert table.query("SELECT 1 FROM pg_inherits") == []
