"""What people read of the history."""

from dataclasses import replace

from lambda_fn.domain.history_event import HistoryRead
from lambda_fn.domain.row import HistoryRow, Rows, RowState

APPLIED = HistoryRow(
    "1",
    "20240101000000_init",
    "c",
    RowState.APPLIED,
    "2024-01-01T10:00:00.123456Z",
    finished_at="2024-01-01T10:00:01.123456Z",
    elapsed_ms=1000,
)
MARKED = HistoryRow(
    "2",
    "20240102000000_b",
    "c",
    RowState.APPLIED,
    "2024-01-02T10:00:00.000000Z",
    finished_at="2024-01-02T10:00:00.000000Z",
    elapsed_ms=0,
    marked=True,
)
ROLLED_BACK = HistoryRow(
    "3",
    "20240103000000_c",
    "c",
    RowState.ROLLED_BACK,
    "2024-01-03T10:00:00.000000Z",
    rolled_back_at="2024-01-03T10:00:01.000000Z",
    reason="ERROR: division by zero (SQLSTATE 22012)",
    attempts=3,
)
FAILED = HistoryRow("4", "20240104000000_d", "c", RowState.FAILED, "2024-01-04T10:00:00.000000Z", attempts=1)
HALF_DONE = HistoryRow(
    "5", "20240105000000_e", "c", RowState.HALF_DONE, "2024-01-05T10:00:00.000000Z", attempts=2, done=2, steps=7
)


def said(rows: Rows) -> list[str]:
    return [sentence.text for sentence in HistoryRead(rows).sentences]


def test_rows_are_lines_of_one_record_with_their_columns_below_each_other() -> None:
    rows = Rows(5, (APPLIED, MARKED, ROLLED_BACK, FAILED, HALF_DONE))

    assert said(rows) == [
        "20240101000000_init  applied                               2024-01-01 10:00:00 UTC  1000 ms\n"
        "20240102000000_b     applied (marked)                      2024-01-02 10:00:00 UTC\n"
        "20240103000000_c     rolled back (3 attempts)              2024-01-03 10:00:00 UTC           "
        "ERROR: division by zero (SQLSTATE 22012)\n"
        "20240104000000_d     failed or running                     2024-01-04 10:00:00 UTC\n"
        "20240105000000_e     half done (2 of 7 steps, 2 attempts)  2024-01-05 10:00:00 UTC",
        "5 rows.",
    ]


def test_how_many_rows_there_are_is_told_with_those_that_are_not_shown() -> None:
    assert said(Rows(1, (FAILED,)))[-1] == "1 row."
    assert said(Rows(523, (APPLIED, FAILED)))[-1] == "The newest 2 of 523 rows."


def test_no_table_and_no_row_are_two_things() -> None:
    assert said(Rows(None)) == ["The current database is not managed by Prisma Migrate."]
    assert said(Rows(0)) == ["No row of the history is asked for: it has none, or none that matches."]


def test_thousands_of_rows_are_more_than_one_record_and_their_columns_are_below_each_other_in_all() -> None:
    rows = (*[FAILED] * 240, replace(ROLLED_BACK, name=f"{ROLLED_BACK.name}_{'x' * 40}", reason="y" * 5000))

    *records, last = said(Rows(241, rows))

    assert ([len(record.splitlines()) for record in records], last) == ([100, 100, 41], "241 rows.")
    assert len({line.index(" UTC") for record in records for line in record.splitlines()}) == 1
    assert records[-1].endswith(f" {'y' * 200}…")


def test_a_row_is_one_line_whatever_the_table_holds() -> None:
    odd = replace(FAILED, name="a\x1b[2J\nb", reason="x\ty\rz")

    assert said(Rows(1, (odd,)))[0].endswith(r"x\ty\rz")
    assert said(Rows(1, (odd,)))[0].startswith(r"a\x1b[2J\nb  failed")


def test_a_time_is_shown_in_seconds_and_one_that_is_no_moment_as_the_server_writes_it() -> None:
    for time, began in (
        ("2024-02-29T23:59:59.999999Z", "2024-02-29 23:59:59 UTC"),
        ("12024-02-29T23:59:59.999999Z", "12024-02-29 23:59:59 UTC"),
        ("-infinity", "-infinity"),
        ("4713-01-01 00:00:00 BC", "4713-01-01 00:00:00 BC"),
    ):
        assert said(Rows(1, (replace(FAILED, started_at=time),)))[0].endswith(f"running  {began}")
