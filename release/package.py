"""`python3 -m release.package DIRECTORY`: everything that the function needs, in a directory."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from release import migrations
from release.byte_code import candidates_for, compile_all, find_interpreter
from release.contents import check_empty, runner_files, set_modes, write_files
from release.refusal import exit_code_of
from release.target import Target, parse_target


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command line and return the exit code."""
    given = _parser().parse_args(arguments)
    return exit_code_of(
        lambda: build(
            given.directory,
            parse_target(given.runtime, given.architecture),
            migrations_directory=given.migrations,
            search_path=os.environ.get("PATH", os.defpath),
        )
    )


def build(directory: Path, target: Target, *, migrations_directory: Path | None, search_path: str) -> None:
    """Fill an empty directory; without migrations it is the bare runner, for a layer or an image that has them.

    `search_path` is where an interpreter of the runtime's version is looked for, to compile with.
    Raises: Refused, SettingsInvalid; nothing was written then, except where the code cannot be compiled.
    """
    check_empty(directory)
    files = _migrations(migrations_directory) if migrations_directory else {}
    files |= runner_files(target)
    write_files(files, directory)
    _compile(directory.resolve(), target, search_path)
    set_modes(directory)


def _migrations(directory: Path) -> dict[str, bytes]:
    found = migrations.read_migrations(directory)
    for objection in migrations.objections(found):
        print(f"warning: {objection}", file=sys.stderr)
    print(f"{len(found.migrations)} migrations of {directory.resolve()}, the last {found.migrations[-1].name}")
    return migrations.files_of(found)


def _compile(directory: Path, target: Target, search_path: str) -> None:
    what = f"{directory} for {target.runtime} on {target.architecture}"
    interpreter = find_interpreter(target, candidates_for(target, search_path))
    if interpreter:
        compile_all(directory, interpreter)
        print(f"{what}, with the byte code of {interpreter}")
    else:
        print(f"{what}, without byte code: there is no {target.runtime} on PATH")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m release.package", allow_abbrev=False)
    parser.add_argument("directory", type=Path, metavar="DIRECTORY", help="an empty one, or one to make")
    parser.add_argument(
        "--migrations", type=migrations.parse_directory, metavar="DIR", help="package these; without: the bare runner"
    )
    parser.add_argument("--runtime", default=Target().runtime, help="of the function; %(default)s if not given")
    parser.add_argument("--architecture", default=Target().architecture, help="%(default)s if not given")
    return parser


if __name__ == "__main__":
    sys.exit(main())
