"""How the texts must look that say where a database is: they are shown in errors, logs and metrics.

A slip puts a whole URL or secret into them, and the password with it. So they are looked at before anything is done
with them, and what is refused is never repeated.
"""

import re
from collections.abc import Callable
from ipaddress import ip_address
from typing import NamedTuple


class Form(NamedTuple):
    """How a text has to look: what it is `expected` to be (after "is not"), an example, and whether it fits."""

    expected: str
    example: str
    fits: Callable[[str], bool]


# Texts, which `re` compiles when it first needs them: no run needs all.
_ADDRESS = r"[0-9A-Fa-f:.]+(%[\w.-]+)?"
_HOST_NAME = r"[\w.-]{1,255}"
_SOCKET_DIRECTORY = r"[/@][^\s@,:]*"  # @ is an abstract one
# What AWS lets a name hold, and the ! of the secrets that its services manage.
_SECRET_NAME = r"[\w/+=.@!-]{1,512}"  # noqa: S105  # a pattern, not a secret
_SECRET_ARN = r"arn:[\w/+=.@!:-]{1,2044}"  # noqa: S105  # a pattern, not a secret
_CONTROL = "[\0-\x1f\x7f\x85\u2028\u2029]"
_SURROGATE = "[\ud800-\udfff]"


def _is_text(text: str) -> bool:
    """Whether PostgreSQL can hold it: no NUL, and no half of a surrogate pair, which JSON can spell."""
    return "\0" not in text and not re.search(_SURROGATE, text)


def _is_host(text: str) -> bool:
    return bool(re.fullmatch(_HOST_NAME, text) or re.fullmatch(_SOCKET_DIRECTORY, text)) or is_address(text)


def _is_name(text: str) -> bool:
    return "://" not in text and not re.search(_CONTROL, text) and _is_text(text)


def _is_secret_id(text: str) -> bool:
    return bool(re.fullmatch(_SECRET_NAME, text) or re.fullmatch(_SECRET_ARN, text))


def is_address(text: str) -> bool:
    """Whether it is an IP address, an IPv6 one without brackets."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return re.fullmatch(_ADDRESS, text) is not None


def is_socket_directory(host: str) -> bool:
    """Whether libpq takes a host for the directory of a Unix socket (`@` is an abstract one)."""
    return host.startswith(("/", "@"))


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by any of its usual names, a socket's directory included."""
    if not HOST.fits(host):
        return False
    return is_socket_directory(host) or is_loopback_over_tcp(host)


def is_loopback_over_tcp(host: str) -> bool:
    """Whether a host is a name or an address of this machine at which a forwarded port can be."""
    if host.lower().rstrip(".") == "localhost":
        return True
    return is_address(host) and ip_address(host).is_loopback


TEXT = Form("text without NUL characters", "app", _is_text)
HOST = Form("one host by itself, without scheme, user, port or blanks", "db.internal", _is_host)
ADDRESS = Form("one IP address", "10.0.1.7", is_address)
DIRECTORY = Form(
    "the path of a directory, without ://", "prisma/migrations", lambda text: "://" not in text and _is_text(text)
)
DATABASE = Form("the name of a database by itself, without :// and line breaks", "shop", _is_name)
USER = Form("the name of a user by itself, without :// and line breaks", "app", _is_name)
SCHEMA = Form("the name of a schema by itself, without :// and line breaks", "app", _is_name)
ROLE = Form("the name of a role by itself, without :// and line breaks", "app_owner", _is_name)
SECRET_ID = Form("the name or the ARN of a secret (its value does not belong here)", "shop/database", _is_secret_id)
