"""The Lambda Runtime API over HTTP: what the runtime client of a function talks to."""

import contextlib
import functools
import json
import queue
import time
from dataclasses import dataclass
from typing import Any, Literal, Self

from local.http_server import QuietHandler, serve

INVOCATION_PATH = "/2018-06-01/runtime/invocation/"
ReportKind = Literal["next", "response", "error", "init_error"]


@dataclass(frozen=True, slots=True)
class Request:
    """An event for the function, and how long it may work on it."""

    request_id: str
    event: bytes
    timeout_s: float
    function_arn: str

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that go with the event, counted from now."""
        return {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + self.timeout_s) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self.function_arn,
            "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
        }


@dataclass(frozen=True, slots=True)
class Report:
    """What the runtime client reported: `next` says that it is ready for an event."""

    kind: ReportKind
    body: bytes = b""

    @property
    def content(self) -> Any:
        """Return the JSON in the body."""
        return json.loads(self.body)


class RuntimeApi:
    """The API for one runtime client, for the length of a `with` block: requests go in, reports come out."""

    def __init__(self) -> None:
        self._requests: queue.Queue[Request | None] = queue.Queue()
        self._reports: queue.Queue[Report] = queue.Queue()
        self._stack = contextlib.ExitStack()
        self.authority = ""

    def __enter__(self) -> Self:
        server = self._stack.enter_context(serve(functools.partial(_Handler, self)))
        self._stack.callback(self._requests.put, None)  # lets go a handler that waits for a request
        self.authority = server.authority
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def send(self, request: Request) -> None:
        """Hand a request to the runtime client, which has to be ready."""
        self._requests.put(request)

    def receive(self, timeout_s: float) -> Report | None:
        """Return the next report of the runtime client, or None after `timeout_s` without any."""
        with contextlib.suppress(queue.Empty):
            return self._reports.get(timeout=timeout_s)
        return None

    def report(self, report: Report) -> None:
        """Take a report of the runtime client."""
        self._reports.put(report)

    def next_request(self) -> Request | None:
        """Wait for a request on behalf of the runtime client; None when there will be none."""
        self.report(Report("next"))
        return self._requests.get()


class _Handler(QuietHandler):
    def __init__(self, api: RuntimeApi, *args: Any) -> None:
        self._api = api
        super().__init__(*args)

    def do_GET(self) -> None:  # noqa: N802  http.server looks for this name
        if self.path != f"{INVOCATION_PATH}next":
            self.reply(404, b"", {})
            return
        request = self._api.next_request()
        if request:
            self.reply(200, request.event, request.headers)

    def do_POST(self) -> None:  # noqa: N802  http.server looks for this name
        body = self.read_body()
        kind = self._posted_kind()
        # Reported first: once it has its answer, the client asks for the next event, which must be reported after.
        if kind:
            self._api.report(Report(kind, body))
        self.reply(202 if kind else 404, b"", {})

    def _posted_kind(self) -> ReportKind | None:
        match self.path.removeprefix("/2018-06-01/runtime/").split("/"):
            case ["init", "error"]:
                return "init_error"
            case ["invocation", _, "response"]:
                return "response"
            case ["invocation", _, "error"]:
                return "error"
            case _:
                return None
