"""Connecting: as whom, and what a refusal means."""

import math
import re
import socket
import time

import psycopg
from psycopg.conninfo import make_conninfo

from lambda_fn.deadline import NO_DEADLINE, Deadline, bounded
from lambda_fn.domain.form import is_address, is_socket_directory
from lambda_fn.domain.target import Target
from lambda_fn.errors import MigrateError
from lambda_fn.errors import connection as connection_errors
from lambda_fn.errors import deadline as deadline_errors
from lambda_fn.ports import Credentials

Session = psycopg.Connection[tuple[object, ...]]

_WORTH_HIDING = 3  # characters; a shorter password would only spoil the message, and show itself by that
_SHORTEST_ATTEMPT_S = 2  # libpq takes less for that


def log_in(credentials: Credentials, application_name: str, deadline: Deadline = NO_DEADLINE) -> tuple[Session, Target]:
    """Connect, and say as whom; with a login that the server does not take, once more with what it is by now.

    A rotation may have changed the password since the secret was read (SQLSTATE 28P01).
    Raises: DatabaseUnreachable P1001, M301; SettingsInvalid P1000, P1003, P1010, P1011, and what reading raises;
    DeadlineExceeded M607.
    """
    target = deadline.bounded(credentials.target, deadline_errors.reading_credentials)
    try:
        return _connect(target, application_name, deadline), target
    except psycopg.OperationalError as refused:
        renewed = _renewed(credentials, deadline, refused, target)
    try:
        return _connect(renewed, application_name, deadline), renewed
    except psycopg.OperationalError as refused:
        raise _connect_error(refused, renewed) from None


def _renewed(credentials: Credentials, deadline: Deadline, refused: psycopg.OperationalError, target: Target) -> Target:
    """Another login in the place of a refused one. Raises: what the refusal means, where there is none."""
    error = _connect_error(refused, target)
    if not _may_be_the_password(refused):
        raise error from None
    try:
        renewed = deadline.bounded(credentials.renewed, deadline_errors.reading_credentials)
    except MigrateError as unreadable:
        error.lines = (f"The secret could not be read a second time: {unreadable.headline}",)
        raise error from unreadable
    if renewed is None:
        raise error from None
    return renewed


def _connect(target: Target, application_name: str, deadline: Deadline) -> Session:
    """A session at the first of the host's addresses that gives one, within the target's limit and the time left.

    libpq and psycopg give each address the whole limit, and the look-up of the name none: three silent addresses
    took a minute (seen). Here the limit is for all of it, and what is left of it is shared among the addresses.
    """
    ends_at_s = time.monotonic() + min(target.connect_timeout_s or math.inf, deadline.left_s)
    failures: list[tuple[str, psycopg.OperationalError]] = []
    addresses = _addresses(target, ends_at_s - time.monotonic())
    for number, address in enumerate(addresses):
        left_s = ends_at_s - time.monotonic()
        if failures and left_s <= 0:
            break
        try:
            return _open(target, address, application_name, left_s / (len(addresses) - number))
        except psycopg.OperationalError as error:
            failures.append((address, error))
            if _answers_for_all(error):
                break
    raise _verdict(failures)


def _open(target: Target, address: str, application_name: str, limit_s: float) -> Session:
    timeout_s = 0 if limit_s == math.inf else max(_SHORTEST_ATTEMPT_S, math.ceil(limit_s))
    # The name is a start-up parameter: RESET ALL would empty one that was SET.
    ours = {"application_name": application_name, "client_encoding": "utf8", "connect_timeout": str(timeout_s)}
    # Given also where it is empty: libpq would take PGHOSTADDR of the environment, which may be another server's.
    place = {} if "hostaddr" in target.parameters else {"hostaddr": address}
    conninfo = make_conninfo(**{**target.conninfo, **ours, **place})
    return psycopg.Connection.connect(conninfo, autocommit=True)


