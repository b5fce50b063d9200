"""Prisma's checks of `migrate resolve --applied`."""

import pytest

from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.errors import HistoryBlocked
from tests.conformance.prisma_rows import leave_failed_row
from tests.fixtures.projects import Project

FIRST = "20240101000000_01init"
SECOND = "20240102000000_02migration"
CREATE_TEST = 'CREATE TABLE "Test" (id int PRIMARY KEY);'
CREATE_CAT = 'CREATE TABLE "Cat" (id int PRIMARY KEY, name text NOT NULL);'


def mark_applied(project: Project, name: str) -> Outcome:
    return project.run("resolve", applied=name)


@pytest.mark.conformance("mark_migration_applied", "mark_migration_applied_on_an_empty_database_works")
def test_in_an_empty_database_the_row_is_written_and_nothing_is_run(project: Project) -> None:
    project.write(FIRST, CREATE_TEST)

    outcome = mark_applied(project, FIRST)

    assert (outcome.error, outcome.resolved) == (None, (FIRST,))
    [row] = project.rows()
    assert row["migration_name"] == FIRST
    assert row["finished_at"] is not None
    assert row["started_at"] == row["finished_at"]
    assert (row["logs"], row["applied_steps_count"], row["rolled_back_at"]) == ("", 0, None)
    assert project.tables() == set()


@pytest.mark.conformance("mark_migration_applied", "mark_migration_applied_on_a_non_empty_database_works")
def test_after_a_deploy_a_second_row_is_written_and_nothing_is_run(project: Project) -> None:
    project.write(FIRST, CREATE_TEST)
    project.run()
    project.write(SECOND, CREATE_CAT)

    mark_applied(project, SECOND)

    first, second = project.rows()
    assert (first["migration_name"], second["migration_name"]) == (FIRST, SECOND)
    assert first["finished_at"] is not None
    assert second["started_at"] == second["finished_at"]
    assert project.tables() == {"Test"}


@pytest.mark.conformance(
    "mark_migration_applied", "mark_migration_applied_when_the_migration_is_already_applied_errors"
)
def test_an_applied_migration_is_p3008_and_its_row_unchanged(project: Project) -> None:
    project.write(FIRST, CREATE_TEST)
    project.write(SECOND, CREATE_CAT)
    project.run()
    before = project.rows()

    error = mark_applied(project, SECOND).error

    assert isinstance(error, HistoryBlocked)
    assert error.code == "P3008"
    assert error.problem == f"The migration `{SECOND}` is already recorded as applied in the database."
    assert project.rows() == before
    assert project.tables() == {"Test", "Cat"}


@pytest.mark.conformance("mark_migration_applied", "mark_migration_applied_when_the_migration_is_failed")
def test_a_failed_row_is_rolled_back_and_a_finished_one_written(project: Project) -> None:
    project.write(FIRST, CREATE_TEST)
    project.run()
    leave_failed_row(project, SECOND, "\nSELECT YOLO;")

    assert mark_applied(project, SECOND).error is None

    first, failed, finished = project.rows()
    assert [row["migration_name"] for row in (first, failed, finished)] == [FIRST, SECOND, SECOND]
    assert first["finished_at"] is not None
    assert failed["finished_at"] is None
    assert failed["rolled_back_at"] is not None
    assert finished["finished_at"] is not None
    assert finished["rolled_back_at"] is None
    assert project.tables() == {"Test"}


@pytest.mark.conformance("mark_migration_applied", "baselining_should_work")
def test_in_a_database_with_tables_and_no_history_it_is_baselining(project: Project) -> None:
    project.query(CREATE_TEST)
    project.write(FIRST, CREATE_TEST)

    mark_applied(project, FIRST)

    [row] = project.rows()
    assert row["migration_name"] == FIRST
    assert row["finished_at"] is not None
    assert project.tables() == {"Test"}
    assert project.run().status is Status.UP_TO_DATE


@pytest.mark.conformance("mark_migration_applied", "must_return_helpful_error_on_migration_not_found")
def test_a_part_of_a_name_is_p3017_and_the_whole_name_works(project: Project) -> None:
    project.write(FIRST, CREATE_TEST)

    error = mark_applied(project, "01init").error

    assert isinstance(error, HistoryBlocked)
    assert error.code == "P3017"
    assert error.problem.startswith("The migration 01init could not be found.")
    assert mark_applied(project, FIRST).error is None
