"""The Lambda sandbox: what a caller of Lambda sees, from AWS's own runtime client."""

import importlib.util
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.invocation import Function, LocalLambda
from local.runtime_api import InProcessLambda, LambdaSandbox, open_lambda

HANDLER = '''
import os, sys, time

class LockTimeout(Exception):
    """An error with a class of its own."""

calls = 0

def handler(event, context):
    global calls
    calls += 1
    print("printed", calls)
    print("complained", file=sys.stderr)
    match event.get("do"):
        case "raise":
            raise LockTimeout("somebody else holds the lock")
        case "sleep":
            time.sleep(60)
        case "exit":
            os._exit(event["status"])
        case "abort":
            os.abort()
        case "environment":
            return dict(os.environ)
    return {
        "calls": calls,
        "left_ms": context.get_remaining_time_in_millis(),
        "request_id": context.aws_request_id,
        "about": [
            context.function_name,
            context.invoked_function_arn,
            context.memory_limit_in_mb,
            context.log_group_name,
        ],
    }
'''

needs_client = pytest.mark.skipif(
    importlib.util.find_spec("awslambdaric") is None, reason="AWS's runtime client is not installed"
)


@pytest.fixture
def function(tmp_path: Path) -> Function:
    # A name of its own: in-process modules stay imported.
    name = f"tiny_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(HANDLER)
    return Function(handler=f"{name}.handler", code=tmp_path)


@pytest.fixture
def sandbox(function: Function) -> Iterator[LambdaSandbox]:
    with LambdaSandbox({"GIVEN": "yes"}, function=function) as opened:
        yield opened


@pytest.fixture(params=[pytest.param(LambdaSandbox, marks=needs_client), InProcessLambda])
def either(request: pytest.FixtureRequest, function: Function) -> Iterator[LocalLambda]:
    with request.param({"GIVEN": "yes"}, function=function) as opened:
        yield opened


def test_answers_and_stays_warm(either: LocalLambda) -> None:
    first, second = either.invoke({}, timeout_s=30), either.invoke({}, timeout_s=30)
    assert (first.error, second.error) == (None, None)
    assert (first.payload["calls"], second.payload["calls"]) == (1, 2)
    assert (first.cold, second.cold) == (True, False)
    assert first.request_id == first.payload["request_id"] != second.request_id


def test_gives_a_context(either: LocalLambda) -> None:
    answer = either.invoke({}, timeout_s=30).payload
    assert 20_000 < answer["left_ms"] <= 30_000
    assert answer["about"] == [
        "migrate-lambda-local",
        "arn:aws:lambda:eu-central-1:000000000000:function:migrate-lambda-local",
        "512",
        "/aws/lambda/migrate-lambda-local",
    ]


def test_keeps_the_log_of_each_invocation(either: LocalLambda) -> None:
    assert either.invoke({}).log.splitlines() == ["printed 1", "complained"]
    assert either.invoke({}).log.splitlines() == ["printed 2", "complained"]


def test_names_the_class_of_an_error_and_lives_on(either: LocalLambda) -> None:
    failed = either.invoke({"do": "raise"})
    assert failed.payload is None
    assert failed.error is not None
    assert failed.error_type == "LockTimeout"
    assert failed.error["errorMessage"] == "somebody else holds the lock"
    assert "LockTimeout" in failed.error["stackTrace"][-1]
    assert either.invoke({}).payload["calls"] == 2


def test_shows_the_function_its_own_environment_only(either: LocalLambda, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "of the caller")
    seen = either.invoke({"do": "environment"}).payload
    assert seen["GIVEN"] == "yes"
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == "migrate-lambda-local"
    assert "DATABASE_URL" not in seen
    assert "HOME" not in seen


@needs_client
def test_kills_the_function_at_the_end_of_its_time(sandbox: LambdaSandbox) -> None:
    sandbox.invoke({})
    pid = sandbox.pid
    late = sandbox.invoke({"do": "sleep"}, timeout_s=0.5)
    assert late.error_type == "Sandbox.Timedout"
    assert late.error == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {late.request_id} Error: Task timed out after 0.50 seconds",
    }
    assert late.log.splitlines() == ["printed 2", "complained"]
    assert 500 <= late.elapsed_ms < 2000
    assert sandbox.pid is None
    again = sandbox.invoke({})
    assert (again.cold, again.payload["calls"], again.log.splitlines()[0]) == (True, 1, "printed 1")
    assert sandbox.pid != pid


@needs_client
@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"do": "exit", "status": 3}, "Runtime exited with error: exit status 3"),
        ({"do": "exit", "status": 0}, "Runtime exited without providing a reason"),
        ({"do": "abort"}, "Runtime exited with error: signal: aborted"),
    ],
)
def test_reports_a_crash_and_starts_anew(sandbox: LambdaSandbox, event: dict[str, object], message: str) -> None:
    crashed = sandbox.invoke(event)
    assert crashed.error_type == "Runtime.ExitError"
    assert crashed.error is not None
    assert crashed.error["errorMessage"].endswith(message)
    assert sandbox.invoke({}).cold


@needs_client
def test_reports_a_module_that_is_not_there(tmp_path: Path) -> None:
    with LambdaSandbox({}, function=Function(handler="absent.handler", code=tmp_path)) as sandbox:
        failed = sandbox.invoke({})
    assert failed.error_type == "Runtime.ImportModuleError"
    assert failed.error is not None
    assert "No module named 'absent'" in failed.error["errorMessage"]
    assert failed.cold


@needs_client
def test_ends_the_function_with_the_block(function: Function) -> None:
    with LambdaSandbox({}, function=function) as sandbox:
        sandbox.invoke({})
        pid = sandbox.pid
    assert pid is not None
    assert sandbox.pid is None
    assert not Path(f"/proc/{pid}").exists()


@needs_client
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with the thread that started it")
def test_starts_anew_after_its_starting_thread_has_ended(sandbox: LambdaSandbox) -> None:
    thread = threading.Thread(target=sandbox.invoke, args=({},))
    thread.start()
    thread.join()
    deadline = time.monotonic() + 10
    while sandbox.pid is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert sandbox.invoke({}).payload["calls"] == 1


@needs_client
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the memory of a process")
def test_tells_the_peak_memory(sandbox: LambdaSandbox) -> None:
    peak_mib = sandbox.invoke({}).peak_memory_mib
    assert peak_mib is not None
    assert 1 < peak_mib < 512


def test_calls_the_function_in_this_process_without_a_runtime_client(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert isinstance(open_lambda({}, function=function), InProcessLambda)
