"""Doctor on real servers: what kind of server it is, and what doctor leaves there."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lambda_fn import wiring
from lambda_fn.deadline import Deadline
from lambda_fn.domain.check import CheckName, Doubt, Result
from lambda_fn.domain.outcome import Status
from lambda_fn.domain.request import Action, Request
from lambda_fn.domain.target import Target
from lambda_fn.postgres.examination import Examination
from local.postgres import PostgresServer
from tests.fixtures.examined import ALWAYS, after, examine, examine_at
from tests.fixtures.pgbouncer import PgBouncer, set_in_session
from tests.fixtures.planted import check_said, plant
from tests.fixtures.projects import Project, new_project
from tests.fixtures.proxy import CountingProxy
from tests.fixtures.servers import as_standby

A = "20240101000000_a"


@pytest.fixture
def project(project: Project) -> Iterator[Project]:
    """A project of one migration; doctor leaves no session and nothing in the database."""
    plant(project.server.address.password)
    project.write(A, "CREATE TABLE a (id int);")
    before = project.tables_with_history()
    yield project
    assert project.tables_with_history() == before
    assert project.value("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'mig/%%'") == 0
    check_said(*project.reporter.lines)


@pytest.fixture
def one_project(one_project: Project) -> Project:
    """A project of one migration on the embedded server."""
    one_project.write(A, "CREATE TABLE a (id int);")
    return one_project


def test_where_all_is_in_order_every_check_passes_before_the_first_deploy(project: Project) -> None:
    examined = examine(project)

    assert (examined.failed, examined.unknown) == ({}, {})
    assert tuple(check.name for check in examined.outcome.checks) == ALWAYS
    assert all(line.startswith("passed ") for line in project.reporter.lines)
    assert len(project.reporter.lines) == len(ALWAYS)


def test_where_all_is_in_order_every_check_passes_after_a_deploy(one_project: Project) -> None:
    one_project.run()

    examined = examine(one_project)

    assert (examined.failed, examined.unknown) == ({}, {})
    assert examined[CheckName.HISTORY].message == "0 of 1 migration pending"


def test_on_a_terminal_a_directory_that_is_not_named_is_not_looked_for(one_project: Project) -> None:
    settings = replace(one_project.settings, directory=None, finds_directory=False)

    outcome = wiring.run(Request(Action.DOCTOR), settings, one_project.reporter, run_id="test-run")

    checks = {check.name: check for check in outcome.checks}
    directory, history = checks[CheckName.DIRECTORY], checks[CheckName.HISTORY]
    assert (directory.result, directory.message) == (Result.UNKNOWN, "none is named.")
    assert "--migrations DIR" in directory.next_step
    assert (history.result, history.next_step) == (Result.UNKNOWN, "See directory.")
    assert (outcome.status, outcome.directory, outcome.error) == (Status.PASSED, None, None)


def test_the_outcome_says_what_was_looked_at(project: Project) -> None:
    outcome = examine(project).outcome

    address = project.server.address
    assert (outcome.directory, outcome.migrations) == (str(project.directory), 1)
    assert (outcome.database, outcome.schema) == (f"{address.host}:{address.port}/{project.database}", "public")
    assert outcome.server_version == address.version


def test_a_standby_is_no_writer_and_everything_else_of_it_is_told(tmp_path: Path) -> None:
    with PostgresServer() as server:
        for project in new_project(tmp_path / "migrations", server):
            project.write(A, "CREATE TABLE a (id int);")
            project.run()
            with as_standby(server):
                examined = examine(project)

            assert "cluster endpoint" in examined.error(CheckName.WRITER, "M302").next_step
            assert examined.unknown == {}
            assert examined[CheckName.HISTORY].message == "0 of 1 migration pending"


def test_behind_pgbouncer_the_pooler_is_told_and_nothing_is_left_in_its_sessions(
    one_project: Project, pgbouncer: PgBouncer
) -> None:
    url = pgbouncer.url(one_project.database)
    before = set_in_session(url)

    examined = examine(one_project, one_project.settings_for(url))

    assert "PgBouncer" in examined.error(CheckName.POOLER, "M303").next_step
    assert examined.unknown == {}
    assert set_in_session(url) == before


def test_a_session_of_our_own_is_limited_and_one_of_a_poolers_is_not(
    one_project: Project, counting_proxy: CountingProxy
) -> None:
    settings, limit = one_project.settings_for(counting_proxy.url(one_project.database)), b"SET idle_session_timeout"

    examine(one_project, settings)
    assert any(limit in query for query in counting_proxy.traffic.queries)
    counting_proxy.traffic.clear()
    counting_proxy.announce_another_backend = True
    examined = examine(one_project, settings)

    assert examined.failed == {CheckName.POOLER: "M303"}
    assert not any(limit in query for query in counting_proxy.traffic.queries)
    assert b"SET " not in b"".join(counting_proxy.traffic.queries).replace(b"SET LOCAL ", b"")


def test_a_server_that_is_too_old_is_told_and_looked_at_further(
    one_project: Project, counting_proxy: CountingProxy
) -> None:
    counting_proxy.announce_major_version = 13

    examined = examine(one_project, one_project.settings_for(counting_proxy.url(one_project.database)))

    assert "PostgreSQL 13." in examined.error(CheckName.SERVER_VERSION, "M304").problem
    assert examined.unknown == {}


@pytest.mark.parametrize(("wrong_by_s", "side"), [(120.0, "ahead of"), (-120.0, "behind")])
def test_a_clock_that_is_two_minutes_wrong_is_told_with_its_side(
    project: Project, wrong_by_s: float, side: str
) -> None:
    examined = examine_at(project, clock=lambda: time.time() + wrong_by_s)

    error = examined.error(CheckName.CLOCK, "M325")
    assert f"120 s {side} the server's" in error.problem
    assert "169.254.169.123" in error.next_step


@pytest.mark.parametrize("wrong_by_s", [40.0, -40.0])
def test_a_clock_that_is_a_little_wrong_will_do(one_project: Project, wrong_by_s: float) -> None:
    examined = examine_at(one_project, clock=lambda: time.time() + wrong_by_s)

    assert examined.failed == {}
    assert examined[CheckName.CLOCK].message.startswith(("40.", "39.9"))


def test_half_of_the_round_trip_does_not_count_as_a_difference(one_project: Project) -> None:
    times_s = iter([time.time() - 100, time.time() + 100])

    assert examine_at(one_project, clock=lambda: next(times_s)).failed == {}


def test_doctor_only_looks(one_project: Project, counting_proxy: CountingProxy) -> None:
    one_project.run()
    rows, locks = one_project.rows(), one_project.held_advisory_locks()
    counting_proxy.traffic.clear()

    examined = examine(one_project, one_project.settings_for(counting_proxy.url(one_project.database)))

    assert examined.failed == {}
    assert (one_project.rows(), one_project.held_advisory_locks()) == (rows, locks)
    queries = counting_proxy.traffic.queries
    assert {tag.split()[0] for tag in counting_proxy.traffic.tags} == {"SET", "SELECT"}
    assert len(queries) >= len(after(CheckName.LOGIN))
    assert all(query.startswith(b"SET LOCAL transaction_read_only = on") for query in queries)
    assert not any(b"advisory_lock" in query or b"advisory_xact" in query for query in queries)


def test_a_connection_that_is_lost_keeps_nothing_from_being_told(
    one_project: Project, counting_proxy: CountingProxy
) -> None:
    counting_proxy.lose_message = b"clock_timestamp"

    examined = examine(one_project, one_project.settings_for(counting_proxy.url(one_project.database)))

    examined.error(CheckName.CLOCK, "P1017")
    later = after(CheckName.CLOCK)
    assert examined.unknown == dict.fromkeys(later, "not looked at: the connection was lost.")


def test_what_there_is_no_time_for_is_unknown(one_project: Project) -> None:
    examined = examine_at(one_project, deadline=Deadline(end_s=time.monotonic(), reserve_s=1))

    assert examined.unknown == dict.fromkeys(ALWAYS, "not looked at: the invocation's time was up.")


def test_a_query_that_gets_no_answer_is_given_up_and_the_others_are_asked(one_project: Project) -> None:
    one_project.run()
    with one_project.connect() as other, other.transaction():
        other.execute("LOCK TABLE _prisma_migrations IN ACCESS EXCLUSIVE MODE")
        examined = examine(one_project)

    assert "reading the history" in examined.error(CheckName.HISTORY, "M328").problem
    assert examined.unknown == {}


class TargetCredentials:
    """A login that is given as it is."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def target(self) -> Target:
        """The login."""
        return self._target

    def renewed(self) -> Target | None:
        """No other."""
        return None


