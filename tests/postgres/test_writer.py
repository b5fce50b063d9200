"""Only the writer, and only without a pooler between: anything else is refused before the first SET."""

from pathlib import Path

import pytest

from lambda_fn.errors import MigrateError
from lambda_fn.postgres import connection
from local.postgres import PostgresServer
from tests.fixtures.pgbouncer import PgBouncer, set_in_session
from tests.fixtures.projects import Project, new_project
from tests.fixtures.proxy import CountingProxy
from tests.fixtures.servers import as_standby


def refusal(project: Project, url: str | None = None) -> MigrateError:
    project.write("20240101000000_a", "CREATE TABLE a (id int);")
    error = project.run(settings=project.settings_for(url or project.url)).error
    assert error is not None
    assert error.exit_code == 2
    return error


def test_a_standby_is_refused(tmp_path: Path) -> None:
    with PostgresServer() as server:
        for project in new_project(tmp_path / "migrations", server):
            with as_standby(server):
                error = refusal(project)

            assert error.code == "M302"
            assert "cluster endpoint" in error.next_step


def test_a_transaction_pooler_is_refused_before_anything_is_set(
    one_project: Project, counting_proxy: CountingProxy
) -> None:
    """Through a pooler the backend that answers is not the one that took the connection."""
    counting_proxy.announce_another_backend = True

    error = refusal(one_project, counting_proxy.url(one_project.database))

    assert error.code == "M303"
    assert "PgBouncer" in error.next_step
    assert not any(b"SET" in query for query in counting_proxy.traffic.queries)


def test_pgbouncer_is_refused_and_nothing_is_left_in_its_sessions(one_project: Project, pgbouncer: PgBouncer) -> None:
    url = pgbouncer.url(one_project.database)
    before = set_in_session(url)

    error = refusal(one_project, url)

    assert error.code == "M303"
    assert set_in_session(url) == before
    assert one_project.tables_with_history() == set()


def test_a_server_that_is_too_old_is_refused(one_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "OLDEST_SERVER_VERSION", 990000)

    assert refusal(one_project).code == "M304"


def test_a_closed_port_a_wrong_password_and_a_missing_database_are_told_apart(project: Project) -> None:
    address = project.server.address
    told = {
        "P1001": project.url.replace(f":{address.port}/", ":1/"),
        "P1000": project.url.replace(":" + project.url.split(":")[2].split("@")[0] + "@", ":wrong@"),
        "P1003": project.url + "_nosuch",
        "P1011": project.url + "?sslmode=require",
    }

    for code, url in told.items():
        project.write("20240101000000_a", "SELECT 1;")
        error = project.run(settings=project.settings_for(url)).error
        assert error is not None
        assert error.code == code
        assert address.password not in error.text
        assert error.next_step.endswith(".")
