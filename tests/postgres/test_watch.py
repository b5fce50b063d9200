"""The second connection: it is there while it is wanted, and harms nothing."""

import contextlib
import time
from collections.abc import Callable, Iterator

import pytest

from lambda_fn.credentials import SettingsCredentials
from lambda_fn.domain.target import Target
from lambda_fn.postgres.activity import Look, Watch, watch_blockers
from lambda_fn.postgres.connection import Connection
from lambda_fn.settings import Settings
from tests.fixtures.activity import PASSWORD, connected, new_owner, threads, watches, with_table
from tests.fixtures.functions import wait_until
from tests.fixtures.projects import Project


@pytest.fixture
def table(project: Project) -> Project:
    """A project with a table `a`."""
    return with_table(project)


@pytest.fixture
def user(table: Project) -> Iterator[str]:
    """A login role that owns the table, and may not look at what others do."""
    yield from new_owner(table)


def test_no_session_and_no_thread_is_left_behind(table: Project) -> None:
    with connected(table.settings) as connection:
        with watch_blockers(connection, first_after_s=0) as watch:
            wait_until(lambda: watches(table) == 1)
            assert threads() == ["mig-watch/test-run"]

        assert threads() == []
        wait_until(lambda: watches(table) == 0)
        assert watch.error is None


def test_an_error_in_the_block_stops_the_watch_and_is_not_swallowed(table: Project) -> None:
    def fail_once_it_is_watched() -> None:
        wait_until(lambda: watches(table) == 1)
        raise ZeroDivisionError

    with connected(table.settings) as connection:
        with pytest.raises(ZeroDivisionError), watch_blockers(connection, first_after_s=0):
            fail_once_it_is_watched()

        assert threads() == []
        wait_until(lambda: watches(table) == 0)


def watch_with(connection: Connection, query: bytes, on_report: Callable[[str], None] = lambda _: None) -> Watch[str]:
    """A watch with a query of its own."""
    look: Look[str] = Look(query, lambda rows: rows[0][0])
    return Watch(connection.credentials, "mig-watch/x", look, first_after_s=0, every_s=0.02, on_report=on_report)


def test_a_look_that_takes_long_is_left_when_the_block_ends(table: Project) -> None:
    sleeping = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'mig-watch/x' AND wait_event = 'PgSleep'"
    with connected(table.settings) as connection:
        with watch_with(connection, b"SELECT pg_sleep(60)") as watch:
            wait_until(lambda: bool(table.query(sleeping)))

        assert threads() == []
        assert watch.error is None
        wait_until(lambda: watches(table) == 0, 10)


def test_a_watch_can_write_nothing(table: Project) -> None:
    with connected(table.settings) as connection, watch_with(connection, b"DELETE FROM public.a RETURNING id") as watch:
        wait_until(lambda: watch.error is not None)

    assert "read-only transaction" in str(watch.error)


def test_a_look_is_bounded_and_so_is_the_life_of_the_session(table: Project) -> None:
    settings = b"SELECT current_setting('statement_timeout') || ' ' || current_setting('idle_session_timeout')"
    with connected(table.settings) as connection, watch_with(connection, settings) as watch:
        wait_until(lambda: watch.report is not None)

    assert watch.report == "3s 1min"


def test_an_error_of_who_is_told_ends_the_watch_and_nothing_else(table: Project) -> None:
    def refuse(_: str) -> None:
        raise ValueError("told too much")

    with connected(table.settings) as connection:
        with watch_with(connection, b"SELECT 'x'", refuse) as watch:
            wait_until(lambda: watch.error is not None)
            connection.send([b"SELECT 1"])

        assert watch.error == "told too much"
        assert watch.report == "x"
        assert threads() == []


def test_a_server_without_a_connection_to_spare_disturbs_nothing(table: Project, user: str) -> None:
    table.query(f"ALTER ROLE {user} CONNECTION LIMIT 1")
    with connected(table.as_user(user, PASSWORD)) as connection:
        with watch_blockers(connection, first_after_s=0) as watch:
            wait_until(lambda: watch.error is not None)
            connection.send([b"SELECT 1"])

        assert "too many connections for role" in str(watch.error)
        assert watch.report is None


class CountedLogin:
    """Credentials of which every reading is counted."""

    def __init__(self, url: str | None) -> None:
        self._credentials = SettingsCredentials(Settings(database_url=url))
        self.targets = 0
        self.renewals = 0

    def target(self) -> Target:
        """The login."""
        self.targets += 1
        return self._credentials.target()

    def renewed(self) -> Target | None:
        """Always the same one again, as of somebody who does not know better."""
        self.renewals += 1
        return self._credentials.target()


def test_a_refused_login_is_not_tried_again(table: Project, user: str) -> None:
    """Refusals are counted by some servers, and to renew a login is the run's to do."""
    login = CountedLogin(table.as_user(user, PASSWORD).database_url)
    with contextlib.closing(Connection(login, schema=None, owner_role=None, run_id="test-run")) as connection:
        table.query(f"ALTER ROLE {user} PASSWORD 'another'")
        with watch_blockers(connection, first_after_s=0, every_s=0.02) as watch:
            wait_until(lambda: watch.error is not None)
            time.sleep(0.1)

        assert "P1000" in str(watch.error)
        assert (login.targets, login.renewals) == (2, 0)
        connection.send([b"SELECT 1"])


def test_a_block_that_is_short_connects_nothing(table: Project) -> None:
    login = CountedLogin(table.url)
    with contextlib.closing(Connection(login, schema=None, owner_role=None, run_id="test-run")) as connection:
        for _ in range(20):
            with watch_blockers(connection, first_after_s=30):
                connection.send([b"SELECT 1"])

        assert login.targets == 1, "the run's own"
        assert threads() == []
