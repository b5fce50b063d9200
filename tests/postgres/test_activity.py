"""Looking on from a second connection while the first one works or waits."""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from lambda_fn.domain.blocker import BlockerReport
from lambda_fn.domain.index_progress import IndexProgress
from lambda_fn.postgres.activity import Watch, watch_blockers, watch_index_build
from lambda_fn.postgres.connection import Connection
from tests.fixtures.activity import PASSWORD, connected, new_owner, with_table
from tests.fixtures.functions import wait_until
from tests.fixtures.planted import check_said, plant
from tests.fixtures.projects import Project

Session = psycopg.Connection[tuple[object, ...]]

SECRET = plant("row-value-9f3e")
ALTER = b"ALTER TABLE a ADD COLUMN b int"


@contextlib.contextmanager
def session(project: Project, name: str = "psql") -> Iterator[Session]:
    """Somebody's session, with a transaction open."""
    with contextlib.closing(psycopg.connect(project.url, autocommit=True, application_name=name)) as somebody:
        somebody.execute("BEGIN")
        yield somebody


@contextlib.contextmanager
def waiting(project: Project, somebody: Session, statement: bytes) -> Iterator[None]:
    """The session waits for a lock, until the `with` block ends."""
    somebody.pgconn.send_query(statement)
    wait_until(lambda: is_waiting(project, somebody.info.backend_pid))
    yield


def is_waiting(project: Project, pid: int) -> bool:
    return bool(project.query("SELECT 1 FROM pg_locks WHERE pid = %s AND NOT granted", pid))


@contextlib.contextmanager
def sending(project: Project, connection: Connection, *statements: bytes) -> Iterator[None]:
    """The run's connection works in a thread of its own, and has to come to its end behind the `with` block."""
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(connection.send, statements)
        try:
            yield
        except BaseException:
            project.query("SELECT pg_terminate_backend(%s)", connection.backend_pid)
            raise
        sent.result(20)


def seen(watch: Watch[BlockerReport], holds: Callable[[BlockerReport], bool] = lambda _: True) -> BlockerReport:
    """The first report of which something holds."""
    wait_until(lambda: watch.report is not None and holds(watch.report))
    assert watch.report is not None
    check_said(watch.report.sentence)
    return watch.report


@pytest.fixture
def table(project: Project) -> Project:
    """A project with a table `a`."""
    return with_table(project)


@pytest.fixture
def user(table: Project) -> Iterator[str]:
    """A login role that owns the table, and may not look at what others do."""
    yield from new_owner(table)


def test_an_idle_transaction_that_blocks_is_named_without_its_values(table: Project) -> None:
    with connected(table.settings) as connection, session(table) as blocker:
        blocker.execute(f"UPDATE a SET secret = '{SECRET}' WHERE id = 1")
        with sending(table, connection, ALTER), watch_blockers(connection, first_after_s=0, every_s=0.05) as watch:
            report = seen(watch)
            pid = blocker.info.backend_pid
            blocker.execute("ROLLBACK")

        assert watch.error is None
    [only] = report.blockers
    assert (only.pid, only.application, only.state) == (pid, "psql", "idle in transaction")
    assert only.user == table.server.address.user
    assert only.query_head == "UPDATE a SET secret = ? WHERE id = ?"
    assert only.transaction_age_s is not None
    assert 0 <= only.transaction_age_s < 60
    assert report.hidden_from is None


def test_a_value_that_the_server_cut_in_two_is_not_shown(table: Project) -> None:
    with connected(table.settings) as connection, session(table) as blocker:
        blocker.execute(f"UPDATE a SET secret = '{SECRET * 200}'")
        with sending(table, connection, ALTER), watch_blockers(connection, first_after_s=0, every_s=0.05) as watch:
            report = seen(watch)
            blocker.execute("ROLLBACK")

    assert report.blockers[0].query_head == "UPDATE a SET secret = ? …"


