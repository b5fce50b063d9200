"""What is read of the lock file, and which of it a target needs."""

from pathlib import Path

import pytest

from release.lock import needed_for, read_lock
from release.refusal import Refused
from release.target import Architecture, Target
from tests.release.building import LOCK_FILE, native_target

_HASH = f"--hash=sha256:{'0' * 64}"


def lock(directory: Path, *lines: str) -> Path:
    """A lock file of these lines."""
    path = directory / "lambda.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


def names(target: Target, lock_file: Path = LOCK_FILE) -> list[str]:
    """The names of what a target needs."""
    return [each.pin.partition("==")[0] for each in needed_for(target, read_lock(lock_file))]


def test_what_ships_is_without_boto3_and_without_what_windows_needs() -> None:
    expected = ["aws-lambda-powertools", "jmespath", "psycopg", "psycopg-binary", "typing-extensions"]

    assert [names(Target(minor, each)) for minor in (11, 14) for each in Architecture] == [expected] * 4


def test_markers_are_of_the_target_and_not_of_what_runs_the_build(tmp_path: Path) -> None:
    native = native_target()
    other = Target(native.python_minor + 1)
    path = lock(
        tmp_path,
        f"here==1 ; python_full_version < '3.{other.python_minor}' {_HASH}",
        f"there==1 ; python_full_version >= '3.{other.python_minor}' \\",
        f"    {_HASH} \\",
        f"    {_HASH}",
        "    # via there",
        f"arm==1 ; platform_machine == 'aarch64' {_HASH}",
        f"x86==1 ; platform_machine == 'x86_64' {_HASH}",
        f"mac==1 ; sys_platform == 'darwin' {_HASH}",
    )

    assert names(Target(native.python_minor, Architecture.X86_64), path) == ["here", "x86"]
    assert names(Target(other.python_minor, Architecture.ARM64), path) == ["there", "arm"]


def test_a_requirement_is_handed_to_pip_without_its_marker(tmp_path: Path) -> None:
    [requirement] = read_lock(lock(tmp_path, f"a==1 ; python_version < '3' {_HASH}"))

    assert requirement.line == f"a==1 {_HASH}"


@pytest.mark.parametrize(
    "line", ["psycopg", "psycopg==3.3.9", f"psycopg>=3 {_HASH}", "--index-url=x", "-r x.txt", "a==1 --hash=md5:0"]
)
def test_what_is_not_pinned_and_hashed_is_refused(line: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="is not pinned and hashed"):
        read_lock(lock(tmp_path, line))
