"""Ends what runs on a connection when the time is up."""

import contextlib
import time
from collections.abc import Callable

import psycopg

from lambda_fn.deadline import Deadline
from lambda_fn.postgres.login import Session
from lambda_fn.postgres.simple_query import ConnectionLost

_CANCEL_TIMEOUT_S = 2.0
_CANCEL_EVERY_S = 1.0


class Cutoff:
    """The deadline of one session's work."""

    def __init__(self, session: Session, deadline: Deadline) -> None:
        self._session = session
        self._deadline = deadline
        self._cancel_at_s = 0.0

    def for_what_begins(self) -> Callable[[], None]:
        """What is to be done at least once a second while the server works."""
        # What begins after the deadline is there to clean up: it is not cancelled, and gets the rest of the time.
        return self._give_up if self._deadline.passed else self._stop_in_time

    def cancel(self) -> None:
        """Ask the server to stop."""
        with contextlib.suppress(psycopg.Error):
            self._session.cancel_safe(timeout=_CANCEL_TIMEOUT_S)

    def _stop_in_time(self) -> None:
        """Cancel what runs when the deadline has come, again and again, until the server answers or is overdue."""
        if not self._deadline.passed:
            return
        if self._deadline.cancel_is_overdue:
            raise ConnectionLost("the server did not answer a cancel", sent=True, given_up=True)
        if (now_s := time.monotonic()) >= self._cancel_at_s:
            self._cancel_at_s = now_s + _CANCEL_EVERY_S
            self.cancel()

    def _give_up(self) -> None:
        if self._deadline.verdict_left_s <= 0:
            raise ConnectionLost("the time was up", sent=True, given_up=True)