def test_the_root_of_a_chain_is_named_though_it_is_not_in_our_way_itself(table: Project) -> None:
    table.query("CREATE TABLE other (id int)")
    with (
        connected(table.settings) as connection,
        session(table, "root") as root,
        session(table, "between") as between,
    ):
        root.execute("LOCK TABLE other")
        between.execute("SELECT * FROM a")
        with (
            waiting(table, between, b"SELECT * FROM other; ROLLBACK"),
            sending(table, connection, ALTER),
            watch_blockers(connection, first_after_s=0, every_s=0.05) as watch,
        ):
            report = seen(watch)
            root.execute("ROLLBACK")

    assert [blocker.application for blocker in report.blockers] == ["root"]


def test_who_waits_ahead_of_us_is_not_named_himself(table: Project) -> None:
    with (
        connected(table.settings) as connection,
        session(table, "root") as root,
        session(table, "between") as between,
    ):
        root.execute("SELECT * FROM a")
        with (
            waiting(table, between, b"LOCK TABLE a IN ACCESS EXCLUSIVE MODE; ROLLBACK"),
            sending(table, connection, ALTER),
            watch_blockers(connection, first_after_s=0, every_s=0.05) as watch,
        ):
            report = seen(watch)
            assert table.value(
                "SELECT pg_blocking_pids(%s) @> ARRAY[%s::int]", connection.backend_pid, between.info.backend_pid
            ), "it is in our way as well"
            root.execute("ROLLBACK")

    assert [blocker.application for blocker in report.blockers] == ["root"]


def test_all_roots_are_named_the_oldest_transaction_first(table: Project) -> None:
    with connected(table.settings) as connection, session(table, "older") as older, session(table, "newer") as newer:
        older.execute("SELECT * FROM a")
        newer.execute("SELECT * FROM a")
        with sending(table, connection, ALTER), watch_blockers(connection, first_after_s=0, every_s=0.05) as watch:
            report = seen(watch)
            older.execute("ROLLBACK")
            newer.execute("ROLLBACK")

    assert [blocker.application for blocker in report.blockers] == ["older", "newer"]


def test_who_waits_behind_us_is_counted_also_behind_another(table: Project) -> None:
    table.query("CREATE TABLE other (id int)")
    with (
        connected(table.settings) as connection,
        session(table, "root") as root,
        session(table) as reader,
        session(table) as second,
        session(table) as elsewhere,
        session(table) as behind_reader,
    ):
        root.execute("SELECT * FROM a")
        root.execute("LOCK TABLE other IN SHARE MODE")
        reader.execute("CREATE TABLE of_reader (id int)")
        reader.execute("LOCK TABLE other IN ACCESS SHARE MODE")
        with sending(table, connection, ALTER), watch_blockers(connection, first_after_s=0, every_s=0.05) as watch:
            seen(watch)
            with (
                waiting(table, elsewhere, b"INSERT INTO other VALUES (1); ROLLBACK"),  # behind the root alone
                waiting(table, reader, b"SELECT * FROM a; ROLLBACK"),
                waiting(table, second, b"SELECT * FROM a; ROLLBACK"),
                waiting(table, behind_reader, b"LOCK TABLE other IN ACCESS EXCLUSIVE MODE; ROLLBACK"),
            ):
                report = seen(watch, lambda report: report.waiting_behind == 3)
                root.execute("ROLLBACK")

    assert [blocker.application for blocker in report.blockers] == ["root"]
    assert report.sentence.endswith("; 3 sessions wait behind us")


def test_a_prepared_transaction_is_named_as_one(table: Project) -> None:
    with connected(table.settings) as connection, session(table) as blocker:
        blocker.execute("UPDATE a SET id = 2")
        blocker.execute("PREPARE TRANSACTION 'left'")
        with sending(table, connection, ALTER), watch_blockers(connection, first_after_s=0, every_s=0.05) as watch:
            report = seen(watch)
            blocker.execute("ROLLBACK PREPARED 'left'")

    assert [blocker.pid for blocker in report.blockers] == [0]


