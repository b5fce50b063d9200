"""The function of a stack, invoked directly and asynchronously, and killed by its timeout."""

import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.deployments import Deployment
from tests.fixtures.functions import B, wait_until

C = "20240103000000_c"
pytestmark = pytest.mark.usefixtures("layers_at_opt")


@pytest.fixture
def function(deployment: Deployment) -> str:
    """The name of the function of a stack that runs nothing by itself."""
    layer = deployment.publish_layer()
    assert deployment.create(deployment.account.template, MigrationsLayerArn=layer, RunMigrations="false") == (
        "CREATE_COMPLETE"
    )
    return deployment.outputs["FunctionName"]


def invoke(deployment: Deployment, function: str, event: object, kind: str = "RequestResponse") -> dict[str, Any]:
    """Invoke the function; the answer with its payload read."""
    answer = deployment.client("lambda").invoke(
        FunctionName=function, InvocationType=kind, Payload=json.dumps(event).encode()
    )
    content = answer["Payload"].read()
    return {**answer, "Payload": json.loads(content) if content else None}


def test_the_function_alone_migrates_nothing_until_it_is_invoked(deployment: Deployment, function: str) -> None:
    assert deployment.project.tables() == set()

    answer = invoke(deployment, function, {})

    assert (answer["StatusCode"], answer.get("FunctionError")) == (200, None)
    assert (answer["Payload"]["status"], answer["Payload"]["latest"]) == ("applied", B)
    assert deployment.project.tables() == {"a", "b"}


def test_a_failed_migration_is_a_failed_invocation(deployment: Deployment, function: str) -> None:
    deployment.project.write(B, "SELECT 1/0;")
    deployment.client("lambda").update_function_configuration(
        FunctionName=function, Layers=[deployment.publish_layer()]
    )

    answer = invoke(deployment, function, {"action": "deploy"})

    assert answer["FunctionError"]
    assert answer["Payload"]["errorMessage"].startswith(f"P3018 Migration {B} failed to apply: ERROR 22012")


def test_an_asynchronous_invocation_that_fails_is_tried_once_more(deployment: Deployment, function: str) -> None:
    deployment.project.write(B, "SELECT 1/0;")
    deployment.client("lambda").update_function_configuration(
        FunctionName=function, Layers=[deployment.publish_layer()]
    )

    assert invoke(deployment, function, {"action": "deploy"}, "Event")["StatusCode"] == 202

    wait_until(lambda: deployment.invocations == 2, limit_s=20)
    time.sleep(4)  # by default Lambda would try a third time, here after 2 s
    assert deployment.invocations == 2


def test_what_is_left_of_a_function_that_its_timeout_killed_does_not_stop_the_next(
    deployment: Deployment, function: str
) -> None:
    deployment.project.write(C, "CREATE TABLE c (id int); SELECT pg_sleep(60);")
    configure(deployment, function, timeout_s=11, reserve_s="5")
    answers: list[dict[str, Any]] = []
    run = threading.Thread(target=lambda: answers.append(invoke(deployment, function, {})))
    run.start()
    wait_until(lambda: sleeping(deployment), limit_s=8)
    for pid in processes_of(function):
        os.kill(pid, signal.SIGSTOP)  # so that it cannot end in time by itself, as it would
    run.join(30)

    assert "timed out" in answers[0]["Payload"]["errorMessage"]
    assert deployment.project.tables() == {"a", "b"}

    deployment.project.write(C, "CREATE TABLE c (id int);")
    configure(deployment, function, timeout_s=60, reserve_s="5")

    assert [each["name"] for each in invoke(deployment, function, {})["Payload"]["applied"]] == [C]
    assert deployment.project.tables() == {"a", "b", "c"}


def configure(deployment: Deployment, function: str, *, timeout_s: int, reserve_s: str) -> None:
    """Give the function the migrations as they are now, and another timeout."""
    functions = deployment.client("lambda")
    variables = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    functions.update_function_configuration(
        FunctionName=function,
        Layers=[deployment.publish_layer()],
        Timeout=timeout_s,
        Environment={"Variables": {**variables, "MIGRATE_RESERVE_S": reserve_s}},
    )


def sleeping(deployment: Deployment) -> bool:
    """Whether a session of a run sleeps in the database."""
    statement = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = %s"
    return bool(deployment.project.value(statement, deployment.project.database))


def processes_of(function: str) -> list[int]:
    """The processes that the emulator runs the function in."""
    variable = f"AWS_LAMBDA_FUNCTION_NAME={function}".encode()
    return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/environ") if variable in read(path)]


def read(environ: Path) -> list[bytes]:
    """The environment of a process, nothing of one that has ended or is another user's."""
    try:
        return environ.read_bytes().split(b"\0")
    except OSError:
        return []
