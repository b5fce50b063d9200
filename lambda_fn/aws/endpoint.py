"""Where boto3 finds a service; the service itself is asked nothing."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.utils import get_environ_proxies

from lambda_fn.domain.check import Doubt
from lambda_fn.domain.reply import Service

_HTTP_PORT, _HTTPS_PORT = 80, 443


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The host and the port of a service."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def endpoint_of(service: Service, region: str | None) -> Endpoint | Doubt:
    """The endpoint of a service in a region, None for boto3's default; a doubt where it is not reached directly."""
    try:
        # Unsigned, because a client without it looks for credentials, also over the network.
        client = boto3.client(service.value, region_name=region, config=Config(signature_version=UNSIGNED))
        parts = urlsplit(client.meta.endpoint_url)
        scheme, port = parts.scheme, parts.port
    except (BotoCoreError, ValueError) as error:
        reason = f"not known: boto3 finds no endpoint of {service} ({type(error).__name__})."
        return Doubt(reason, f"Check AWS_REGION, which Lambda sets, and AWS_ENDPOINT_URL_{service.upper()}.")
    host = str(parts.hostname)
    if scheme in get_environ_proxies(client.meta.endpoint_url):
        reason = f"not looked at: {host} is asked through the proxy of {scheme.upper()}_PROXY."
        return Doubt(reason, f"See that the proxy lets requests to {host} through.")
    return Endpoint(host, port or (_HTTP_PORT if scheme == "http" else _HTTPS_PORT))
