"""The migrations that go into a package, looked through by the product's own rules."""

from argparse import ArgumentTypeError
from collections.abc import Iterator
from pathlib import Path

from lambda_fn.directory import LOCK_FILE_NAME, SCRIPT_NAME, MigrationsDirectory, read_directory
from lambda_fn.domain.execution import plan_execution
from lambda_fn.errors import MigrateError
from release.refusal import Refused

DIRECTORY_NAME = "migrations"


def parse_directory(text: str) -> Path:
    """The value of --migrations. Raises: ArgumentTypeError for an empty one, which is a variable that is not set."""
    if not text:
        raise ArgumentTypeError("it is empty; name the migrations directory")
    return Path(text)


def read_migrations(directory: Path) -> MigrationsDirectory:
    """Read the directory as the function would. Raises: SettingsInvalid as the function would, Refused."""
    if not directory.is_dir():
        raise Refused(f"There is no migrations directory {directory}. Name one that there is: MIGRATIONS=DIR.")
    below = directory / DIRECTORY_NAME
    if not any(directory.glob(f"*/{SCRIPT_NAME}")) and any(below.glob(f"*/{SCRIPT_NAME}")):
        raise Refused(f"{directory} holds no migrations, but {below} does. Name that one: MIGRATIONS={below}.")
    return read_directory(directory)


def files_of(directory: MigrationsDirectory) -> dict[str, bytes]:
    """What of the directory ships, by its path in the package: each script byte for byte, and the lock file."""
    files = {f"{DIRECTORY_NAME}/{each.name}/{SCRIPT_NAME}": each.script for each in directory.migrations}
    lock_file = Path(directory.path, LOCK_FILE_NAME)
    if lock_file.is_file():
        files[f"{DIRECTORY_NAME}/{LOCK_FILE_NAME}"] = lock_file.read_bytes()
    return files


def objections(directory: MigrationsDirectory) -> Iterator[str]:
    """What deploy would refuse, such as a command of psql.

    No reason not to package them: they may be in the history already (a baseline that pg_dump wrote, say), and then
    deploy never looks at them.
    """
    for migration in directory.migrations:
        try:
            plan_execution(migration)
        except MigrateError as error:
            yield f"Deploy refuses this migration while it is pending: {error}"


def listing_of(directory: MigrationsDirectory) -> str:
    """A line for each migration, in the order of application: the checksum as Prisma records it, the name."""
    return "".join(f"{each.checksum}  {each.name}\n" for each in directory.migrations)
