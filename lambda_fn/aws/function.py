"""A deployed function: invoked with exactly one request, however long it takes."""

import base64
import contextlib
import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from lambda_fn.account.answer import Answer
from lambda_fn.aws.client import Account, Special, code_of, reason_of, region_in, region_of, status_of, told
from lambda_fn.errors import account as account_errors

# Lambda ends an invocation that somebody waits for after 900 s; on top of it, a cold start in a VPC. An answer that
# has not come by then never does, and without a limit a connection that died unseen would be waited on for ever.
ANSWER_TIMEOUT_S = 960
# A NAT forgets a connection on which nothing was sent for 350 s, and the system's own first keepalive comes after two
# hours; others between us forget it sooner.
KEEPALIVE_IDLE_S = 45
_KEEPALIVE_INTERVAL_S = 15
_ATTEMPTS = 1
# Lambda answers these with a status of 500 and more, and has not invoked the function.
_NOT_INVOKED = ("EC2", "ENI", "EFS", "KMS", "Subnet", "InvalidSubnet", "InvalidSecurityGroup", "InvalidZipFile")
_NOT_INVOKED_EXACTLY = frozenset({"InvalidRuntimeException", "ResourceNotReadyException", "SnapStartException"})
_SERVER_ERRORS = 500
_NAME_IN_ARN = 6


@dataclass(frozen=True, slots=True)
class Described:
    """Where a function logs to, and what time it was at AWS when that was asked, in ms since 1970.

    `guessed_because` says why the log group is only the one that a function has by default; None where it is known.
    """

    log_group: str
    asked_at_ms: int
    guessed_because: str | None = None


class DeployedFunction:
    """A function in an account, by its name or ARN. Raises: SettingsInvalid M801, M802."""

    def __init__(self, name: str, account: Account) -> None:
        self.name = name
        self.region = region_in(name)
        self._account = account
        self._client = account.client("lambda", region=self.region)

    def describe(self) -> Described:
        """Where it logs to; without the right to ask, where a function does by default.

        Raises: RequestInvalid M805; what asking AWS raises.
        """
        from botocore.exceptions import ClientError

        with told("lambda", self._special):
            try:
                answer = self._client.get_function_configuration(FunctionName=self.name)
            except ClientError as error:
                if code_of(error.response) != "AccessDeniedException":
                    raise
                because = "lambda:GetFunctionConfiguration is not allowed"
                return Described(_default_log_group(self.name), _time_of(error.response), because)
        return Described(
            answer.get("LoggingConfig", {}).get("LogGroup", _default_log_group(self.name)), _time_of(answer)
        )

    def guessed(self, because: str) -> Described:
        """Where it logs to by default, where it cannot be described."""
        return Described(_default_log_group(self.name), _time_of({}), because)

    def invoke(self, event: Mapping[str, object]) -> Answer:
        """Send the event once, and wait for the answer.

        Raises: RequestInvalid M805; AwsUnavailable M807 where the request was sent and no answer came; what asking
        AWS raises, and then nothing was run.
        """
        from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError, SSLError

        client = self._client_for_one_request()
        with told("lambda", self._special):
            try:
                response = client.invoke(FunctionName=self.name, LogType="Tail", Payload=json.dumps(event).encode())
                return self._answer(response, response["Payload"].read())
            except ClientError as error:
                code = code_of(error.response)
                if status_of(error.response) < _SERVER_ERRORS:
                    raise
                if code.startswith(_NOT_INVOKED) or code in _NOT_INVOKED_EXACTLY:
                    raise account_errors.refused("lambda:InvokeFunction", reason_of(error.response)) from None
                raise account_errors.answer_lost(self.name, code) from None
            except (HTTPClientError, IncompleteReadError, SSLError) as error:
                # One of TLS may end the connection at any time; where the certificate does not hold, nothing was sent.
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise
                raise account_errors.answer_lost(self.name, type(error).__name__) from None

    def _answer(self, response: Mapping[str, Any], payload: bytes) -> Answer:
        return Answer(
            function=self.name,
            payload=payload.decode("utf-8", "replace"),
            is_error="FunctionError" in response,
            header_request_id=response["ResponseMetadata"].get("RequestId", ""),
            log_tail=base64.b64decode(response.get("LogResult", "")).decode("utf-8", "replace"),
        )

    def _client_for_one_request(self) -> Any:
        client = self._account.client(
            "lambda",
            region=self.region,
            read_timeout=ANSWER_TIMEOUT_S,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            tcp_keepalive=True,
        )
        _keep_alive(client)
        return client

    @property
    def _special(self) -> Special:
        region = region_of(self._client)
        return {"ResourceNotFoundException": lambda _: account_errors.function_not_found(self.name, region)}


def _keep_alive(client: Any) -> None:
    """Send keepalives before a NAT forgets the connection: botocore's own option has no say in when they are sent."""
    # Nothing public leads to the sockets. In a botocore where this does not either, the system's own times hold.
    with contextlib.suppress(AttributeError):
        client._endpoint.http_session._socket_options.extend(_keepalive_options())


def _keepalive_options() -> list[tuple[int, int, int]]:
    names = {
        "TCP_KEEPIDLE": KEEPALIVE_IDLE_S,
        "TCP_KEEPALIVE": KEEPALIVE_IDLE_S,  # as macOS calls it
        "TCP_KEEPINTVL": _KEEPALIVE_INTERVAL_S,
    }
    return [
        (socket.IPPROTO_TCP, getattr(socket, name), value_s) for name, value_s in names.items() if hasattr(socket, name)
    ]


def _time_of(response: Mapping[str, Any]) -> int:
    """AWS's time by the answer's header: the clock of this machine may be wrong."""
    date = response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    seconds = parsedate_to_datetime(date).timestamp() if date else time.time()
    return int(seconds) * 1000


def _default_log_group(name: str) -> str:
    parts = name.split(":")
    own_name = parts[_NAME_IN_ARN] if region_in(name) else parts[2] if "function" in parts[1:2] else parts[0]
    return f"/aws/lambda/{own_name}"
