"""Byte code ships only where it is the runtime's own, and then it is taken without a look at the source."""

import importlib.util
import marshal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest

from release.byte_code import candidates_for, compile_all, find_interpreter
from release.refusal import Refused
from release.target import Target
from tests.fixtures.projects import ROOT
from tests.release.building import native_target

HERE = Path(sys.executable)
MINOR = sys.version_info.minor
HEADER_BYTES = 16
UNCHECKED_HASH = 0b01
NEVER_IMPORTED = "aws_lambda_powertools/utilities/"


def script(path: Path, text: str) -> Path:
    """A command that is no Python."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def pycs_of(package: Path) -> list[Path]:
    """The files of byte code in a package."""
    return sorted(package.rglob("*.pyc"))


def code_in(pyc: Path) -> Iterator[CodeType]:
    """The code object of a file of byte code, and all within it."""
    pending = [marshal.loads(pyc.read_bytes()[HEADER_BYTES:])]
    while pending:
        code = pending.pop()
        pending += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
        yield code


@pytest.mark.parametrize(
    "text",
    [
        "echo 'pyenv: python3.14: command not found' >&2; exit 127",
        "echo Python 3.14.0",
        'echo \'["cpython", 3, 13, "final", ""]\'',
        'echo \'["cpython", 3, 14, "candidate", ""]\'',
        'echo \'["cpython", 3, 14, "final", "t"]\'',
        'echo \'["pypy", 3, 14, "final", ""]\'',
        'echo \'["cpython", 3, 14, "final", ""]\'; exit 1',
    ],
    ids=["a shim", "not the answer", "another version", "a pre-release", "free-threaded", "PyPy", "a failure"],
)
def test_a_command_of_the_runtimes_name_is_not_taken_for_it(text: str, tmp_path: Path) -> None:
    liar, honest = (
        script(tmp_path / "python3.14", text),
        script(tmp_path / "honest", 'echo \'["cpython", 3, 14, "final", ""]\''),
    )

    assert find_interpreter(Target(14), [liar]) is None
    assert find_interpreter(Target(14), [liar, honest]) == honest


def test_a_command_that_cannot_be_run_is_passed_over(tmp_path: Path) -> None:
    assert find_interpreter(native_target(), [tmp_path / "absent", tmp_path, HERE]) == HERE


def test_it_is_looked_for_by_name_on_the_whole_path(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for directory in (first, second):
        directory.mkdir()
        script(directory / "python3.14", "exit 127")
    (second / "python3.14").chmod(0o644)

    assert list(candidates_for(Target(14), f"{first}::{second}:{tmp_path}")) == [HERE, first / "python3.14"]


def test_the_interpreter_that_builds_compiles_for_its_own_version_alone() -> None:
    assert find_interpreter(Target(MINOR), candidates_for(Target(MINOR), "")) == HERE
    assert find_interpreter(Target(MINOR + 1), candidates_for(Target(MINOR + 1), "")) is None


def test_there_is_none_where_no_interpreter_is_the_runtimes(shipped_package: Path) -> None:
    expected = {sys.implementation.cache_tag} if Target().python_minor == MINOR else set()

    assert {path.name.split(".")[-2] for path in pycs_of(shipped_package)} == expected


def test_every_module_that_can_be_imported_has_it(native_package: Path) -> None:
    sources = list(native_package.rglob("*.py"))
    compiled = [path for path in sources if Path(importlib.util.cache_from_source(str(path))).exists()]

    left_out = {path.relative_to(native_package).as_posix() for path in set(sources) - set(compiled)}
    assert left_out
    assert all(name.startswith(NEVER_IMPORTED) for name in left_out)
    assert len(compiled) == len(pycs_of(native_package))


def test_its_source_is_never_looked_at(native_package: Path) -> None:
    flags = {int.from_bytes(pyc.read_bytes()[4:8], "little") for pyc in pycs_of(native_package)}

    assert flags == {UNCHECKED_HASH}


def test_it_is_of_the_magic_number_of_its_version(native_package: Path) -> None:
    assert {pyc.read_bytes()[:4] for pyc in pycs_of(native_package)} == {importlib.util.MAGIC_NUMBER}


def test_its_paths_are_those_in_lambda(native_package: Path) -> None:
    for pyc in pycs_of(native_package):
        source = Path(importlib.util.source_from_cache(str(pyc))).relative_to(native_package)
        assert {code.co_filename for code in code_in(pyc)} == {f"/var/task/{source}"}


def test_no_path_of_this_machine_is_in_it(native_package: Path) -> None:
    for pyc in pycs_of(native_package):
        content = pyc.read_bytes()
        assert str(native_package).encode() not in content
        assert str(ROOT).encode() not in content


def test_a_file_that_is_not_python_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def (")

    with pytest.raises(Refused, match=r"broken\.py"):
        compile_all(tmp_path, HERE)
