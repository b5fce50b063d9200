"""What a terminal shows instead of lines, where the last line or a table says it better."""

import io

import pytest

from lambda_fn.cli.live import LiveScreen
from lambda_fn.domain.event import Applied, Event
from lambda_fn.domain.history_event import HistoryRead
from lambda_fn.domain.index_progress import IndexBuildProgressed, IndexProgress
from lambda_fn.domain.outcome import AppliedMigration
from lambda_fn.domain.row import HistoryRow, Rows, RowState

A = "20240101000000_a"


def shown(event: Event) -> list[str]:
    """The lines that stay of an event."""
    stream = io.StringIO()
    with LiveScreen(stream) as screen:
        screen.report(event)
    return [line.strip() for line in stream.getvalue().splitlines() if line.strip()]


def test_an_event_is_its_sentences() -> None:
    assert shown(Applied(AppliedMigration(A, 1, 5))) == [f"Applied migration `{A}` in 5 ms"]


def test_how_far_an_index_is_fills_no_lines() -> None:
    assert shown(IndexBuildProgressed(A, IndexProgress("CREATE INDEX CONCURRENTLY", "building index"))) == []


def test_the_history_is_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    row = HistoryRow("1", A, "c", RowState.FAILED, "2024-01-01T00:00:00Z", reason="ERROR: [x] of y (SQLSTATE 42601)")

    heading, _, line, *_, end = shown(HistoryRead(Rows(1, (row,))))

    assert heading.split() == ["migration", "state", "started", "took", "what", "the", "server", "said"]
    assert line.startswith(f"{A}   failed or running")
    assert end == "1 row."


def test_without_rows_there_is_no_table() -> None:
    assert shown(HistoryRead(Rows(None))) == ["The current database is not managed by Prisma Migrate."]
