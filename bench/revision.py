"""Which state of the repository is measured."""

import shutil
import subprocess
from functools import cache

from local.invocation import PROJECT_ROOT


@cache
def revision() -> str:
    """The commit, with `+` where files differ from it; `unknown` outside of a clone."""
    if shutil.which("git") is None:
        return "unknown"
    words = ("git", "describe", "--always", "--dirty=+", "--exclude=*")
    ended = subprocess.run(words, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    return ended.stdout.strip() or "unknown"
