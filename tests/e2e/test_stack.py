"""The released template and runner as a stack, with the migrations in a layer and a service that waits for them."""

import pytest
from botocore.exceptions import ClientError

from tests.fixtures.deployments import Deployment
from tests.fixtures.functions import B

C, D = "20240103000000_c", "20240104000000_d"


@pytest.fixture(autouse=True)
def _needs_opt(layers_at_opt: None) -> None:
    """The layer has to be where Lambda shows it."""


@pytest.fixture
def created(deployment: Deployment) -> Deployment:
    """The stack, created with two migrations."""
    assert deployment.create(MigrationsLayerArn=deployment.publish_layer()) == "CREATE_COMPLETE"
    return deployment


def test_a_stack_applies_the_migrations_of_the_layer_before_the_service_that_waits_for_them(
    created: Deployment,
) -> None:
    assert created.project.tables() == {"a", "b"}
    assert (created.outputs["LatestMigration"], created.outputs["AppliedCount"]) == (B, "2")
    assert created.events.index(("Migrations", "CREATE_COMPLETE")) < created.events.index(("Web", "CREATE_IN_PROGRESS"))
    assert any('"2 migrations found in /opt/migrations"' in line for line in created.log)


def test_a_failing_migration_fails_the_creation_and_the_service_is_never_created(deployment: Deployment) -> None:
    deployment.project.write(B, "CREATE TABLE b (id int); SELECT 1/0;")

    assert deployment.create(MigrationsLayerArn=deployment.publish_layer()) == "ROLLBACK_COMPLETE"

    reason = deployment.reason("Migrations", "CREATE_FAILED")
    assert reason.startswith(f"P3018 Migration {B} failed to apply: ERROR 22012")
    assert "Web" not in [resource for resource, _ in deployment.events]
    assert deployment.project.tables() == {"a"}
    assert any(B in line for line in deployment.log), "the log outlives the stack"


def test_the_creation_succeeds_when_the_migration_is_mended(deployment: Deployment) -> None:
    deployment.project.write(B, "SELECT 1/0;")
    assert deployment.create(MigrationsLayerArn=deployment.publish_layer()) == "ROLLBACK_COMPLETE"
    deployment.delete()

    deployment.project.write(B, "CREATE TABLE b (id int);")

    assert deployment.create(MigrationsLayerArn=deployment.publish_layer()) == "CREATE_COMPLETE"
    assert deployment.project.tables() == {"a", "b"}


def test_new_migrations_alone_make_an_update_that_applies_them(created: Deployment) -> None:
    created.project.write(C, "CREATE TABLE c (id int);")

    assert created.update(MigrationsLayerArn=created.publish_layer()) == "UPDATE_COMPLETE"

    assert created.project.tables() == {"a", "b", "c"}
    assert (created.outputs["LatestMigration"], created.outputs["AppliedCount"]) == (C, "1")


def test_a_failing_migration_on_update_rolls_back_and_the_retry_goes_on(created: Deployment) -> None:
    created.project.write(C, "CREATE TABLE c (id int);")
    created.project.write(D, "CREATE TABLE d (id int); SELECT 1/0;")

    assert created.update(MigrationsLayerArn=created.publish_layer(), Image="web:2") == "UPDATE_ROLLBACK_COMPLETE"

    assert created.project.tables() == {"a", "b", "c"}
    assert ("Web", "UPDATE_IN_PROGRESS") not in created.events
    assert D in created.reason("Migrations", "UPDATE_FAILED")

    created.project.write(D, "CREATE TABLE d (id int);")

    assert created.update(MigrationsLayerArn=created.publish_layer()) == "UPDATE_COMPLETE"
    assert created.project.tables() == {"a", "b", "c", "d"}
    assert created.events.index(("Migrations", "UPDATE_COMPLETE")) < created.events.index(("Web", "UPDATE_IN_PROGRESS"))


def test_no_change_sends_nothing(created: Deployment) -> None:
    before = created.invocations

    with pytest.raises(ClientError, match="No updates are to be performed"):
        created.update()

    assert created.invocations == before


def test_a_higher_run_token_runs_without_a_new_migration(created: Deployment) -> None:
    before = created.invocations
    assert created.update(RunToken="1") == "UPDATE_COMPLETE"

    assert created.invocations == before + 1
    assert created.outputs["AppliedCount"] == "0"


def test_another_database_is_migrated_though_the_migrations_are_the_same(created: Deployment) -> None:
    other = f"{created.project.database}_other"
    created.project.query(f'CREATE DATABASE "{other}"')
    try:
        assert created.update(DatabaseName=other) == "UPDATE_COMPLETE"
        assert (created.outputs["LatestMigration"], created.outputs["AppliedCount"]) == (B, "2")
    finally:
        created.project.query(f'DROP DATABASE "{other}" WITH (FORCE)')


def test_delete_leaves_the_data_and_the_log(created: Deployment) -> None:
    assert created.delete() == "DELETE_COMPLETE"

    assert created.project.tables() == {"a", "b"}
    assert created.invocations == 2


def test_an_older_directory_on_a_newer_database_succeeds_and_changes_nothing(created: Deployment) -> None:
    script = created.project.directory / B / "migration.sql"
    script.unlink()
    script.parent.rmdir()

    assert created.update(MigrationsLayerArn=created.publish_layer(), Image="web:1.9") == "UPDATE_COMPLETE"

    assert created.project.tables() == {"a", "b"}
    assert ("Web", "UPDATE_COMPLETE") in created.events


def test_a_second_stack_on_the_same_database_is_up_to_date_and_the_first_ones_deletion_changes_nothing(
    created: Deployment,
) -> None:
    renamed = Deployment(created.account, created.project, created.parameters["SecretArn"])

    assert renamed.create(MigrationsLayerArn=renamed.publish_layer()) == "CREATE_COMPLETE"
    assert created.delete() == "DELETE_COMPLETE"

    assert (renamed.outputs["LatestMigration"], renamed.outputs["AppliedCount"]) == (B, "0")
    assert renamed.project.tables() == {"a", "b"}


def test_whatever_is_in_triggers_runs_when_it_changes(created: Deployment) -> None:
    before = created.invocations
    assert created.update(Triggers="another-endpoint.example") == "UPDATE_COMPLETE"

    assert created.invocations == before + 1
