"""The names that our sessions have in pg_stat_activity, by which a later run recognises a dead runner's."""

import math
import re
from typing import Final

LIMIT_BYTES: Final = 63
"""PostgreSQL cuts a name there."""

_RUNNER: Final = "mig"
_WATCH: Final = "mig-watch"
_LATEST_EPOCH_S: Final = 253_402_300_799  # the end of the year 9999; a deadline behind it is none
# What else is in a name, a server replaces: from PostgreSQL 16 on by four bytes for one, which could push the deadline
# out. And a slash would make a run id like `a/1` look like a deadline.
_NOT_KEPT: Final = re.compile(r"[^!-.0-~]")
_NAME: Final = re.compile(rf"{_RUNNER}/([!-.0-~]*)(?:/([1-9][0-9]{{0,11}}))?")


def application_name(run_id: str, ends_at_epoch_s: float | None) -> str:
    """The name of a run's session: `mig/<run>/<deadline>`, or `mig/<run>` without a deadline.

    The deadline is in whole seconds since 1970, rounded up. Letters of the run id that a name cannot hold become `-`,
    and where the name would have more than 63 bytes, the run id is cut.
    """
    if ends_at_epoch_s is None or not ends_at_epoch_s <= _LATEST_EPOCH_S:
        return _fitted(_RUNNER, run_id, "")
    return _fitted(_RUNNER, run_id, f"/{max(1, math.ceil(ends_at_epoch_s))}")


def watch_name(run_id: str) -> str:
    """The name of a run's second session, which looks on and holds no lock: `mig-watch/<run>`."""
    return _fitted(_WATCH, run_id, "")


def deadline_of(name: str) -> int | None:
    """The deadline in a name, in seconds since 1970; None for what is not exactly a run's, or has no deadline."""
    match = _NAME.fullmatch(name)
    return None if match is None or match[2] is None else int(match[2])


def run_of(name: str) -> str | None:
    """The run id in a name, as the name holds it; None for what is not exactly a run's."""
    match = _NAME.fullmatch(name)
    return None if match is None else match[1]


def _fitted(kind: str, run_id: str, deadline: str) -> str:
    kept = _NOT_KEPT.sub("-", run_id)
    return f"{kind}/{kept[: LIMIT_BYTES - len(kind) - 1 - len(deadline)]}{deadline}"
