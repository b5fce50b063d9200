"""Sessions of dead runners that hold the advisory lock."""

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psycopg
import pytest

from lambda_fn.credentials import SettingsCredentials
from lambda_fn.deadline import NO_DEADLINE, Deadline
from lambda_fn.domain.application_name import deadline_of
from lambda_fn.domain.orphan import OrphanEnded, Orphanhood, OrphanKept
from lambda_fn.domain.outcome import Status
from lambda_fn.errors import LockTimeout
from lambda_fn.postgres import orphans
from lambda_fn.postgres.advisory_lock import PolledAdvisoryLock
from lambda_fn.postgres.connection import Connection
from lambda_fn.postgres.orphans import Orphans
from lambda_fn.settings import Settings
from tests.fixtures.functions import wait_until
from tests.fixtures.projects import ROOT, Project
from tests.fixtures.terminal import environment

A = "20240101000000_a"
PASSWORD = "p%40ss"  # p@ss, percent-encoded
LOCK = "SELECT pg_advisory_lock(72707369)"


def past(seconds: float = 60.0) -> int:
    """A deadline that has passed."""
    return int(time.time() - seconds)


@contextlib.contextmanager
def holding(url: str, name: str, lock: str = LOCK) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A session of that name that holds the lock."""
    with contextlib.closing(psycopg.connect(url, autocommit=True, application_name=name)) as session:
        session.execute(lock)
        yield session


@contextlib.contextmanager
def connected(
    settings: Settings, *, owner_role: str | None = None, deadline: Deadline = NO_DEADLINE
) -> Iterator[Connection]:
    """A run's connection."""
    connection = Connection(
        SettingsCredentials(settings), schema=None, owner_role=owner_role, run_id="test-run", deadline=deadline
    )
    with contextlib.closing(connection):
        yield connection


def is_alive(project: Project, pid: int) -> bool:
    return bool(project.query("SELECT 1 FROM pg_stat_activity WHERE pid = %s", pid))


def of_kind(project: Project, kind: type[OrphanEnded | OrphanKept]) -> list[OrphanEnded | OrphanKept]:
    return [event for event in project.reporter.events if isinstance(event, kind)]


@pytest.fixture
def roles(project: Project) -> Iterator[tuple[str, str]]:
    """Two login roles, the second one of which is also a member of a third, NAME_owner; dropped afterwards."""
    with project.connect() as connection:
        names = [f"{role}_{project.database}" for role in ("one", "two", "two_owner")]
        for name in names:
            connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'p@ss'")
        connection.execute(f"GRANT {names[2]} TO {names[1]}")
        yield names[0], names[1]
        connection.execute(f"DROP ROLE {', '.join(names)}")


def test_a_run_whose_deadline_has_passed_is_ended_and_the_next_one_goes_on(project: Project) -> None:
    project.write(A, "CREATE TABLE a (id int);")
    with holding(project.url, f"mig/dead/{past()}") as orphan:
        pid = orphan.info.backend_pid
        outcome = project.run(lockWaitS=10)

        assert outcome.status is Status.APPLIED, outcome.error
        assert not is_alive(project, pid)
    [line] = [line for line in project.reporter.lines if line.startswith("Ended")]
    assert f"backend {pid} of run dead (user {project.server.address.user})" in line
    assert "its deadline passed at 20" in line
    assert project.tables() == {"a"}


def test_a_dead_run_is_ended_also_by_one_that_does_not_wait(project: Project) -> None:
    project.write(A, "CREATE TABLE a (id int);")
    with holding(project.url, f"mig/dead/{past()}"):
        assert project.run(lockWaitS=0).status is Status.APPLIED


@pytest.mark.parametrize(
    "name",
    [
        "mig/x/{ahead}",
        "mig/x/{just_passed}",  # within the grace
        "mig/x",
        "prisma",
        "",
        "mig/x/{past}junk",
        "mig/x/y/{past}",
        "mig-watch/x/{past}",
    ],
)
def test_any_other_holder_is_named_and_not_touched(project: Project, name: str) -> None:
    name = name.format(ahead=past(-3600), just_passed=past(1), past=past())
    project.write(A, "CREATE TABLE a (id int);")
    with holding(project.url, name) as holder:
        outcome = project.run(lockWaitS=0.2)

        assert isinstance(outcome.error, LockTimeout)
        assert f"backend {holder.info.backend_pid} ({name or 'no application name'}, " in outcome.error.headline
        assert is_alive(project, holder.info.backend_pid)
    assert of_kind(project, OrphanEnded) == []


def test_a_transaction_that_holds_the_lock_is_ended_as_well(project: Project) -> None:
    """A frozen run in the middle of a script has the fence's lock on the same key besides the session's."""
    with (
        holding(project.url, f"mig/dead/{past()}", f"BEGIN; {LOCK}; SELECT pg_advisory_xact_lock(72707369)") as orphan,
        connected(project.settings) as connection,
    ):
        PolledAdvisoryLock(connection, project.reporter).acquire(0)

        assert not is_alive(project, orphan.info.backend_pid)


def test_a_session_that_let_go_of_the_lock_meanwhile_is_not_ended(project: Project) -> None:
    with holding(project.url, f"mig/dead/{past()}") as session, connected(project.settings) as connection:
        found = Orphans(connection, project.reporter)
        holder = found.holder()
        assert holder is not None
        session.execute("SELECT pg_advisory_unlock(72707369)")

        assert not found.end(holder, waited_s=0, former_pids=())
        assert is_alive(project, session.info.backend_pid)
    assert project.reporter.events == []


