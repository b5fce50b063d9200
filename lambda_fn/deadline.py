"""The time that the invoker gives, and how its end is shared out."""

import time
from dataclasses import dataclass

_CANCEL_SHARE = 0.25  # of the reserve: how long the server has to answer a cancel
_VERDICT_SHARE = 0.6  # until here it is found out what became of a commit; the rest is for the answer


@dataclass(frozen=True, slots=True)
class Deadline:
    """When work stops. `end_s` is the moment of time.monotonic() when the invoker gives up; None is never.

    The reserve before it is shared: what runs is cancelled when it begins, a server that does not answer that is
    given up after a quarter of it, and the last part is left for the answer to the invoker.
    """

    end_s: float | None = None
    reserve_s: float = 0.0

    @classmethod
    def within(cls, remaining_s: float | None, reserve_s: float) -> "Deadline":
        """The deadline of an invocation that has so many seconds left; None is no limit."""
        return cls(None if remaining_s is None else time.monotonic() + remaining_s, reserve_s)

    @property
    def work_left_s(self) -> float:
        """Seconds until work stops; negative afterwards."""
        return self._until(1.0)

    @property
    def passed(self) -> bool:
        """Whether work has to stop."""
        return self.work_left_s <= 0

    @property
    def cancel_is_overdue(self) -> bool:
        """Whether a server that was asked to cancel has had its time to answer."""
        return self._until(1.0 - _CANCEL_SHARE) <= 0

    @property
    def verdict_left_s(self) -> float:
        """Seconds left to find out what became of a commit that was not answered; never negative."""
        return max(0.0, self._until(1.0 - _VERDICT_SHARE))

    def _until(self, share_kept: float) -> float:
        if self.end_s is None:
            return float("inf")
        return self.end_s - self.reserve_s * share_kept - time.monotonic()


NO_DEADLINE = Deadline()