def _addresses(target: Target, limit_s: float) -> tuple[str, ...]:
    """The host's addresses, each once; one that is empty where libpq needs none. Raises: OperationalError."""
    host = target.connects_to.host
    if "hostaddr" in target.parameters or not host or is_socket_directory(host):
        return ("",)
    if is_address(host):
        return (host,) if target.through else ("",)
    try:
        # It blocks for as long as the resolver likes, and cannot be interrupted.
        found = bounded(lambda: socket.getaddrinfo(host, target.connects_to.port, type=socket.SOCK_STREAM), limit_s)
    except TimeoutError:
        raise psycopg.OperationalError(f"no address was found for its name within {limit_s:.0f} s") from None
    except OSError as error:
        raise psycopg.OperationalError(f"its name has no address: {error.strerror or error}") from None
    except ValueError:  # a label that is empty or too long
        raise psycopg.OperationalError("it is no host name") from None
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def _answers_for_all(error: psycopg.OperationalError) -> bool:
    """Whether another address would lead to the same server's same answer; failed logins can lock a user out."""
    return _may_be_the_password(error) or _code(error) in ("P1000", "P1003", "P1010")


def _verdict(failures: list[tuple[str, psycopg.OperationalError]]) -> psycopg.OperationalError:
    """What a server said, if one answered; else what became of every address."""
    answers = [error for _, error in failures if _code(error) != "P1001"]
    if answers or len(failures) == 1:
        return [*answers, failures[-1][1]][0]
    return psycopg.OperationalError("; ".join(f"{address}: {_words(error)}" for address, error in failures))


def _words(error: psycopg.OperationalError) -> str:
    return _REASON.sub(r"\1", str(error)).strip().partition("\n")[0]


def _may_be_the_password(refused: psycopg.OperationalError) -> bool:
    """Whether the server looked at the password, and did not say that something else was wrong."""
    code = _code(refused)
    looked_at = refused.pgconn is not None and refused.pgconn.used_password
    # A server may say it in another language, and libpq tells no SQLSTATE here.
    return code == "P1000" or (looked_at and code in ("P1001", "M301"))


_REFUSALS = (
    ("P1000", re.compile(r"authentication failed for user|no password supplied")),
    ("P1003", re.compile(r'database ".*" does not exist')),
    (
        "P1010",
        re.compile(
            r'no pg_hba\.conf entry|role ".*" does not exist|is not permitted to log in|rejects'
            r"|permission denied for database"
        ),
    ),
    ("P1011", re.compile(r"SSL|sslmode|certificate|channel binding")),
    ("M301", re.compile(r"FATAL:")),  # whatever else: it was a server that answered
)
_REASON = re.compile(r".*failed: (.*)", re.DOTALL)


def _connect_error(error: psycopg.OperationalError, target: Target) -> MigrateError:
    """Our error for a failed connection. libpq gives no SQLSTATE here, so its words must do."""
    reason = _redacted(_words(error), target)  # without libpq's frame, which repeats where it was
    match _code(error):
        case "P1000":
            return connection_errors.authentication_failed(target.host, target.user, iam=target.iam)
        case "P1003":
            return connection_errors.no_such_database(target.dbname)
        case "P1010":
            return connection_errors.access_denied(target.user, target.dbname, reason)
        case "P1011":
            return _tls_error(_redacted(str(error), target), target)
        case "M301":
            return connection_errors.server_refused(reason)
        case _:
            from lambda_fn.domain.forwarding import unreachable  # noqa: PLC0415  # only who gets no answer pays

            return unreachable(target, reason)


def _code(error: psycopg.OperationalError) -> str:
    # Before the password is taken out of it: it may be a word that counts here.
    said = _REASON.sub(r"\1", str(error))  # without the host, whose name may hold any word
    return next((code for code, pattern in _REFUSALS if pattern.search(said)), "P1001")


def _tls_error(reason: str, target: Target) -> MigrateError:
    if "does not support SSL" in reason:
        return connection_errors.tls_not_offered(target.address)
    if "certificate verify failed" in reason:
        return connection_errors.certificate_not_trusted(target.address)
    if "does not match host name" in reason or "host name is" in reason:
        return connection_errors.certificate_of_another_name(reason)
    return connection_errors.tls_failed(reason)


def _redacted(message: str, target: Target) -> str:
    line = " ".join(message.split()).rstrip(".?")
    password = target.password or ""
    return line.replace(password, "***") if len(password) > _WORTH_HIDING else line
