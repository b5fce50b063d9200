"""The RDS IAM token: a signature made on the spot, without any call."""

from typing import Protocol

from lambda_fn.domain.target import Target
from lambda_fn.errors import settings as settings_errors

_NEXT_STEPS = {
    **dict.fromkeys(
        ("NoRegionError", "InvalidRegionError", "ValueError"), "Set AWS_REGION to the region of the database."
    ),
    **dict.fromkeys(
        ("NoCredentialsError", "PartialCredentialsError"), "Run it with AWS credentials, or log in with a password."
    ),
}
_OTHERWISE = "Check the AWS credentials and the region."


class RdsClient(Protocol):
    """What is used of boto3's client."""

    def generate_db_auth_token(self, *, DBHostname: str, Port: int, DBUsername: str) -> str:  # noqa: N803  # boto3's
        """A password that holds for 15 minutes."""


def make_token(target: Target, region: str | None, profile: str | None = None) -> str:
    """The token for a target's host, port and user; region and profile None are boto3's default.

    Raises: SettingsInvalid M216.
    """
    from botocore.exceptions import BotoCoreError

    try:
        client = _client(region, profile)
        return client.generate_db_auth_token(DBHostname=target.host, Port=target.port, DBUsername=target.user)
    # An empty region makes an endpoint that is no URL.
    except (BotoCoreError, ValueError) as error:
        reason = type(error).__name__
        raise settings_errors.token_not_made(reason, _NEXT_STEPS.get(reason, _OTHERWISE)) from None


def _client(region: str | None, profile: str | None) -> RdsClient:
    import boto3

    session = boto3.Session(profile_name=profile) if profile else boto3
    client: RdsClient = session.client("rds", region_name=region)
    return client
