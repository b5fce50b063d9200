"""How far an index build is, in words."""

import pytest

from lambda_fn.domain.event import Sentence
from lambda_fn.domain.index_progress import IndexBuildProgressed, IndexProgress, Share

COMMAND = "CREATE INDEX CONCURRENTLY"
SCANNING = "building index: scanning table"


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (IndexProgress(COMMAND, "initializing"), "initializing"),
        (
            IndexProgress(COMMAND, SCANNING, blocks=Share(1200, 5600)),
            f"{SCANNING}, 1200 of 5600 blocks (21 %)",
        ),
        (
            IndexProgress(COMMAND, "building index: loading tuples in tree", blocks=Share(9, 9), tuples=Share(5, 10)),
            "building index: loading tuples in tree, 5 of 10 tuples (50 %)",
        ),
        (
            IndexProgress(COMMAND, "waiting for old snapshots", lockers=Share(0, 3), current_locker_pid=4711),
            "waiting for old snapshots, waiting for locker 4711 (1 of 3)",
        ),
        (
            IndexProgress(COMMAND, "waiting for old snapshots", lockers=Share(3, 3)),
            "waiting for old snapshots, waiting for a locker (3 of 3)",
        ),
        (
            IndexProgress("CREATE INDEX", SCANNING, blocks=Share(1, 2), partitions=Share(1, 4)),
            f"{SCANNING}, 1 of 4 partitions (25 %), 1 of 2 blocks (50 %)",
        ),
    ],
)
def test_the_phase_comes_with_what_is_counted_in_it(progress: IndexProgress, text: str) -> None:
    assert progress.text == text


def test_a_table_that_grows_while_it_is_scanned_is_not_done_twice() -> None:
    assert Share(7, 5).of("blocks") == "7 of 5 blocks (100 %)"


def test_the_event_names_the_migration() -> None:
    event = IndexBuildProgressed("20240101_a", IndexProgress(COMMAND, SCANNING, blocks=Share(1, 2)))

    assert event.sentences == (Sentence(f"Index build of 20240101_a: {SCANNING}, 1 of 2 blocks (50 %)"),)
