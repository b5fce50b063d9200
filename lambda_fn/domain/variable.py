"""An environment variable, and how its value is read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from lambda_fn.domain.target import HIGHEST_PORT, Auth, SslMode
from lambda_fn.errors import settings as settings_errors

_Choice = TypeVar("_Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable: the field that it sets, how it is read, and what people are told of it.

    `request_key` is the key by which a request says it for one run, `unit` that of a number.
    """

    name: str
    field: str
    read: Callable[[str, str], object]
    meaning: str
    example: str
    default: str = ""
    unit: str = ""
    request_key: str = ""

    def value(self, given: Mapping[str, str]) -> Any:  # each variable has a type of its own
        """The value in an environment; None when it is absent or empty. Raises: SettingsInvalid M201."""
        text = given.get(self.name, "").strip()
        return self.read(self.name, text) if text else None


def text(name: str, value: str) -> str:
    """Any text. Raises: M201."""
    if "\0" in value:
        raise settings_errors.wrong_setting(name, "text without NUL characters", "app")
    return value


def flag(name: str, value: str) -> bool:
    """True or false, in the usual spellings. Raises: M201."""
    if value.lower() in ("true", "1", "yes"):
        return True
    if value.lower() in ("false", "0", "no"):
        return False
    raise settings_errors.wrong_setting(name, "true or false", "true")


def seconds(name: str, value: str) -> float:
    """A number of seconds. Raises: M201."""
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise settings_errors.wrong_setting(name, "a number of seconds, 0 or more", "60")
    return number


def whole_seconds(name: str, value: str) -> int:
    """A whole number of seconds, 1 or more. Raises: M201."""
    number = _whole_number(value)
    if not number:
        raise settings_errors.wrong_setting(name, "a whole number of seconds, 1 or more", "20")
    return number


def port(name: str, value: str) -> int:
    """A port number. Raises: M201."""
    number = _whole_number(value)
    if number is None or not 1 <= number <= HIGHEST_PORT:
        raise settings_errors.wrong_setting(name, f"a port number from 1 to {HIGHEST_PORT}", "5432")
    return number


def _whole_number(text: str) -> int | None:
    """A number of at most six digits; Python refuses one of thousands."""
    return int(text) if re.fullmatch("[0-9]{1,6}", text) else None


def auth(name: str, value: str) -> Auth:
    """How to log in. Raises: M201."""
    return _one_of(Auth, name, value, "iam")


def sslmode(name: str, value: str) -> SslMode:
    """libpq's sslmode. Raises: M201."""
    return _one_of(SslMode, name, value, "verify-full")


def _one_of(kind: type[_Choice], name: str, value: str, example: str) -> _Choice:
    try:
        return kind(value.lower())
    except ValueError:
        raise settings_errors.wrong_setting(name, f"one of {', '.join(kind)}", example) from None
