"""`python synthesise.py MODULE…`, in the example's folder: app.py once with each module in place of `migrations`.

In one process, since the CDK takes seconds to start. Leaves what each wrote in `$CDK_OUTDIR-MODULE`.
"""

import importlib
import os
import runpy
import shutil
import sys
from pathlib import Path


def main(modules: list[str]) -> None:
    """Synthesise once a module."""
    sys.path.insert(0, str(Path.cwd()))
    output = os.environ["CDK_OUTDIR"]
    for name in modules:
        sys.modules["migrations"] = importlib.import_module(name)
        runpy.run_path("app.py")
        shutil.move(output, f"{output}-{name}")


if __name__ == "__main__":
    main(sys.argv[1:])
