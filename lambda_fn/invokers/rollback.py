"""Whether an Update of a custom resource is one that CloudFormation reversed."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

_TIMESTAMP_LENGTH = 14  # of a migration's name: YYYYMMDDHHMMSS


class _Point(NamedTuple):
    """A value that rises with every deployment; only those of one scope can be compared."""

    scope: str
    number: tuple[int, str]


def went_back(properties: Mapping[str, object], old: Mapping[str, object]) -> str | None:
    """The property that is lower than it was, so that this Update is a rollback; None for any other Update.

    CloudFormation rolls an Update back by another Update with the properties swapped, and does not say so. Its API
    would know, but a subnet without a route to the internet seldom reaches it. In a rollback all of them go back
    together: where one goes back and another forward, as when the numbering of runs begins anew, it is none.
    """
    back = {name: went for name in SIGNS if (went := _goes_back(name, properties, old)) is not None}
    return next(iter(back)) if back and all(back.values()) else None


def _goes_back(name: str, properties: Mapping[str, object], old: Mapping[str, object]) -> bool | None:
    """Whether a property is lower than it was; None where it is the same, or cannot be compared."""
    read = _SIGNS[name]
    new_point, old_point = read(properties.get(name)), read(old.get(name))
    if new_point is None or old_point is None or new_point.scope != old_point.scope or new_point == old_point:
        return None
    return new_point.number < old_point.number


def _run_token(value: object) -> _Point | None:
    text = str(value) if isinstance(value, int) else value
    return _point("", text) if isinstance(text, str) else None


def _version_arn(value: object) -> _Point | None:
    """The version of a layer or of a function: it rises at every publish, also when older code is published again."""
    if not isinstance(value, str):
        return None
    arn, _, version = value.rpartition(":")
    return _point(arn, version)


def _migration(value: object) -> _Point | None:
    timestamp = value[:_TIMESTAMP_LENGTH] if isinstance(value, str) else ""
    return _point("", timestamp) if len(timestamp) == _TIMESTAMP_LENGTH else None


def _point(scope: str, digits: str) -> _Point | None:
    if not (digits.isascii() and digits.isdigit()):
        return None
    # Not int(): it refuses more than 4,300 digits.
    significant = digits.lstrip("0")
    return _Point(scope, (len(significant), significant))


# The first that goes back is the one that is told.
_SIGNS: Mapping[str, Callable[[object], _Point | None]] = {
    "RunToken": _run_token,
    "MigrationsLayerArn": _version_arn,
    "CodeVersion": _version_arn,
    "LatestMigration": _migration,
}
SIGNS = tuple(_SIGNS)
"""The properties that tell a rollback."""
