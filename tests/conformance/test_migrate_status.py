"""Prisma's checks of `migrate status` as people see it in a terminal."""

import shutil

import pytest

from tests.conformance.prisma_rows import leave_failed_row
from tests.conformance.terminal import Terminal
from tests.fixtures.projects import Project

INIT = "20201014154943_init"
DOGAGE = "20201015154943_dogage"
CATAGE = "20201016154943_catage"
FAILED = "20201106130852_failed"
CREATE_BLOG = 'CREATE TABLE "Blog" (id int PRIMARY KEY);'
NO_DIRECTORY = "A missing directory is refused (M206) before the database is looked at."


@pytest.mark.conformance("MigrateStatus", "SQLite: should fail if no sqlite db - empty schema")
def test_an_unknown_database_is_p1003(terminal: Terminal, project: Project) -> None:
    project.write(INIT, CREATE_BLOG)

    printed = terminal.run("status", database_url=project.url + "_of_nobody")

    assert printed.exit_code == 2
    assert f"P1003 Database `{project.database}_of_nobody` does not exist." in printed.text


@pytest.mark.conformance("MigrateStatus", "SQLite: existing-db-1-failed-migration")
def test_a_failed_migration_is_shown_with_both_ways_out(terminal: Terminal, project: Project) -> None:
    project.write(INIT, CREATE_BLOG)
    terminal.run("deploy")
    shutil.rmtree(project.directory / INIT)
    leave_failed_row(project, FAILED, "SELECT YOLO;")

    printed = terminal.run("status")

    assert printed.exit_code == 4
    assert "1 migration found in" in printed.text
    assert f"Following migration have failed:\n{FAILED}\n" in printed.text
    assert f"resolve --rolled-back {FAILED}" in printed.text
    assert f"resolve --applied {FAILED}" in printed.text


@pytest.mark.conformance(
    "MigrateStatus", "SQLite: should error when database needs to be baselined", differs=NO_DIRECTORY
)
@pytest.mark.conformance("MigrateStatus", "SQLite: existing-db-brownfield", differs=NO_DIRECTORY)
@pytest.mark.conformance("MigrateStatus", "SQLite: existing-db-warnings", differs=NO_DIRECTORY)
def test_a_database_with_tables_and_no_migrations_at_all_is_not_up_to_date(
    terminal: Terminal, project: Project
) -> None:
    """For Prisma these are three databases; what it tells of them is the same."""
    project.query(CREATE_BLOG)
    project.query('INSERT INTO "Blog" VALUES (1)')
    shutil.rmtree(project.directory)

    printed = terminal.run("status")

    assert printed.exit_code == 2
    assert "M206 There is no migrations directory." in printed.text


@pytest.mark.conformance("MigrateStatus", "SQLite: existing-db-1-migration")
@pytest.mark.conformance("MigrateStatus", "SQLite: reset")
def test_a_database_with_every_migration_is_up_to_date(terminal: Terminal, project: Project) -> None:
    """For Prisma these are two projects; what it tells of them is the same."""
    project.write(INIT, CREATE_BLOG)
    terminal.run("deploy")

    printed = terminal.run("status")

    assert printed.exit_code == 0
    assert "1 migration found in" in printed.text
    assert "Database schema is up to date!" in printed.text


@pytest.mark.conformance("MigrateStatus", "SQLite: existing-db-1-migration-conflict")
def test_without_a_history_every_migration_is_pending_though_the_tables_exist(
    terminal: Terminal, project: Project
) -> None:
    project.query(CREATE_BLOG)
    project.write(INIT, CREATE_BLOG)

    printed = terminal.run("status")

    assert printed.exit_code == 1
    assert "1 migration found in" in printed.text
    assert f"Following migration have not yet been applied:\n{INIT}\n" in printed.text


@pytest.mark.conformance(
    "MigrateStatus",
    "SQLite: existing-db-histories-diverge",
    differs="Both lists of names are told, the last common migration is not: no action depends on it.",
)
def test_of_diverging_histories_both_sides_are_shown(terminal: Terminal, project: Project) -> None:
    project.write(INIT, CREATE_BLOG)
    project.write(DOGAGE, 'ALTER TABLE "Blog" ADD COLUMN dogage int;')
    terminal.run("deploy")
    shutil.rmtree(project.directory / DOGAGE)
    project.write(CATAGE, 'ALTER TABLE "Blog" ADD COLUMN catage int;')

    printed = terminal.run("status")

    assert printed.exit_code == 1
    assert "2 migrations found in" in printed.text
    assert f"Following migration have not yet been applied:\n{CATAGE}\n" in printed.text
    assert f"Applied in the database, but missing from the migrations directory: {DOGAGE}." in printed.text


@pytest.mark.conformance("MigrateStatus", "postgres: should fail if cannot connect")
def test_a_host_that_does_not_exist_is_p1001(offline_terminal: Terminal) -> None:
    printed = offline_terminal.run("status")

    assert printed.exit_code == 3
    assert "P1001 Can't reach database server at `doesnotexist.invalid:5432`" in printed.text
    assert "Please make sure your database server is running at `doesnotexist.invalid:5432`" in printed.text
