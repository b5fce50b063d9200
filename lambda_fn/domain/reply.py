"""What the invoker is to be told, as data; carried out by the handler."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from lambda_fn.errors import MigrateError


class Service(StrEnum):
    """A service of AWS that takes a result by a request to its API; boto3's name."""

    CODE_DEPLOY = "codedeploy"
    CODE_PIPELINE = "codepipeline"


class Return(NamedTuple):
    """Return this JSON value from the function."""

    payload: dict[str, object]


class Raise(NamedTuple):
    """Raise this error: Lambda answers its class as errorType and its text as errorMessage."""

    error: MigrateError


@dataclass(frozen=True, slots=True)
class Put:
    """Send `body` to a signed URL by HTTP PUT, then return `payload`. The URL is a capability: it never shows."""

    url: str = field(repr=False)
    body: bytes
    payload: dict[str, object]


@dataclass(frozen=True, slots=True)
class Call:
    """Ask a service for an operation (its API's name) with these parameters, then return `payload`."""

    service: Service
    operation: str
    parameters: Mapping[str, object]
    payload: dict[str, object]


Reply = Return | Raise | Put | Call
