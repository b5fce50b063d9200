"""Runs one command as a process and says what it took. Linux only."""

import contextlib
import ctypes
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from bench.tools.tool import Command

_PR_SET_CHILD_SUBREAPER = 36
# A program's highest memory counts from its fork on. Forked by this process it would begin with the memory of Python;
# so a shell forks it, hands it over and is gone, and only then it begins: the shell must not be told of its end.
_SHELL = 'exec 3<&0; { read -r go <&3; exec "$@" 3<&- < /dev/null; } > "$OUTPUT" 2>&1 & echo $!'
_SAID_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended: `cpu_ms` is of all its processes, `peak_mib` of the largest."""

    exit_code: int
    wall_ms: float
    cpu_ms: float
    peak_mib: float
    said: str
    killed: bool


class Failed(Exception):
    """A tool did not do what it was asked for; the message ends with what it said."""


@contextlib.contextmanager
def adopting_orphans() -> Iterator[None]:
    """Have the system hand over to this process what its children leave behind, for the length of a `with` block."""
    prctl = ctypes.CDLL(None).prctl
    prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def run(command: Command, *, limit_s: float) -> Ended:
    """Run to the end, or until the limit, when it is killed with all that it has started.

    Only within `adopting_orphans`.
    """
    with tempfile.NamedTemporaryFile(mode="r", errors="replace") as output:
        environment = {**command.environment, "OUTPUT": output.name}
        pid, group, go = _prepared(command, environment)
        killed = threading.Event()
        timer = threading.Timer(limit_s, _kill, (group, killed))
        timer.start()
        began_s = time.monotonic()
        try:
            go.close()
            _, status, usage = os.wait4(pid, 0)
        except BaseException:  # Ctrl-C
            _kill(group, killed)
            raise
        finally:
            timer.cancel()
        wall_ms = (time.monotonic() - began_s) * 1000
        cpu_ms = (usage.ru_utime + usage.ru_stime) * 1000
        exit_code = os.waitstatus_to_exitcode(status)
        return Ended(exit_code, wall_ms, cpu_ms, usage.ru_maxrss / 1024, _tail(output), killed.is_set())


def _prepared(command: Command, environment: dict[str, str]) -> tuple[int, int, IO[bytes]]:
    """The process, which begins when the pipe is closed; and the group that it and the shell are in."""
    with subprocess.Popen(
        ["/bin/sh", "-c", _SHELL, "sh", *command.words],
        cwd=command.directory,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as shell:
        assert shell.stdin is not None
        assert shell.stdout is not None
        pid = int(shell.stdout.readline())
        go, shell.stdin = shell.stdin, None  # which would be closed with the block
    return pid, shell.pid, go


def _kill(group: int, killed: threading.Event) -> None:
    killed.set()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _tail(output: IO[str]) -> str:
    return output.read()[-_SAID_CHARACTERS:].strip()
