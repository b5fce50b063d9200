"""What is asked for, the same for every door."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from lambda_fn.errors import request as request_errors

_T = TypeVar("_T")


class Action(StrEnum):
    """The verbs. Nothing destructive exists."""

    DEPLOY = "deploy"
    """Apply what is pending."""
    STATUS = "status"
    """Say what is applied, pending and failed; no lock, no write."""
    PLAN = "plan"
    """Say what deploy would do, and refuse what it would refuse; no lock, no write."""
    VERIFY = "verify"
    """Succeed only if nothing is pending or failed; no lock, no write."""
    RESOLVE = "resolve"
    """Mark migrations as applied or as rolled back."""
    DOCTOR = "doctor"
    """Say of everything that a deploy needs whether it is there, and what to do; no lock, no write."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. None means: as the settings say.

    `to` is the last migration to deploy; `requires` the one that `verify` insists on; `secret_id` and
    `dbname` another database than the one that is set; `applied` and `rolled_back` are the names to resolve,
    exactly one of them being non-empty for `resolve`.
    """

    action: Action = Action.DEPLOY
    to: str | None = None
    schema: str | None = None
    owner_role: str | None = None
    strict: bool | None = None
    lock_wait_s: float | None = None
    requires: str | None = None
    secret_id: str | None = None
    dbname: str | None = None
    applied: tuple[str, ...] = ()
    rolled_back: tuple[str, ...] = ()


_COMMON_KEYS = ("action", "schema", "ownerRole", "strict", "lockWaitS", "secretId", "dbname")
_KEYS: Mapping[Action, tuple[str, ...]] = {
    Action.DEPLOY: (*_COMMON_KEYS, "to"),
    Action.STATUS: (*_COMMON_KEYS, "to"),
    Action.PLAN: (*_COMMON_KEYS, "to"),
    Action.VERIFY: (*_COMMON_KEYS, "to", "requires"),
    Action.RESOLVE: (*_COMMON_KEYS, "applied", "rolledBack"),
    Action.DOCTOR: _COMMON_KEYS,
}


def parse_request(event: object) -> Request:
    """Read a request from a JSON value; None and `{}` deploy.

    Raises: RequestInvalid with the list of what is known, before anything else happens.
    """
    mapping = _object(event)
    action = _action(mapping.get("action", Action.DEPLOY))
    unknown = set(mapping) - set(_KEYS[action])
    if unknown:
        raise request_errors.unknown_keys(unknown, action, _KEYS[action])
    request = Request(
        action=action,
        to=_read(mapping, "to", _name),
        schema=_read(mapping, "schema", _name),
        owner_role=_read(mapping, "ownerRole", _name),
        strict=_read(mapping, "strict", _flag),
        lock_wait_s=_read(mapping, "lockWaitS", _seconds),
        requires=_read(mapping, "requires", _name),
        secret_id=_read(mapping, "secretId", _name),
        dbname=_read(mapping, "dbname", _name),
        applied=_read(mapping, "applied", _names) or (),
        rolled_back=_read(mapping, "rolledBack", _names) or (),
    )
    if action is Action.RESOLVE and bool(request.applied) is bool(request.rolled_back):
        raise request_errors.resolve_needs_one_way()
    return request


def _object(event: object) -> Mapping[str, object]:
    if event is None:
        return {}
    if not isinstance(event, Mapping):
        raise request_errors.not_an_object(event)
    return event


def _action(value: object) -> Action:
    try:
        return Action(value)  # type: ignore[arg-type]  # an unhashable value ends in the except clause too
    except (ValueError, TypeError):
        raise request_errors.unknown_action(value, [action.value for action in Action]) from None


def _read(mapping: Mapping[str, object], key: str, convert: Callable[[str, object], _T]) -> _T | None:
    value = mapping.get(key)
    return None if value is None else convert(key, value)


def _name(key: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip() or not _can_be_stored(value):
        raise request_errors.wrong_value(key, "a non-empty string", f'"{_EXAMPLES[key]}"')
    return value


def _can_be_stored(name: str) -> bool:
    """Whether PostgreSQL can hold it: no NUL, and no half of a surrogate pair, which JSON can spell."""
    return "\0" not in name and not any("\ud800" <= character <= "\udfff" for character in name)


def _flag(key: str, value: object) -> bool:
    # CloudFormation sends every scalar as a string.
    if value is True or value == "true":
        return True
    if value is False or value == "false":
        return False
    raise request_errors.wrong_value(key, "true or false", "true")


def _seconds(key: str, value: object) -> float:
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            seconds = float(value)
        except (ValueError, OverflowError):
            seconds = -1.0
        if 0 <= seconds < float("inf"):
            return seconds
    raise request_errors.wrong_value(key, "a number of seconds, 0 or more", "60")


def _names(key: str, value: object) -> tuple[str, ...]:
    values: Iterable[object] = [value] if isinstance(value, str) else _list(key, value)
    names = tuple(_name(key, item) for item in values)
    return tuple(dict.fromkeys(names))


def _list(key: str, value: object) -> list[object]:
    if not isinstance(value, list):
        raise request_errors.wrong_value(key, "a name or a list of names", f'["{_EXAMPLES[key]}"]')
    return value


_EXAMPLES: Mapping[str, str] = {
    "schema": "public",
    "ownerRole": "app_owner",
    "secretId": "shop/database",
    "dbname": "shop",
    **dict.fromkeys(("to", "requires", "applied", "rolledBack"), "20201207184859_initial_migration"),
}
