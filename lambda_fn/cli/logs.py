"""`logs`: what the last runs of a deployed function said, in readable lines."""

import json
import re
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from lambda_fn.account.log import Attribution, LogEvent, LogLine
from lambda_fn.aws.logs import LogGroup
from lambda_fn.cli.command import Command, Given, switch, text, word
from lambda_fn.cli.exit_codes import INTERRUPTED
from lambda_fn.cli.place import PLACE, STACK, account_of, function_of, in_utc
from lambda_fn.cli.screen import Screen, in_plain, print_error
from lambda_fn.errors import AwsUnavailable, MigrateError
from lambda_fn.errors import request as request_errors

POLL_INTERVAL_S = 2.0
_SINCE = re.compile(r"([0-9]{1,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_FURTHEST_S = 3650 * _SECONDS["d"]  # CloudWatch keeps nothing longer, unless it is told to keep all


def carry_out(given: Given) -> int:
    """Show the log and return the exit code."""
    screen = Screen(sys.stdout)
    try:
        since_ms = round((time.time() - _seconds_of(given.since)) * 1000)
        group = _group_of(given)
        events = _followed(group, since_ms, screen) if given.follow else group.events(since_ms, given.run_id)
        is_empty = not _shown(given, events, screen)
    except MigrateError as error:
        print_error(error, as_json=given.json)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    if is_empty and not given.follow:
        text = f"Nothing in {group.name} since {in_utc(_time_at(since_ms))}; --since goes further back."
        Screen(sys.stderr).print(text)
    return 0


def _shown(given: Given, events: Iterable[LogEvent], screen: Screen) -> int:
    """How many lines were shown."""
    show, number = _as_json if given.json else _Lines(), 0
    for event, line in _lines_of(events, given.run_id):
        number += 1
        for shown in show(event, line):
            screen.print(shown)
    return number


def _seconds_of(since: str) -> int:
    match = _SINCE.fullmatch(since)
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if match is None or seconds > _FURTHEST_S:
        raise request_errors.wrong_value("--since", "a number and s, m, h or d, at most 3650d", "90s, 30m, 1h or 2d")
    return seconds


def _group_of(given: Given) -> LogGroup:
    if given.log_group and (given.function or given.stack):
        raise request_errors.only_one_of(("FUNCTION", "--stack", "--log-group"))
    account = account_of(given)
    if given.log_group:
        return LogGroup(given.log_group, account)
    function = function_of(given, account)
    return LogGroup(function.describe().log_group, account, function.region)


def _followed(group: LogGroup, since_ms: int, screen: Screen) -> Iterator[LogEvent]:
    """What comes in, until nobody reads it. A busy or lost service may answer the next time."""
    watch, is_lost = group.watch(since_ms), False
    while not screen.is_unread:
        try:
            yield from watch.new()
            is_lost = False
        except AwsUnavailable as error:
            if not is_lost:
                Screen(sys.stderr).print(f"WARNING: {error.text} Asked again every {POLL_INTERVAL_S:.0f} s.")
            is_lost = True
        time.sleep(POLL_INTERVAL_S)


def _lines_of(events: Iterable[LogEvent], run_id: str | None) -> Iterator[tuple[LogEvent, LogLine]]:
    """What says something to people; with `run_id`, only what is of that run."""
    attribution = Attribution()
    for event in events:
        line = attribution.read(event)
        if line.sentence is not None and run_id in (None, line.request_id):
            yield event, line


class _Lines:
    """The lines with their time; a run is named where it begins, or goes on after another."""

    def __init__(self) -> None:
        self._run_id: str | None = None

    def __call__(self, event: LogEvent, line: LogLine) -> Iterator[str]:
        if line.request_id is not None and line.request_id != self._run_id:
            self._run_id = line.request_id
            yield f"Run {line.request_id}:"
        if line.sentence is not None:
            yield f"{in_utc(_time_of(event))} {in_plain(line.sentence)}"


def _as_json(event: LogEvent, line: LogLine) -> Iterator[str]:
    if line.sentence is not None:
        record = {
            "time": _time_of(event).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "runId": line.request_id,
            "level": line.sentence.level.upper(),
            "message": line.sentence.text,
        }
        yield json.dumps(record)


def _time_of(event: LogEvent) -> datetime:
    return _time_at(event.time_ms)


def _time_at(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC)


COMMANDS = (
    Command(
        "logs",
        "Show what the last runs of a deployed function said.",
        (
            "migrate-lambda logs migrate --since 2d",
            "migrate-lambda logs --stack shop-migrations --follow",
            "migrate-lambda logs --log-group shop-MigrateLogGroup-1A2B --json",
        ),
        (
            word("function", "Name or ARN of the function.", "FUNCTION"),
            STACK,
            text("--log-group", "The log group instead of the function.", "GROUP"),
            text("--since", "How far back: 90s, 30m, 1h, 2d.", "TIME", default="1h"),
            text("--run-id", "Only this run, which runId of its outcome names.", "ID"),
            switch("--follow", "Go on with what comes in, until Ctrl-C."),
            switch("--json", "A JSON object a line: time, runId, level, message."),
            *PLACE,
        ),
        carry_out,
    ),
)
