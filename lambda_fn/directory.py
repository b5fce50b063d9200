"""The migrations directory on disk."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from lambda_fn.domain.migration import Migration, check_lock_file, check_name, sort_key
from lambda_fn.errors import SettingsInvalid
from lambda_fn.errors import settings as settings_errors

SCRIPT_NAME = "migration.sql"
LOCK_FILE_NAME = "migration_lock.toml"
_IN_PROJECTS = ("migrations", "prisma/migrations", "packages/prisma/migrations")
_OF_SCHEMAS, _SCHEMA = ("prisma", "packages/prisma"), "schema.prisma"
_LAYER = Path("/opt")
_PACKAGE = Path(__file__).resolve().parent.parent


class MigrationsDirectory(NamedTuple):
    """A directory that was read: its path, and its migrations in the order of application."""

    path: str
    migrations: tuple[Migration, ...]


def find_directory(explicit: str | None, *, layer: Path = _LAYER, package: Path = _PACKAGE) -> Path:
    """The migrations directory: the explicit one, else the only one of a layer's and the package's.

    Looked for in `/opt/migrations`, `/opt` when it holds a lock file, and `migrations` beside `lambda_fn`.
    Raises: SettingsInvalid M206 when there is none, or when the explicit one only holds it; M207 when there is more
    than one; M209 when one cannot be looked at.
    """
    if explicit is not None:
        return _meant(_existing([Path(explicit)]))
    return _existing([layer / "migrations", *_with_lock_file(layer), package / "migrations"])


def directory_near(working_directory: Path) -> Path:
    """The only migrations directory at the places that Prisma's projects have it, for a terminal where none is named.

    One counts that has a lock file or a migration; the working directory itself, only with a lock file.
    Raises: SettingsInvalid M206 when there is none, M207 when there is more than one.
    """
    places = [working_directory / place for place in _IN_PROJECTS]
    found = [place for place in places if _is_migrations_directory(place)]
    found += _with_lock_file(working_directory)
    different = list({place.resolve(): place for place in reversed(found)}.values())[::-1]
    if not different:
        raise settings_errors.directory_not_named(map(str, places))
    if len(different) > 1:
        raise settings_errors.several_directories_near(map(str, different))
    return different[0]


def directory_to_make(working_directory: Path) -> Path:
    """Where Prisma would make the first migration: beside the schema, else in the directory that is there for it."""
    schemas = [working_directory / place for place in _OF_SCHEMAS]
    found = [each for each in schemas if (each / _SCHEMA).is_file()] or [each for each in schemas if each.is_dir()]
    return (found or [working_directory])[0] / "migrations"


def _meant(named: Path) -> Path:
    """The directory that was named, unless it is the one round it, such as `prisma`. Raises: SettingsInvalid M206."""
    if not _is_migrations_directory(named):
        for inner in (named / "migrations", named / "prisma" / "migrations"):
            if _is_migrations_directory(inner):
                raise settings_errors.directory_within(str(named), str(inner))
    return named


def _is_migrations_directory(path: Path) -> bool:
    """Whether it has a lock file or a migration, or cannot be read, which is told when it is."""
    try:
        return (path / LOCK_FILE_NAME).is_file() or any(
            (entry / SCRIPT_NAME).is_file() for entry in path.iterdir() if entry.is_dir()
        )
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def _with_lock_file(layer: Path) -> Iterator[Path]:
    if (layer / LOCK_FILE_NAME).is_file():
        yield layer


def _existing(places: Iterable[Path]) -> Path:
    looked_in = list(places)
    found = [place for place in looked_in if _is_directory(place)]
    if not found:
        raise settings_errors.no_directory(map(str, looked_in))
    if len(found) > 1:
        raise settings_errors.several_directories(map(str, found))
    return found[0]


def _is_directory(place: Path) -> bool:
    try:
        return place.is_dir()
    except OSError as error:  # a name that is too long
        raise _unreadable(error, place) from error


def read_directory(path: Path) -> MigrationsDirectory:
    """Read every migration below `path`, and check the lock file.

    As for Prisma, every directory is a migration whatever its name, and files are none.
    Raises: SettingsInvalid M206 (no migration), M208 (symbolic link), M209 (unreadable), M210 (name too long),
    M213 (name that is not UTF-8), P3015 (no migration.sql), P3019 (another provider).
    """
    try:
        check_lock_file(_lock_file(path))
        migrations = tuple(map(_migration, _directories(path)))
    except OSError as error:
        raise _unreadable(error, path) from error
    if not migrations:
        raise settings_errors.empty_directory(str(path))
    return MigrationsDirectory(str(path), migrations)


def _lock_file(path: Path) -> str | None:
    try:
        return (path / LOCK_FILE_NAME).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def _directories(path: Path) -> list[os.DirEntry[str]]:
    with os.scandir(path) as entries:
        found = [entry for entry in entries if entry.is_dir()]
    for entry in found:
        if entry.is_symlink():
            raise settings_errors.symbolic_link(entry.path)
    return sorted(found, key=lambda entry: sort_key(entry.name))


def _migration(directory: os.DirEntry[str]) -> Migration:
    check_name(directory.name)
    path = f"{directory.path}{os.sep}{SCRIPT_NAME}"
    try:
        # Thousands are read: a Path and a buffer for each would take longer than the reading.
        with open(path, "rb", buffering=0) as script:  # noqa: PTH123
            return Migration(directory.name, script.read())
    except (FileNotFoundError, IsADirectoryError):
        raise settings_errors.missing_script(directory.name) from None
    except OSError as error:
        raise _unreadable(error, path) from error


def _unreadable(error: OSError, path: str | Path) -> SettingsInvalid:
    # Reading, unlike opening, names no file.
    return settings_errors.unreadable_directory(str(error.filename or path), error.strerror or type(error).__name__)
