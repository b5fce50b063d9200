"""`python3 -m release.checksums DIRECTORY`: SHA256SUMS beside a release, as `sha256sum --check` reads it."""

import hashlib
import sys
from pathlib import Path

FILE_NAME = "SHA256SUMS"


def checksums_of(directory: Path) -> str:
    """A line for each file of the directory, by name: its SHA-256, two blanks, its name."""
    files = sorted(path for path in directory.iterdir() if path.is_file() and path.name != FILE_NAME)
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)


def main(arguments: list[str]) -> None:
    """Write the file."""
    [directory] = map(Path, arguments)
    (directory / FILE_NAME).write_text(checksums_of(directory), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
