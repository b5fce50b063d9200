"""The function called within this process, for systems that have no AWS runtime client."""

import contextlib
import importlib
import io
import json
import os
import sys
import time
import traceback
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from local.invocation import TIMEOUT_S, Function, Invocation


@dataclass(frozen=True, slots=True)
class Context:
    """The context object of an invocation, as the runtime client makes it."""

    aws_request_id: str
    deadline_s: float
    function_name: str
    function_version: str
    invoked_function_arn: str
    memory_limit_in_mb: str
    log_group_name: str
    log_stream_name: str

    def get_remaining_time_in_millis(self) -> int:
        """Return the time left for the invocation."""
        return max(0, int((self.deadline_s - time.monotonic()) * 1000))


class InProcessLambda:
    """The function as a call within this process, with the interface of LambdaSandbox.

    It is less true to Lambda: the function shares the modules of the caller, it replaces the environment of
    the whole process while it runs, and it is not killed at the end of its time.
    """

    def __init__(self, environment: Mapping[str, str], *, function: Function | None = None) -> None:
        self._function = function or Function()
        self._environment = {"PATH": os.defpath, **self._function.environment, **environment}
        # One stream for all invocations: a logger keeps the stdout that it finds when it is made.
        self._output = io.StringIO()
        self._warm = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        """Nothing is left to be stopped."""

    def invoke(self, event: Any, *, timeout_s: float = TIMEOUT_S) -> Invocation:
        """Invoke the function with an event; an error of it is returned, not raised."""
        log_start = self._output.tell()
        context = self._context(timeout_s)
        started_at_s = ready_at_s = time.monotonic()
        payload, error = None, None
        warm, self._warm = self._warm, True
        with self._surroundings():
            try:
                handler = self._handler()
                ready_at_s = time.monotonic()
                # By way of JSON, as between Lambda and its callers.
                payload = json.loads(json.dumps(handler(json.loads(json.dumps(event)), context)))
            except Exception as raised:  # noqa: BLE001  whatever it is, it is the function's answer
                error = _as_error(raised, context.aws_request_id)
        return Invocation(
            request_id=context.aws_request_id,
            payload=payload,
            error=error,
            log=self._output.getvalue()[log_start:],
            elapsed_ms=(time.monotonic() - ready_at_s) * 1000,
            init_ms=None if warm else (ready_at_s - started_at_s) * 1000,
            peak_memory_mib=None,
        )

    def _handler(self) -> Any:
        module_name, _, name = self._function.handler.rpartition(".")
        return getattr(importlib.import_module(module_name), name)

    def _context(self, timeout_s: float) -> Context:
        function = self._function
        return Context(
            aws_request_id=str(uuid.uuid4()),
            deadline_s=time.monotonic() + timeout_s,
            function_name=function.name,
            function_version="$LATEST",
            invoked_function_arn=function.arn,
            memory_limit_in_mb=str(function.memory_mib),
            log_group_name=function.log_group_name,
            log_stream_name=function.log_stream_name,
        )

    @contextlib.contextmanager
    def _surroundings(self) -> Iterator[None]:
        environment, path = dict(os.environ), list(sys.path)
        _replace_environment(self._environment)
        sys.path.insert(0, str(self._function.code))
        try:
            with contextlib.redirect_stdout(self._output), contextlib.redirect_stderr(self._output):
                yield
        finally:
            _replace_environment(environment)
            sys.path[:] = path


def _replace_environment(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)


def _as_error(error: Exception, request_id: str) -> dict[str, Any]:
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": request_id,
        "stackTrace": traceback.format_tb(error.__traceback__),
    }
