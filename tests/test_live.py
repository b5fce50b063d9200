"""What a terminal shows instead of lines, where the last line or a table says it better."""

import io

import pytest

from lambda_fn.cli.live import LiveScreen
from lambda_fn.domain.event import Applied, ApplyStarted, Event, Noticed
from lambda_fn.domain.history_event import HistoryRead
from lambda_fn.domain.index_progress import IndexBuildProgressed, IndexProgress
from lambda_fn.domain.outcome import AppliedMigration
from lambda_fn.domain.row import HistoryRow, Rows, RowState

A = "20240101000000_a"


ESCAPES = "\x1b[2J\x07\r"
ESCAPED = r"\x1b[2J\x07\r"


def written(*events: Event) -> str:
    """All that is written of events."""
    stream = io.StringIO()
    with LiveScreen(stream) as screen:
        for event in events:
            screen.report(event)
    return stream.getvalue()


def shown(event: Event) -> list[str]:
    """The lines that stay of an event."""
    return [line.strip() for line in written(event).splitlines() if line.strip()]


def row(name: str, state: RowState = RowState.APPLIED, reason: str | None = None) -> HistoryRow:
    return HistoryRow("1", name, "c", state, "2024-01-01T00:00:00Z", elapsed_ms=10, reason=reason)


def test_an_event_is_its_sentences() -> None:
    assert shown(Applied(AppliedMigration(A, 1, 5))) == [f"Applied migration `{A}` in 5 ms"]


def test_how_far_an_index_is_fills_no_lines() -> None:
    assert shown(IndexBuildProgressed(A, IndexProgress("CREATE INDEX CONCURRENTLY", "building index"))) == []


def test_the_history_is_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    failed = row(A, RowState.FAILED, reason="ERROR: [x] of y (SQLSTATE 42601)")

    heading, _, line, *_, end = shown(HistoryRead(Rows(1, (failed,))))

    assert heading.split() == ["migration", "state", "started", "took", "what", "the", "server", "said"]
    assert line.startswith(f"{A}   failed or running")
    assert end == "1 row."


def test_without_rows_there_is_no_table() -> None:
    assert shown(HistoryRead(Rows(None))) == ["The current database is not managed by Prisma Migrate."]


@pytest.mark.parametrize("reason", [None, "ERROR: " + "y" * 50, "ERROR: " + "many words " * 20])
def test_no_name_and_no_time_of_the_history_is_cut_or_wrapped(
    monkeypatch: pytest.MonkeyPatch, reason: str | None
) -> None:
    """What does not fit is the lines of a pipe, which the terminal may wrap but nobody cuts."""
    names = [A, "20240102000000_slow", f"20240103000000_{'long' * 6}"]
    event = HistoryRead(Rows(3, tuple(row(name, RowState.FAILED, reason) for name in names)))
    as_lines = "\n".join(sentence.text for sentence in event.sentences).splitlines()
    tables = 0

    for width in range(20, 180):
        monkeypatch.setenv("COLUMNS", str(width))
        lines = shown(event)
        if lines == as_lines:
            assert tables == 0, "once it fits, it fits a wider terminal"
            continue
        tables += 1
        assert max(map(len, lines)) <= width
        for name in names:
            [line] = [line for line in lines if line.split()[0] == name]
            assert "   failed or running   2024-01-01 00:00:00 UTC   10 ms" in line
    assert tables


def test_a_history_without_reasons_is_a_table_at_eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    heading, *_ = shown(HistoryRead(Rows(1, (row("20240102000000_slow"),))))

    assert heading.split() == ["migration", "state", "started", "took"]


@pytest.mark.parametrize("width", ["40", "200"])
def test_a_row_of_the_history_cannot_steer_the_terminal(monkeypatch: pytest.MonkeyPatch, width: str) -> None:
    monkeypatch.setenv("COLUMNS", width)
    odd = row(f"a{ESCAPES}\nb", RowState.FAILED, reason=f"ERROR: {ESCAPES}\nx")

    text = written(HistoryRead(Rows(1, (odd,))))

    assert "\x1b" not in text
    assert rf"a{ESCAPED}\nb" in text
    assert rf"ERROR: {ESCAPED}\nx" in text


def test_what_a_server_says_cannot_steer_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(Noticed(A, "NOTICE", ESCAPES)) == [f"{A}: NOTICE: {ESCAPED}"]

    monkeypatch.setenv("FORCE_COLOR", "1")  # so that the last line is drawn
    text = written(ApplyStarted(f"a{ESCAPES}\nb", 1, 1))

    assert rf"Applying 1 of 1: a{ESCAPED}\nb, 0 s" in text
    assert ESCAPES not in text