def test_another_session_that_got_the_pid_meanwhile_is_not_ended(project: Project) -> None:
    with holding(project.url, "psql") as session, connected(project.settings) as connection:
        found = Orphans(connection, project.reporter)
        holder = found.holder()
        assert holder is not None
        seen_before = dataclasses.replace(holder, application=f"mig/dead/{past()}")

        assert not found.end(seen_before, waited_s=0, former_pids=())
        assert is_alive(project, session.info.backend_pid)


def test_a_lock_of_another_database_is_not_looked_at(project: Project) -> None:
    with (
        holding(project.server.url("postgres"), f"mig/dead/{past()}") as elsewhere,
        connected(project.settings) as connection,
    ):
        assert Orphans(connection, project.reporter).holder() is None
        PolledAdvisoryLock(connection, project.reporter).acquire(0)

        assert is_alive(project, elsewhere.info.backend_pid)


def test_who_may_not_end_it_says_once_what_to_grant_and_waits(
    project: Project, roles: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambda_fn.postgres.advisory_lock._LOOK_EVERY_S", 0.05)
    holder_role, user = roles
    url = project.as_user(holder_role, PASSWORD).database_url
    assert url is not None
    with holding(url, f"mig/dead/{past()}") as orphan, connected(project.as_user(user, PASSWORD)) as connection:
        lock = PolledAdvisoryLock(connection, project.reporter)
        with pytest.raises(LockTimeout) as given_up:
            lock.acquire(1.0)

        assert f"backend {orphan.info.backend_pid} (mig/dead/" in given_up.value.headline
        assert is_alive(project, orphan.info.backend_pid)
        [kept] = of_kind(project, OrphanKept)
        [sentence] = kept.sentences
        assert f'run: GRANT pg_signal_backend TO "{user}"' in sentence.text
        assert "Permission denied while ending a dead runner's session: " in sentence.text

        project.query(f"GRANT pg_signal_backend TO {user}")
        lock.acquire(10)
        assert not is_alive(project, orphan.info.backend_pid)


def test_the_same_user_may_end_it_also_when_it_acts_as_an_owner(project: Project, roles: tuple[str, str]) -> None:
    """The owner's role has no right to end the session of the user that logged in."""
    _, user = roles
    settings = project.as_user(user, PASSWORD)
    assert settings.database_url is not None
    with (
        holding(settings.database_url, f"mig/dead/{past()}") as orphan,
        connected(settings, owner_role=f"two_owner_{project.database}") as connection,
    ):
        PolledAdvisoryLock(connection, project.reporter).acquire(0)

        assert not is_alive(project, orphan.info.backend_pid)
        [[role]] = connection.fetch([b"SELECT current_user"], doing="looking who we are")
        assert role == f"two_owner_{project.database}", "it is the owner again"


def test_a_former_session_of_our_own_is_ended_after_a_while(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "FORMER_S", 0.5)
    monkeypatch.setattr("lambda_fn.postgres.advisory_lock._LOOK_EVERY_S", 0.05)
    deadline = Deadline.within(600.0, 20.0)
    with (
        connected(project.settings, deadline=deadline) as before,
        connected(project.settings, deadline=deadline) as now,
    ):
        PolledAdvisoryLock(before, project.reporter).acquire(0)
        lock = PolledAdvisoryLock(now, project.reporter)
        lock.former_pids = {before.backend_pid}

        assert lock.acquire(15) >= 500
        assert not is_alive(project, before.backend_pid)
    [ended] = of_kind(project, OrphanEnded)
    assert ended.why is Orphanhood.FORMER


def test_another_runs_session_with_the_pid_of_a_former_one_is_not_ended(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orphans, "FORMER_S", 0.0)
    with holding(project.url, "mig/another-run") as holder, connected(project.settings) as connection:
        lock = PolledAdvisoryLock(connection, project.reporter)
        lock.former_pids = {holder.info.backend_pid}
        with pytest.raises(LockTimeout):
            lock.acquire(0.3)

        assert is_alive(project, holder.info.backend_pid)


def test_a_connection_bears_its_deadline_in_its_name(project: Project) -> None:
    with connected(project.settings, deadline=Deadline.within(600.0, 20.0)) as connection:
        name = project.value("SELECT application_name FROM pg_stat_activity WHERE pid = %s", connection.backend_pid)

    deadline = deadline_of(name)
    assert deadline is not None
    assert time.time() + 500 < deadline < time.time() + 700


RUNNER = """
import sys
from lambda_fn import wiring
from lambda_fn.domain.request import parse_request
from lambda_fn.settings import Settings
from tests.fixtures.projects import RecordingReporter

settings = Settings(database_url=sys.argv[1], directory=sys.argv[2], reserve_s=1.0)
wiring.run(parse_request({}), settings, RecordingReporter(), run_id="frozen", remaining_s=3.0)
"""


def sleeping(project: Project) -> bool:
    statement = "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'mig/frozen/%%' AND wait_event = 'PgSleep'"
    return bool(project.query(statement))


def test_a_frozen_runner_is_ended_behind_its_deadline_and_the_next_run_goes_on(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connection is open, so no timeout of the server would end it."""
    monkeypatch.setattr(orphans, "GRACE_S", 0.5)
    project.write(A, "CREATE TABLE a (id int); SELECT pg_sleep(300);")
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, project.url, str(project.directory)], cwd=ROOT, env=environment()
    )
    try:
        wait_until(lambda: sleeping(project), 20.0)
        os.kill(runner.pid, signal.SIGSTOP)
        project.write(A, "CREATE TABLE a (id int);")

        outcome = project.run(lockWaitS=30)
    finally:
        runner.kill()
        runner.wait()

    assert outcome.status is Status.APPLIED, outcome.error
    assert project.tables() == {"a"}
    [ended] = of_kind(project, OrphanEnded)
    assert ended.why is Orphanhood.OVERDUE
    assert " of run frozen " in ended.sentences[0].text
