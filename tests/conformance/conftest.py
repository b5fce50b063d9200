"""Fixtures of the conformance tests."""

import os
from pathlib import Path

import pytest
from psycopg import sql

from local.postgres import PostgresServer
from tests.conformance.terminal import Terminal
from tests.fixtures.projects import LOCK_FILE, Project

DATABASE = "conformance"
_SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"


@pytest.fixture(scope="session")
def servers_with_the_database() -> set[PostgresServer]:
    """The servers on which the one database of these tests was created."""
    return set()


@pytest.fixture
def project(tmp_path: Path, server: PostgresServer, servers_with_the_database: set[PostgresServer]) -> Project:
    """A project as elsewhere, but for its database, which is emptied: to create one takes longer than these tests."""
    if server in servers_with_the_database:
        empty_database(server)
    else:
        server.create_database(DATABASE)
        servers_with_the_database.add(server)
    directory = tmp_path / "migrations"
    directory.mkdir()
    (directory / "migration_lock.toml").write_text(LOCK_FILE)
    return Project(directory, server, DATABASE)


def empty_database(server: PostgresServer) -> None:
    """Drop every schema, and create `public` anew."""
    with server.connect(DATABASE) as connection:
        for (schema,) in connection.execute(_SCHEMAS).fetchall():
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
        connection.execute("CREATE SCHEMA public")


@pytest.fixture
def without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without settings of ours."""
    for name in os.environ:
        if name.startswith(("MIGRATE_", "DATABASE_")):
            monkeypatch.delenv(name)


@pytest.fixture
def terminal(without_settings: None, project: Project, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """The terminal of a project's team; the test runs once on each server."""
    return Terminal(project.directory, project.url, capsys)


@pytest.fixture
def offline_terminal(without_settings: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """The terminal of a team with one migration, and a database on a host that does not exist."""
    script = tmp_path / "20201014154943_init" / "migration.sql"
    script.parent.mkdir()
    script.write_text('CREATE TABLE "Blog" (id int PRIMARY KEY);')
    return Terminal(tmp_path, "postgresql://user:secret@doesnotexist.invalid:5432/mydb", capsys)
