"""A new, empty migration on disk."""

import contextlib
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lambda_fn.directory import LOCK_FILE_NAME, SCRIPT_NAME
from lambda_fn.domain.migration import check_lock_file
from lambda_fn.domain.new_name import EMPTY_SCRIPT, LOCK_FILE, NewName, new_name
from lambda_fn.domain.plan import Diagnostic
from lambda_fn.errors import settings as settings_errors


@dataclass(frozen=True, slots=True)
class NewMigration:
    """What was made: the migration's name, its script to be written into, whether the lock file is new too."""

    name: str
    script: Path
    wrote_lock_file: bool
    warnings: tuple[Diagnostic, ...]


def create_migration(directory: Path, name: str, now: datetime) -> NewMigration:
    """Make an empty migration, as Prisma's `migrate dev --create-only` does, and what of its directory is not there.

    Nothing is overwritten, and what cannot be finished is removed again. `now` is an aware time.
    Raises: RequestInvalid M113, P3010 for the name; SettingsInvalid P3019 (lock file of another provider), M219 (there
    is such a migration), M220 (cannot be written).
    """
    try:
        check_lock_file(_lock_file(directory))
        made = new_name(name, _names(directory), now)
        return _write(directory, made)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise settings_errors.migration_not_written(str(error.filename or directory), reason) from error


def _lock_file(directory: Path) -> str | None:
    with contextlib.suppress(FileNotFoundError):
        return (directory / LOCK_FILE_NAME).read_text(encoding="utf-8", errors="replace")
    return None


def _names(directory: Path) -> list[str]:
    """The migrations that are there, also those that could not be read."""
    if not directory.exists():
        return []
    with os.scandir(directory) as entries:
        return [entry.name for entry in entries if entry.is_dir()]


def _write(directory: Path, made: NewName) -> NewMigration:
    migration = directory / made.name
    with ExitStack() as undo:
        for missing in _missing(directory):
            missing.mkdir()
            undo.callback(missing.rmdir)
        try:
            migration.mkdir()
        except FileExistsError:
            raise settings_errors.migration_exists(str(migration)) from None
        undo.callback(migration.rmdir)
        _write_new(migration / SCRIPT_NAME, EMPTY_SCRIPT, undo)
        wrote_lock_file = _write_lock_file(directory / LOCK_FILE_NAME, undo)
        undo.pop_all()
    return NewMigration(made.name, migration / SCRIPT_NAME, wrote_lock_file, made.warnings)


def _missing(directory: Path) -> Iterator[Path]:
    """The directory and its parents, as far as they are not there, outermost first."""
    yield from (each for each in (*reversed(directory.parents), directory) if not each.exists())


def _write_lock_file(path: Path, undo: ExitStack) -> bool:
    try:
        _write_new(path, LOCK_FILE, undo)
    except FileExistsError:
        return False
    return True


def _write_new(path: Path, text: str, undo: ExitStack) -> None:
    with path.open("x", encoding="utf-8", newline="") as file:
        undo.callback(path.unlink)
        file.write(text)
