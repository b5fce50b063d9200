"""The local Secrets Manager, as boto3 sees it."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from local.secrets_manager import LocalSecretsManager, SecretsError

LOGIN = {"username": "app", "password": "hush", "port": 5432}


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalSecretsManager]:
    with LocalSecretsManager() as running:
        monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def client(manager: LocalSecretsManager) -> Iterator[Any]:
    config = Config(retries={"total_max_attempts": 1}, read_timeout=0.3)
    made = boto3.session.Session().client("secretsmanager", config=config)
    yield made
    made.close()


def refusal_of(client: Any, secret_id: str, **parameters: str) -> dict[str, str]:
    with pytest.raises(ClientError) as caught:
        client.get_secret_value(SecretId=secret_id, **parameters)
    error: dict[str, str] = caught.value.response["Error"]
    return error


def test_gives_a_secret_by_name_and_by_arn(manager: LocalSecretsManager, client: Any) -> None:
    arn = manager.put("demo/database", LOGIN)
    for secret_id in ("demo/database", arn, arn[:-7]):
        answer = client.get_secret_value(SecretId=secret_id)
        assert json.loads(answer["SecretString"]) == LOGIN
        assert (answer["Name"], answer["ARN"], answer["VersionStages"]) == (
            "demo/database",
            arn,
            ["AWSCURRENT"],
        )


def test_keeps_the_previous_value_and_other_stages(manager: LocalSecretsManager, client: Any) -> None:
    manager.put("rotated", "old")
    manager.put("rotated", "new")
    manager.put("rotated", "next", stage="AWSPENDING")
    values = {
        stage: client.get_secret_value(SecretId="rotated", VersionStage=stage)["SecretString"]
        for stage in ("AWSPREVIOUS", "AWSCURRENT", "AWSPENDING")
    }
    assert values == {"AWSPREVIOUS": "old", "AWSCURRENT": "new", "AWSPENDING": "next"}


def test_takes_secrets_from_boto3(client: Any) -> None:
    client.create_secret(Name="made", SecretString="one")
    client.put_secret_value(SecretId="made", SecretString="two")
    assert client.get_secret_value(SecretId="made")["SecretString"] == "two"
    with pytest.raises(client.exceptions.ResourceExistsException):
        client.create_secret(Name="made", SecretString="three")


def test_does_not_find_an_absent_secret(client: Any) -> None:
    assert refusal_of(client, "absent") == {
        "Code": "ResourceNotFoundException",
        "Message": "Secrets Manager can't find the specified secret.",
    }


def test_does_not_find_an_absent_stage(manager: LocalSecretsManager, client: Any) -> None:
    manager.put("demo/database", LOGIN)
    error = refusal_of(client, "demo/database", VersionStage="AWSPENDING")
    assert error["Code"] == "ResourceNotFoundException"
    assert error["Message"].endswith("staging label: AWSPENDING")


def test_refuses_a_secret_marked_for_deletion(manager: LocalSecretsManager, client: Any) -> None:
    manager.put("demo/database", LOGIN)
    manager.delete("demo/database")
    error = refusal_of(client, "demo/database")
    assert error["Code"] == "InvalidRequestException"
    assert "marked for deletion" in error["Message"]


def test_denies(manager: LocalSecretsManager, client: Any) -> None:
    manager.put("demo/database", LOGIN)
    manager.behave("deny")
    error = refusal_of(client, "demo/database")
    assert error["Code"] == "AccessDeniedException"
    assert "not authorized to perform: secretsmanager:GetSecretValue on resource: demo/database" in error["Message"]


def test_sends_any_error_wanted(manager: LocalSecretsManager, client: Any) -> None:
    manager.behave(SecretsError("InternalServiceError", "An error occurred on the server side.", 500))
    assert refusal_of(client, "demo/database")["Code"] == "InternalServiceError"


def test_drops_connections(manager: LocalSecretsManager, client: Any) -> None:
    manager.behave("drop")
    with pytest.raises(ConnectionClosedError):
        client.get_secret_value(SecretId="demo/database")


def test_stalls_until_told_otherwise(manager: LocalSecretsManager, client: Any) -> None:
    manager.put("demo/database", LOGIN)
    manager.behave("stall")
    with pytest.raises(ReadTimeoutError):
        client.get_secret_value(SecretId="demo/database")
    manager.behave("answer")
    assert client.get_secret_value(SecretId="demo/database")["Name"] == "demo/database"


def test_counts_requests(manager: LocalSecretsManager, client: Any) -> None:
    manager.put("demo/database", LOGIN)
    client.get_secret_value(SecretId="demo/database")
    refusal_of(client, "absent")
    assert manager.operations == ("GetSecretValue", "GetSecretValue")
    assert manager.request_count == 2


def test_ends_at_once_although_a_request_is_stalled() -> None:
    with LocalSecretsManager() as manager:
        manager.behave("stall")
        answers: list[object] = []
        thread = threading.Thread(target=lambda: answers.append(manager.handle("GetSecretValue", {})))
        thread.start()
        started_at_s = time.monotonic()
    thread.join(5)
    assert answers == [None]
    assert time.monotonic() - started_at_s < 2


def test_prints_and_shows_no_secret(
    manager: LocalSecretsManager, client: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    manager.put("demo/database", LOGIN)
    client.get_secret_value(SecretId="demo/database")
    refusal_of(client, "absent")
    assert capfd.readouterr() == ("", "")
    assert "hush" not in repr(vars(manager))
