"""Secrets Manager."""

from typing import Protocol

from lambda_fn.deadline import bounded
from lambda_fn.errors import MigrateError
from lambda_fn.errors import settings as settings_errors

# An endpoint that cannot be reached must not look like a hang (botocore's defaults: 60 s, five times).
_CONNECT_TIMEOUT_S = 3
_READ_TIMEOUT_S = 5
_ATTEMPTS = 2
# For all of it: botocore gives each address of the endpoint its timeout (eight silent ones took 48 s), and the look-up
# of its name none. Enough for both attempts, and for three addresses of which two are silent.
_LIMIT_S = 15.0
_REGION_IN_ARN = 3

_REACH = (
    "Give the function's subnets a route to Secrets Manager: an interface endpoint "
    "com.amazonaws.<region>.secretsmanager with private DNS whose security group admits the function on 443, or a NAT."
)
_NEXT_STEPS = {
    "AccessDeniedException": (
        "Allow the function's role secretsmanager:GetSecretValue on the secret, and kms:Decrypt on its key."
    ),
    "ResourceNotFoundException": "Check MIGRATE_SECRET_ID (secretId in a request), the region and the account.",
    "DecryptionFailure": "Allow the function's role kms:Decrypt on the secret's key.",
    **dict.fromkeys(
        ("NoCredentialsError", "PartialCredentialsError"), "Run it with AWS credentials, or set DATABASE_URL."
    ),
    **dict.fromkeys(
        ("NoRegionError", "InvalidRegionError", "ValueError"), "Set AWS_REGION to the region of the secret."
    ),
    "ProfileNotFound": "Name a profile of your AWS configuration (aws configure list-profiles).",
    **dict.fromkeys(
        ("ExpiredTokenException", "SSOTokenLoadError", "TokenRetrievalError", "UnauthorizedSSOTokenError"),
        "The AWS credentials have expired: log in again, for example with aws sso login.",
    ),
    **dict.fromkeys(
        ("EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ProxyConnectionError"), _REACH
    ),
}
_OTHERWISE = "Check MIGRATE_SECRET_ID (secretId in a request) and the secret itself."


class SecretsClient(Protocol):
    """What is used of boto3's client."""

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803  # the name is boto3's
        """The secret's current value."""


def read_secret(secret_id: str, region: str | None, profile: str | None = None) -> str:
    """The secret's text, from the region in its ARN, else from `region`, else from boto3's default.

    `profile` is one of the AWS configuration; None is boto3's default.

    Raises: SettingsInvalid M204, within seconds, with what is missing.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client = _client(_region_of(secret_id) or region, profile)
        return bounded(lambda: client.get_secret_value(SecretId=secret_id), _LIMIT_S).get("SecretString", "")
    except TimeoutError:
        reason = f"no answer within {_LIMIT_S:g} s"
        raise settings_errors.secret_unreadable(secret_id, reason, _REACH) from None
    except ClientError as error:
        raise _refused(secret_id, error.response["Error"]["Code"]) from None
    # An empty region makes an endpoint that is no URL.
    except (BotoCoreError, ValueError) as error:
        raise _refused(secret_id, type(error).__name__) from None


def _refused(secret_id: str, code: str) -> MigrateError:
    return settings_errors.secret_unreadable(secret_id, code, _NEXT_STEPS.get(code, _OTHERWISE))


def _region_of(secret_id: str) -> str | None:
    parts = secret_id.split(":")  # arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME
    return parts[_REGION_IN_ARN] if parts[0] == "arn" and len(parts) > _REGION_IN_ARN else None


def _client(region: str | None, profile: str | None) -> SecretsClient:
    # Imported here: with DATABASE_URL nobody pays for boto3 (about 0.3 s).
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=_CONNECT_TIMEOUT_S,
        read_timeout=_READ_TIMEOUT_S,
        retries={"total_max_attempts": _ATTEMPTS},
    )
    session = boto3.Session(profile_name=profile) if profile else boto3
    client: SecretsClient = session.client("secretsmanager", region_name=region, config=config)
    return client
