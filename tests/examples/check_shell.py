"""The scripts among the examples."""

import sys
from pathlib import Path

import pytest

from tests.examples.conftest import EXAMPLES
from tests.examples.programs import check_passed, run

SCRIPTS = sorted(EXAMPLES.glob("*/*.sh"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_nothing(path: Path) -> None:
    check_passed(run([Path(sys.executable).parent / "shellcheck", path]))


def test_there_are_scripts() -> None:
    names = {"invoke.sh", "explain.sh", "snapshot.sh", "restore.sh", "migrate-and-start.sh", "run-task.sh"}
    assert {path.name for path in SCRIPTS} == names