def test_a_user_who_may_not_see_others_is_told_what_to_grant(table: Project, user: str) -> None:
    with connected(table.as_user(user, PASSWORD)) as connection:
        for granted in (False, True):
            if granted:
                table.query(f"GRANT pg_monitor TO {user}")
            with session(table) as blocker:
                blocker.execute("SELECT * FROM a")
                with sending(table, connection, b"BEGIN", ALTER, b"ROLLBACK"), watch_blockers(connection) as watch:
                    report = seen(watch)
                    blocker.execute("ROLLBACK")

            [only] = report.blockers
            assert only.application == "psql"
            assert (report.hidden_from, only.query_head) == ((None, "SELECT * FROM a") if granted else (user, None))
            assert (f'GRANT pg_monitor TO "{user}"' in report.sentence) is not granted


def test_where_nobody_blocks_there_is_no_report(table: Project) -> None:
    looks = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'mig-watch/test-run' AND query LIKE '%%edge%%'"
    with (
        connected(table.settings) as connection,
        session(table) as harmless,
        sending(table, connection, b"SELECT pg_sleep(1), * FROM a"),
        watch_blockers(connection, first_after_s=0, every_s=0.02) as watch,
    ):
        harmless.execute("SELECT * FROM a")
        wait_until(lambda: bool(table.query(looks)))

    assert watch.report is None
    assert watch.error is None


def test_the_last_report_stays_when_the_lock_was_had(table: Project) -> None:
    with connected(table.settings) as connection, session(table) as blocker:
        blocker.execute("SELECT * FROM a")
        with watch_blockers(connection, first_after_s=0, every_s=0.02) as watch:
            with sending(table, connection, ALTER):
                seen(watch)
                blocker.execute("ROLLBACK")
            connection.send([b"SELECT pg_sleep(0.3)"])

        assert watch.report is not None


def test_a_concurrent_index_build_tells_its_phase_and_whom_it_waits_for(table: Project) -> None:
    told: list[IndexProgress] = []
    with connected(table.settings) as connection, session(table) as writer:
        writer.execute("INSERT INTO a VALUES (2)")
        with (
            sending(table, connection, b"CREATE INDEX CONCURRENTLY a_id ON a (id)"),
            watch_index_build(connection, told.append, first_after_s=0, every_s=0.05) as watch,
            watch_blockers(connection, first_after_s=0, every_s=0.05) as blockers,
        ):
            wait_until(lambda: any(progress.current_locker_pid for progress in told))
            report = seen(blockers)
            pid = writer.info.backend_pid
            writer.execute("COMMIT")

        assert watch.report == told[-1]
        assert watch.error is None
    first = next(progress for progress in told if progress.current_locker_pid)
    assert first.command == "CREATE INDEX CONCURRENTLY"
    assert first.text == f"waiting for writers before build, waiting for locker {pid} (1 of 1)"
    assert [blocker.pid for blocker in report.blockers] == [pid]
    assert table.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_id'::regclass")


def test_the_blocks_of_a_long_scan_are_counted(table: Project) -> None:
    """A function that is slow for its first rows makes any table large."""
    table.query(
        "CREATE FUNCTION slow(id int) RETURNS int IMMUTABLE LANGUAGE plpgsql "
        "AS 'BEGIN IF id % 100 = 0 THEN PERFORM pg_sleep(0.02); END IF; RETURN id; END'"
    )
    table.query("INSERT INTO a SELECT n, repeat('x', 500) FROM generate_series(1, 6000) n")
    told: list[IndexProgress] = []
    with (
        connected(table.settings) as connection,
        sending(table, connection, b"CREATE INDEX CONCURRENTLY a_slow ON a (slow(id))"),
        watch_index_build(connection, told.append, first_after_s=0, every_s=0.02),
    ):
        wait_until(lambda: any(0 < progress.blocks.done < progress.blocks.total for progress in told), 20)

    assert {progress.phase for progress in told} >= {"building index: scanning table"}
