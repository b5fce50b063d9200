"""Prisma's checks of `migrate resolve --rolled-back`."""

import pytest

from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.errors import HistoryBlocked
from tests.conformance.prisma_rows import leave_failed_row
from tests.fixtures.projects import Project

FIRST = "20240101000000_01init"
SECOND = "20240102000000_02migration"
CREATE_TEST = 'CREATE TABLE "Test" (id int PRIMARY KEY);'


def mark_rolled_back(project: Project, name: str) -> Outcome:
    return project.run("resolve", rolledBack=name)


def fail_second(project: Project) -> None:
    project.write(FIRST, CREATE_TEST)
    project.run()
    leave_failed_row(project, SECOND, "\nSELECT YOLO;")
    assert project.run().status is Status.FAILED


@pytest.mark.conformance(
    "mark_migration_rolled_back",
    "mark_migration_rolled_back_on_an_empty_database_errors",
    differs="The error is M501 and says what to do; Prisma's is an invariant violation without a code.",
)
def test_without_a_history_nothing_can_be_marked(project: Project) -> None:
    project.write(FIRST, CREATE_TEST)

    error = mark_rolled_back(project, "anything").error

    assert isinstance(error, HistoryBlocked)
    assert error.code == "M501"
    assert project.value("SELECT to_regclass('_prisma_migrations')") is None


@pytest.mark.conformance(
    "mark_migration_rolled_back", "mark_migration_rolled_back_on_a_database_with_migrations_table_errors"
)
def test_a_migration_without_a_row_is_p3011(project: Project) -> None:
    project.write(FIRST, CREATE_TEST)
    project.run()
    project.query("DELETE FROM _prisma_migrations")

    error = mark_rolled_back(project, "anything").error

    assert isinstance(error, HistoryBlocked)
    assert error.headline == (
        "P3011 Migration `anything` cannot be rolled back because it was never applied to the database. "
        'Hint: did you pass in the whole migration name? (example: "20201207184859_initial_migration")'
    )


@pytest.mark.conformance("mark_migration_rolled_back", "mark_migration_rolled_back_with_a_failed_migration_works")
def test_a_failed_row_gets_rolled_back_at(project: Project) -> None:
    fail_second(project)

    assert mark_rolled_back(project, SECOND).error is None

    first, second = project.rows()
    assert first["finished_at"] is not None
    assert first["rolled_back_at"] is None
    assert second["finished_at"] is None
    assert second["rolled_back_at"] is not None


@pytest.mark.conformance("mark_migration_rolled_back", "mark_migration_rolled_back_with_a_successful_migration_errors")
def test_an_applied_migration_is_p3012_and_its_row_unchanged(project: Project) -> None:
    project.write(FIRST, CREATE_TEST)
    project.write(SECOND, 'CREATE TABLE "Cat" (id int PRIMARY KEY);')
    project.run()
    before = project.rows()

    error = mark_rolled_back(project, SECOND).error

    assert isinstance(error, HistoryBlocked)
    assert error.code == "P3012"
    assert error.problem == f"Migration `{SECOND}` cannot be rolled back because it is not in a failed state."
    assert project.rows() == before


@pytest.mark.conformance(
    "mark_migration_rolled_back", "rolling_back_applying_again_then_rolling_back_again_should_error"
)
def test_marking_again_after_it_was_applied_succeeds_and_changes_nothing(project: Project) -> None:
    """Prisma's name says otherwise, but its check wants this."""
    fail_second(project)
    mark_rolled_back(project, SECOND)
    project.write(SECOND, "SELECT 'YOLO'")
    assert project.run().status is Status.APPLIED
    before = project.rows()

    assert mark_rolled_back(project, SECOND).error is None

    assert [row["migration_name"] for row in before] == [FIRST, SECOND, SECOND]
    assert [row["finished_at"] is None for row in before] == [False, True, False]
    assert [row["rolled_back_at"] is None for row in before] == [True, False, True]
    assert project.rows() == before
