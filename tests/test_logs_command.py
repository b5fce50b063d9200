"""`migrate-lambda logs`: what the last runs said."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from tests.fixtures.aws_stand_in import LOG_GROUP, PROGRAM, REGION, Asked, Background, Migrate, StandIn
from tests.fixtures.aws_wire import AwsError
from tests.fixtures.functions import wait_until
from tests.fixtures.terminal import environment

FIRST, SECOND = "6f1c8e0a-2b7d-4f0e-9c1a-3d5e7f9b1c2d", "7a2d8e0a-2b7d-4f0e-9c1a-3d5e7f9b1c2d"


def record(message: str, run_id: str, level: str = "INFO") -> str:
    """A line of the log as Powertools writes it."""
    return json.dumps({"level": level, "message": message, "run_id": run_id, "function_request_id": run_id})


def two_runs(aws: StandIn) -> None:
    """A log of two runs, with what Lambda says beside."""
    for age_s, run_id in ((7200, FIRST), (60, SECOND)):
        aws.logged("INIT_START Runtime Version: python:3.13.v1\n", age_s=age_s + 1)
        aws.logged(f"START RequestId: {run_id} Version: $LATEST\n", age_s=age_s)
        aws.logged(record("Running Database Migrations", run_id), age_s=age_s - 1)
        aws.logged(record("P3018 It failed.\n    1 | x", run_id, "ERROR"), age_s=age_s - 2)
        aws.logged(f"REPORT RequestId: {run_id}\tDuration: 1 ms\n", age_s=age_s - 3)


def test_the_last_hour_is_shown_in_readable_lines(aws: StandIn, migrate: Migrate) -> None:
    two_runs(aws)

    ended = migrate("logs", "migrate")

    assert (ended.code, ended.stderr) == (0, "")
    lines = [re.sub(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ ", "TIME ", line) for line in ended.stdout.splitlines()]
    assert lines == [
        f"Run {SECOND}:",
        "TIME Running Database Migrations",
        "TIME ERROR: P3018 It failed.",
        "    1 | x",
    ]


def test_since_goes_further_back(aws: StandIn, migrate: Migrate) -> None:
    two_runs(aws)

    for since in ("3h", "1d", "180m", "10800s"):
        assert migrate("logs", "migrate", "--since", since).stdout.count("Run ") == 2, since


def test_a_run_is_chosen_by_its_id(aws: StandIn, migrate: Migrate) -> None:
    two_runs(aws)
    aws.logged(record(f"Waiting for the advisory lock of {FIRST}", SECOND))

    ended = migrate("logs", "migrate", "--since", "1d", "--run-id", FIRST)

    assert ended.stdout.splitlines()[0] == f"Run {FIRST}:"
    assert ended.stdout.count("Run ") == 1
    assert "Waiting" not in ended.stdout
    assert aws.of("FilterLogEvents")[0].parameters["filterPattern"] == f'"{FIRST}"'


def test_with_json_each_line_is_an_object(aws: StandIn, migrate: Migrate) -> None:
    two_runs(aws)

    records = [json.loads(line) for line in migrate("logs", "migrate", "--json").stdout.splitlines()]

    assert [(each["runId"], each["level"], each["message"]) for each in records] == [
        (SECOND, "INFO", "Running Database Migrations"),
        (SECOND, "ERROR", "P3018 It failed.\n    1 | x"),
    ]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", each["time"]) for each in records)


def test_a_log_group_stands_in_the_place_of_the_function(aws: StandIn, migrate: Migrate) -> None:
    aws.logged(record("of another", FIRST), group="another")

    assert "of another" in migrate("logs", "--log-group", "another").stdout
    assert "of another" not in migrate("logs", "migrate").stdout
    assert len(aws.of("GetFunctionConfiguration")) == 1


def test_following_goes_on_with_what_comes_in_until_it_is_interrupted(aws: StandIn) -> None:
    two_runs(aws)
    program = Background(aws, "logs", "migrate", "--follow")
    wait_until(lambda: len(program.lines) == 4, limit_s=60)
    aws.logged(record("later", SECOND))
    wait_until(lambda: len(program.lines) == 5, limit_s=60)
    os.kill(program.process.pid, signal.SIGINT)

    assert program.finish() == 130
    assert program.lines[-1].endswith(" later")
    assert len(program.lines) == 5, "a line came twice"


def test_what_comes_in_late_is_shown_once_all_the_same(aws: StandIn) -> None:
    """As from another container, whose events CloudWatch has later."""
    aws.logged(record("first", FIRST), age_s=5)
    program = Background(aws, "logs", "migrate", "--follow")
    wait_until(lambda: len(program.lines) == 2, limit_s=60)
    aws.logged(record("older", FIRST), age_s=20)
    wait_until(lambda: len(program.lines) == 3, limit_s=60)
    os.kill(program.process.pid, signal.SIGINT)

    assert program.finish() == 130
    assert [line.split()[-1] for line in program.lines[1:]] == ["first", "older"]


def test_following_goes_on_where_the_log_was_not_answered_for_a_time(aws: StandIn) -> None:
    busy = threading.Event()
    texts = ["first"]

    def filtered(_: Asked) -> dict[str, Any] | AwsError:
        if busy.is_set():
            return AwsError("ThrottlingException", "Rate exceeded")
        now = round(time.time() * 1000)
        events = [{"logStreamName": "s", "timestamp": now, "message": record(text, FIRST)} for text in texts]
        return {"events": [{**event, "eventId": str(number)} for number, event in enumerate(events)]}

    aws.answer("FilterLogEvents", filtered)
    program = Background(aws, "logs", "migrate", "--follow")
    wait_until(lambda: len(program.lines) == 2, limit_s=60)
    busy.set()
    before, two_polls = len(aws.of("FilterLogEvents")), 2 * 3  # each is tried three times
    wait_until(lambda: len(aws.of("FilterLogEvents")) > before + two_polls, limit_s=120)
    texts.append("later")
    busy.clear()
    wait_until(lambda: len(program.lines) == 4, limit_s=60)
    os.kill(program.process.pid, signal.SIGINT)

    assert program.finish() == 130
    assert program.lines[2] == (
        "WARNING: M806 CloudWatch Logs did not take the request: ThrottlingException: Rate exceeded. Try again later. "
        "Asked again every 2 s."
    )
    assert program.lines[3].endswith(" later")


def test_following_ends_when_nobody_reads_it_any_more(aws: StandIn) -> None:
    """As behind `| head -2`, also where nothing more is ever logged."""
    two_runs(aws)
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "logs", "migrate", "--follow"],
        env=environment(**aws.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with program:
        assert program.stdout is not None
        program.stdout.readline()
        program.stdout.close()
        code = program.wait(60)
        assert program.stderr is not None
        said = program.stderr.read()

    assert (code, said) == (0, b"")


def test_where_nothing_was_logged_it_says_how_far_back_it_looked(aws: StandIn, migrate: Migrate) -> None:
    aws.logged(record("long ago", FIRST), age_s=7200)

    for option in ([], ["--json"]):
        ended = migrate("logs", "migrate", *option)
        assert (ended.code, ended.stdout) == (0, "")
        assert re.fullmatch(
            rf"Nothing in {LOG_GROUP} since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\dZ; --since goes further back.\n",
            ended.stderr,
        )


def test_what_is_wrong_is_told_with_what_to_do(aws: StandIn, migrate: Migrate) -> None:
    wrong = {
        ("--since", "soon"): "M104",
        ("--since", "-1h"): "M104",
        ("--since", "3651d"): "M104",
        ("--since", "999999d"): "M104",
        ("--stack", "shop"): "M104",
        ("--log-group", "shop"): "M104",
    }
    for arguments, code in wrong.items():
        ended = migrate("logs", "migrate", f"{arguments[0]}={arguments[1]}")
        assert (ended.code, ended.stdout, ended.stderr.split()[1]) == (2, "", code), arguments
    assert migrate("logs", "--stack", "shop", "--log-group", "g").stderr.startswith("ERROR: M104 ")
    assert aws.asked == []
    assert migrate("logs", "--log-group", "none").stderr.startswith("ERROR: M815 ")
    aws.answer("FilterLogEvents", AwsError("AccessDeniedException", "not allowed"))
    assert "Allow logs:FilterLogEvents" in migrate("logs", "migrate").stderr
    aws.answer("GetFunctionConfiguration", AwsError("ResourceNotFoundException", "no", 404))
    assert f"M805 There is no Lambda function migrate in {REGION}." in migrate("logs", "migrate").stderr
    assert migrate("logs").stderr.startswith("ERROR: M104 FUNCTION ")
    assert LOG_GROUP not in migrate("logs").stdout
