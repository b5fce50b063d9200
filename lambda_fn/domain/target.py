"""Which database, and as whom."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple, Self

from lambda_fn.domain.form import HOST, is_loopback, is_loopback_over_tcp, is_socket_directory

DEFAULT_SCHEMA = "public"
DEFAULT_PORT = 5432
HIGHEST_PORT = 65535
CONNECT_TIMEOUT_S = 20  # an Aurora Serverless that has paused takes about 15 s to come back

# A host that vanishes without a word (failover, NAT) is noticed after half a minute, not after two hours.
_DEFAULTS = {
    "connect_timeout": str(CONNECT_TIMEOUT_S),
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
}


class Auth(StrEnum):
    """How to log in."""

    PASSWORD = "password"  # noqa: S105  # a word, not a secret
    IAM = "iam"


class SslMode(StrEnum):
    """libpq's sslmode, from the weakest to the strongest."""

    DISABLE = "disable"
    ALLOW = "allow"
    PREFER = "prefer"
    REQUIRE = "require"
    VERIFY_CA = "verify-ca"
    VERIFY_FULL = "verify-full"

    @property
    def encrypts(self) -> bool:
        """Whether a connection without TLS is refused."""
        return self in (SslMode.REQUIRE, SslMode.VERIFY_CA, SslMode.VERIFY_FULL)

    @property
    def verifies(self) -> bool:
        """Whether the server's certificate has to be signed by an authority that is trusted."""
        return self in (SslMode.VERIFY_CA, SslMode.VERIFY_FULL)


class Overrides(NamedTuple):
    """What is to stand in the place of a secret's or a URL's own values; None leaves them.

    `through` is the forwarded port that leads to the server; with it, `host` and `port` are the server's own.
    """

    host: str | None = None
    port: int | None = None
    dbname: str | None = None
    user: str | None = None
    connect_timeout_s: int | None = None
    through: "Place | None" = None


class Place(NamedTuple):
    """A host, and a port of it."""

    host: str
    port: int

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Of HOST:PORT, an IPv6 address in brackets; None for anything else."""
        host, _, port = text.rpartition(":")
        if ":" in host:
            host = host[1:-1] if host.startswith("[") and host.endswith("]") else ""
        is_port = port.isascii() and port.isdigit() and len(port) <= len(str(HIGHEST_PORT))
        if not HOST.fits(host) or is_socket_directory(host) or not (is_port and 1 <= int(port) <= HIGHEST_PORT):
            return None
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Target:
    """A database to connect to. The password never shows in a repr.

    `schema` is the one that was asked for; None leaves search_path alone and means `public` for the history.
    With `iam` the password is a token, made anew for each connection. `parameters` are libpq's.
    `host` and `port` are the server's own, which its certificate and an IAM token name, also where the connection
    goes `through` a forwarded port (an SSM session, an SSH tunnel). `is_unnamed` says that only this machine is known,
    and no name of the server: a forwarded port to something that nothing names.
    """

    host: str
    port: int
    user: str
    password: str | None = field(repr=False)
    dbname: str
    schema: str | None = None
    iam: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)
    through: Place | None = None
    is_unnamed: bool = False

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.dbname}{self._by_way_of}"

    @property
    def address(self) -> str:
        """`host:port`, for people, and where the connection goes if not there."""
        return f"{self.host}:{self.port}{self._by_way_of}"

    @property
    def connects_to(self) -> Place:
        """Where the connection goes, unless PGHOSTADDR leads elsewhere."""
        return self.through or Place(self.host, self.port)

    @property
    def _by_way_of(self) -> str:
        return f" through {self.through}" if self.through else ""

    @property
    def conninfo(self) -> dict[str, str]:
        """libpq's connection parameters, the password among them."""
        required = {"host": self.host, "port": str(self.connects_to.port), "user": self.user, "dbname": self.dbname}
        password = {} if self.password is None else {"password": self.password}
        return {**_DEFAULTS, **self.parameters, **required, **password}

    @property
    def connect_timeout_s(self) -> int:
        """How long libpq waits for a connection; 0 is for ever."""
        return int(self.conninfo["connect_timeout"])

    def overridden(self, overrides: Overrides) -> "Target":
        """With what is set in the place of what the secret or the URL says."""
        timeout_s = overrides.connect_timeout_s
        return replace(
            self._at(overrides.host, overrides.port, overrides.through),
            dbname=overrides.dbname or self.dbname,
            user=overrides.user or self.user,
            parameters=self.parameters if timeout_s is None else self._with(connect_timeout=str(timeout_s)),
        )

    def _at(self, host: str | None, port: int | None, through: Place | None) -> "Target":
        """At another host and port; for a server elsewhere, one of this machine is where its port is forwarded to."""
        is_here = host is not None and is_loopback_over_tcp(host)
        if host and is_here and through is None and self.host and not is_loopback(self.host):
            return replace(self, through=Place(host, port or self.port))
        server = host or self.host
        is_unnamed = is_loopback_over_tcp(server) and (through is not None or not self.host)
        return replace(self, host=server, port=port or self.port, through=through, is_unnamed=is_unnamed)

    def with_token(self, token: str) -> "Target":
        """With an RDS IAM token for a password."""
        return replace(self, password=token, iam=True)

    def with_parameters(self, parameters: Mapping[str, str]) -> "Target":
        """With more of libpq's parameters."""
        return replace(self, parameters=self._with(**parameters))

    def _with(self, **parameters: str) -> dict[str, str]:
        return {**self.parameters, **parameters}
