"""The way becomes longer, and nothing else."""

import random
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from bench.delay_proxy import DelayProxy

RTT_MS = 40.0


def echo(listener: socket.socket) -> None:
    """Send back to one client what it sends, until it has no more."""
    with listener.accept()[0] as connection:
        while content := connection.recv(65536):
            connection.sendall(content)


@pytest.fixture
def client() -> Iterator[socket.socket]:
    """A connection by way of a proxy to somebody who sends everything back."""
    bell, rings = socket.socketpair()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = DelayProxy("127.0.0.1", listener.getsockname()[1], RTT_MS)
        threads = [threading.Thread(target=echo, args=[listener]), threading.Thread(target=proxy.run, args=[rings])]
        for each in threads:
            each.start()
        with socket.socket() as connection:
            connection.settimeout(10)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)  # full soon, so that sending has to wait
            connection.connect(("127.0.0.1", proxy.port))
            yield connection
        threads[0].join()
        bell.send(b"x")
        threads[1].join()
        proxy.close()
    bell.close()
    rings.close()


def receive(client: socket.socket, size: int) -> bytes:
    content = bytearray()
    while len(content) < size:
        content += client.recv(65536)
    return bytes(content)


def test_a_round_trip_takes_so_much_longer(client: socket.socket) -> None:
    began_s = time.monotonic()
    client.sendall(b"x")
    client.recv(1)

    assert time.monotonic() - began_s >= RTT_MS / 1000


def test_what_is_on_the_way_does_not_hold_up_what_comes_behind_it(client: socket.socket) -> None:
    """Three messages, a quarter of the round trip apart: the last is back a round trip after it was sent."""
    began_s = time.monotonic()
    for each in (b"a", b"b", b"c"):
        client.sendall(each)
        time.sleep(RTT_MS / 4000)

    assert receive(client, 3) == b"abc"
    assert time.monotonic() - began_s < 2 * RTT_MS / 1000


def test_much_comes_through_whole_and_in_order(client: socket.socket) -> None:
    content = random.Random(0).randbytes(5_000_000)  # more than the proxy holds at a time
    sender = threading.Thread(target=client.sendall, args=[content])
    sender.start()
    time.sleep(0.1)  # with nobody who reads

    assert receive(client, len(content)) == content
    sender.join()


def test_the_end_of_the_stream_is_passed_on_behind_what_was_sent(client: socket.socket) -> None:
    client.sendall(b"last words")
    client.shutdown(socket.SHUT_WR)

    assert receive(client, 10) == b"last words"
    assert client.recv(1) == b""
