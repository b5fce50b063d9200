"""The rows of `_prisma_migrations`, read by nobody's rules but those that are written down here."""

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

_CHECKSUM = re.compile(r"[0-9a-f]{64}")
_P3018 = "A migration failed to apply. New migrations cannot be applied before the error is recovered from."


class RowState(StrEnum):
    """What a row says."""

    APPLIED = "applied"
    MARKED = "marked as applied"
    FAILED = "failed"
    HALF_DONE = "half done"
    ROLLED_BACK = "rolled back"


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `text` is all of it as PostgreSQL writes it."""

    id: str
    name: str
    checksum: str
    started_at: datetime
    finished_at: datetime | None
    rolled_back_at: datetime | None
    logs: str | None
    steps: int
    text: str

    @property
    def state(self) -> RowState:
        """Its state."""
        if self.rolled_back_at is not None:
            return RowState.ROLLED_BACK
        if self.finished_at is not None:
            return RowState.MARKED if self.logs == "" else RowState.APPLIED
        return RowState.HALF_DONE if "done" in self.ours else RowState.FAILED

    @property
    def is_open(self) -> bool:
        """Whether it failed, or is half done."""
        return self.finished_at is None and self.rolled_back_at is None

    @property
    def ours(self) -> dict[str, Any]:
        """What ours has written into the last line of its logs; empty where there is nothing."""
        last = (self.logs or "").rstrip().rpartition("\n")[2]
        found: dict[str, Any] = json.loads(last)["migrateLambda"] if last.startswith('{"migrateLambda"') else {}
        return found


_TOLD = {
    RowState.APPLIED: "applied",
    RowState.MARKED: "applied",
    RowState.FAILED: "failed",
    RowState.HALF_DONE: "halfDone",
    RowState.ROLLED_BACK: "rolledBack",
}


def told_of(row: Row) -> tuple[str, str, bool]:
    """What `history` is to tell of a row: its id, its state, and whether it was only marked."""
    return row.id, _TOLD[row.state], row.state is RowState.MARKED


def odd(row: Row, *, after_prisma: bool) -> Iterator[str]:
    """What in a row that was just written is not as documented."""
    if not _is_uuid(row.id):
        yield "its id is no UUID of version 4"
    if not _CHECKSUM.fullmatch(row.checksum):
        yield "its checksum is not 64 digits in lower case"
    if row.steps != (1 if row.state is RowState.APPLIED else 0):
        yield f"applied_steps_count is {row.steps}"
    yield from _odd_times(row)
    yield from _odd_logs(row, after_prisma=after_prisma)


def _odd_times(row: Row) -> Iterator[str]:
    if row.state is RowState.MARKED and row.finished_at != row.started_at:
        yield "it was marked, and finished_at is not started_at"
    if row.finished_at is not None and row.finished_at < row.started_at:
        yield "it finished before it started"
    if row.state is RowState.ROLLED_BACK and row.finished_at is not None:
        yield "it is finished and rolled back"


def _odd_logs(row: Row, *, after_prisma: bool) -> Iterator[str]:
    match row.state:
        case RowState.APPLIED if row.logs is not None:
            yield f"it is applied, and its logs are {row.logs!r}"
        case RowState.FAILED if not after_prisma:
            yield "ours left it failed, of which nothing stayed"
        case RowState.HALF_DONE if after_prisma:
            yield "Prisma wrote what only ours does"
        case RowState.HALF_DONE | RowState.FAILED | RowState.ROLLED_BACK if row.logs and _P3018 not in row.logs:
            yield f"its logs are {row.logs!r}"


def _is_uuid(text: str) -> bool:
    return len(text) == 36 and text == text.lower() and uuid.UUID(text).version == 4
