"""What a stack was told to ask the function is sent to it as ECS and EventBridge would send it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_examples import deploy, repository
from tests.e2e.test_invocations import invoke
from tests.fixtures.deployments import Deployment
from tests.fixtures.functions import B
from tests.fixtures.projects import ROOT

__all__ = ["repository"]  # the fixture
pytestmark = pytest.mark.usefixtures("layers_at_opt")


def event(name: str) -> dict[str, Any]:
    """One of the events in events/."""
    found: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return found


def ask_as_ecs(deployment: Deployment) -> Any:
    """Invoke the hook of the stack's service with what the service's definition says; what it returns."""
    name = deployment.resource("Web")
    [service] = deployment.client("ecs").describe_services(cluster="shop", services=[name])["services"]
    [hook] = service["deploymentConfiguration"]["lifecycleHooks"]
    [stage] = hook["lifecycleStages"]
    assert ":role/" in hook["roleArn"]
    details = json.loads(hook["hookDetails"])
    sent = {**event("ecs-pre-scale-up"), "lifecycleStage": stage, "hookDetails": details}
    return invoke(deployment, hook["hookTargetArn"], sent)["Payload"]


def test_the_ecs_example_makes_a_hook_that_applies_the_migrations(deployment: Deployment, repository: Path) -> None:
    finished = deploy(deployment, repository, "ecs-hook/template.yaml")

    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert deployment.project.tables() == set()
    assert deployment.events.index(("Migrator", "CREATE_COMPLETE")) < deployment.events.index(
        ("Web", "CREATE_IN_PROGRESS")
    )
    assert ask_as_ecs(deployment) == {"hookStatus": "SUCCEEDED"}
    assert deployment.project.tables() == {"a", "b"}


def test_its_hook_fails_with_a_migration(deployment: Deployment, repository: Path) -> None:
    deployment.project.write(B, "CREATE TABLE b (id int); SELECT 1/0;")
    assert deploy(deployment, repository, "ecs-hook/template.yaml").returncode == 0

    assert ask_as_ecs(deployment) == {"hookStatus": "FAILED"}
    assert deployment.project.tables() == {"a"}


def test_what_the_schedule_sends_asks_for_the_status_alone(deployment: Deployment) -> None:
    parameters = {"MigrationsLayerArn": deployment.publish_layer(), "RunMigrations": "false"}
    deployment.create(deployment.account.template, StatusSchedule="rate(1 day)", **parameters)
    targets = deployment.client("events").list_targets_by_rule(Rule=deployment.resource("StatusRule"))["Targets"]

    [answer] = [invoke(deployment, target["Arn"], event("scheduled-rule")) for target in targets]

    assert (answer["Payload"]["action"], answer["Payload"]["status"]) == ("status", "pending")
    assert deployment.project.tables() == set()
