"""Nothing about the history is quadratic: four times the rows are four times the work."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from lambda_fn.domain.history import History, MigrationRecord
from lambda_fn.domain.journal import Journal
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.plan import make_plan
from lambda_fn.domain.resolution import resolve_rolled_back

FEW = 100
SCRIPT = b"SELECT 1;"
LOGS = Journal(steps=3, done=1).line("r")
TraceFunction = Callable[[FrameType, str, Any], Any]


def steps_of(action: Callable[[], object]) -> int:
    """How many instructions of Python an action executes: exact, unlike a time."""
    count = 0

    def traced(frame: FrameType, event: str, _: object) -> TraceFunction:
        nonlocal count
        count += event == "opcode"
        frame.f_trace_opcodes = True
        return traced

    before = sys.gettrace()
    sys.settrace(traced)
    try:
        action()
    finally:
        sys.settrace(before)
    return count


def names(count: int) -> list[str]:
    return [f"2024{number:010}_m" for number in range(count)]


def half_done(count: int, *, begins_with: str = "") -> tuple[MigrationRecord, ...]:
    return tuple(
        MigrationRecord(str(number), begins_with + name, "", finished=False, rolled_back=False, logs=LOGS)
        for number, name in enumerate(names(count))
    )


def plan_of_what_is_half_done(count: int) -> None:
    migrations = tuple(Migration(name, SCRIPT) for name in names(count))
    plan = make_plan(migrations, History(exists=True, records=half_done(count)))
    assert len(plan.pending) == count
    assert all(plan.halfway_of(migration.name) for migration in plan.pending)


def plan_of_an_older_directory(count: int) -> None:
    applied = MigrationRecord("a", "2023_a", Migration("2023_a", SCRIPT).checksum, finished=True, rolled_back=False)
    rows = (applied, *half_done(count))
    plan = make_plan((Migration("2023_a", SCRIPT),), History(exists=True, records=rows))
    [warning] = plan.warnings
    assert (plan.failed, len(warning.migrations)) == ((), count)


def resolutions_of_all(count: int) -> None:
    history = History(exists=True, records=half_done(count))
    assert len([resolve_rolled_back(name, history) for name in names(count)]) == count


@pytest.mark.parametrize("work", [plan_of_what_is_half_done, plan_of_an_older_directory, resolutions_of_all])
def test_four_times_the_rows_are_four_times_the_work(work: Callable[[int], None]) -> None:
    few, many = steps_of(lambda: work(FEW)), steps_of(lambda: work(4 * FEW))

    assert few > 10 * FEW
    assert many < 4.1 * few
