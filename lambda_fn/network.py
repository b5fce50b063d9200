"""The way to a database, step by step: its name, its port, its certificate. To a service the first two."""

import socket
import ssl
import struct
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from ipaddress import ip_address

from lambda_fn.deadline import bounded
from lambda_fn.domain.form import is_address, is_socket_directory
from lambda_fn.errors import MigrateError
from lambda_fn.errors import doctor as doctor_errors

LIMIT_S = 5.0  # for one step
_SSL_REQUEST = struct.pack("!II", 8, 80877103)
_SSL_ACCEPTED = b"S"


def describe_address(address: str) -> str:
    """An address for people, who are told of a public one: a function in a VPC seldom gets there."""
    return f"{address} (public)" if ip_address(address.partition("%")[0]).is_global else address


def _resolve(host: str) -> list[str]:
    return [str(address[0]) for *_, address in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


def look_up(
    host: str, *, limit_s: float = LIMIT_S, resolve: Callable[[str], Iterable[str]] = _resolve
) -> tuple[str, ...]:
    """The addresses of a host, each once. Raises: DatabaseUnreachable M320, M321."""
    if is_socket_directory(host) or is_address(host):
        return (host,)
    try:
        # It blocks for as long as the resolver likes, and cannot be interrupted.
        return tuple(dict.fromkeys(bounded(lambda: resolve(host), limit_s)))
    except TimeoutError:
        raise doctor_errors.name_look_up_timed_out(host, limit_s) from None
    except OSError as error:
        raise doctor_errors.name_not_resolved(host, _reason(error)) from None
    except ValueError:  # a label that is empty or too long
        raise doctor_errors.name_not_resolved(host, "it is no host name") from None


def connect(addresses: Sequence[str], port: int, *, limit_s: float = LIMIT_S) -> str:
    """The first of the addresses that takes a connection, which is closed at once.

    They share `limit_s`. Raises: DatabaseUnreachable M322, M323, M324, of the last address.
    """
    each_s = limit_s / len(addresses)
    *others, last = addresses
    for address in others:
        with suppress(MigrateError):
            return _connect(address, port, each_s)
    return _connect(last, port, each_s)


def reach(host: str, port: int, *, left_s: Callable[[], float]) -> str | None:
    """The first address of a host that takes a connection; None where `left_s` ran out before that was known.

    Raises: as look_up and connect.
    """
    try:
        addresses = look_up(host, limit_s=min(LIMIT_S, left_s()))
        limit_s = min(LIMIT_S, left_s())
        return connect(addresses, port, limit_s=limit_s) if limit_s > 0 else None
    except MigrateError:
        if left_s() <= 0:
            return None
        raise


def _connect(address: str, port: int, limit_s: float) -> str:
    place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    try:
        _open(address, port, limit_s).close()
    except (ConnectionRefusedError, FileNotFoundError):  # the latter: of a Unix socket
        raise doctor_errors.port_refused(place) from None
    except TimeoutError:
        raise doctor_errors.port_timed_out(place, limit_s) from None
    except OSError as error:
        raise doctor_errors.port_unreachable(place, _reason(error)) from None
    return place


def _open(address: str, port: int, limit_s: float) -> socket.socket:
    if not is_socket_directory(address):
        return socket.create_connection((address, port), timeout=limit_s)
    path = f"{address}/.s.PGSQL.{port}"
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(limit_s)
        connection.connect("\0" + path[1:] if path.startswith("@") else path)
    except BaseException:
        connection.close()
        raise
    return connection


def certificate_ends_at(
    address: str, port: int, *, name: str, authorities: str | None, limit_s: float = LIMIT_S
) -> float | None:
    """The moment (seconds since the epoch) at which the certificate of `name` ends; None where it cannot be read.

    `authorities` is the file of those that are trusted, None for the operating system's. Only the chain is checked.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    with suppress(OSError, ValueError, KeyError):
        if authorities is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(authorities)
        with _open(address, port, limit_s) as plain:
            plain.sendall(_SSL_REQUEST)
            if plain.recv(1) == _SSL_ACCEPTED:
                with context.wrap_socket(plain, server_hostname=name) as tls:
                    end = (tls.getpeercert() or {})["notAfter"]
                    return float(ssl.cert_time_to_seconds(str(end)))
    return None


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).rstrip(".")
