"""Clients for what a terminal asks of AWS, and what goes wrong with them as errors of ours."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from lambda_fn.errors import MigrateError
from lambda_fn.errors import account as account_errors

# A person waits: botocore's defaults are 60 s, several times.
_CONNECT_TIMEOUT_S = 5
_READ_TIMEOUT_S = 20
_ATTEMPTS = 3
_SHOWN_CHARACTERS = 400

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
# Of these AWS's message is not repeated: that of a wrong signature holds what was signed, with the session token.
_NOT_TAKEN = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "OptInRequired",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_THROTTLED = frozenset(
    {"RequestLimitExceeded", "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException"}
)
_NO_REGION = frozenset({"NoRegionError", "InvalidRegionError"})
_NO_CREDENTIALS = frozenset(
    {
        "ConfigParseError",
        "CredentialRetrievalError",
        "InvalidConfigError",
        "NoCredentialsError",
        "PartialCredentialsError",
        "ProfileNotFound",
        "RefreshWithMFAUnsupportedError",
    }
)
_SERVER_ERRORS = 500
_REGION_IN_ARN, _RESOURCE_IN_ARN = 3, 5
_ACTIONS = {"Invoke": "InvokeFunction"}  # where the permission is called otherwise than the request
_SERVICES = {
    "cloudformation": "CloudFormation",
    "ec2": "EC2",
    "lambda": "Lambda",
    "logs": "CloudWatch Logs",
    "sts": "AWS",
}

Special = Mapping[str, Callable[[str], MigrateError]]
"""The error for a code of AWS's, made of its message, where it means more than elsewhere."""


class Account:
    """An account in a region; None is what boto3 finds for itself. Raises: SettingsInvalid M801."""

    def __init__(self, region: str | None = None, profile: str | None = None) -> None:
        # Imported here: the other commands do not pay for it (about 0.3 s).
        import boto3

        self._region = region
        with told("sts"):
            self._session = boto3.Session(profile_name=profile)

    def client(self, service: str, *, region: str | None = None, **config: Any) -> Any:
        """A client of boto3's, patient enough for a person. Raises: SettingsInvalid M801, M802."""
        from botocore.config import Config

        defaults = {
            "connect_timeout": _CONNECT_TIMEOUT_S,
            "read_timeout": _READ_TIMEOUT_S,
            "retries": {"mode": "standard", "total_max_attempts": _ATTEMPTS},
        }
        with told(service):
            configured = Config(**{**defaults, **config})
            try:
                return self._session.client(service, region_name=region or self._region, config=configured)
            except ValueError as error:  # a region that makes an endpoint that is no URL
                raise account_errors.no_region(type(error).__name__) from None


@contextmanager
def told(service: str, special: Special | None = None) -> Iterator[None]:
    """Raise what botocore raises as an error of ours.

    Raises: SettingsInvalid M801, M802, M803, M810; AwsUnavailable M804, M806; what `special` makes.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _refusal(service, error.operation_name, error.response, special or {}) from None
    except BotoCoreError as error:
        raise _not_answered(service, error) from None


def _refusal(service: str, operation: str, response: Mapping[str, Any], special: Special) -> MigrateError:
    """What AWS answered in place of what was asked for."""
    code, message = code_of(response), _message_of(response)
    reason = reason_of(response)
    action = f"{service}:{_ACTIONS.get(operation, operation)}"
    if code in special:
        return special[code](message or code)
    if is_of_credentials(response):
        return account_errors.no_credentials(code)
    if is_denied(response):
        return account_errors.access_denied_by_aws(action, message or code)
    if code in _THROTTLED:
        return account_errors.throttled(_SERVICES[service], reason)
    if status_of(response) >= _SERVER_ERRORS:
        return account_errors.aws_unreachable(_SERVICES[service], reason)
    return account_errors.refused(action, reason)


def code_of(response: Mapping[str, Any]) -> str:
    """The code of an error."""
    return str(response["Error"].get("Code"))


def is_denied(response: Mapping[str, Any]) -> bool:
    """Whether AWS did not allow what was asked for."""
    return code_of(response) in _DENIED


def is_of_credentials(response: Mapping[str, Any]) -> bool:
    """Whether AWS did not take the credentials."""
    return code_of(response) in _NOT_TAKEN


def is_passing(response: Mapping[str, Any]) -> bool:
    """Whether AWS was too busy, or failed itself: asked again later it may answer otherwise."""
    return code_of(response) in _THROTTLED or status_of(response) >= _SERVER_ERRORS


def reason_of(response: Mapping[str, Any]) -> str:
    """The code of an error and its message, where that may be repeated."""
    code = code_of(response)
    return code if is_of_credentials(response) else ": ".join(filter(None, (code, _message_of(response))))


def _message_of(response: Mapping[str, Any]) -> str:
    line = " ".join(str(response["Error"].get("Message", "")).split())
    return (line if len(line) <= _SHOWN_CHARACTERS else line[:_SHOWN_CHARACTERS] + "…").rstrip(".")


def status_of(response: Mapping[str, Any]) -> int:
    """The HTTP status of an answer."""
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def region_of(client: Any) -> str:
    """The region that a client asks in."""
    return str(client.meta.region_name)


def region_in(name: str) -> str | None:
    """The region in an ARN; None in a mere name."""
    parts = name.split(":")  # arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE…
    return parts[_REGION_IN_ARN] or None if parts[0] == "arn" and len(parts) > _RESOURCE_IN_ARN else None


def _not_answered(service: str, error: Exception) -> MigrateError:
    from botocore.exceptions import ConnectionError as NotConnected
    from botocore.exceptions import HTTPClientError, SSOError, TokenRetrievalError

    name = type(error).__name__
    if name in _NO_REGION:
        return account_errors.no_region(name)
    if name in _NO_CREDENTIALS or isinstance(error, SSOError | TokenRetrievalError):
        return account_errors.no_credentials(name)
    if isinstance(error, HTTPClientError | NotConnected):
        return account_errors.aws_unreachable(_SERVICES[service], name)
    return account_errors.refused(f"a request to {_SERVICES[service]}", name)
