"""A Lambda sandbox: runs the function with AWS's own runtime client, over the Lambda Runtime API."""

import importlib.util
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any, Self

from local.function_process import Failure, FunctionProcess
from local.in_process import InProcessLambda
from local.invocation import TIMEOUT_S, Function, Invocation, LocalLambda
from local.runtime_protocol import Report, Request

__all__ = ["Function", "InProcessLambda", "Invocation", "LambdaSandbox", "LocalLambda", "open_lambda"]

INIT_LIMIT_S = 60.0


class LambdaSandbox:
    """The function in a process of its own, which the first invocation starts and the later ones reuse.

    The process sees `environment` and what Lambda sets, nothing else. It is killed at the end of the time of
    an invocation, and with the `with` block; on Linux also when the thread that started it ends.
    """

    def __init__(self, environment: Mapping[str, str], *, function: Function | None = None) -> None:
        self._environment = dict(environment)
        self._function = function or Function()
        self._process: FunctionProcess | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._end()

    @property
    def pid(self) -> int | None:
        """Return the process id of the function, or None when none is running."""
        return self._process.pid if self._process and self._process.running else None

    def invoke(self, event: Any, *, timeout_s: float = TIMEOUT_S) -> Invocation:
        """Invoke the function with an event and wait for what comes of it.

        An error is returned, not raised: one that the function raised, one of its start, its end without an
        answer (`Runtime.ExitError`), or the end of `timeout_s` (`Sandbox.Timedout`), to which the start does
        not count.
        """
        request = Request(str(uuid.uuid4()), json.dumps(event).encode(), timeout_s, self._function.arn)
        cold = self.pid is None
        started_at_s = time.monotonic()
        process = self._process if self._process and not cold else self._start()
        report = process.wait(INIT_LIMIT_S)
        ready_at_s = time.monotonic()
        if isinstance(report, Report) and report.kind == "next":
            process.send(request)
            report = process.wait(timeout_s)
        elapsed_ms = (time.monotonic() - ready_at_s) * 1000
        init_ms = (ready_at_s - started_at_s) * 1000 if cold else None
        return self._account(process, request, report, elapsed_ms=elapsed_ms, init_ms=init_ms)

    def _start(self) -> FunctionProcess:
        self._end()
        self._process = FunctionProcess(self._environment, self._function)
        return self._process

    def _end(self) -> None:
        if self._process:
            self._process.close()
            self._process = None

    def _account(
        self,
        process: FunctionProcess,
        request: Request,
        report: Report | Failure,
        *,
        elapsed_ms: float,
        init_ms: float | None,
    ) -> Invocation:
        peak_memory_mib = process.peak_memory_mib
        if isinstance(report, Failure) or report.kind == "init_error":
            process.kill()
        return Invocation(
            request_id=request.request_id,
            payload=report.content if isinstance(report, Report) and report.kind == "response" else None,
            error=_error(report, request.request_id),
            log=process.take_log(),
            elapsed_ms=elapsed_ms,
            init_ms=init_ms,
            peak_memory_mib=peak_memory_mib,
        )


def open_lambda(environment: Mapping[str, str], *, function: Function | None = None) -> LocalLambda:
    """Return a LambdaSandbox, or an InProcessLambda where AWS's runtime client is not installed."""
    if importlib.util.find_spec("awslambdaric"):
        return LambdaSandbox(environment, function=function)
    return InProcessLambda(environment, function=function)


def _error(report: Report | Failure, request_id: str) -> Mapping[str, Any] | None:
    if isinstance(report, Failure):
        message = f"RequestId: {request_id} Error: {report.message}"
        return {"errorType": report.error_type, "errorMessage": message}
    content: Mapping[str, Any] | None = None if report.kind == "response" else report.content
    return content
