"""What a run took is that of the run, and not of who measures it."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from bench.process import run
from bench.tools.tool import Command

pytestmark = pytest.mark.usefixtures("orphans")


def shell(script: str, directory: Path) -> Command:
    return Command(("/bin/sh", "-c", script), directory)


def test_the_memory_of_a_small_program_is_not_that_of_this_python(tmp_path: Path) -> None:
    ended = run(shell("true", tmp_path), limit_s=10)

    assert 0.5 < ended.peak_mib < 8


def test_the_exit_code_and_what_was_said_last_are_kept(tmp_path: Path) -> None:
    ended = run(shell("echo first; echo last >&2; exit 3", tmp_path), limit_s=10)

    assert (ended.exit_code, ended.said.splitlines()[-1], ended.killed) == (3, "last", False)


def test_the_time_of_what_a_program_starts_counts_too(tmp_path: Path) -> None:
    work = f"{sys.executable} -IS -c 'sum(range(3_000_000))'"

    alone, inside = (run(shell(script, tmp_path), limit_s=10) for script in ("true", f"{work}; true"))

    assert inside.cpu_ms > alone.cpu_ms + 20
    assert inside.wall_ms >= inside.cpu_ms * 0.8


def test_who_takes_too_long_is_killed_with_all_that_it_has_started(tmp_path: Path) -> None:
    began_s = time.monotonic()

    ended = run(shell("sleep 60 & echo $! > pid; wait", tmp_path), limit_s=0.3)

    assert ended.killed
    assert ended.exit_code == -signal.SIGKILL
    assert time.monotonic() - began_s < 10
    pid = int((tmp_path / "pid").read_text())
    os.waitpid(pid, 0)  # it has come to us, and is over


def test_variables_that_a_tool_would_take_for_its_own_are_kept_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOST", "elsewhere")
    command = Command(("/bin/sh", "-c", "echo ${PGHOST-none} $GIVEN"), tmp_path, {"GIVEN": "given"})

    assert run(command, limit_s=10).said == "none given"
