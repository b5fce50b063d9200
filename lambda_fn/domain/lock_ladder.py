"""How long each attempt waits for a lock, and how long to pause between attempts.

Readers queue behind a waiting ALTER TABLE, so for the first seconds an attempt waits only for milliseconds; the whole
transaction is then tried again. Only a wait longer than deadlock_timeout makes autovacuum yield (observed: 185 short
attempts failed, one of 1.5 s won), so one of that kind is made every ten seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

BUDGET_S = 60.0
_RUNGS = ((0.0, 5), (4.0, 50), (10.0, 300), (20.0, 1000))  # from so many seconds on, for so many milliseconds
_ABOVE_DEADLOCK_TIMEOUT_MS = 500
_LONG_RUNG_EVERY_S = 10.0
_PAUSE_S = 0.1
_PAUSE_PER_RUNG = 4
_LONGEST_PAUSE_S = 2.0


class Rung(NamedTuple):
    """One attempt: pause first, then wait for each lock at most so long; 0 is without a limit."""

    pause_s: float
    lock_timeout_ms: int


@dataclass(frozen=True, slots=True)
class LockLadder:
    """The attempts at one transaction. `fixed_ms` is what the file asks for in the place of the rungs."""

    budget_s: float = BUDGET_S
    fixed_ms: int | None = None
    deadlock_timeout_ms: int = 1000

    @property
    def first(self) -> Rung:
        """The attempt before anything is known."""
        return Rung(0.0, _RUNGS[0][1] if self.fixed_ms is None else self.fixed_ms)

    def next(
        self, waited_s: float, *, since_long_s: float | None, work_ms: float, chance: Callable[[], float]
    ) -> Rung | None:
        """The next attempt, `waited_s` after the first one that failed; None when the budget is used up.

        `since_long_s` is how long ago the last one was that makes autovacuum yield; `work_ms` what an attempt works
        before it comes to the lock; `chance` gives a number between 0 and 1, so that two runners do not keep step.
        """
        if waited_s >= self.budget_s:
            return None
        lock_timeout_ms = self._lock_timeout_ms(waited_s, since_long_s, work_ms)
        pause_s = min(_LONGEST_PAUSE_S, _PAUSE_S + _PAUSE_PER_RUNG * lock_timeout_ms / 1000)
        return Rung(min(pause_s * (0.5 + chance() / 2), self.budget_s - waited_s), lock_timeout_ms)

    @property
    def long_ms(self) -> int:
        """The longest wait: autovacuum yields, and the server has looked for a deadlock."""
        return self.deadlock_timeout_ms + _ABOVE_DEADLOCK_TIMEOUT_MS

    def _lock_timeout_ms(self, waited_s: float, since_long_s: float | None, work_ms: float) -> int:
        if self.fixed_ms is not None:
            return self.fixed_ms
        # A small budget is climbed in the same proportion.
        climbed_s = waited_s * BUDGET_S / min(BUDGET_S, self.budget_s)
        rung_ms = max(rung_ms for from_s, rung_ms in _RUNGS if climbed_s >= from_s)
        if climbed_s >= _LONG_RUNG_EVERY_S and (since_long_s is None or since_long_s >= _LONG_RUNG_EVERY_S):
            return self.long_ms
        # To wait as long as the work took that a failure throws away costs at most as much again.
        return max(rung_ms, round(min(work_ms, self.long_ms)))
