"""`migrate-lambda invoke` on the function itself, as AWS runs it, and a real PostgreSQL."""

import re
from typing import Any

import pytest

from local.runtime_api import LambdaSandbox
from tests.fixtures.aws_stand_in import Answered, Asked, Ended, Migrate, StandIn
from tests.fixtures.functions import A, B, Planted
from tests.fixtures.projects import check_outcome
from tests.fixtures.terminal import run_on


@pytest.fixture
def deployed(aws: StandIn, function: LambdaSandbox) -> StandIn:
    """The account with the function of a project in it, which logs with its answer as Lambda does."""

    def invoked(asked: Asked) -> Answered:
        invocation = function.invoke(asked.parameters["Payload"])
        payload: Any = invocation.error or invocation.payload
        log = f"START RequestId: {invocation.request_id} Version: $LATEST\n{invocation.log}"
        return Answered(payload, invocation.error is not None, log, invocation.request_id)

    aws.answer("Invoke", invoked)
    return aws


def without_times(ended: Ended) -> list[str]:
    """The lines, without how long it took."""
    return [line.partition(" in ")[0] for line in ended.stdout.splitlines()]


@pytest.mark.usefixtures("deployed")
def test_a_deploy_applies_and_prints_what_it_prints_at_the_database(migrate: Migrate, planted: Planted) -> None:
    first, second = migrate("invoke", "migrate"), migrate("invoke", "migrate")

    assert (first.code, second.code) == (0, 0)
    assert planted.project.tables() == {"a", "b"}
    here = run_on(planted.project, "deploy").stderr.splitlines()
    assert second.stdout.splitlines() == here
    assert without_times(first)[:6] == [
        "Running Database Migrations",
        "2 migrations found",
        f"Applying migration `{A}`",
        f"Applied migration `{A}`",
        f"Applying migration `{B}`",
        f"Applied migration `{B}`",
    ]
    assert first.stdout.count("Migrations completed successfully") == 1


@pytest.mark.usefixtures("deployed")
def test_a_failing_migration_exits_with_5_and_is_told_once_as_at_the_database(
    migrate: Migrate, planted: Planted
) -> None:
    planted.project.write(B, "SELECT 1/0;")

    ended, as_json = migrate("invoke", "migrate"), migrate("invoke", "migrate", "--json")

    here = run_on(planted.project, "deploy")
    assert ended.code == as_json.code == here.exit_code == 5
    error = f"ERROR: P3018 Migration {B} failed to apply: "
    assert ended.stdout.count(error) == 1
    told_there = ended.stdout[ended.stdout.index(error) :]
    told, logs = re.subn(r" Logs: /aws/lambda/migrate \S+$", "", told_there, flags=re.MULTILINE)
    assert (told, logs) == (here.stderr[here.stderr.index(error) :], 1)
    assert "Traceback" not in ended.stdout
    check_outcome(as_json.json)
    assert (as_json.json["status"], as_json.json["error"]["class"]) == ("failed", "MigrationFailed")


@pytest.mark.usefixtures("deployed")
def test_status_verify_and_doctor_exit_as_at_the_database(migrate: Migrate, planted: Planted) -> None:
    codes = {action: migrate("invoke", "migrate", action).code for action in ("status", "verify", "plan", "doctor")}

    assert codes == {action: run_on(planted.project, action).exit_code for action in codes}
    assert codes == {"status": 1, "verify": 1, "plan": 0, "doctor": 0}
    assert migrate("invoke", "migrate", "doctor", "--secret-id", "none/such").code == 2
