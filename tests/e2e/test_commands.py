"""`migrate-lambda` on a stack as teams deploy it."""

import json

import pytest

from tests.fixtures.deployments import Deployment
from tests.fixtures.functions import A, B
from tests.fixtures.terminal import Finished, finish, start

pytestmark = pytest.mark.usefixtures("layers_at_opt")


def migrate(deployment: Deployment, *arguments: str) -> Finished:
    """Run the program on the account."""
    return finish(start(*arguments, **deployment.account.emulator.environment))


def test_a_stack_that_failed_is_explained_by_the_migration_that_did(deployment: Deployment) -> None:
    deployment.project.write(B, "SELECT 1/0;")
    assert deployment.create(MigrationsLayerArn=deployment.publish_layer()) == "ROLLBACK_COMPLETE"

    explained = migrate(deployment, "explain", deployment.name)

    lines = explained.stdout.splitlines()
    assert explained.exit_code == 1, explained.stderr
    assert lines[0].startswith("Migrations (Custom::Migrations) failed first, ")
    assert lines[1].startswith(f"P3018 Migration {B} failed to apply: ERROR 22012")
    [command] = [line for line in lines if line.startswith("To read it: migrate-lambda logs --log-group ")]
    # The emulator tells the function of another group than the one that it logs to.
    group = f"/aws/cloudformation/{deployment.name}/LogGroup"
    log = migrate(deployment, "logs", "--log-group", group, *command.split()[-2:])
    assert (log.exit_code, f"Applying migration `{A}`" in log.stdout) == (0, True), log.stderr


def test_the_function_of_a_stack_is_invoked_and_its_log_read_by_the_stacks_name(deployment: Deployment) -> None:
    layer = deployment.publish_layer()
    deployment.create(deployment.account.template, MigrationsLayerArn=layer, RunMigrations="false")

    ended = migrate(deployment, "invoke", "--stack", deployment.name, "--json")

    assert (ended.exit_code, ended.outcome["status"], ended.outcome["latest"]) == (0, "applied", B)
    assert deployment.project.tables() == {"a", "b"}
    run_id = ended.outcome["runId"]
    log = migrate(deployment, "logs", "--stack", deployment.name, "--run-id", run_id, "--json")
    messages = [json.loads(line)["message"] for line in log.stdout.splitlines()]
    assert messages[0] == "Running Database Migrations"
    assert messages[-1] == "Migrations completed successfully"


def test_a_migration_that_fails_exits_with_5_and_a_gate_that_is_closed_with_1(deployment: Deployment) -> None:
    """The emulator has a type of its own for every error of a handler, and an id of its own in the answer's header."""
    deployment.project.write(B, "SELECT 1/0;")
    layer = deployment.publish_layer()
    deployment.create(deployment.account.template, MigrationsLayerArn=layer, RunMigrations="false")

    failed = migrate(deployment, "invoke", "--stack", deployment.name, "--json")
    verified = migrate(deployment, "invoke", "--stack", deployment.name, "verify", "--json")

    error = failed.outcome["error"]
    assert (failed.exit_code, error["class"], error["code"]) == (5, "MigrationFailed", "P3018"), failed.stderr
    assert failed.stderr.count(f"ERROR: P3018 Migration {B} failed to apply: ERROR 22012") == 1
    assert "MemorySize" not in failed.stderr
    assert "WARNING" not in failed.stderr
    assert (verified.exit_code, verified.outcome["error"]["code"]) == (1, "M503"), verified.stderr


def test_the_check_that_the_stack_names_says_what_its_subnets_lack(deployment: Deployment) -> None:
    layer = deployment.publish_layer()
    deployment.create(deployment.account.template, MigrationsLayerArn=layer, RunMigrations="false")

    program, *arguments = deployment.outputs["NetworkCheck"].split()
    lacking = migrate(deployment, *arguments)

    assert (program, lacking.exit_code) == ("migrate-lambda", 1), lacking.stderr
    assert f"VpcId={deployment.account.vpc} SecretsManagerEndpoint=true S3RouteTableIds=rtb-" in lacking.stdout
