"""The real Prisma, asked once for each distinct state that a fault left behind."""

import tempfile
from pathlib import Path

from tests.faults.snapshot import Snapshot
from tests.fixtures.prisma import Prisma, missing


def ask_prisma(url: str, directory: Path, seen: Snapshot) -> None:
    """`prisma migrate status` succeeds exactly where all migrations are applied. Raises: AssertionError.

    Nothing is asked where Prisma is not installed.
    """
    if missing() is not None:
        return
    names = {each.name for each in directory.iterdir() if each.is_dir()}
    with tempfile.TemporaryDirectory() as home:
        code, said = Prisma(Path(home)).status(url, directory)
    expected = 0 if names <= set(seen.applied) else 1
    assert code == expected, f"Prisma says {code}, not {expected}, of {seen.history}: {said}"
