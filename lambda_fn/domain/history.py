"""The rows of `_prisma_migrations` as values."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lambda_fn.domain.journal import Journal


class MigrationState(StrEnum):
    """What a row says."""

    APPLIED = "applied"
    """Finished, and not rolled back."""
    FAILED = "failed"
    """Neither finished nor rolled back: failed, or running now."""
    ROLLED_BACK = "rolledBack"
    """Marked as rolled back; Prisma ignores it."""


@dataclass(frozen=True)
class MigrationRecord:
    """One row. `started_at` (UTC, as Prisma prints it) and `logs` are read for failed rows only."""

    id: str
    name: str
    checksum: str
    finished: bool
    rolled_back: bool
    started_at: str | None = None
    logs: str | None = field(default=None, repr=False)

    @property
    def state(self) -> MigrationState:
        """The row's state; a row both finished and rolled back counts as rolled back (observed)."""
        if self.rolled_back:
            return MigrationState.ROLLED_BACK
        return MigrationState.APPLIED if self.finished else MigrationState.FAILED

    @cached_property
    def journal(self) -> Journal | None:
        """How far an unfinished migration has come that is run step by step; None for every other row."""
        if self.state is not MigrationState.FAILED:
            return None
        from lambda_fn.domain.journal import Journal  # noqa: PLC0415  # few histories have a row that failed

        return Journal.read(self.logs)

    @property
    def reason(self) -> str | None:
        """What the server said, where logs say so."""
        return reason_in(self.logs)


_DATABASE_ERROR = r"(?m)^Database error code: (?P<sqlstate>\w+)\n\nDatabase error:\n(?P<message>[^\n]*)"


def reason_in(logs: str | None) -> str | None:
    """What the server said, from logs in the form of P3018; None for others.

    No more than that: the rest of the text may repeat a password of the script, or the values of a row.
    """
    found = re.search(_DATABASE_ERROR, logs or "")
    return f"{found['message']} (SQLSTATE {found['sqlstate']})" if found else None


@dataclass(frozen=True)
class History:
    """What the database knows: whether the table exists, whether the schema holds other tables, the rows.

    `records` are in the order of `started_at`. `occupied` matters only while the table does not exist (P3005).
    """

    exists: bool
    occupied: bool = False
    records: tuple[MigrationRecord, ...] = ()

    def of(self, name: str) -> tuple[MigrationRecord, ...]:
        """The rows of one migration, oldest first."""
        return tuple(self._by_name.get(name, ()))

    @cached_property
    def _by_name(self) -> dict[str, list[MigrationRecord]]:
        found: dict[str, list[MigrationRecord]] = defaultdict(list)
        for record in self.records:
            found[record.name].append(record)
        return found

    @property
    def failed(self) -> tuple[MigrationRecord, ...]:
        """The rows that block every deploy, whether or not the directory has the migration (P3009)."""
        return tuple(record for record in self.records if record.state is MigrationState.FAILED)
