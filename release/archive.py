"""`python3 -m release.archive DIRECTORY FILE`: a directory as a zip file whose bytes depend on nothing else."""

import argparse
import io
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from release.migrations import DIRECTORY_NAME
from release.refusal import Refused, exit_code_of

LIMIT_BYTES = 6_500_000
_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that the format knows
_REGULAR_FILE_0644 = 0o100644 << 16
_UNIX = 3
_LEVEL = 9
_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip file, and how much of it are migrations, and how large it becomes."""

    content: bytes
    migrations_bytes: int
    unzipped_bytes: int

    @property
    def size(self) -> str:
        """Its sizes, for people."""
        zipped = len(self.content)
        return f"{zipped / _MB:.2f} MB ({zipped:,} bytes), {self.unzipped_bytes / _MB:.1f} MB unzipped"


def archive_of(directory: Path) -> Archive:
    """Compress all files of a directory: sorted by name, at a fixed time, readable by everybody."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(path for path in directory.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(directory).as_posix(), _TIME)
            entry.create_system, entry.external_attr = _UNIX, _REGULAR_FILE_0644
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, _LEVEL)
    entries = archive.infolist()
    migrations = (entry for entry in entries if entry.filename.startswith(f"{DIRECTORY_NAME}/"))
    return Archive(
        buffer.getvalue(),
        migrations_bytes=sum(entry.compress_size for entry in migrations),
        unzipped_bytes=sum(entry.file_size for entry in entries),
    )


def write_archive(directory: Path, file: Path) -> Archive:
    """Write the zip file. Raises: Refused for one that is larger than it has to be, its migrations not counted."""
    archive = archive_of(directory)
    runner_bytes = len(archive.content) - archive.migrations_bytes
    if runner_bytes > LIMIT_BYTES:
        raise Refused(
            f"{directory} would be {runner_bytes:,} bytes zipped, its migrations not counted, and the limit is "
            f"{LIMIT_BYTES:,}. Look for what came in, or raise the limit in release/archive.py."
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(archive.content)
    return archive


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command line and return the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m release.archive", allow_abbrev=False)
    parser.add_argument("directory", type=Path, metavar="DIRECTORY")
    parser.add_argument("file", type=Path, metavar="FILE")
    given = parser.parse_args(arguments)
    return exit_code_of(lambda: print(f"{given.file}: {write_archive(given.directory, given.file).size}"))


if __name__ == "__main__":
    sys.exit(main())
