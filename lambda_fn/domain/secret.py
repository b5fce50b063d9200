"""A secret of Secrets Manager, in every form that teams and RDS write."""

import json
import re
from collections.abc import Mapping

from lambda_fn.domain.form import DATABASE, HOST, TEXT, USER, is_loopback_over_tcp
from lambda_fn.domain.target import DEFAULT_PORT, HIGHEST_PORT, Overrides, Target
from lambda_fn.domain.url import SCHEMES, target_from_url
from lambda_fn.errors import settings as settings_errors

_PORT = re.compile(r"[0-9]{1,5}")
_NO_OVERRIDES = Overrides()
_URL_KEY = "DATABASE_URL"
_FORMS = {"username": USER, "password": TEXT, "host": HOST, "dbname": DATABASE}


def target_from_secret(secret_id: str, text: str, overrides: Overrides = _NO_OVERRIDES, *, iam: bool = False) -> Target:
    """Read a secret: a JSON object with the parts of a login, one with `DATABASE_URL`, or a plain URL.

    `overrides` stand in the place of the secret's values, and for those that it lacks: a secret that RDS manages
    has username and password only. With `iam` no password is needed.

    Raises: SettingsInvalid M205 with the names of what is missing, P1013 for the URL; never the content.
    """
    if text.lstrip().partition("://")[0] in SCHEMES:
        return target_from_url(text.strip()).overridden(overrides)
    values = _object(secret_id, text)
    if _is_text(values.get(_URL_KEY)):
        return target_from_url(str(values[_URL_KEY]).strip()).overridden(overrides)
    _check_engine(secret_id, values)
    return _from_parts(secret_id, values, overrides, iam=iam)


def target_from_overrides(overrides: Overrides) -> Target:
    """The target of a login that needs no secret: by IAM. Raises: SettingsInvalid M214."""
    missing = [name for name in ("host", "user", "dbname") if not getattr(overrides, name)]
    if missing:
        raise settings_errors.iam_incomplete(f"MIGRATE_{name.upper()}" for name in missing)
    return Target(host="", port=DEFAULT_PORT, user="", password=None, dbname="").overridden(overrides)


def _object(secret_id: str, text: str) -> Mapping[str, object]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise settings_errors.secret_not_an_object(secret_id) from None
    if not isinstance(values, dict):
        raise settings_errors.secret_not_an_object(secret_id)
    return values


def _check_engine(secret_id: str, values: Mapping[str, object]) -> None:
    engine = values.get("engine")
    if isinstance(engine, str) and engine and "postgres" not in engine.casefold():
        raise settings_errors.secret_of_another_engine(secret_id)


def _from_parts(secret_id: str, values: Mapping[str, object], overrides: Overrides, *, iam: bool) -> Target:
    texts = _texts(secret_id, values, overrides)
    port = _port(values.get("port"))
    complete = {
        "username": texts.get("username") or overrides.user,
        "password": texts.get("password") or iam,
        "host": texts.get("host") or overrides.host,
        "dbname": texts.get("dbname") or overrides.dbname,
        "a port from 1 to 65535": port or overrides.port,
    }
    missing = [name for name, value in complete.items() if not value]
    if missing:
        raise settings_errors.secret_malformed(secret_id, missing)
    return Target(
        host=texts.get("host", ""),
        port=port or DEFAULT_PORT,
        user=texts.get("username", ""),
        password=texts.get("password"),
        dbname=texts.get("dbname", ""),
    ).overridden(overrides)


def _texts(secret_id: str, values: Mapping[str, object], overrides: Overrides) -> dict[str, str]:
    """What is used of the secret, without the blanks round it, which belong to nothing but a password."""
    given = {key: str(values[key]) for key in _FORMS if _is_text(values.get(key))}
    texts = {key: text if key == "password" else text.strip() for key, text in given.items()}
    # Behind a forwarded port the secret's host is still the one that is checked.
    is_forwarded = overrides.host is not None and is_loopback_over_tcp(overrides.host)
    overridden = {
        "host": None if is_forwarded else overrides.host,
        "dbname": overrides.dbname,
        "username": overrides.user,
    }
    for key, text in texts.items():
        if text and not overridden.get(key) and not _FORMS[key].fits(text):
            raise settings_errors.secret_spoilt(secret_id, key, _FORMS[key].expected)
    return texts


def _port(value: object) -> int | None:
    """The port as a number; 5432 without one, None for what cannot be one."""
    if value in (None, ""):
        return DEFAULT_PORT
    found = _PORT.fullmatch(str(value).strip())
    return int(found[0]) if found and 1 <= int(found[0]) <= HIGHEST_PORT else None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""
