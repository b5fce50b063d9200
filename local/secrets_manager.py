"""A local AWS Secrets Manager: as much of its HTTP interface as a reader of secrets needs."""

import contextlib
import functools
import json
import secrets
import string
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from local.http_server import QuietHandler, serve

REGION = "eu-central-1"
ACCOUNT = "000000000000"
CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
Behaviour = Literal["answer", "deny", "stall", "drop"]


class SecretsError(Exception):
    """An error answer of the service: its code, as boto3 reports it, and its message."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True)
class Version:
    """One value that a secret has or had."""

    value: str = field(repr=False)
    version_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created_at_s: float = field(default_factory=time.time)


@dataclass(slots=True)
class Secret:
    """A secret and its versions by staging label."""

    name: str
    arn: str
    stages: dict[str, Version] = field(default_factory=dict)
    deleted: bool = False

    def put(self, value: str, stage: str) -> Version:
        """Store a value; the former current one becomes the previous one."""
        if stage == CURRENT and CURRENT in self.stages:
            self.stages[PREVIOUS] = self.stages[CURRENT]
        self.stages[stage] = Version(value)
        return self.stages[stage]


class LocalSecretsManager:
    """A Secrets Manager on 127.0.0.1 that keeps its secrets in memory, for the length of a `with` block.

    boto3 reads from it with the environment variables of `environment`. Signatures are not checked. `behave`
    makes it fail in the ways the real service can.
    """

    def __init__(self) -> None:
        self._secrets: dict[str, Secret] = {}
        self._operations: list[str] = []
        self.regions: list[str] = []
        """The region that each request was signed for."""
        self._behaviour: Behaviour | SecretsError = "answer"
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._stack = contextlib.ExitStack()
        self._authority = ""

    def __enter__(self) -> Self:
        server = self._stack.enter_context(serve(functools.partial(_Handler, self)))
        self._stack.callback(self.behave, "drop")  # lets the stalled requests go
        self._authority = server.authority
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    @property
    def endpoint_url(self) -> str:
        """Return the URL to give to boto3."""
        return f"http://{self._authority}"

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment variables that lead boto3 here and to no real account."""
        return {
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
            "NO_PROXY": "127.0.0.1",
        }

    @property
    def operations(self) -> tuple[str, ...]:
        """Return the operations asked for so far, for example `GetSecretValue`, refused ones included."""
        with self._lock:
            return tuple(self._operations)

    @property
    def request_count(self) -> int:
        """Return the number of requests so far."""
        return len(self.operations)

    def put(self, name: str, value: str | Mapping[str, Any], *, stage: str = CURRENT) -> str:
        """Store a value, a mapping as JSON, and return the ARN; a new secret is created where needed."""
        text = value if isinstance(value, str) else json.dumps(dict(value))
        with self._lock:
            secret = self._secrets.setdefault(name, Secret(name, _new_arn(name)))
            secret.put(text, stage)
            return secret.arn

    def delete(self, name: str) -> None:
        """Mark a secret for deletion: reading it is an InvalidRequestException from now on."""
        with self._lock:
            self._secrets[name].deleted = True

    def behave(self, behaviour: Behaviour | SecretsError) -> None:
        """Change the answers from now on.

        `answer` is the normal way, `deny` refuses with AccessDeniedException, `stall` accepts requests and
        stays silent until the next call of `behave`, `drop` ends the connection without an answer; a
        SecretsError is sent as it is, for example `SecretsError("InternalServiceError", "...", 500)`.
        """
        with self._lock:
            self._behaviour = behaviour
            self._released.set()
            self._released = threading.Event()

    def handle(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the answer to a request, or None to end the connection; raise SecretsError."""
        with self._lock:
            self._operations.append(operation)
            behaviour, released = self._behaviour, self._released
        if behaviour == "stall":
            released.wait()
            return None
        if behaviour == "drop":
            return None
        if behaviour != "answer":
            raise behaviour if isinstance(behaviour, SecretsError) else _denial(operation, request)
        with self._lock:
            return self._answer(operation, request)

    def _answer(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        match operation:
            case "GetSecretValue":
                return self._read(request)
            case "CreateSecret":
                return self._create(request)
            case "PutSecretValue":
                secret = self._find(request)
                return _described(secret, secret.put(request["SecretString"], CURRENT))
            case _:
                raise SecretsError("UnknownOperationException", f"{operation} is not offered here")

    def _read(self, request: Mapping[str, Any]) -> dict[str, Any]:
        secret = self._find(request)
        stage = request.get("VersionStage", CURRENT)
        version = secret.stages.get(stage)
        if version is None:
            raise SecretsError(
                "ResourceNotFoundException",
                f"Secrets Manager can't find the specified secret value for staging label: {stage}",
            )
        labels = [label for label, other in secret.stages.items() if other is version]
        answer = _described(secret, version)
        return {
            **answer,
            "SecretString": version.value,
            "VersionStages": labels,
            "CreatedDate": version.created_at_s,
        }

    def _create(self, request: Mapping[str, Any]) -> dict[str, Any]:
        name = request["Name"]
        if name in self._secrets:
            raise SecretsError(
                "ResourceExistsException", f"The operation failed because the secret {name} already exists."
            )
        secret = self._secrets[name] = Secret(name, _new_arn(name))
        return _described(secret, secret.put(request["SecretString"], CURRENT))

    def _find(self, request: Mapping[str, Any]) -> Secret:
        wanted = request.get("SecretId", "")
        for secret in self._secrets.values():
            # An ARN may be given without its random end.
            if wanted in (secret.name, secret.arn, secret.arn[:-7]):
                if secret.deleted:
                    raise SecretsError(
                        "InvalidRequestException",
                        "You can't perform this operation on the secret because it was marked for deletion.",
                    )
                return secret
        raise SecretsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")


class _Handler(QuietHandler):
    def __init__(self, manager: LocalSecretsManager, *args: Any) -> None:
        self._manager = manager
        super().__init__(*args)

    def do_POST(self) -> None:  # noqa: N802  http.server looks for this name
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        # The header names key, date and region, in this order.
        self._manager.regions.append("".join(self.headers.get("Authorization", "").split("/")[2:3]))
        request = json.loads(self.read_body())
        try:
            answer = self._manager.handle(operation, request)
        except SecretsError as error:
            body = {"__type": error.code, "Message": str(error)}
            self._reply_json(error.status, body)
            return
        if answer is not None:
            self._reply_json(200, answer)

    def _reply_json(self, status: int, body: Mapping[str, Any]) -> None:
        headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": str(uuid.uuid4())}
        self.reply(status, json.dumps(body).encode(), headers)


def _denial(operation: str, request: Mapping[str, Any]) -> SecretsError:
    action = f"secretsmanager:{operation}"
    user = f"arn:aws:sts::{ACCOUNT}:assumed-role/migrate-lambda-local/migrate-lambda-local"
    return SecretsError(
        "AccessDeniedException",
        f"User: {user} is not authorized to perform: {action} on resource: {request.get('SecretId')} "
        f"because no identity-based policy allows the {action} action",
    )


def _described(secret: Secret, version: Version) -> dict[str, Any]:
    return {"ARN": secret.arn, "Name": secret.name, "VersionId": version.version_id}


def _new_arn(name: str) -> str:
    suffix = "".join(secrets.choice(string.ascii_letters) for _ in range(6))
    return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-{suffix}"
