"""What is asked for, the same for every door."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from lambda_fn.domain.form import DATABASE, SECRET_ID, TEXT, Form
from lambda_fn.domain.variable import flag_of
from lambda_fn.errors import request as request_errors

if TYPE_CHECKING:
    from lambda_fn.domain.row import RowState

_T = TypeVar("_T")
_AS_IT_IS: Mapping[str, str] = {}


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
    BASELINE = "baseline"
    """Mark what a database holds that was never managed as applied."""
    HISTORY = "history"
    """Say what the history holds, row by row; no lock, no write, no migrations directory."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. None means: as the settings say.

    `to` is the last migration to deploy or to baseline; `requires` the one that `verify` insists on; `secret_id` and
    `dbname` another database than the one that is set; `applied` and `rolled_back` are the names to resolve,
    exactly one of them being non-empty for `resolve`. `comes_back` says that whoever asks will ask again while the
    answer is that time ran out behind the first part, and `waits_on` that this is so too where another runner held the
    lock for all of it. `continues` is the id of the first run of those that together do the work. Of `history`,
    `state` and `name_part` choose rows, and `limit` is how many of the newest are wanted.
    """

    action: Action = Action.DEPLOY
    to: str | None = None
    schema: str | None = None
    owner_role: str | None = None
    strict: bool | None = None
    lock_wait_s: float | None = None
    lock_budget_s: float | None = None
    requires: str | None = None
    secret_id: str | None = None
    dbname: str | None = None
    applied: tuple[str, ...] = ()
    rolled_back: tuple[str, ...] = ()
    comes_back: bool = False
    waits_on: bool = False
    continues: str | None = None
    state: RowState | None = None
    name_part: str | None = None
    limit: int | None = None


_COMMON_KEYS = ("action", "schema", "ownerRole", "strict", "lockWaitS", "lockBudgetS", "secretId", "dbname")
_KEYS: Mapping[Action, tuple[str, ...]] = {
    Action.DEPLOY: (*_COMMON_KEYS, "to", "continue"),
    Action.STATUS: (*_COMMON_KEYS, "to"),
    Action.PLAN: (*_COMMON_KEYS, "to"),
    Action.VERIFY: (*_COMMON_KEYS, "to", "requires"),
    Action.RESOLVE: (*_COMMON_KEYS, "applied", "rolledBack"),
    Action.DOCTOR: _COMMON_KEYS,
    Action.BASELINE: (*_COMMON_KEYS, "to"),
    Action.HISTORY: (*_COMMON_KEYS, "state", "name", "limit"),
}


def parse_request(event: object, called: Mapping[str, str] = _AS_IT_IS) -> Request:
    """Read a request from a JSON value; None and `{}` deploy.

    `called` says by which names the invoker knows the keys, where it has others.
    Raises: RequestInvalid with the list of what is known, before anything else happens.
    """
    mapping = _object(event)
    action = _action(mapping.get("action", Action.DEPLOY))
    unknown = set(mapping) - set(_KEYS[action])
    if unknown:
        known = [called.get(key, key) for key in _KEYS[action]]
        raise request_errors.unknown_keys([called.get(key, key) for key in unknown], action, known)

    def read(key: str, convert: Callable[[str, object, str], _T], example: str) -> _T | None:
        value = mapping.get(key)
        return None if value is None else convert(called.get(key, key), value, example)

    request = Request(
        action=action,
        to=read("to", _migration, _MIGRATION),
        schema=read("schema", _name, "public"),
        owner_role=read("ownerRole", _name, "app_owner"),
        strict=read("strict", _flag, "true"),
        lock_wait_s=read("lockWaitS", _seconds, "60"),
        lock_budget_s=read("lockBudgetS", _seconds, "60"),
        comes_back=read("continue", _flag, "true") or False,
        requires=read("requires", _migration, _MIGRATION),
        secret_id=read("secretId", _in_form(SECRET_ID), SECRET_ID.example),
        dbname=read("dbname", _in_form(DATABASE), DATABASE.example),
        applied=read("applied", _names, _MIGRATION) or (),
        rolled_back=read("rolledBack", _names, _MIGRATION) or (),
        state=read("state", _state, "failed"),
        name_part=read("name", _name, "add_users"),
        limit=read("limit", _count, "20"),
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


_MIGRATION = "20201207184859_initial_migration"
_COUNT_LIMIT = 1_000_000_000


def _name(key: str, value: object, example: str) -> str:
    if not isinstance(value, str) or not value.strip() or not TEXT.fits(value):
        raise request_errors.wrong_value(key, "a non-empty string", f'"{example}"')
    if value != value.strip():
        # A folded scalar of YAML ends with a line break, and "public\n" would be another schema.
        raise request_errors.wrong_value(key, "a name without blanks or line breaks round it", f'"{example}"')
    return value


def _migration(key: str, value: object, example: str) -> str:
    name = _name(key, value, example)
    if "/" in name:
        raise request_errors.not_a_migration(key, example)
    return name


def _in_form(form: Form) -> Callable[[str, object, str], str]:
    def convert(key: str, value: object, example: str) -> str:
        name = _name(key, value, example)
        if not form.fits(name):
            raise request_errors.wrong_value(key, form.expected, f'"{example}"')
        return name

    return convert


def _flag(key: str, value: object, example: str) -> bool:
    # CloudFormation sends every scalar as a string.
    found = value if isinstance(value, bool) else flag_of(value) if isinstance(value, str) else None
    if found is None:
        raise request_errors.wrong_value(key, "true or false", example)
    return found


def _seconds(key: str, value: object, example: str) -> float:
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            seconds = float(value)
        except (ValueError, OverflowError):
            seconds = -1.0
        if 0 <= seconds < float("inf"):
            return seconds
    raise request_errors.wrong_value(key, "a number of seconds, 0 or more", example)


def _count(key: str, value: object, example: str) -> int:
    # A terminal sends a text. Not int() first: it refuses more than 4,300 digits in a way of its own.
    digits = value if isinstance(value, str) else str(value) if type(value) is int and value < _COUNT_LIMIT else ""
    if digits.isascii() and digits.isdigit() and len(digits) < len(str(_COUNT_LIMIT)) and int(digits) > 0:
        return int(digits)
    raise request_errors.wrong_value(key, "a whole number, 1 or more", example)


def _state(key: str, value: object, example: str) -> RowState:
    from lambda_fn.domain.row import RowState  # noqa: PLC0415  # only who asks for the history pays for it

    try:
        return RowState(value)  # type: ignore[arg-type]  # an unhashable value ends in the except clause too
    except (ValueError, TypeError):
        raise request_errors.wrong_value(key, f"one of {', '.join(RowState)}", f'"{example}"') from None


def _names(key: str, value: object, example: str) -> tuple[str, ...]:
    values: Iterable[object] = [value] if isinstance(value, str) else _list(key, value, example)
    return tuple(dict.fromkeys(_migration(key, item, example) for item in values))


def _list(key: str, value: object, example: str) -> list[object]:
    if not isinstance(value, list):
        raise request_errors.wrong_value(key, "a name or a list of names", f'["{example}"]')
    return value
