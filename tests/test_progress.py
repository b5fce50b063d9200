"""The last line of a terminal: what a run is at."""

import pytest

from lambda_fn.cli.progress import Progress
from lambda_fn.domain.blocker import BlockerReport
from lambda_fn.domain.event import Applied, ApplyStarted, DirectoryRead, LockAwaited, RunFailed
from lambda_fn.domain.index_progress import IndexBuildProgressed, IndexProgress, Share
from lambda_fn.domain.lock_event import LockContended
from lambda_fn.domain.outcome import AppliedMigration
from lambda_fn.errors import deadline as deadline_errors

A = "20240101000000_a"
APPLYING = Progress().after(ApplyStarted(A, 3, 12), 100.0)


def test_nothing_is_said_before_anything_runs() -> None:
    assert Progress().after(DirectoryRead("migrations", 2), 100.0).line(105.0) == ""


@pytest.mark.parametrize(
    ("now_s", "elapsed"), [(100.0, "0 s"), (159.9, "59 s"), (160.0, "1:00 min"), (3825.0, "62:05 min")]
)
def test_which_of_how_many_and_for_how_long(now_s: float, elapsed: str) -> None:
    assert APPLYING.line(now_s) == f"Applying 3 of 12: {A}, {elapsed}"


def test_who_holds_the_advisory_lock_and_since_when_it_is_waited_for() -> None:
    first = Progress().after(LockAwaited("backend 7", 0), 100.0)
    later = first.after(LockAwaited("backend 8", 9000), 109.0)

    assert later.line(110.0) == "Waiting for the advisory lock, 10 s — backend 8"


def test_how_far_an_index_is() -> None:
    progress = IndexProgress("CREATE INDEX CONCURRENTLY", "building index", blocks=Share(50, 200))

    assert APPLYING.after(IndexBuildProgressed(A, progress), 130.0).line(140.0) == (
        f"Applying 3 of 12: {A}, 40 s — building index, 50 of 200 blocks (25 %)"
    )


def test_a_lock_that_is_waited_for_without_knowing_of_whom() -> None:
    waiting: BlockerReport | None = None

    assert APPLYING.after(LockContended(A, 1500, waiting), 130.0).line(101.0) == (
        f"Applying 3 of 12: {A}, 1 s — waits for a lock"
    )


def test_the_line_goes_when_a_migration_is_done_or_failed() -> None:
    done = Applied(AppliedMigration(A, 1, 5))

    assert APPLYING.after(done, 101.0) == Progress()
    assert APPLYING.after(RunFailed(deadline_errors.before_migration(A)), 101.0) == Progress()
