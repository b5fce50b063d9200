"""`python synthesise.py APP:MODULE…`, in the example's folder: each app with a module in place of `migrations`.

In one process, since the CDK takes seconds to start. Leaves what each wrote in `$CDK_OUTDIR-APP-MODULE`.
"""

import importlib
import os
import runpy
import shutil
import sys
from pathlib import Path


def main(pairs: list[str]) -> None:
    """Synthesise once a pair."""
    sys.path.insert(0, str(Path.cwd()))
    output = os.environ["CDK_OUTDIR"]
    jobs = [pair.split(":") for pair in pairs]
    modules = {module: importlib.import_module(module) for _, module in jobs}  # before one is in another's place
    for app, module in jobs:
        sys.modules["migrations"] = modules[module]
        runpy.run_path(f"{app}.py")
        shutil.move(output, f"{output}-{app}-{module}")


if __name__ == "__main__":
    main(sys.argv[1:])
