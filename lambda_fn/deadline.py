"""The time that the invoker gives, and how its end is shared out."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeVar

from lambda_fn.errors import DeadlineExceeded

_T = TypeVar("_T")

_CANCEL_SHARE = 0.25  # of the reserve: how long the server has to answer a cancel
_VERDICT_SHARE = 0.6  # until here it is found out what became of a commit; the rest is for the answer


def started(call: Callable[[], _T]) -> Future[_T]:
    """A call in a thread of its own, which does not keep the process from ending."""
    future: Future[_T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001  # it is raised in the thread that waits
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def bounded(call: Callable[[], _T], limit_s: float) -> _T:
    """What a call comes to, in a thread of its own, which is left behind after `limit_s`. Raises: TimeoutError."""
    return started(call).result(min(limit_s, threading.TIMEOUT_MAX))


class Interruption:
    """That somebody at the terminal, or who stops the container, wants the run to end: as if its time were up.

    `is_heeded` says that the run looks at it from now on, so that it ends with a verdict by itself.
    """

    def __init__(self) -> None:
        self._requested_at_s: float | None = None
        self.is_heeded = False

    @property
    def requested(self) -> bool:
        """Whether it was asked for."""
        return self._requested_at_s is not None

    @property
    def age_s(self) -> float | None:
        """Seconds since it was asked for; None before."""
        return None if self._requested_at_s is None else time.monotonic() - self._requested_at_s

    def request(self) -> None:
        """Ask for it, once. May be called by a signal handler."""
        if self._requested_at_s is None:
            self._requested_at_s = time.monotonic()


@dataclass(frozen=True, slots=True)
class Deadline:
    """When work stops. `end_s` is the moment of time.monotonic() when the invoker gives up; None is never.

    The reserve before it is shared: what runs is cancelled when it begins, a server that does not answer that is
    given up after a quarter of it, and the last part is left for the answer to the invoker. An interruption moves all
    of this to the moment when it is asked for.
    """

    end_s: float | None = None
    reserve_s: float = 0.0
    interruption: Interruption = field(default_factory=Interruption)

    @classmethod
    def within(
        cls, remaining_s: float | None, reserve_s: float, interruption: Interruption | None = None
    ) -> "Deadline":
        """The deadline of an invocation that has so many seconds left; None is no limit."""
        end_s = None if remaining_s is None else time.monotonic() + remaining_s
        return cls(end_s, reserve_s, interruption or Interruption())

    @property
    def ends_at_epoch_s(self) -> float | None:
        """When the invoker gives up, by the wall clock, in seconds since 1970; None is never."""
        return None if self.end_s is None else time.time() + self.end_s - time.monotonic()

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

    @property
    def left_s(self) -> float:
        """Seconds for what begins now: until work stops, or, once it has stopped, to find out what became of it."""
        return self.verdict_left_s if self.passed else self.work_left_s

    def bounded(self, call: Callable[[], _T], too_late: Callable[[], DeadlineExceeded]) -> _T:
        """What a call comes to that knows of no deadline, within the time left. Raises: `too_late`'s error."""
        if self.end_s is None:
            return call()
        try:
            return bounded(call, self.left_s)
        except TimeoutError:
            raise too_late() from None

    def _until(self, share_kept: float) -> float:
        left_s = float("inf")
        if self.end_s is not None:
            left_s = self.end_s - self.reserve_s * share_kept - time.monotonic()
        if (age_s := self.interruption.age_s) is not None:
            left_s = min(left_s, self.reserve_s * (1.0 - share_kept) - age_s)
        return left_s


NO_DEADLINE = Deadline()
