"""Which database, and as whom: from a URL as Prisma reads it, or from a secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, unquote_to_bytes, urlsplit

from lambda_fn.errors import settings as settings_errors

DEFAULT_SCHEMA = "public"
DEFAULT_PORT = 5432
CONNECT_TIMEOUT_S = 5  # Prisma's default

# A host that vanishes without a word (failover, NAT) is noticed after half a minute, not after two hours.
_DEFAULTS = {
    "connect_timeout": str(CONNECT_TIMEOUT_S),
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
}

_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
# libpq's own, meaning the same in Prisma. Prisma silently drops what neither knows, and so do we.
_PASSED_ON = ("options", "sslrootcert")
_CHANNEL_BINDINGS = ("disable", "prefer", "require")  # anything else is prefer, the default, as for Prisma
_SECRET_KEYS = ("username", "password", "host", "dbname")


@dataclass(frozen=True, slots=True)
class Target:
    """A database to connect to. The password never shows in a repr.

    `schema` is the one that was asked for; None leaves search_path alone and means `public` for the history.
    """

    host: str
    port: int
    user: str
    password: str | None = field(repr=False)
    dbname: str
    schema: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """`host:port`, for people."""
        return f"{self.host}:{self.port}"

    @property
    def conninfo(self) -> dict[str, str]:
        """libpq's connection parameters, the password among them."""
        required = {"host": self.host, "port": str(self.port), "user": self.user, "dbname": self.dbname}
        password = {} if self.password is None else {"password": self.password}
        return {**_DEFAULTS, **self.parameters, **required, **password}


def target_from_url(url: str) -> Target:
    """Read a database URL by Prisma's rules.

    User, password and host are percent-decoded; `?host=` wins over the authority; the database is the first
    segment of the path, `postgres` without one.

    Raises: SettingsInvalid P1013, which never repeats the URL.
    """
    parts = _split(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Target(
        host=query.get("host") or unquote(_host(parts)) or "localhost",
        port=_port(parts),
        user=_decoded(parts.username or ""),
        password=None if parts.password is None else _decoded(parts.password),
        dbname=unquote(parts.path.removeprefix("/").split("/")[0]) or "postgres",
        schema=_schema(query.get("schema")),
        parameters=_parameters(query),
    )


def target_from_secret(secret_id: str, secret: object) -> Target:
    """Read a secret with username, password, host, port (a number or a string; 5432 without) and dbname.

    Raises: SettingsInvalid M205 with the names of the missing keys.
    """
    if not isinstance(secret, Mapping):
        raise settings_errors.secret_not_an_object(secret_id)
    values = secret
    missing = [key for key in _SECRET_KEYS if not _is_text(values.get(key))]
    port = str(values.get("port", DEFAULT_PORT))
    if not port.isdecimal():
        missing.append("a numeric port")
    if missing:
        raise settings_errors.secret_malformed(secret_id, missing)
    return Target(
        host=values["host"],
        port=int(port),
        user=values["username"],
        password=values["password"],
        dbname=values["dbname"],
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise settings_errors.invalid_url("invalid host") from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise settings_errors.invalid_url(
            "the URL must start with the protocol `postgresql://` or `postgres://`: wrong protocol"
        )
    return parts


def _port(parts: SplitResult) -> int:
    # A password with an unencoded # / or ? ends the authority early, and what stands before it is then no port.
    try:
        port = parts.port or DEFAULT_PORT
    except ValueError:
        raise settings_errors.invalid_url("invalid port number") from None
    if parts.fragment or ("@" not in parts.netloc and "@" in parts.path + parts.query):
        # The beginning of the password happened to be a number.
        raise settings_errors.invalid_url("unencoded # / or ? in user name or password") from None
    return port


def _host(parts: SplitResult) -> str:
    # SplitResult.hostname lower-cases, which would spoil a socket directory.
    authority = parts.netloc.rpartition("@")[2]
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0]


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


def _schema(name: str | None) -> str | None:
    if name and "\0" in name:
        raise settings_errors.invalid_url("a schema with a NUL character")
    return name or None


def _seconds(value: str) -> str:
    if not value.isdecimal():
        raise settings_errors.invalid_url("connect_timeout is not a number of seconds")
    return value


def _tls(query: Mapping[str, str]) -> dict[str, str]:
    """Prisma's TLS parameters as libpq's.

    Prisma's `sslcert` is the certificate authority's, and `sslaccept=strict` checks chain and host name.
    Prisma silently weakens verify-ca and verify-full to prefer; we honour them.
    """
    tls = {"sslmode": query["sslmode"]} if query.get("sslmode") else {}
    if tls and tls["sslmode"] not in _SSL_MODES:
        raise settings_errors.invalid_url(f"sslmode other than {', '.join(_SSL_MODES)}")
    if query.get("sslaccept", "accept_invalid_certs") != "accept_invalid_certs":
        tls["sslmode"] = "verify-full"
    if query.get("sslcert"):
        tls["sslrootcert"] = query["sslcert"]
    return tls
