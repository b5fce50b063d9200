"""The rows of `_prisma_migrations` as people read them: all that they say, and not only what a deploy needs."""

from dataclasses import dataclass
from enum import StrEnum

from lambda_fn.domain.failure import attempts_in
from lambda_fn.domain.history import reason_in
from lambda_fn.domain.journal import Journal


class RowState(StrEnum):
    """What a row says, and whether a deploy of ours goes on with it; public API."""

    APPLIED = "applied"
    """Finished, and not rolled back."""
    FAILED = "failed"
    """Neither finished nor rolled back: failed, or running now."""
    ROLLED_BACK = "rolledBack"
    """Marked as rolled back, whether it had finished or not."""
    HALF_DONE = "halfDone"
    """As failed, but it is run step by step: the next deploy goes on behind what is done, or says why it cannot."""


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One row. Times are ISO 8601 in UTC; what a row does not say is None.

    A time that ISO 8601 has no form for (`infinity`, one before the year 1) is as the server writes it. `marked` is
    True where it was marked as applied, by `baseline` or `resolve`, and its script was not run. `reason` is what the
    server said when it failed, `attempts` how often ours failed with it. Of one that is half done, `done` of its
    `steps` are in the database.
    """

    id: str
    name: str
    checksum: str
    state: RowState
    started_at: str
    finished_at: str | None = None
    rolled_back_at: str | None = None
    elapsed_ms: int | None = None
    marked: bool = False
    reason: str | None = None
    attempts: int | None = None
    done: int | None = None
    steps: int | None = None


@dataclass(frozen=True, slots=True)
class Logs:
    """What the `logs` of a row tell. Nothing else of them does: the rest may repeat the values of a row."""

    reason: str | None
    attempts: int | None
    journal: Journal | None

    @classmethod
    def read(cls, logs: str | None) -> "Logs":
        """Read them; Prisma's own have a reason only."""
        return cls(reason_in(logs), attempts_in(logs) or None, Journal.read(logs))


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Which rows are wanted: of a state, with a text in the name, the newest `limit` of them; None is all."""

    state: RowState | None = None
    name_part: str | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that were read, newest last, and how many there are with those that the limit left out.

    `count` is None where there is no table.
    """

    count: int | None
    rows: tuple[HistoryRow, ...] = ()
