"""The rules of `resolve`."""

import pytest

from lambda_fn.domain.history import History, MigrationRecord
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.resolution import Resolution, resolve_applied, resolve_rolled_back
from lambda_fn.errors import HistoryBlocked

NAME = "20240101000000_a"
MIGRATION = Migration(NAME, b"SELECT 1;")
ABSENT = History(exists=False)


def row(record_id: str, *, finished: bool = False, rolled_back: bool = False, name: str = NAME) -> MigrationRecord:
    return MigrationRecord(record_id, name, "checksum", finished=finished, rolled_back=rolled_back)


APPLIED = row("applied", finished=True)
FAILED = row("failed")
FAILED_TOO = row("failed too")
ROLLED_BACK = row("rolled back", rolled_back=True)
BOTH = row("both", finished=True, rolled_back=True)
OTHER = row("other", name="20240102000000_b")


def history(*rows: MigrationRecord) -> History:
    return History(exists=True, records=rows)


@pytest.mark.parametrize(
    ("found", "rolled_back"),
    [
        (ABSENT, ()),
        (history(), ()),
        (history(OTHER), ()),
        (history(ROLLED_BACK), ()),
        (history(FAILED, OTHER), ("failed",)),
        (history(FAILED, ROLLED_BACK, FAILED_TOO), ("failed", "failed too")),
    ],
    ids=["no table", "no row", "another's row", "rolled back", "failed", "failed twice"],
)
def test_marking_as_applied_closes_the_open_rows_and_adds_a_finished_one(
    found: History, rolled_back: tuple[str, ...]
) -> None:
    assert resolve_applied(NAME, (MIGRATION,), found) == Resolution(NAME, rolled_back, MIGRATION)


@pytest.mark.parametrize("rows", [(APPLIED,), (BOTH,), (FAILED, APPLIED)], ids=["applied", "both", "also failed"])
def test_what_is_finished_cannot_be_marked_as_applied(rows: tuple[MigrationRecord, ...]) -> None:
    with pytest.raises(HistoryBlocked, match=f"`{NAME}` is already recorded as applied") as refused:
        resolve_applied(NAME, (MIGRATION,), history(*rows))
    assert refused.value.code == "P3008"


@pytest.mark.parametrize("name", ["20240101000000", "a", "20240102000000_b"])
def test_only_a_migration_of_the_directory_can_be_marked_as_applied(name: str) -> None:
    with pytest.raises(HistoryBlocked, match=f"The migration {name} could not be found") as refused:
        resolve_applied(name, (MIGRATION,), history(OTHER))
    assert refused.value.code == "P3017"


@pytest.mark.parametrize(
    ("rows", "marked"),
    [
        ((FAILED,), ("failed",)),
        ((FAILED, OTHER, FAILED_TOO), ("failed", "failed too")),
        ((FAILED, APPLIED), ("failed",)),
        ((ROLLED_BACK,), ()),
        ((ROLLED_BACK, FAILED), ("failed",)),
        ((ROLLED_BACK, APPLIED), ()),
    ],
    ids=["failed", "failed twice", "failed and applied", "done already", "failed once more", "nothing open"],
)
def test_marking_as_rolled_back_closes_the_open_rows_and_adds_none(
    rows: tuple[MigrationRecord, ...], marked: tuple[str, ...]
) -> None:
    assert resolve_rolled_back(NAME, history(*rows)) == Resolution(NAME, marked, None)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (ABSENT, "M501"),
        (history(), "P3011"),
        (history(OTHER), "P3011"),
        (history(APPLIED), "P3012"),
        (history(BOTH), "P3012"),
    ],
    ids=["no table", "no row", "another's row", "applied", "applied and rolled back"],
)
def test_what_did_not_fail_cannot_be_marked_as_rolled_back(found: History, code: str) -> None:
    with pytest.raises(HistoryBlocked) as refused:
        resolve_rolled_back(NAME, found)
    assert refused.value.code == code


def test_a_failed_migration_that_the_directory_lacks_can_be_marked_as_rolled_back() -> None:
    assert resolve_rolled_back(OTHER.name, history(OTHER)).mark_rolled_back == ("other",)
