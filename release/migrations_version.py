"""`python3 -m release.migrations_version DIRECTORY`: the layer that says which migrations are in the package.

Nothing reads it. Its version rises when the list changes, which makes CloudFormation send an Update.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from release.contents import set_modes, write_files
from release.migrations import listing_of, parse_directory, read_migrations
from release.refusal import exit_code_of

FILE_NAME = "migrations.txt"
_NONE = "no migrations in the package\n"  # a layer has to hold something


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command line and return the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m release.migrations_version", allow_abbrev=False)
    parser.add_argument("directory", type=Path, metavar="DIRECTORY", help="of the layer")
    parser.add_argument("--migrations", type=parse_directory, metavar="DIR", help="list these; without: none")
    given = parser.parse_args(arguments)
    return exit_code_of(lambda: build(given.directory, given.migrations))


def build(directory: Path, migrations_directory: Path | None) -> None:
    """Write the list into the directory. Raises: Refused, SettingsInvalid; nothing was written then."""
    listing = listing_of(read_migrations(migrations_directory)) if migrations_directory else _NONE
    write_files({FILE_NAME: listing.encode()}, directory)
    set_modes(directory)


if __name__ == "__main__":
    sys.exit(main())
