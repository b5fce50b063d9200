"""Prisma's checks of `migrate resolve` as people see it in a terminal."""

import pytest

from tests.conformance.prisma_rows import leave_failed_row
from tests.conformance.terminal import Terminal
from tests.fixtures.projects import Project

INIT = "20201014154943_init"
FAILED = "20201106130852_failed"
CREATE_BLOG = 'CREATE TABLE "Blog" (id int PRIMARY KEY);'


@pytest.fixture
def deployed(project: Project) -> Project:
    """A project with one applied migration."""
    project.write(INIT, CREATE_BLOG)
    assert project.run().error is None
    return project


@pytest.fixture
def failed(deployed: Project) -> Project:
    """A project with an applied migration, and one that Prisma left failed."""
    leave_failed_row(deployed, FAILED, "SELECT YOLO;")
    return deployed


@pytest.mark.conformance("MigrateResolve", "common: should fail if no --applied or --rolled-back")
def test_one_of_the_two_options_is_needed(offline_terminal: Terminal) -> None:
    printed = offline_terminal.run("resolve")

    assert printed.exit_code == 2
    assert "M105" in printed.text
    assert "needs either applied or rolledBack" in printed.text


@pytest.mark.conformance("MigrateResolve", "common: should fail if both --applied or --rolled-back")
def test_both_options_at_once_are_refused(offline_terminal: Terminal) -> None:
    printed = offline_terminal.run("resolve", "--applied=something_applied", "--rolled-back=something_rolledback")

    assert printed.exit_code == 2
    assert "M105" in printed.text
    assert "not both" in printed.text


@pytest.mark.conformance("MigrateResolve", "SQLite: should fail if no sqlite db - empty schema")
def test_an_unknown_database_is_p1003(terminal: Terminal, project: Project) -> None:
    project.write(INIT, CREATE_BLOG)

    printed = terminal.run("resolve", "--applied", INIT, database_url=project.url + "_of_nobody")

    assert printed.exit_code == 2
    assert f"P1003 Database `{project.database}_of_nobody` does not exist." in printed.text


@pytest.mark.conformance("MigrateResolve", "SQLite: --applied should fail if migration doesn't exist")
def test_a_migration_that_the_directory_lacks_cannot_be_marked_as_applied(terminal: Terminal, failed: Project) -> None:
    before = failed.rows()

    printed = terminal.run("resolve", "--applied=does_not_exist")

    assert printed.exit_code == 4
    assert "P3017 The migration does_not_exist could not be found." in printed.text
    assert "Please make sure that the migration exists" in printed.text
    assert failed.rows() == before


@pytest.mark.conformance("MigrateResolve", "SQLite: --applied should fail if migration is already applied")
@pytest.mark.conformance("MigrateResolve", "SQLite: --applied should fail if migration is not in a failed state")
@pytest.mark.parametrize("arguments", [(f"--applied={INIT}",), ("--applied", INIT)], ids=["one", "two"])
def test_an_applied_migration_cannot_be_marked_as_applied_however_the_option_is_written(
    terminal: Terminal, deployed: Project, arguments: tuple[str, ...]
) -> None:
    """For Prisma these are two checks, which differ only in how the option is written."""
    before = deployed.rows()

    printed = terminal.run("resolve", *arguments)

    assert printed.exit_code == 4
    assert f"P3008 The migration `{INIT}` is already recorded as applied in the database." in printed.text
    assert deployed.rows() == before


@pytest.mark.conformance("MigrateResolve", "SQLite: --applied should work on a failed migration")
def test_a_failed_migration_can_be_marked_as_applied(terminal: Terminal, failed: Project) -> None:
    printed = terminal.run("resolve", "--applied", FAILED)

    assert printed.exit_code == 0
    assert f"Migration {FAILED} marked as applied." in printed.text
    assert [row["finished_at"] is not None for row in failed.rows()] == [True, False, True]


@pytest.mark.conformance("MigrateResolve", "SQLite: --rolled-back should fail if migration doesn't exist")
def test_a_migration_without_a_row_cannot_be_marked_as_rolled_back(terminal: Terminal, failed: Project) -> None:
    printed = terminal.run("resolve", "--rolled-back=does_not_exist")

    assert printed.exit_code == 4
    assert (
        "P3011 Migration `does_not_exist` cannot be rolled back because it was never applied to the database. "
        "Hint: did you pass in the whole migration name?"
    ) in printed.text


@pytest.mark.conformance("MigrateResolve", "SQLite: --rolled-back should fail if migration is not in a failed state")
def test_an_applied_migration_cannot_be_marked_as_rolled_back(terminal: Terminal, deployed: Project) -> None:
    before = deployed.rows()

    printed = terminal.run("resolve", "--rolled-back", INIT)

    assert printed.exit_code == 4
    assert (f"P3012 Migration `{INIT}` cannot be rolled back because it is not in a failed state.") in printed.text
    assert deployed.rows() == before


@pytest.mark.conformance("MigrateResolve", "SQLite: --rolled-back should work on a failed migration")
def test_a_failed_migration_can_be_marked_as_rolled_back(terminal: Terminal, failed: Project) -> None:
    printed = terminal.run("resolve", "--rolled-back", FAILED)

    assert printed.exit_code == 0
    assert f"Migration {FAILED} marked as rolled back." in printed.text
    assert failed.rows()[1]["rolled_back_at"] is not None


@pytest.mark.conformance("MigrateResolve", "SQLite: --rolled-back works if migration is already rolled back")
def test_marking_as_rolled_back_again_changes_nothing(terminal: Terminal, failed: Project) -> None:
    terminal.run("resolve", "--rolled-back", FAILED)
    before = failed.rows()

    printed = terminal.run("resolve", "--rolled-back", FAILED)

    assert printed.exit_code == 0
    assert f"Migration {FAILED} marked as rolled back." in printed.text
    assert failed.rows() == before


@pytest.mark.conformance("MigrateResolve", "postgres: should fail if no db - invalid url")
def test_a_host_that_does_not_exist_is_p1001(offline_terminal: Terminal) -> None:
    printed = offline_terminal.run("resolve", "--applied=something_applied")

    assert printed.exit_code == 3
    assert "P1001 Can't reach database server at `doesnotexist.invalid:5432`" in printed.text
    assert "Please make sure your database server is running at `doesnotexist.invalid:5432`" in printed.text
