"""One process of the function: AWS's runtime client, and the Runtime API that it talks to."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.bound_child import bound_command
from local.invocation import Function
from local.runtime_protocol import Report, Request, RuntimeApi

POLL_INTERVAL_S = 0.02


@dataclass(frozen=True, slots=True)
class Failure:
    """An end without a report, as Lambda calls it."""

    error_type: str
    message: str


class FunctionProcess:
    """A running function. Close it: the process does not end by itself."""

    def __init__(self, environment: Mapping[str, str], function: Function) -> None:
        self._log_position = 0
        with contextlib.ExitStack() as stack:
            self._log = stack.enter_context(tempfile.TemporaryFile())
            self._api = stack.enter_context(RuntimeApi())
            self._process = self._spawn({**function.environment, **environment}, function)
            self._stack = stack.pop_all()

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Tell whether the process has not ended yet."""
        return self._process.poll() is None

    @property
    def peak_memory_mib(self) -> float | None:
        """Return the most memory that the process has held so far; None where the system does not tell."""
        with contextlib.suppress(OSError):
            match = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
            return int(match.group(1)) / 1024 if match else None
        return None

    def send(self, request: Request) -> None:
        """Hand a request to the function, which has to have reported that it is ready."""
        self._api.send(request)

    def wait(self, limit_s: float) -> Report | Failure:
        """Return the next report, or what ended the process, or that `limit_s` is over."""
        deadline_s = time.monotonic() + limit_s
        while (remaining_s := deadline_s - time.monotonic()) > 0:
            report = self._api.receive(min(POLL_INTERVAL_S, remaining_s))
            if report:
                return report
            if not self.running:  # its last report may have come just before
                return self._api.receive(POLL_INTERVAL_S) or Failure("Runtime.ExitError", self._end_message())
        return Failure("Sandbox.Timedout", f"Task timed out after {limit_s:.2f} seconds")

    def take_log(self) -> str:
        """Return what the function has written to stdout and stderr since the last call."""
        size = os.fstat(self._log.fileno()).st_size
        text = os.pread(self._log.fileno(), size - self._log_position, self._log_position)
        self._log_position = size
        return text.decode(errors="replace")

    def kill(self) -> None:
        """End the process as Lambda does: at once."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End the process and all that belongs to it."""
        self.kill()
        self._stack.close()

    def _spawn(self, environment: Mapping[str, str], function: Function) -> subprocess.Popen[bytes]:
        places = {
            # The user's own AWS files are not there in Lambda.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_LAMBDA_RUNTIME_API": self._api.authority,
            "PATH": os.defpath,
            "PYTHONPATH": str(function.code),
        }
        command = [sys.executable, "-m", "awslambdaric", function.handler]
        return subprocess.Popen(
            bound_command(command, death_signal=signal.SIGKILL),
            cwd=function.code,
            env={**places, **environment},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,  # so that Ctrl-C reaches only the parent
        )

    def _end_message(self) -> str:
        status = self._process.returncode
        if status == 0:
            return "Runtime exited without providing a reason"
        if status > 0:
            return f"Runtime exited with error: exit status {status}"
        return f"Runtime exited with error: signal: {str(signal.strsignal(-status)).lower()}"
