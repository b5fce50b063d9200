"""Prisma's checks of what `migrate deploy` applies."""

import pytest

from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.errors import HistoryBlocked, MigrationFailed, SettingsInvalid
from tests.fixtures.projects import Project

FIRST = "20240101000000_initial"
SECOND = "20240102000000_second-migration"
CREATE_CAT = 'CREATE TABLE "Cat" (id int PRIMARY KEY, name text NOT NULL);\n'
ADD_FLUFFINESS = 'ALTER TABLE "Cat" ADD COLUMN fluffiness float;\n'


def applied(outcome: Outcome) -> list[str]:
    assert outcome.error is None
    return [migration.name for migration in outcome.applied]


@pytest.mark.conformance(
    "apply_migrations",
    "apply_migrations_with_an_empty_migrations_folder_works",
    differs="An empty directory is refused (M206), because it is what a package built wrongly looks like.",
)
def test_an_empty_directory_is_refused_and_the_database_left_alone(project: Project) -> None:
    outcome = project.run()

    assert isinstance(outcome.error, SettingsInvalid)
    assert outcome.error.code == "M206"
    assert project.value("SELECT to_regclass('_prisma_migrations')") is None


@pytest.mark.conformance("apply_migrations", "applying_a_single_migration_should_work")
def test_a_migration_is_applied_once(project: Project) -> None:
    project.write(FIRST, CREATE_CAT)

    assert applied(project.run()) == [FIRST]
    assert project.tables() == {"Cat"}
    assert applied(project.run()) == []


@pytest.mark.conformance("apply_migrations", "multi_schema_applying_two_migrations_works")
def test_migrations_may_work_in_other_schemas_than_that_of_the_history(project: Project) -> None:
    project.query("CREATE SCHEMA one")
    project.query("CREATE SCHEMA two")
    project.write(FIRST, 'CREATE TABLE one."Cat" (id int PRIMARY KEY);')
    project.write(SECOND, 'DROP TABLE one."Cat"; CREATE TABLE two."Cat" (id int PRIMARY KEY);')

    assert applied(project.run()) == [FIRST, SECOND]
    assert (project.tables("one"), project.tables("two")) == (set(), {"Cat"})
    assert applied(project.run()) == []


@pytest.mark.conformance("apply_migrations", "applying_two_migrations_works")
def test_two_migrations_are_applied_in_order_and_once(project: Project) -> None:
    project.write(SECOND, ADD_FLUFFINESS)
    project.write(FIRST, CREATE_CAT)

    assert applied(project.run()) == [FIRST, SECOND]
    assert applied(project.run()) == []


@pytest.mark.conformance(
    "apply_migrations",
    "migrations_should_fail_when_the_script_is_invalid",
    differs="The row of a script that was certainly rolled back is marked as rolled back at once, so that the next "
    "deploy tries again without a resolve; Prisma leaves it failed.",
)
def test_a_script_with_a_syntax_error_fails_with_the_text_of_p3018_in_its_row(project: Project) -> None:
    project.write(FIRST, CREATE_CAT)
    project.write(SECOND, ADD_FLUFFINESS + "\nSELECT (^.^)_n;\n")

    error = project.run().error

    assert isinstance(error, MigrationFailed)
    assert (error.code, error.where.migration, error.where.sqlstate) == ("P3018", SECOND, "42601")
    first, second = project.rows()
    assert (first["migration_name"], first["applied_steps_count"]) == (FIRST, 1)
    assert first["finished_at"] is not None
    assert (second["migration_name"], second["applied_steps_count"], second["finished_at"]) == (SECOND, 0, None)
    assert second["rolled_back_at"] is not None
    assert second["logs"].startswith(
        "A migration failed to apply. New migrations cannot be applied before the error is recovered from. Read more "
        "about how to resolve migration issues in a production database: https://pris.ly/d/migrate-resolve\n\n"
        f"Migration name: {SECOND}\n\nDatabase error code: 42601\n\nDatabase error:\n"
        'ERROR: syntax error at or near "^"\n'
    )


@pytest.mark.conformance("apply_migrations", "migrations_should_not_reapply_modified_migrations")
def test_an_edited_migration_is_not_run_again(project: Project) -> None:
    project.write(FIRST, CREATE_CAT)
    project.run()
    project.write(FIRST, CREATE_CAT + '-- a comment\nDROP TABLE "Cat";')
    project.write(SECOND, ADD_FLUFFINESS)

    assert applied(project.run()) == [SECOND]
    assert project.tables() == {"Cat"}


@pytest.mark.conformance("apply_migrations", "migrations_should_fail_on_an_uninitialized_nonempty_database")
def test_tables_without_a_history_are_p3005(project: Project) -> None:
    project.query(CREATE_CAT)
    project.write(FIRST, CREATE_CAT)

    outcome = project.run()

    assert isinstance(outcome.error, HistoryBlocked)
    assert outcome.error.code == "P3005"
    assert project.value("SELECT to_regclass('_prisma_migrations')") is None


@pytest.mark.conformance(
    "apply_migrations",
    "migrations_should_succeed_on_an_uninitialized_nonempty_database_with_postgis_tables",
)
def test_the_tables_of_postgis_do_not_count_whatever_their_case(project: Project) -> None:
    project.query("CREATE TABLE spatial_ref_sys (id serial PRIMARY KEY)")
    project.query('CREATE TABLE "Geometry_columns" (id serial PRIMARY KEY)')
    project.write(FIRST, CREATE_CAT)

    outcome = project.run()

    assert outcome.status is Status.APPLIED
    assert applied(outcome) == [FIRST]
