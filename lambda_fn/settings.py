"""Every setting, read once from the environment. Nothing else reads the environment."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from lambda_fn.errors import settings as settings_errors

_T = TypeVar("_T")

LOCK_WAIT_S = 600.0
RESERVE_S = 20.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How this function or process is set up; a request may override some of it.

    `database_url` and `secret_id` say which database, exactly one of them. `lock_wait_s` is how long to wait for
    the advisory lock; None is until `RESERVE_S` before the deadline, and 600 s when there is none.
    """

    database_url: str | None = field(default=None, repr=False)
    secret_id: str | None = None
    directory: str | None = None
    schema: str | None = None
    owner_role: str | None = None
    strict: bool = False
    lock_wait_s: float | None = None

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings from the process's environment, or from a mapping like it.

        An empty value counts as absent: CloudFormation cannot leave a variable out.
        Raises: SettingsInvalid M201 for a value of the wrong kind.
        """
        given = os.environ if environment is None else environment
        return cls(
            database_url=_read(given, "DATABASE_URL", _text),
            secret_id=_read(given, "MIGRATE_SECRET_ID", _text),
            directory=_read(given, "MIGRATE_DIR", _text),
            schema=_read(given, "MIGRATE_SCHEMA", _text),
            owner_role=_read(given, "MIGRATE_OWNER_ROLE", _text),
            strict=_read(given, "MIGRATE_STRICT", _flag) or False,
            lock_wait_s=_read(given, "MIGRATE_LOCK_WAIT_S", _seconds),
        )

    def lock_wait_within(self, requested_s: float | None, remaining_s: float | None) -> float:
        """Seconds to wait for the advisory lock: as requested, else as set; within the invoker's time, if limited."""
        wishes = (requested_s, self.lock_wait_s, LOCK_WAIT_S)
        wished = next(wish for wish in wishes if wish is not None)
        return wished if remaining_s is None else max(0.0, min(wished, remaining_s - RESERVE_S))


def _read(given: Mapping[str, str], name: str, convert: Callable[[str, str], _T]) -> _T | None:
    value = given.get(name, "").strip()
    return convert(name, value) if value else None


def _text(name: str, value: str) -> str:
    return value


def _flag(name: str, value: str) -> bool:
    if value.lower() in ("true", "1", "yes"):
        return True
    if value.lower() in ("false", "0", "no"):
        return False
    raise settings_errors.wrong_setting(name, "true or false", "true")


def _seconds(name: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise settings_errors.wrong_setting(name, "a number of seconds, 0 or more", "60")
    return seconds
