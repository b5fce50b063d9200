"""CloudWatch Logs: the events of a log group."""

from collections.abc import Iterator
from typing import Any

from lambda_fn.account.log import LogEvent
from lambda_fn.aws.client import Account, region_of, told
from lambda_fn.errors import account as account_errors

# Events come in late, and not in the order of their time when they are of several streams.
_LATE_MS = 30_000


class LogGroup:
    """A log group in an account. Raises: SettingsInvalid M801, M802.

    With `patience_s` each request is tried once, and given up after that time.
    """

    def __init__(
        self, name: str, account: Account, region: str | None = None, *, patience_s: float | None = None
    ) -> None:
        self.name = name
        self._client = account.client("logs", region=region, **_once_within(patience_s))

    def events(self, since_ms: int, containing: str | None = None) -> Iterator[LogEvent]:
        """What was logged since a time, in order; with `containing`, only what has that text in it.

        Raises: RequestInvalid M815; what asking AWS raises.
        """
        yield from (event for _, event in self.keyed_events(since_ms, containing))

    def watch(self, since_ms: int) -> "Watch":
        """The same as it comes in."""
        return Watch(self, since_ms)

    def keyed_events(self, since_ms: int, containing: str | None = None) -> Iterator[tuple[object, LogEvent]]:
        """The events, and what tells each from all others."""
        region = region_of(self._client)
        asked: dict[str, Any] = {"logGroupName": self.name, "startTime": since_ms}
        if containing is not None:
            asked["filterPattern"] = f'"{containing}"'
        special = {"ResourceNotFoundException": lambda _: account_errors.log_group_not_found(self.name, region)}
        with told("logs", special):
            for page in self._client.get_paginator("filter_log_events").paginate(**asked):
                for found in page["events"]:
                    event = LogEvent(found["logStreamName"], found["timestamp"], found["message"])
                    yield found.get("eventId", event), event


def _once_within(patience_s: float | None) -> dict[str, Any]:
    if patience_s is None:
        return {}
    return {
        "connect_timeout": patience_s,
        "read_timeout": patience_s,
        "retries": {"mode": "standard", "total_max_attempts": 1},
    }


class Watch:
    """A log group that is looked at again and again."""

    def __init__(self, group: LogGroup, since_ms: int) -> None:
        self._group = group
        self._since_ms = self._newest_ms = since_ms
        self._seen: set[object] = set()

    def new(self) -> Iterator[LogEvent]:
        """What has come in since the last time, each event once. Raises: as LogGroup.events."""
        for key, event in self._group.keyed_events(max(self._since_ms, self._newest_ms - _LATE_MS)):
            if key not in self._seen:
                self._seen.add(key)
                self._newest_ms = max(self._newest_ms, event.time_ms)
                yield event
