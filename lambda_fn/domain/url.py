"""A database URL, read as Prisma reads it."""

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, parse_qsl, unquote, unquote_to_bytes, urlsplit

from lambda_fn.domain.form import DATABASE, HOST, TEXT, USER, Form
from lambda_fn.domain.target import DEFAULT_PORT, SslMode, Target
from lambda_fn.domain.url_mistakes import FORM, NOT_REPLACED, encode_advice, protocol_advice
from lambda_fn.errors import settings as settings_errors

SCHEMES = ("postgresql", "postgres")
_BEGINNINGS = tuple(f"{scheme}://" for scheme in SCHEMES)
# libpq's own, meaning the same in Prisma. Prisma silently drops what neither knows, and so do we.
_PASSED_ON = ("options", "sslrootcert")
USED_PARAMETERS = frozenset(
    ("schema", "host", "sslmode", "sslaccept", "sslcert", "channel_binding", "connect_timeout", *_PASSED_ON)
)
_CHANNEL_BINDINGS = ("disable", "prefer", "require")  # anything else is prefer, the default, as for Prisma
# They promise nothing, and Prisma's URLs have them by default: they are no wish to go without TLS.
_NO_PROMISE = (SslMode.PREFER, SslMode.ALLOW)


def target_from_url(url: str) -> Target:
    """Read a database URL by Prisma's rules.

    User, password and host are percent-decoded; `?host=` wins over the authority; the database is the first
    segment of the path, `postgres` without one.

    Raises: SettingsInvalid P1013, which never repeats the URL.
    """
    parts = _split(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    port = _port(url, parts)
    return Target(
        host=_checked("host", HOST, query.get("host") or unquote(_host(parts)) or "localhost"),
        port=port,
        user=_checked("user name", USER, _decoded(parts.username or "")),
        password=None if parts.password is None else _decoded(parts.password),
        dbname=_checked("database", DATABASE, unquote(parts.path.removeprefix("/").split("/")[0]) or "postgres"),
        schema=query.get("schema") or None,
        parameters=_parameters(query),
    )


def _split(url: str) -> SplitResult:
    if not TEXT.fits(url) or "%00" in url:
        # libpq would take a text only up to there.
        raise settings_errors.invalid_url("a NUL character, or one that is no UTF-8,", "Remove the character.")
    if not url.lower().startswith(_BEGINNINGS):
        raise settings_errors.invalid_url(
            "the URL must start with the protocol `postgresql://` or `postgres://`: wrong protocol",
            protocol_advice(url),
        )
    try:
        return urlsplit(url)
    except ValueError:
        raise settings_errors.invalid_url("invalid host", encode_advice(url)) from None


def _port(url: str, parts: SplitResult) -> int:
    # A password with an unencoded # / or ? ends the authority early. What stands before it, behind an @ of the
    # password or its beginning, is then the host, the port or both; the rest is the database, which people are shown.
    ended_early = parts.fragment or "@" in parts.path + parts.query
    if "," in _authority(parts) and not ended_early:
        raise settings_errors.invalid_url(
            "several hosts", "Name one host, the writer's: with Aurora the endpoint of the cluster."
        )
    try:
        port = DEFAULT_PORT if parts.port is None else _above_0(parts.port)
    except ValueError:
        if ended_early:
            raise settings_errors.invalid_url("invalid port number", encode_advice(url)) from None
        raise settings_errors.invalid_url("invalid port number", f"Give one from 1 to 65535, as in {FORM}.") from None
    if ended_early:
        raise settings_errors.invalid_url("unencoded # / ? or @", encode_advice(url))
    return port


def _above_0(port: int) -> int:
    if not port:
        raise ValueError
    return port


def _authority(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]


def _host(parts: SplitResult) -> str:
    # SplitResult.hostname lower-cases, which would spoil a socket directory.
    authority = _authority(parts)
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0]


def _checked(what: str, form: Form, text: str) -> str:
    if not form.fits(text):
        next_step = NOT_REPLACED if "$" in text else f"Give {form.expected}, as in {FORM}."
        raise settings_errors.invalid_url(f"invalid {what}", next_step)
    return text


def _decoded(text: str) -> str:
    """Percent-decoded; as it stands when that is not UTF-8, as Prisma does."""
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return text


def _parameters(query: Mapping[str, str]) -> dict[str, str]:
    parameters = {key: query[key] for key in _PASSED_ON if query.get(key)}
    parameters.update(_tls(query))
    if query.get("channel_binding") in _CHANNEL_BINDINGS:
        parameters["channel_binding"] = query["channel_binding"]
    if "connect_timeout" in query:
        parameters["connect_timeout"] = _seconds(query["connect_timeout"])
    return parameters


def _seconds(value: str) -> str:
    if not re.fullmatch("[0-9]{1,6}", value):
        raise settings_errors.invalid_url(
            "connect_timeout is not a number of seconds",
            "Give a whole number of at most six digits, such as connect_timeout=20.",
        )
    return value


def _tls(query: Mapping[str, str]) -> dict[str, str]:
    """Prisma's TLS parameters as libpq's; nothing where the URL promises nothing.

    Prisma's `sslcert` is the certificate authority's, and `sslaccept=strict` checks chain and host name.
    Prisma silently weakens verify-ca and verify-full to prefer; we honour them.
    """
    mode = _sslmode(query)
    accept = query.get("sslaccept")
    if accept == "accept_invalid_certs":
        # Encrypted, if nothing else is said: what was wished for is not to look at the certificate.
        mode = mode or SslMode.REQUIRE
    elif accept is not None:
        mode = SslMode.VERIFY_FULL
    authority = {"sslrootcert": query["sslcert"]} if query.get("sslcert") else {}
    return {**({"sslmode": mode.value} if mode else {}), **authority}


def _sslmode(query: Mapping[str, str]) -> SslMode | None:
    asked = query.get("sslmode", "").lower()
    if not asked:
        return None
    if asked not in list(SslMode):
        raise settings_errors.invalid_url(
            f"sslmode other than {', '.join(SslMode)}",
            "Use one of these, or remove it: then the server's certificate and name are checked. What Node.js calls "
            "no-verify is require here.",
        )
    return None if asked in _NO_PROMISE else SslMode(asked)
