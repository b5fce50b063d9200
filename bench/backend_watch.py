"""How much memory the server's process of a session takes, asked of the kernel every few milliseconds."""

import contextlib
import re
import threading
from pathlib import Path
from typing import Self

_PAUSE_S = 0.02


class BackendWatch:
    """Watches, for the length of a `with` block, the processes of a server that serve one database.

    `peak_mib` is the kernel's own high-water mark (VmHWM), which counts the pages of shared buffers that the process
    has touched; `own_mib` is the most memory of its own (RssAnon) that was seen.
    """

    def __init__(self, server_pid: int, database: str) -> None:
        self._server_pid = server_pid
        self._title = f" {database} ".encode()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.peak_mib: float | None = None
        self.own_mib: float | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_PAUSE_S):
            for pid in self._backends():
                with contextlib.suppress(OSError):
                    self._look_at(Path(f"/proc/{pid}/status").read_text())

    def _backends(self) -> list[str]:
        children = Path(f"/proc/{self._server_pid}/task/{self._server_pid}/children").read_text().split()
        return [pid for pid in children if self._title in _title(pid)]

    def _look_at(self, status: str) -> None:
        self.peak_mib = max(self.peak_mib or 0.0, _mib("VmHWM", status))
        self.own_mib = max(self.own_mib or 0.0, _mib("RssAnon", status))


def _title(pid: str) -> bytes:
    """What a server process says of itself: `postgres: postgres shop 127.0.0.1(4711) INSERT`."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _mib(field: str, status: str) -> float:
    found = re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0
