"""A database URL explained: what it says, what is made of it, and what is wrong with it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlsplit

from lambda_fn.domain.target import DEFAULT_SCHEMA, SslMode, Target
from lambda_fn.domain.tls import secured, weakness
from lambda_fn.domain.url import USED_PARAMETERS, target_from_url
from lambda_fn.domain.url_mistakes import (
    FORM,
    has_placeholder,
    login_of,
    repaired,
    spoilt_characters,
    without_password,
)
from lambda_fn.errors import SettingsInvalid

_BUNDLE = "those of Amazon RDS"
_OF_PRISMAS_POOL = (
    *("connection_limit", "pool_timeout", "socket_timeout", "pgbouncer", "statement_cache_size"),
    *("single_use_connections", "max_connection_lifetime", "max_idle_connection_lifetime"),
)
_QUOTES = "\"'`"
_POOLER_PORTS = {6432: "PgBouncer", 6543: "Supabase's pooler"}
_POOLER_HOST = re.compile(r"\.proxy-|-pooler\.|pooler\.supabase\.")
_READER_HOST = re.compile(r"\.cluster-ro-")
_ENCODED_TWICE = re.compile("%25[0-9A-Fa-f]{2}")
_CHECKED: Mapping[SslMode, str] = {
    SslMode.VERIFY_FULL: "encrypted; the server's certificate and its name are checked",
    SslMode.VERIFY_CA: "encrypted; the server's certificate is checked, its name is not",
    SslMode.REQUIRE: "encrypted; nothing of the server is checked",
    SslMode.PREFER: "encrypted if the server offers it; nothing of the server is checked",
    SslMode.ALLOW: "encrypted only if the server demands it; nothing of the server is checked",
    SslMode.DISABLE: "not encrypted",
}


@dataclass(frozen=True, slots=True)
class UrlReport:
    """What there is to say of a URL; of the password only whether there is one, and how long it is.

    `parts` are (name, what it is) in order; `dropped` are the names of parameters without effect, with the reason.
    A URL that is refused has `error`, and `corrected` where it is known how it should be, `***` for the password.
    """

    parts: tuple[tuple[str, str], ...] = ()
    tls: str = ""
    dropped: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    error: SettingsInvalid | None = None
    corrected: str | None = None


def encoded(text: str) -> str:
    """A text as it has to stand in a URL: percent-encoded but for letters, digits and `_.-~`.

    Prisma, libpq and this program all read it back. A NUL none of them takes.
    """
    return quote(text, safe="")


def check(url: str) -> UrlReport:
    """Explain a URL, a good one or a bad one. Raises nothing."""
    given = url.strip()
    try:
        target = target_from_url(given)
    except SettingsInvalid as error:
        return UrlReport(error=error, corrected=_corrected(given))
    decided = secured(target, sslmode=None, sslrootcert=None, bundle=_BUNDLE, iam=False)
    said = parse_qsl(urlsplit(given).query, keep_blank_values=True)
    query = dict(said)
    return UrlReport(
        parts=tuple(_parts(given, target)),
        tls=_tls(decided),
        dropped=tuple(_dropped(query)),
        warnings=(*_of_form(url, [name for name, _ in said]), *_warnings(url, decided, query)),
    )


def _parts(url: str, target: Target) -> Iterator[tuple[str, str]]:
    parts = urlsplit(url)
    length = len(target.password or "")
    yield "user", target.user or "none; it is the user of this process, unless PGUSER says another"
    yield "password", f"{length} character{'' if length == 1 else 's'}" if length else "none"
    yield "host", target.host
    yield "port", f"{target.port}" if parts.port else f"{target.port}, as none is given"
    yield "database", target.dbname if parts.path.strip("/") else f"{target.dbname}, as none is given"
    yield "schema", target.schema or f"{DEFAULT_SCHEMA}, as none is given"


def _tls(decided: Target) -> str:
    mode = SslMode(decided.parameters["sslmode"])
    authorities = decided.parameters.get("sslrootcert")
    trusted = f"; trusted authorities: {authorities}" if authorities else ""
    return f"{mode}: {_CHECKED[mode]}{trusted}"


def _dropped(query: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in query:
        if name in _OF_PRISMAS_POOL:
            yield name, "is for the connection pool of Prisma's client, and there is none here"
        elif name == "application_name":
            yield name, "gives way to the name by which a later run knows this one"
        elif name not in USED_PARAMETERS:
            # Its name may be anything, such as the rest of a password.
            yield (name if re.fullmatch(r"[a-z_]{1,40}", name) else "a parameter"), "is not known here"


def _of_form(url: str, names: Sequence[str]) -> Iterator[str]:
    """What is odd of the text; `names` are those of the parameters as often as they are given."""
    if url != url.strip():
        yield "There are blanks or line breaks round it, which are left out here; other programs may stumble over them."
    parts = urlsplit(url.strip())
    if not (parts.netloc or parts.path.strip("/") or names):
        yield f"It names nothing, neither user nor host nor database: {FORM}."
    if "/" in parts.path.strip("/"):
        yield "The database is the first part of the path alone; what follows behind the next / is left out."
    for name in sorted({name for name in names if name in USED_PARAMETERS and names.count(name) > 1}):
        yield f"{name} is given more than once, and the last one counts."


def _warnings(url: str, decided: Target, query: Mapping[str, str]) -> Iterator[str]:
    yield from spoilt_characters(url.strip())
    login = login_of(url.strip())
    if login and _ENCODED_TWICE.search(f"{login.user}:{login.password}"):
        yield "User name or password look encoded twice (%25 and two hexadecimal digits): encode them once."
    yield from _of_server(decided, query)
    if query.get("sslmode", "").lower() in (SslMode.PREFER, SslMode.ALLOW):
        yield f"sslmode={query['sslmode'].lower()} promises nothing, and is read as if it were not there."
    if (weak := weakness(decided)) is not None:
        yield weak.message


def _of_server(target: Target, query: Mapping[str, str]) -> Iterator[str]:
    if query.get("pgbouncer", "").lower() == "true":
        yield "pgbouncer=true says that this is a pooler; migrations need the database's own endpoint (M303)."
    elif target.port in _POOLER_PORTS:
        pooler = _POOLER_PORTS[target.port]
        yield f"{target.port} is the port of {pooler}; migrations need the database's own endpoint (M303)."
    elif _POOLER_HOST.search(target.host):
        yield f"{target.host} looks like a pooler's; migrations need the database's own endpoint (M303)."
    if _READER_HOST.search(target.host):
        yield f"{target.host} is Aurora's endpoint for readers; migrations need the cluster's own (M302)."


def _corrected(url: str) -> str | None:
    """What the URL most likely should be, without its password; None where that would be refused too."""
    for candidate in (url.strip(_QUOTES), repaired(url), repaired(url.strip(_QUOTES))):
        if candidate is None or candidate == url or has_placeholder(candidate):
            continue
        try:
            target_from_url(candidate)
        except SettingsInvalid:
            continue
        return without_password(candidate)
    return None
