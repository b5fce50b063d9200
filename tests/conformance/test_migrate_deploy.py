"""Prisma's checks of `migrate deploy` as people see it in a terminal."""

import shutil

import pytest

from tests.conformance.terminal import Terminal
from tests.fixtures.projects import Project

NAME = "20201231000000_init"
CREATE_BLOG = 'CREATE TABLE "Blog" (id int PRIMARY KEY);'


@pytest.mark.conformance(
    "MigrateDeploy",
    "SQLite: no unapplied migrations",
    differs="A missing directory is refused (M206) and an unknown database is not created (P1003): either is what a "
    "package or a URL with a slip in it looks like.",
)
def test_neither_a_missing_directory_nor_an_unknown_database_is_success(terminal: Terminal, project: Project) -> None:
    project.write(NAME, CREATE_BLOG)
    unknown = terminal.run("deploy", database_url=project.url + "_of_nobody")
    shutil.rmtree(project.directory)
    missing = terminal.run("deploy")

    assert (unknown.exit_code, missing.exit_code) == (2, 2)
    assert f"P1003 Database `{project.database}_of_nobody` does not exist." in unknown.text
    assert f"M206 There is no migrations directory. Looked in: {project.directory}." in missing.text
    assert project.value("SELECT to_regclass('_prisma_migrations')") is None


@pytest.mark.conformance(
    "MigrateDeploy", "SQLite: 1 unapplied migration", differs="No blank line in it: every line follows the banner."
)
def test_a_deploy_shows_what_it_applies_and_the_next_one_that_nothing_is_left(
    terminal: Terminal, project: Project
) -> None:
    project.write(NAME, CREATE_BLOG)

    first, second = terminal.run("deploy"), terminal.run("deploy")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "1 migration found in" in first.text
    assert f"Applying migration `{NAME}`" in first.text
    assert (
        f"The following migration(s) have been applied:\nmigrations/\n  └─ {NAME}/\n    └─ migration.sql\n"
    ) in first.text
    assert "All migrations have been successfully applied." in first.text
    assert "No pending migrations to apply." in second.text
    assert "Applying migration" not in second.text


@pytest.mark.conformance("MigrateDeploy", "SQLite: should throw if database is not empty")
def test_a_database_with_tables_and_no_history_is_p3005(terminal: Terminal, project: Project) -> None:
    project.query(CREATE_BLOG)
    project.write(NAME, CREATE_BLOG)

    printed = terminal.run("deploy")

    assert printed.exit_code == 4
    assert "1 migration found in" in printed.text
    assert "P3005 The database schema is not empty" in printed.text
    assert (
        "Read more about how to baseline an existing production database: https://pris.ly/d/migrate-baseline"
    ) in printed.text


@pytest.mark.conformance("MigrateDeploy", "postgres: should work if direct URL is set via config")
def test_a_direct_url_works_beside_that_of_a_proxy(
    terminal: Terminal, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "prisma://accelerate.prisma-data.net/?api_key=MY_API_KEY")
    project.write(NAME, CREATE_BLOG)

    assert [terminal.run("deploy").exit_code for _ in range(2)] == [0, 0]

    assert project.tables() == {"Blog"}
