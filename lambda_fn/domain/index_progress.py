"""How far the build of an index is."""

from dataclasses import dataclass
from typing import NamedTuple

from lambda_fn.domain.event import Sentence


@dataclass(frozen=True, slots=True)
class Share:
    """How much of something is done; a total of 0 means that it is not counted now."""

    done: int = 0
    total: int = 0

    def of(self, what: str) -> str:
        """For people, such as `1200 of 5600 blocks (21 %)`; "" where it is not counted."""
        if not self.total:
            return ""
        # PostgreSQL's totals are estimates of the beginning.
        percent = min(100, self.done * 100 // self.total)
        return f"{self.done} of {self.total} {what} ({percent} %)"


@dataclass(frozen=True, slots=True)
class IndexProgress:
    """A row of pg_stat_progress_create_index.

    `command` and `phase` are in PostgreSQL's words. `current_locker_pid` is the backend that the build waits for, 0
    for none; `lockers` are those that it waits for in this phase.
    """

    command: str
    phase: str
    lockers: Share = Share()
    current_locker_pid: int = 0
    blocks: Share = Share()
    tuples: Share = Share()
    partitions: Share = Share()

    @property
    def text(self) -> str:
        """The phase, and what is known of it."""
        counts = (self.partitions.of("partitions"), self.tuples.of("tuples") or self.blocks.of("blocks"), self._waiting)
        return ", ".join(filter(None, (self.phase, *counts)))

    @property
    def _waiting(self) -> str:
        if not self.lockers.total:
            return ""
        number = min(self.lockers.done + 1, self.lockers.total)
        locker = f"locker {self.current_locker_pid}" if self.current_locker_pid else "a locker"
        return f"waiting for {locker} ({number} of {self.lockers.total})"


class IndexBuildProgressed(NamedTuple):
    """The index build of a migration goes on."""

    name: str
    progress: IndexProgress

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """The migration, and how far it is."""
        return (Sentence(f"Index build of {self.name}: {self.progress.text}"),)
