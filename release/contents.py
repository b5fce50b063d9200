"""What a package holds, and how it is laid down."""

from collections.abc import Mapping
from pathlib import Path

from release.lock import needed_for, read_lock
from release.refusal import Refused
from release.target import Target
from release.wheels import read_wheels

ROOT = Path(__file__).resolve().parent.parent
_CODE = "lambda_fn"
_CODE_SUFFIXES = frozenset({".pem", ".py"})
# The function shows no terminal, whose libraries are not in its package.
_TERMINAL = ("lambda_fn/__main__.py", "lambda_fn/cli/")
_FILE_MODE = 0o644  # whatever the umask: Lambda runs the code as a user of its own
_DIRECTORY_MODE = 0o755


def runner_files(target: Target) -> dict[str, bytes]:
    """The runner and what it needs, by the path in the package; boto3 is part of Lambda's runtime. Raises: Refused."""
    requirements = needed_for(target, read_lock(ROOT / "requirements" / "lambda.txt"))
    code = {name: content for name, content in code_files().items() if not name.startswith(_TERMINAL)}
    return {**read_wheels(requirements, target), **code}


def code_files() -> dict[str, bytes]:
    """All of the project's code, by the path in the repository."""
    files = sorted(path for path in (ROOT / _CODE).rglob("*") if path.suffix in _CODE_SUFFIXES)
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in files}


def check_empty(directory: Path) -> None:
    """Raise Refused when the directory holds anything: it might end in the package."""
    if directory.exists() and not (directory.is_dir() and not any(directory.iterdir())):
        raise Refused(f"{directory} is not an empty directory. Remove it, or name another.")


def write_files(files: Mapping[str, bytes], directory: Path) -> None:
    """Write the files, in directories that are made as needed."""
    for name, content in sorted(files.items()):
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def set_modes(directory: Path) -> None:
    """Let everybody read what is in the directory, and itself."""
    for path in (directory, *directory.rglob("*")):
        path.chmod(_DIRECTORY_MODE if path.is_dir() else _FILE_MODE)
