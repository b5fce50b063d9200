"""Child processes that end with their parent, even when the parent is killed with SIGKILL.

The module is also the small launcher that such a child starts as. It is used instead of
`subprocess.Popen(preexec_fn=...)`, as Python code between fork and exec can deadlock in a threaded program.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Identity:
    """The user and group a child runs as."""

    uid: int
    gid: int


def bound_command(
    command: Sequence[str | Path], *, death_signal: signal.Signals, identity: Identity | None = None
) -> list[str]:
    """Return the command line that runs `command` bound to this process.

    When the thread that starts it ends, Linux sends `death_signal` to the child; other systems have no such
    mechanism, there the child outlives a killed parent. With `identity`, which only root may give, the child
    first changes to that user.
    """
    uid, gid = (identity.uid, identity.gid) if identity else (-1, -1)
    launcher = [sys.executable, "-I", "-S", __file__]
    return [*launcher, str(os.getpid()), str(int(death_signal)), str(uid), str(gid), *map(str, command)]


def _become(identity: Identity) -> None:
    os.setgroups([])
    os.setgid(identity.gid)
    os.setuid(identity.uid)


def _die_with_parent(parent_pid: int, death_signal: int) -> None:
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent_pid:  # it died before the request above could take effect
        sys.exit("the parent process has ended")


def _restore_signals() -> None:
    # Python ignores these at its start, and ignored signals survive exec.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)


def _launch(arguments: Sequence[str]) -> None:
    parent_pid, death_signal, uid, gid = map(int, arguments[:4])
    command = list(arguments[4:])
    if uid >= 0:
        _become(Identity(uid, gid))
    # After the change of identity: the kernel forgets the request when a process changes its user.
    _die_with_parent(parent_pid, death_signal)
    _restore_signals()
    try:
        os.execv(command[0], command)  # noqa: S606  no shell is wanted: this is the exec of fork and exec
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    _launch(sys.argv[1:])
