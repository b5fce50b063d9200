"""Delivery of a result by a request to CodeDeploy's or CodePipeline's API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lambda_fn.aws.client import code_of, is_denied, is_of_credentials, is_passing, reason_of
from lambda_fn.deadline import bounded
from lambda_fn.domain.reply import Call, Service
from lambda_fn.errors import MigrateError
from lambda_fn.errors import answer as answer_errors

_CONNECT_TIMEOUT_S = 3
_READ_TIMEOUT_S = 5
# Throttling and errors of the server pass; botocore waits between the attempts, longer when it is throttled.
_ATTEMPTS = 5
# For all of it: botocore gives each address of an endpoint its timeouts, and looking its name up none.
_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class _Receiver:
    """A service as people know it, and the answers by which it says that it has a result already."""

    name: str
    has_it_already: frozenset[str]


# Lambda may run an event twice, and a hook or a job may have ended by its own timeout: there is nothing left to tell.
_RECEIVERS: Mapping[Service, _Receiver] = {
    Service.CODE_DEPLOY: _Receiver("CodeDeploy", frozenset({"LifecycleEventAlreadyCompletedException"})),
    Service.CODE_PIPELINE: _Receiver("CodePipeline", frozenset({"InvalidJobStateException"})),
}


def deliver(call: Call, *, time_left_s: Callable[[], float]) -> bool:
    """Make the request, again if that may help, and within the time left; False where there is a result already.

    Raises: SettingsInvalid M703 where it does not arrive or is not allowed; RequestInvalid M704 where it is refused.
    """
    from botocore.exceptions import ClientError, HTTPClientError, ParamValidationError
    from botocore.exceptions import ConnectionError as NotConnected

    receiver = _RECEIVERS[call.service]
    try:
        bounded(lambda: _request(call), max(0.0, min(_LIMIT_S, time_left_s())))
    except TimeoutError:
        raise answer_errors.result_undelivered(receiver.name, call.service, "no answer in time") from None
    except ClientError as error:
        if code_of(error.response) in receiver.has_it_already:
            return False
        raise _refused(call, receiver, error.response) from None
    except ParamValidationError:
        raise answer_errors.result_not_taken(receiver.name, "the event's ids are not of its form") from None
    except (HTTPClientError, NotConnected) as error:
        raise answer_errors.result_undelivered(receiver.name, call.service, type(error).__name__) from None
    except Exception as error:  # noqa: BLE001  # what is no answer of AWS's comes out of botocore as anything
        raise answer_errors.result_not_sent(receiver.name, type(error).__name__) from None
    return True


def _request(call: Call) -> None:
    # Imported here: no other invoker pays for it (about 0.3 s).
    import boto3
    from botocore import xform_name
    from botocore.config import Config

    config = Config(
        connect_timeout=_CONNECT_TIMEOUT_S,
        read_timeout=_READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
    )
    client: Any = boto3.client(call.service.value, config=config)
    getattr(client, xform_name(call.operation))(**call.parameters)


def _refused(call: Call, receiver: _Receiver, response: Mapping[str, Any]) -> MigrateError:
    reason = reason_of(response)
    if is_denied(response):
        return answer_errors.result_not_allowed(receiver.name, f"{call.service.value}:{call.operation}", reason)
    if is_passing(response) or is_of_credentials(response):  # those of the next invocation are new
        return answer_errors.result_not_taken_now(receiver.name, reason)
    if code_of(response).isdecimal():  # it is the HTTP status: what answered is no service of AWS
        return answer_errors.result_not_sent(receiver.name, f"HTTP status {code_of(response)}")
    return answer_errors.result_not_taken(receiver.name, reason)
