"""Whether a run that ended early is unfinished, for an invoker that comes back, or failed."""

import pytest

from lambda_fn.commands.draft import Draft
from lambda_fn.domain.outcome import AppliedMigration, Status
from lambda_fn.domain.request import Request
from lambda_fn.errors import DatabaseUnreachable, DeadlineExceeded, LockTimeout, MigrateError

LATE = DeadlineExceeded("M605", "The time was up.", "Deploy again.")
CANCELLED = DeadlineExceeded("M606", "It was cancelled.", "Deploy again.")
HELD = LockTimeout("P1002", "Held.", "Wait.")
BLOCKED = LockTimeout("M329", "A table was locked.", "End the session.")
GONE = DatabaseUnreachable("P1017", "The connection was closed.", "Deploy again.")
COMES_BACK = Request(comes_back=True)
WAITS_ON = Request(comes_back=True, waits_on=True)
DONE = AppliedMigration("a", 1, 5)


def status(
    request: Request, error: MigrateError, *applied: AppliedMigration, lock_wait_ms: int | None = None
) -> Status:
    return Draft(request, "r", lock_wait_ms=lock_wait_ms, applied=list(applied)).outcome(error, 5).status


@pytest.mark.parametrize("error", [LATE, CANCELLED])
def test_what_was_applied_is_a_reason_to_come_back_for_the_rest(error: MigrateError) -> None:
    assert status(COMES_BACK, error, DONE) is Status.INCOMPLETE
    assert status(COMES_BACK, error) is Status.FAILED
    assert status(Request(), error, DONE) is Status.FAILED


@pytest.mark.parametrize("error", [HELD, BLOCKED, GONE])
def test_nothing_but_a_lack_of_time_is_one(error: MigrateError) -> None:
    assert status(COMES_BACK, error, DONE) is Status.FAILED


def test_another_runner_that_held_the_lock_is_one_for_who_waits_on() -> None:
    assert status(WAITS_ON, HELD, lock_wait_ms=800) is Status.INCOMPLETE
    assert status(WAITS_ON, BLOCKED, lock_wait_ms=800) is Status.FAILED
    assert status(COMES_BACK, HELD, lock_wait_ms=800) is Status.FAILED
    assert status(Request(waits_on=True), HELD, lock_wait_ms=800) is Status.FAILED


@pytest.mark.parametrize(
    ("lock_wait_ms", "wanted"), [(None, Status.FAILED), (999, Status.FAILED), (1000, Status.INCOMPLETE)]
)
def test_so_is_a_lock_that_came_when_the_time_was_up(lock_wait_ms: int | None, wanted: Status) -> None:
    assert status(WAITS_ON, LATE, lock_wait_ms=lock_wait_ms) is wanted
    assert status(WAITS_ON, CANCELLED, lock_wait_ms=lock_wait_ms) is Status.FAILED, "the migration took the time"
