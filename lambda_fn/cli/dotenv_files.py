"""The `.env` files of a Prisma project, read as Prisma up to version 6 reads them.

Prisma reads `.env` beside the nearest package.json, and one beside the schema, with the npm packages dotenv and its
own form of dotenv-expand. What is seen of them here was tried with Prisma 6.19.3 and dotenv 16.6.1; Prisma 7 reads no
file by itself.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from lambda_fn.domain.variables import VARIABLES
from lambda_fn.errors import SettingsInvalid
from lambda_fn.errors import settings as settings_errors

if TYPE_CHECKING:
    from dotenv.parser import Binding

_NAME = ".env"
_OURS = frozenset(variable.name for variable in VARIABLES)
_GENERATED_CLIENT = ".prisma/client"  # a package.json that Prisma passes by

_QUOTED = r"""\s*(?:'(?P<single>(?:\\'|[^'])*)'|"(?P<double>(?:\\"|[^"])*)")"""
_BACKTICKS = r"`([^`]*)`\s*(?:#.*)?"
# ${NAME} with braces, and what escapes it; $NAME stands for itself.
_REFERENCE = r"(\\?)\$\{([A-Za-z0-9_]*)\}"


@dataclass(frozen=True, slots=True)
class DotenvFiles:
    """What the files say of our settings: a mapping to lie under the process's environment.

    `places` are the files that say them, by their paths from the working directory; `warnings` are sentences.
    """

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    places: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def sentences(self, counted: Container[str]) -> tuple[str, ...]:
        """Prisma's sentence for each file that says one of the variables that count."""
        used = (path for name, path in self.places.items() if name in counted)
        return tuple(f"Environment variables loaded from {path}" for path in dict.fromkeys(used))


def read_dotenv_files(
    working_directory: Path, environment: Mapping[str, str], *, migrations: Path | None = None
) -> DotenvFiles:
    """Read the files of the project round a working directory, whose migrations lie at `migrations`.

    `${NAME}` is what the process's `environment` says, else the files. The first file wins over the second.
    Raises: SettingsInvalid M218 for a file that cannot be read, or where what it says of a setting cannot.
    """
    known, values, places = dict(environment), dict[str, str](), dict[str, str]()
    warnings = list[str]()
    for path in _files(working_directory, migrations):
        shown = os.path.relpath(path, working_directory)
        bindings = _bindings(path, shown)
        warnings += _unread(bindings, shown)
        given = {each.key: _value(each, shown) for each in bindings if each.key and each.value is not None}
        before, known = known, {**given, **known}
        said = {name: _expanded(text, known, f"{name} in {shown}", warnings) for name, text in given.items()}
        # What a file says is expanded already where the next one refers to it.
        known.update((name, text) for name, text in said.items() if name not in before)
        ours = {name: text for name, text in said.items() if name in _OURS}
        warnings += _contradictions(ours, values, shown)
        new = {name: text for name, text in ours.items() if not values.get(name, "").strip()}
        values, places = {**values, **new}, {**places, **dict.fromkeys(new, shown)}
    return DotenvFiles(values, places, tuple(warnings))


def _files(working_directory: Path, migrations: Path | None) -> Iterator[Path]:
    """At most two, each once: of the project, and of the schema, beside which the migrations lie."""
    here = working_directory.absolute()
    beside_schema = [here / migrations.parent] if migrations else []
    of_project = _root(here)
    of_schema = next((each for each in (*beside_schema, here / "prisma", here) if _has_file(each)), None)
    different = {(each / _NAME).resolve(): each / _NAME for each in (of_schema, of_project) if each and _has_file(each)}
    yield from reversed(different.values())


def _has_file(directory: Path) -> bool:
    try:
        return (directory / _NAME).is_file()  # a directory of that name is often one of Python's
    except OSError:  # a name that is too long
        return False


def _root(here: Path) -> Path | None:
    """The nearest directory upwards with a package.json."""
    return next((each for each in (here, *here.parents) if _is_project(each / "package.json")), None)


def _is_project(package: Path) -> bool:
    try:
        read = json.loads(package.read_bytes())
    except (OSError, ValueError):
        return False
    return not (isinstance(read, dict) and read.get("name") == _GENERATED_CLIENT)


def _bindings(path: Path, shown: str) -> list[Binding]:
    # Imported here: where there is no such file, as in a container, nobody pays for it.
    from dotenv.parser import parse_stream

    try:
        return list(parse_stream(StringIO(path.read_text(encoding="utf-8"))))
    except OSError as error:
        raise settings_errors.dotenv_unreadable(shown, error.strerror or type(error).__name__) from None
    except UnicodeDecodeError:
        raise settings_errors.dotenv_unreadable(shown, "it is not UTF-8") from None


def _unread(bindings: list[Binding], shown: str) -> Iterator[str]:
    """What is said of the lines that are no settings. Raises: SettingsInvalid M218 where one was meant to be ours."""
    for each in bindings:
        if not each.error:
            continue
        beginning = re.match(r"\s*(?:export\s+)?([\w.-]+)", each.original.string)
        if beginning and beginning[1] in _OURS:
            raise _not_understood(beginning[1], shown, 'it is not of the form NAME="value"')
        yield f"Line {each.original.line} of {shown} cannot be understood and is left out."


def _value(binding: Binding, shown: str) -> str:
    """The value as npm's dotenv reads it: Python's unescapes more, and lets a # be a part of what has no quotes."""
    raw = binding.original.string.partition("=")[2]
    if found := re.match(_QUOTED, raw):
        double = found["double"]
        return found["single"] if double is None else double.replace("\\n", "\n").replace("\\r", "\r")
    text = raw.strip()
    if found := re.fullmatch(_BACKTICKS, text):
        return found[1]
    value = text.partition("#")[0]
    if binding.key in _OURS and (text.startswith("`") or (value != text and value and not value[-1].isspace())):
        raise _not_understood(binding.key or "", shown, "it holds a # or a ` without quotes round the whole")
    return value.rstrip()


def _expanded(text: str, known: Mapping[str, str], where: str, warnings: list[str], depth: int = 0) -> str:
    """With `${NAME}` replaced, also within what it stands for; nothing where there is no such variable."""
    if depth > len(known):
        raise settings_errors.dotenv_not_understood(where, "it refers to itself")

    def replaced(match: re.Match[str]) -> str:
        if match[1]:
            return match[0][1:]
        if match[2] not in known:
            warnings.append(f"{where} refers to ${{{match[2]}}}, which is not set.")
        return _expanded(known.get(match[2], ""), known, where, warnings, depth + 1)

    return re.sub(_REFERENCE, replaced, text)


def _contradictions(ours: Mapping[str, str], values: Mapping[str, str], shown: str) -> Iterator[str]:
    for name, text in ours.items():
        if text.strip() and values.get(name, "").strip() not in ("", text.strip()):
            yield f"{name} is another one in {shown}, which does not count: as for Prisma, the first file does."


def _not_understood(name: str, shown: str, reason: str) -> SettingsInvalid:
    return settings_errors.dotenv_not_understood(f"{name} in {shown}", reason)
