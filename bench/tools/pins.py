"""The versions that the peers are pinned to."""

import json
import re

from local.invocation import PROJECT_ROOT


def pinned(package: str) -> str:
    """The version of a package from PyPI."""
    found = re.search(
        rf"^{re.escape(package)}==(\S+)", (PROJECT_ROOT / "requirements" / "bench.txt").read_text(), re.MULTILINE
    )
    return found[1] if found else "not pinned"


def pinned_node(package: str, lock: str) -> str:
    """The version of a package from npm, in a lock file of this repository."""
    packages = json.loads((PROJECT_ROOT / lock).read_text())["packages"]
    return str(packages[f"node_modules/{package}"]["version"])