@pytest.mark.parametrize(
    ("host", "doubtful"),
    [
        ("shop.cluster-ro-c1.eu-central-1.rds.amazonaws.com", CheckName.WRITER),
        ("shop.cluster-custom-c1.eu-central-1.rds.amazonaws.com", CheckName.WRITER),
        ("shop.proxy-c1.eu-central-1.rds.amazonaws.com", CheckName.POOLER),
        ("shop.cluster-c1.eu-central-1.rds.amazonaws.com", None),
    ],
)
def test_an_endpoint_that_leads_elsewhere_at_times_is_doubted(
    one_project: Project, host: str, doubtful: CheckName | None
) -> None:
    address = one_project.server.address
    here = {"hostaddr": address.host}
    target = Target(host, address.port, address.user, address.password, one_project.database, parameters=here)
    examination = Examination(
        TargetCredentials(target), schema=None, owner_role=None, run_id="test-run", clock=time.time
    )
    found = {CheckName.WRITER: examination.writer(), CheckName.POOLER: examination.pooler()}
    examination.close()

    doubts = {name: doubt for name, doubt in found.items() if isinstance(doubt, Doubt)}
    assert list(doubts) == ([doubtful] if doubtful else [])
    assert all(host in doubt.message and "endpoint" in doubt.next_step for doubt in doubts.values())
