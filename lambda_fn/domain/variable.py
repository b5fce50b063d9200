"""An environment variable, and how its value is read."""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from lambda_fn.domain.form import ADDRESS, DATABASE, DIRECTORY, HOST, ROLE, SCHEMA, SECRET_ID, TEXT, USER, Form
from lambda_fn.domain.hook import HookAction
from lambda_fn.domain.target import HIGHEST_PORT, Auth, SslMode
from lambda_fn.errors import settings as settings_errors

LEAST_RESERVE_S = 5.0
_Choice = TypeVar("_Choice", bound=StrEnum)


class Variable(NamedTuple):
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

    def value(self, given: Mapping[str, str], file: str | None = None) -> Any:  # each variable has a type of its own
        """The value in an environment; None when it is absent or empty.

        `file` is the one that says it, if one does. Raises: SettingsInvalid M201.
        """
        text = given.get(self.name, "").strip()
        return self.read(f"{self.name} in {file}" if file else self.name, text) if text else None


def _in_form(form: Form) -> Callable[[str, str], str]:
    def read(name: str, value: str) -> str:
        if not form.fits(value):
            raise settings_errors.wrong_setting(name, form.expected, form.example)
        return value

    return read


# What is shown in errors and logs, only in its own form. Each raises M201.
text, address, secret_id, host, directory = map(_in_form, (TEXT, ADDRESS, SECRET_ID, HOST, DIRECTORY))
database, user, schema, role = map(_in_form, (DATABASE, USER, SCHEMA, ROLE))


_FLAGS = {**dict.fromkeys(("true", "1", "yes"), True), **dict.fromkeys(("false", "0", "no"), False)}


def flag_of(text: str) -> bool | None:
    """True or false, in the usual spellings of any door; None for what is neither."""
    return _FLAGS.get(text.strip().lower())


def flag(name: str, value: str) -> bool:
    """True or false, in the usual spellings. Raises: M201."""
    found = flag_of(value)
    if found is None:
        raise settings_errors.wrong_setting(name, "true or false", "true")
    return found


def seconds(name: str, value: str) -> float:
    """A number of seconds. Raises: M201."""
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise settings_errors.wrong_setting(name, "a number of seconds, 0 or more", "60")
    return number


def reserve(name: str, value: str) -> float:
    """Seconds that are enough to cancel, to look what became of a commit, and to answer. Raises: M201."""
    number = seconds(name, value)
    if number < LEAST_RESERVE_S:
        raise settings_errors.wrong_setting(name, f"a number of seconds, {LEAST_RESERVE_S:g} or more", "20")
    return number


def whole_seconds(name: str, value: str) -> int:
    """A whole number of seconds, 1 or more. Raises: M201."""
    number = _whole_number(value)
    if not number:
        raise settings_errors.wrong_setting(name, "a whole number of seconds, 1 or more", "20")
    return number


def mebibytes(name: str, value: str) -> int:
    """A whole number of MiB, 1 or more. Raises: M201."""
    number = _whole_number(value)
    if not number:
        raise settings_errors.wrong_setting(name, "a whole number of MiB, 1 or more", "64")
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


def hook_action(name: str, value: str) -> HookAction:
    """What hooks ask for. Raises: M201."""
    return _one_of(HookAction, name, value, "deploy")


def sslmode(name: str, value: str) -> SslMode:
    """libpq's sslmode. Raises: M201."""
    return _one_of(SslMode, name, value, "verify-full")


def _one_of(kind: type[_Choice], name: str, value: str, example: str) -> _Choice:
    try:
        return kind(value.lower())
    except ValueError:
        raise settings_errors.wrong_setting(name, f"one of {', '.join(kind)}", example) from None
