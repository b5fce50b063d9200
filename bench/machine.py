"""What was measured on, for the head of the results."""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from bench.place import SETTINGS_OF_MEMORY
from bench.tools.tool import Tool

_NOT_KNOWN = "not known"


def machine() -> dict[str, str]:
    """The machine, without its name."""
    settings = ", ".join(f"{key}={value}" for key, value in SETTINGS_OF_MEMORY.items())
    return {
        "CPU": _found(r"^model name\s*: (.*)$", "/proc/cpuinfo"),
        "cores": str(os.cpu_count()),
        "memory": f"{int(_found(r'^MemTotal: +([0-9]+) kB$', '/proc/meminfo')) / 2**20:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "server": f"embedded PostgreSQL with {settings}",
    }


def versions(tools: Iterable[Tool], server_version: str) -> dict[str, str]:
    """Everything that has a part in the figures."""
    programs = {each.name: each.version() for each in tools}
    packages = {name: version(name) for name in ("psycopg", "boto3", "aws-lambda-powertools", "awslambdaric")}
    return {
        "PostgreSQL": server_version,
        "Python": ".".join(map(str, sys.version_info[:3])),
        "Node": _said("node", "--version"),
        **programs,
        **packages,
    }


def _found(pattern: str, path: str) -> str:
    found = re.search(pattern, Path(path).read_text(), re.MULTILINE)
    return found[1].strip() if found else _NOT_KNOWN


def _said(program: str, *words: str) -> str:
    if shutil.which(program) is None:
        return "none"
    return subprocess.run([program, *words], capture_output=True, text=True, check=False).stdout.strip()
