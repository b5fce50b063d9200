"""Ctrl-C, and what stops a container: the run ends as if its time were up, with a verdict."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from lambda_fn.deadline import Interruption

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SIGNALLED = 128  # as shells count
_HEARD = "\nInterrupted: what runs is cancelled, and what became of it is told. Once more ends it at once.\n"


class Heeded:
    """An interruption, and the signal that asked for it."""

    def __init__(self) -> None:
        self.interruption = Interruption()
        self._signal_number = 0

    @property
    def exit_code(self) -> int:
        """130 after Ctrl-C, 143 after SIGTERM, 0 where nobody interrupted."""
        return _SIGNALLED + self._signal_number if self._signal_number else 0

    def hear(self, number: int, _: FrameType | None) -> None:
        """Handle a signal. Raises: KeyboardInterrupt at the second one, and where no run looks at the first."""
        is_first, self._signal_number = not self.interruption.requested, number
        self.interruption.request()
        if not (is_first and self.interruption.is_heeded):
            raise KeyboardInterrupt
        # Not by print: what is interrupted may be just printing.
        os.write(sys.stderr.fileno(), _HEARD.encode())


@contextmanager
def heeded() -> Iterator[Heeded]:
    """While an action runs, the signals that mean its end do not cut it off. Other threads get no signals."""
    handler = Heeded()
    if threading.current_thread() is not threading.main_thread():
        yield handler
        return
    before = {number: signal.signal(number, handler.hear) for number in _SIGNALS}
    try:
        yield handler
    finally:
        for number, former in before.items():
            signal.signal(number, former)
