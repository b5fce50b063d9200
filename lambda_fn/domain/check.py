"""What doctor looks at, and what it finds."""

from dataclasses import dataclass, field
from enum import StrEnum

from lambda_fn.errors import MigrateError


class CheckName(StrEnum):
    """The checks in their order; the names are public API."""

    DIRECTORY = "directory"
    """The migrations are there, and can be run."""
    SECRET = "secret"  # noqa: S105  # a word, not a secret
    """The settings and the secret or URL say where to connect and as whom."""
    DNS = "dns"
    """The host's name leads to an address."""
    PORT = "port"
    """Something listens there, and the network lets us through."""
    TLS = "tls"
    """The connection is encrypted, and the server is who it says."""
    LOGIN = "login"
    """The server takes the login."""
    SERVER_VERSION = "serverVersion"
    """PostgreSQL is new enough."""
    WRITER = "writer"
    """It is no standby."""
    POOLER = "pooler"
    """No pooler stands between."""
    CLOCK = "clock"
    """Our clock and the server's agree."""
    OWNER_ROLE = "ownerRole"
    """The role that is to own what is made can be assumed, and may alter what is there."""
    RIGHTS = "rights"
    """The history may be kept, or made."""
    ROW_SECURITY = "rowSecurity"
    """No row-level security hides rows of the history."""
    HISTORY = "history"
    """The history can be read, and nothing in it blocks a deploy."""
    LOCK = "lock"
    """Nobody holds the advisory lock."""
    CODE_DEPLOY = "codeDeploy"
    """CodeDeploy can be told how its hooks ended; looked at only where the setting for them is given."""


class Result(StrEnum):
    """What a check came to; public API."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It was not looked at, could not be found out, or is for a person to judge."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """What was looked at, and neither holds up a deploy for certain nor is as it should be."""

    message: str
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class NotLookedAt:
    """What could not be looked at, because of the checks that it needs."""

    needs: tuple[CheckName, ...]


@dataclass(frozen=True, slots=True)
class NotNeeded:
    """What no run needs as things are set: there is nothing to look at, and nothing to tell."""


Told = str | Doubt | NotLookedAt
"""What a probe found that makes a check; a str is what it found in order."""

Finding = Told | NotNeeded
"""What a probe found."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of doctor's answer. `next_step` is "" where there is nothing to do; a failed one has its error."""

    name: CheckName
    result: Result
    message: str
    next_step: str = ""
    error: MigrateError | None = field(default=None, compare=False)

    @property
    def has_failed(self) -> bool:
        """Whether it would hold up a deploy."""
        return self.result is Result.FAILED

    @property
    def sentence(self) -> str:
        """The check in one line, for people."""
        code = f"{self.error.code} " if self.error else ""
        what_to_do = f" What to do: {self.next_step}" if self.next_step else ""
        return f"{self.result} {self.name}: {code}{self.message}{what_to_do}"


def check_of(name: CheckName, finding: Told | MigrateError) -> Check:
    """The check that a finding, or the error in its place, makes."""
    match finding:
        case str(message):
            return Check(name, Result.PASSED, message)
        case Doubt(message, next_step):
            return Check(name, Result.UNKNOWN, message, next_step)
        case NotLookedAt(needs):
            return Check(name, Result.UNKNOWN, f"not looked at: needs {', '.join(needs)}")
        case error:
            next_step = _in_one_line(error.next_step, *error.lines)
            return Check(name, Result.FAILED, _in_one_line(error.problem), next_step, error)


def _in_one_line(*texts: str) -> str:
    return " ".join(" ".join(texts).split())
