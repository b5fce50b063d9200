"""Prisma's checks of how directory and history are compared; here `status` tells."""

import shutil

import pytest

from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.errors import SettingsInvalid
from tests.conformance.prisma_rows import leave_failed_row
from tests.fixtures.projects import Project

FIRST = "20240101000000_initial"
SECOND = "20240102000000_second-migration"
THIRD = "20240103000000_create-dog"
CREATE_CAT = 'CREATE TABLE "Cat" (id int PRIMARY KEY, name text NOT NULL);\n'
ADD_FLUFFINESS = 'ALTER TABLE "Cat" ADD COLUMN fluffiness float;\n'


def deploy_two(project: Project) -> None:
    project.write(FIRST, CREATE_CAT)
    project.write(SECOND, ADD_FLUFFINESS)
    assert project.run().status is Status.APPLIED


def pending(outcome: Outcome) -> list[str]:
    return [migration.name for migration in outcome.pending]


def warned_of(outcome: Outcome) -> dict[str, list[str]]:
    return {warning.code: list(warning.migrations) for warning in outcome.warnings}


@pytest.mark.conformance(
    "diagnose_migration_history",
    "diagnose_migrations_history_on_an_empty_database_without_migration_returns_nothing",
    differs="An empty directory is refused (M206), because it is what a package built wrongly looks like.",
)
def test_status_refuses_an_empty_directory(one_project: Project) -> None:
    error = one_project.run("status").error

    assert isinstance(error, SettingsInvalid)
    assert error.code == "M206"


@pytest.mark.conformance("diagnose_migration_history", "diagnose_migrations_history_after_two_migrations_happy_path")
def test_after_a_deploy_there_is_nothing_to_tell(project: Project) -> None:
    deploy_two(project)

    outcome = project.run("status")

    assert outcome.status is Status.UP_TO_DATE
    assert (outcome.pending, outcome.failed, outcome.warnings, outcome.error) == ((), (), (), None)


@pytest.mark.conformance(
    "diagnose_migration_history",
    "diagnose_migration_history_without_opt_in_to_shadow_database_does_not_calculate_drift",
)
def test_a_table_changed_by_hand_is_no_finding(project: Project) -> None:
    deploy_two(project)
    project.query('ALTER TABLE "Cat" ADD COLUMN by_hand int')

    outcome = project.run("status")

    assert outcome.status is Status.UP_TO_DATE
    assert outcome.warnings == ()


@pytest.mark.conformance(
    "diagnose_migration_history", "diagnose_migrations_history_can_detect_when_the_database_is_behind"
)
def test_what_the_database_lacks_is_pending(project: Project) -> None:
    project.write(FIRST, CREATE_CAT)
    project.run()
    project.write(SECOND, ADD_FLUFFINESS)

    outcome = project.run("status")

    assert outcome.status is Status.PENDING
    assert (pending(outcome), outcome.failed, outcome.warnings) == ([SECOND], (), ())


@pytest.mark.conformance(
    "diagnose_migration_history",
    "diagnose_migrations_history_can_detect_when_the_folder_is_behind",
    differs="A database that is ahead of the newest name in the directory (a rollback, an older stack) is no finding; "
    "a name that is missing below it is (M513).",
)
def test_a_migration_missing_from_the_directory_is_told_unless_the_database_is_just_ahead(project: Project) -> None:
    deploy_two(project)
    project.write(THIRD, 'CREATE TABLE "Dog" (id int PRIMARY KEY);')
    project.run()

    shutil.rmtree(project.directory / THIRD)
    ahead = project.run("status")
    shutil.rmtree(project.directory / FIRST)
    hole = project.run("status")

    assert (ahead.status, ahead.warnings) == (Status.UP_TO_DATE, ())
    assert (hole.status, warned_of(hole)) == (Status.UP_TO_DATE, {"M513": [FIRST]})


@pytest.mark.conformance(
    "diagnose_migration_history",
    "diagnose_migrations_history_can_detect_when_history_diverges",
    differs="Both lists of names are told, the last common migration is not: no action depends on it.",
)
def test_of_diverging_histories_both_sides_are_named(project: Project) -> None:
    deploy_two(project)
    shutil.rmtree(project.directory / SECOND)
    project.write(THIRD, 'CREATE TABLE "Dog" (id int PRIMARY KEY);')

    outcome = project.run("status")

    assert outcome.status is Status.PENDING
    assert pending(outcome) == [THIRD]
    assert warned_of(outcome) == {"M513": [SECOND]}


@pytest.mark.conformance("diagnose_migration_history", "diagnose_migrations_history_can_detect_edited_migrations")
def test_a_migration_edited_after_it_was_applied_is_named(project: Project) -> None:
    deploy_two(project)
    project.write(FIRST, CREATE_CAT + "/* test */")

    outcome = project.run("status")

    assert outcome.status is Status.UP_TO_DATE
    assert warned_of(outcome) == {"M510": [FIRST]}


@pytest.mark.conformance(
    "diagnose_migration_history",
    "diagnose_migrations_history_with_a_nonexistent_migrations_directory_works",
    differs="A missing directory is refused (M206), because it is what a package built wrongly looks like.",
)
def test_status_refuses_a_missing_directory(one_project: Project) -> None:
    shutil.rmtree(one_project.directory)

    error = one_project.run("status").error

    assert isinstance(error, SettingsInvalid)
    assert error.code == "M206"
    assert str(one_project.directory) in error.headline


@pytest.mark.conformance("diagnose_migration_history", "dmh_with_a_failed_migration")
def test_a_migration_that_prisma_left_failed_is_named(project: Project) -> None:
    project.write(FIRST, CREATE_CAT)
    project.run()
    leave_failed_row(project, SECOND, "CREATE_BROKEN")

    outcome = project.run("status")

    assert outcome.status is Status.FAILED
    assert (outcome.failed, outcome.pending, outcome.warnings) == ((SECOND,), (), ())


@pytest.mark.conformance("diagnose_migration_history", "empty_migration_directories_should_cause_known_errors")
def test_a_directory_without_a_script_is_p3015_and_the_script_named(project: Project) -> None:
    project.write(FIRST, CREATE_CAT)
    project.run()
    (project.directory / FIRST / "migration.sql").unlink()

    error = project.run("status").error

    assert isinstance(error, SettingsInvalid)
    assert error.code == "P3015"
    assert error.problem == f"Could not find the migration file at {FIRST}/migration.sql."
