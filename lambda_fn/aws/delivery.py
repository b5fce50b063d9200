"""Delivery of an answer by HTTP PUT to a signed URL, of which nothing but the host is ever told."""

import queue
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from urllib.error import URLError
from urllib.parse import SplitResult, urlsplit
from urllib.request import (
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    getproxies,
    proxy_bypass,
)

from lambda_fn.domain.reply import Put
from lambda_fn.errors import answer as answer_errors

ATTEMPT_TIMEOUT_S = 5.0
PAUSES_S = (0.5, 1.0)  # between the attempts, so that there are three
_SCHEMES = ("http", "https")
_DELIVERED = range(200, 300)
_WORTH_ANOTHER_ATTEMPT = frozenset({408, 429, *range(500, 600)})


@dataclass(frozen=True, slots=True)
class _Failure:
    reason: str
    is_final: bool = False


def put(
    reply: Put,
    *,
    time_left_s: Callable[[], float],
    timeout_s: float = ATTEMPT_TIMEOUT_S,
    pauses_s: Sequence[float] = PAUSES_S,
) -> None:
    """Send the body to the URL, again if that may help, and within the time left.

    `timeout_s` is for one whole attempt. Raises: SettingsInvalid M701.
    """
    failure = _failure_of(reply, time_left_s, timeout_s, pauses_s)
    if failure is not None:
        host = _parts(reply.url).hostname or "a URL without a host"
        if (variable := _proxy_variable(reply.url)) is not None:
            raise answer_errors.answer_undelivered_by_proxy(host, variable, failure.reason)
        raise answer_errors.answer_undelivered(host, failure.reason)


def _failure_of(
    reply: Put, time_left_s: Callable[[], float], timeout_s: float, pauses_s: Sequence[float]
) -> _Failure | None:
    scheme = _parts(reply.url).scheme
    if scheme not in _SCHEMES:
        return _Failure(f"its URL is of the scheme {scheme or 'none'}")
    opener = _opener()
    failure = _Failure("no time was left for it")
    for pause_s in (0.0, *pauses_s):
        left_s = time_left_s() - pause_s
        if left_s <= 0 or failure.is_final:
            return failure
        time.sleep(pause_s)
        attempted = _attempt(opener, reply, min(timeout_s, left_s))
        if attempted is None:
            return None
        failure = attempted
    return failure


def _opener() -> OpenerDirector:
    """Speaks HTTP and HTTPS, by the environment's proxies; follows no redirect, and a status is no exception."""
    opener = OpenerDirector()
    for handler in (ProxyHandler(), HTTPHandler(), HTTPSHandler(context=ssl.create_default_context())):
        opener.add_handler(handler)
    return opener


def _proxy_variable(url: str) -> str | None:
    """The variable with the proxy that urllib takes for a URL, as ProxyHandler finds it; None without one."""
    parts = _parts(url)
    if parts.scheme not in _SCHEMES or parts.scheme not in getproxies() or proxy_bypass(parts.netloc):
        return None
    return f"{parts.scheme.upper()}_PROXY"


def _attempt(opener: OpenerDirector, reply: Put, timeout_s: float) -> _Failure | None:
    """One attempt, bounded as a whole.

    urllib's timeout is for one operation of one socket: a bucket has eight addresses, and where no route leads to
    it each of them would take the timeout; looking the name up has none at all. A thread that comes too late does
    no harm: it sends the same bytes to the same place.
    """
    ends: queue.SimpleQueue[_Failure | None] = queue.SimpleQueue()
    threading.Thread(target=lambda: ends.put(_send(opener, reply, timeout_s)), daemon=True).start()
    try:
        return ends.get(timeout=timeout_s)
    except queue.Empty:
        return _no_answer(timeout_s)


def _send(opener: OpenerDirector, reply: Put, timeout_s: float) -> _Failure | None:
    try:
        # An empty Content-Type, because the URL was signed without one; urllib would send a default.
        request = Request(reply.url, reply.body, {"Content-Type": ""}, method="PUT")  # noqa: S310  # scheme is checked
        with opener.open(request, timeout=timeout_s) as response:
            return _failure_of_status(response.status)
    except TimeoutError:
        return _no_answer(timeout_s)
    except URLError as error:
        return _failure_of_connection(error.reason, timeout_s)
    except (OSError, HTTPException) as error:
        return _failure_of_connection(error, timeout_s)
    except Exception as error:  # noqa: BLE001  # a message or traceback of urllib's may repeat the URL
        return _Failure(type(error).__name__, is_final=True)


def _no_answer(timeout_s: float) -> _Failure:
    return _Failure(f"no answer within {timeout_s:.3g} s")


def _failure_of_status(status: int) -> _Failure | None:
    if status in _DELIVERED:
        return None
    return _Failure(f"HTTP status {status}", is_final=status not in _WORTH_ANOTHER_ATTEMPT)


def _failure_of_connection(reason: object, timeout_s: float) -> _Failure:
    match reason:
        case TimeoutError():
            return _no_answer(timeout_s)
        case ssl.SSLCertVerificationError():
            return _Failure(f"its certificate does not hold ({reason.verify_message})", is_final=True)
        case OSError():
            return _Failure(reason.strerror or str(reason) or type(reason).__name__)
        case _:
            # The text of http.client.InvalidURL, for one, repeats what it finds invalid.
            return _Failure(type(reason).__name__)


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")
