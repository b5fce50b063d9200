"""Ctrl-C, and what stops a container: the run ends as if its time were up, with a verdict."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from lambda_fn.deadline import Interruption
from lambda_fn.errors import DeadlineExceeded
from lambda_fn.errors import deadline as deadline_errors

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # the last one where a terminal is closed
_SIGNALLED = 128  # as shells count
_HEARD = "\nInterrupted: what runs is cancelled, and what became of it is told. Once more ends it at once.\n"


class Heeded:
    """An interruption, and the signal that asked for it."""

    def __init__(self) -> None:
        self.interruption = Interruption()
        self._signal_number = 0

    @property
    def error(self) -> DeadlineExceeded:
        """What is known of a run that did not end with a verdict."""
        return deadline_errors.cut_off() if self.interruption.is_heeded else deadline_errors.nothing_run()

    @property
    def exit_code(self) -> int:
        """130 after Ctrl-C, 143 after SIGTERM, 129 after the terminal was closed, 0 where nobody interrupted."""
        return _SIGNALLED + self._signal_number if self._signal_number else 0

    def hear(self, number: int, _: FrameType | None) -> None:
        """Handle a signal. Raises: KeyboardInterrupt at the second one, and where no run looks at the first."""
        is_first, self._signal_number = not self.interruption.requested, number
        self.interruption.request()
        if not (is_first and self.interruption.is_heeded):
            raise KeyboardInterrupt
        # Not by print, for what is interrupted may be just printing; and who reads it may have gone by the same Ctrl-C.
        with contextlib.suppress(OSError, ValueError):
            os.write(sys.stderr.fileno(), _HEARD.encode())


@contextmanager
def heeded() -> Iterator[Heeded]:
    """While an action runs, the signals that mean its end do not cut it off. Other threads get no signals."""
    handler = Heeded()
    if threading.current_thread() is not threading.main_thread():
        yield handler
        return
    wanted = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    # What is ignored stays so: nohup, and what a shell does with SIGINT for a program in the background.
    before = {number: signal.getsignal(number) for number in wanted}
    before = {number: former for number, former in before.items() if former not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, handler.hear)
    try:
        yield handler
    finally:
        for number, former in before.items():
            signal.signal(number, former)
