"""Connecting: as whom, and what a refusal means."""

import re

import psycopg
from psycopg.conninfo import make_conninfo

from lambda_fn.deadline import NO_DEADLINE, Deadline
from lambda_fn.domain.target import Target
from lambda_fn.errors import MigrateError
from lambda_fn.errors import connection as connection_errors
from lambda_fn.ports import Credentials

Session = psycopg.Connection[tuple[object, ...]]

_APPLICATION_NAME_BYTES = 63  # PostgreSQL cuts it there
_WORTH_HIDING = 3  # characters; a shorter password would only spoil the message, and show itself by that


def log_in(credentials: Credentials, application_name: str, deadline: Deadline = NO_DEADLINE) -> tuple[Session, Target]:
    """Connect, and say as whom; with a login that the server does not take, once more with what it is by now.

    A rotation may have changed the password since the secret was read (SQLSTATE 28P01).
    Raises: DatabaseUnreachable P1001, M301; SettingsInvalid P1000, P1003, P1010, P1011, and what reading raises.
    """
    target = credentials.target()
    try:
        return _connect(target, application_name, deadline), target
    except psycopg.OperationalError as refused:
        renewed = credentials.renewed() if _may_be_the_password(refused) else None
        if renewed is None:
            raise _connect_error(refused, target) from None
    try:
        return _connect(renewed, application_name, deadline), renewed
    except psycopg.OperationalError as refused:
        raise _connect_error(refused, renewed) from None


def _connect(target: Target, application_name: str, deadline: Deadline) -> Session:
    # A start-up parameter: RESET ALL would empty one that was SET.
    name = application_name.encode()[:_APPLICATION_NAME_BYTES].decode(errors="ignore")
    ours = {"application_name": name, "client_encoding": "utf8", "connect_timeout": str(_timeout_s(target, deadline))}
    conninfo = make_conninfo(**{**target.conninfo, **ours})
    return psycopg.Connection.connect(conninfo, autocommit=True)


def _timeout_s(target: Target, deadline: Deadline) -> int:
    """The target's limit (0 is none), within the time that is left; what is below 2 counts as 2 for libpq."""
    left_s = deadline.verdict_left_s if deadline.passed else deadline.work_left_s
    if left_s == float("inf"):
        return target.connect_timeout_s
    return max(2, min(target.connect_timeout_s or int(left_s), int(left_s)))


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
    reason = _redacted(str(error), target)
    match _code(error):
        case "P1000":
            return connection_errors.authentication_failed(target.host, target.user, iam=target.iam)
        case "P1003":
            return connection_errors.no_such_database(target.dbname)
        case "P1010":
            return connection_errors.access_denied(target.user, target.dbname, reason)
        case "P1011":
            return _tls_error(reason, target)
        case "M301":
            return connection_errors.server_refused(reason)
        case _:
            return connection_errors.unreachable(target.address, reason)


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
