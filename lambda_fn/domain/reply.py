"""What the invoker is to be told, as data; carried out by the handler."""

from dataclasses import dataclass, field

from lambda_fn.errors import MigrateError


@dataclass(frozen=True, slots=True)
class Return:
    """Return this JSON value from the function."""

    payload: dict[str, object]


@dataclass(frozen=True, slots=True)
class Raise:
    """Raise this error: Lambda answers its class as errorType and its text as errorMessage."""

    error: MigrateError


@dataclass(frozen=True, slots=True)
class Put:
    """Send `body` to a signed URL by HTTP PUT, then return `payload`. The URL is a capability: it never shows."""

    url: str = field(repr=False)
    body: bytes
    payload: dict[str, object]


Reply = Return | Raise | Put
