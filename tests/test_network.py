"""The way to a database: every step ends in time, and says which way it failed."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lambda_fn import network
from lambda_fn.deadline import bounded
from lambda_fn.errors import DatabaseUnreachable
from tests.fixtures.silence import silent_listener
from tests.fixtures.tls import NewTlsFront, ServerAuthority

LOOPBACK = "127.0.0.1"


def refusal(act: Callable[[], object]) -> DatabaseUnreachable:
    with pytest.raises(DatabaseUnreachable) as raised:
        act()
    return raised.value


@contextmanager
def stalled() -> Iterator[Callable[[str], list[str]]]:
    """A resolver that never answers, while the block lasts."""
    released = threading.Event()

    def resolve(host: str) -> list[str]:
        released.wait()
        return [host]

    yield resolve
    released.set()


@pytest.mark.parametrize("host", ["10.0.1.7", "::1", "fe80::1%eth0", "/var/run/postgresql", "@abstract"])
def test_an_address_or_a_socket_directory_is_not_looked_up(host: str) -> None:
    def resolve(host: str) -> list[str]:
        raise AssertionError(host)

    assert network.look_up(host, resolve=resolve) == (host,)


def test_a_name_leads_to_its_addresses_each_once() -> None:
    assert LOOPBACK in network.look_up("localhost")
    assert network.look_up("db", resolve=lambda host: ["10.0.1.7", "10.0.1.8", "10.0.1.7"]) == ("10.0.1.7", "10.0.1.8")


@pytest.mark.parametrize("host", ["nosuch.invalid", "a..b", "a" * 70 + ".internal", "a\0b"])
def test_a_name_without_an_address_is_told(host: str) -> None:
    error = refusal(lambda: network.look_up(host))

    assert error.code == "M320"
    assert host in error.problem


def test_a_dns_server_that_never_answers_is_not_waited_for() -> None:
    with stalled() as resolve:
        started_s = time.monotonic()
        error = refusal(lambda: network.look_up("db.internal", limit_s=0.2, resolve=resolve))

        assert error.code == "M321"
        assert time.monotonic() - started_s < 5


@pytest.mark.parametrize(
    ("address", "described"),
    [("10.0.1.7", "10.0.1.7"), ("fe80::1%eth0", "fe80::1%eth0"), ("8.8.8.8", "8.8.8.8 (public)")],
)
def test_a_public_address_is_called_so(address: str, described: str) -> None:
    assert network.describe_address(address) == described


def test_a_port_that_takes_connections_is_found_behind_one_that_does_not() -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]

        assert network.connect([LOOPBACK], port) == f"{LOOPBACK}:{port}"
        assert network.connect(["127.0.0.2", LOOPBACK], port) == f"{LOOPBACK}:{port}"


def test_a_port_that_is_refused_and_one_that_never_answers_are_told_apart() -> None:
    refused = refusal(lambda: network.connect([LOOPBACK], 1))
    with silent_listener() as port:
        silent = refusal(lambda: network.connect([LOOPBACK], port, limit_s=0.5))

    assert (refused.code, silent.code) == ("M322", "M323")
    assert "0.5 s" in silent.problem
    assert "MIGRATE_PORT" in refused.next_step
    assert "security group" in silent.next_step


def test_addresses_share_the_time_there_is() -> None:
    with silent_listener() as port:
        started_s = time.monotonic()
        error = refusal(lambda: network.connect([LOOPBACK] * 4, port, limit_s=1.0))

    assert "0.25 s" in error.problem
    assert time.monotonic() - started_s < 5


def test_an_address_to_which_there_is_no_way_is_told_with_the_reason() -> None:
    # Broadcasts are not for TCP.
    error = refusal(lambda: network.connect(["255.255.255.255"], 5432))

    assert error.code == "M324"
    assert "255.255.255.255:5432" in error.problem


def test_a_unix_socket_is_connected_to_by_its_directory(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / ".s.PGSQL.5432"))
        listener.listen()

        assert network.connect([str(tmp_path)], 5432) == f"{tmp_path}:5432"
        assert refusal(lambda: network.connect([str(tmp_path)], 5433)).code == "M322"


def test_what_a_bounded_call_raises_is_raised() -> None:
    def fail() -> None:
        raise LookupError("x")

    with pytest.raises(LookupError, match="x"):
        bounded(fail, 5)
    assert bounded(lambda: 7, 5) == 7


def test_the_end_of_a_certificate_is_read_where_its_authority_is_trusted(
    new_tls_front: NewTlsFront, authority: ServerAuthority, tmp_path: Path
) -> None:
    front, plain = new_tls_front(authority.server_context("db.internal")), new_tls_front(None)
    other = ServerAuthority(tmp_path)

    def ends_at(port: int, authorities: Path | None) -> float | None:
        return network.certificate_ends_at(
            LOOPBACK, port, name="db.internal", authorities=str(authorities) if authorities else None
        )

    assert (ends_at(front.port, authority.ca_file) or 0) > time.time()
    assert ends_at(front.port, other.ca_file) is None
    assert ends_at(front.port, None) is None
    assert ends_at(front.port, tmp_path / "nosuch.pem") is None
    assert ends_at(plain.port, authority.ca_file) is None
    assert ends_at(1, authority.ca_file) is None
