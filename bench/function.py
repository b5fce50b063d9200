"""The function as it is packaged, under AWS's runtime client, with every part of a cold start timed."""

import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.results import Sample
from local.function_process import FunctionProcess
from local.invocation import PROJECT_ROOT, Function
from local.runtime_protocol import Report, Request

_INIT_LIMIT_S = 60.0
_INVOCATION_LIMIT_S = 900.0


class FunctionFailed(Exception):
    """The function did not start, or did not answer what it should have."""


@dataclass(frozen=True, slots=True)
class Running:
    """One process of the function, ready for its first event after `init_ms`."""

    process: FunctionProcess
    function: Function
    init_ms: float

    def invoke(self, expected: str) -> Sample:
        """Deploy; the outcome has to have the expected status. Raises: FunctionFailed."""
        identity = str(uuid.uuid4())
        began_s = time.monotonic()
        self.process.send(Request(identity, b"{}", _INVOCATION_LIMIT_S, self.function.arn))
        report = self.process.wait(_INVOCATION_LIMIT_S)
        wall_ms = (time.monotonic() - began_s) * 1000
        self.check(report, "response")
        assert isinstance(report, Report)
        if report.content.get("status") != expected:
            raise FunctionFailed(f"not {expected}: {json.dumps(report.content)[:500]}")
        self.check(self.process.wait(_INIT_LIMIT_S), "next")
        return Sample(wall_ms, peak_mib=self.process.peak_memory_mib)

    def check(self, report: object, kind: str) -> None:
        """Raises: FunctionFailed where the function reported something else."""
        if not isinstance(report, Report) or report.kind != kind:
            raise FunctionFailed(f"{report}\n{self.process.take_log()[-2000:]}")


@contextlib.contextmanager
def running(code: Path, environment: Mapping[str, str], memory_mib: int = 512) -> Iterator[Running]:
    """Start the function; it is ready when the block begins."""
    function = Function(code=code, memory_mib=memory_mib)
    began_s = time.monotonic()
    with contextlib.closing(FunctionProcess(environment, function)) as process:
        report = process.wait(_INIT_LIMIT_S)
        started = Running(process, function, (time.monotonic() - began_s) * 1000)
        started.check(report, "next")
        yield started


@contextlib.contextmanager
def package() -> Iterator[tuple[Path, Path]]:
    """The packaged runner, and a copy of it without byte code, for the length of a `with` block."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        packaged, bare = Path(directory) / "package", Path(directory) / "without"
        _build(packaged)
        shutil.copytree(packaged, bare, ignore=shutil.ignore_patterns("__pycache__"))
        yield packaged, bare


def _build(directory: Path) -> None:
    """As `make release` does, for the interpreter that runs the bench."""
    target = ("--runtime", f"python3.{sys.version_info.minor}", "--architecture", platform.machine())
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"
    ended = subprocess.run(
        [sys.executable, "-m", "release.package", str(directory), *target],
        cwd=PROJECT_ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0 or "with the byte code" not in ended.stdout:
        raise FunctionFailed(f"it cannot be packaged: {ended.stdout}{ended.stderr}")
