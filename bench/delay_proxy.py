"""A TCP proxy that makes a way longer: `python -m bench.delay_proxy HOST PORT RTT_MS` prints the port it listens on.

It is a process of its own with one thread. What arrives is passed on after half of the round-trip time, in order; while
it waits it goes on to receive. It ends when its standard input does.
"""

import contextlib
import select
import socket
import sys
import time
from collections import deque
from dataclasses import dataclass, field

_RECEIVED_BYTES = 256 * 1024
_MOST_ON_THE_WAY_BYTES = 4 * 2**20


@dataclass(slots=True, eq=False)
class Way:
    """One direction of a connection: what was received from `source` and is due at `target`."""

    source: socket.socket
    target: socket.socket
    delay_s: float
    on_the_way: deque[tuple[float, bytes]] = field(default_factory=deque)
    waiting_bytes: int = 0
    ended: bool = False

    @property
    def receives(self) -> bool:
        """Whether there is room for more."""
        return not self.ended and self.waiting_bytes < _MOST_ON_THE_WAY_BYTES

    @property
    def due_s(self) -> float | None:
        """When the next is to be passed on."""
        return self.on_the_way[0][0] if self.on_the_way else None

    def receive(self) -> None:
        """Take what has arrived; an empty piece is the end of the stream, which is passed on in its turn."""
        try:
            content = self.source.recv(_RECEIVED_BYTES)
        except BlockingIOError:
            return
        except OSError:
            content = b""
        self.ended = not content
        self.waiting_bytes += len(content)
        self.on_the_way.append((time.monotonic() + self.delay_s, content))

    def pass_on(self) -> None:
        """Send what is due, as far as the target takes it."""
        now_s = time.monotonic()
        while self.on_the_way and self.on_the_way[0][0] <= now_s:
            due_s, content = self.on_the_way.popleft()
            sent = self._sent(content)
            self.waiting_bytes -= sent
            if sent < len(content):
                self.on_the_way.appendleft((due_s, content[sent:]))
                return

    def _sent(self, content: bytes) -> int:
        try:
            if not content:
                self.target.shutdown(socket.SHUT_WR)
                return 0
            return self.target.send(content)
        except BlockingIOError:
            return 0
        except OSError:  # it is gone, and so is what was to reach it
            self.on_the_way.clear()
            self.ended = True
            return len(content)


class DelayProxy:
    """Listens on a port of 127.0.0.1 for connections to one place."""

    def __init__(self, host: str, port: int, rtt_ms: float) -> None:
        self._place = (host, port)
        self._delay_s = rtt_ms / 2000
        self._ways: list[Way] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def run(self, until: socket.socket | int) -> None:
        """Pass on until something can be read from `until`."""
        while True:
            sources = {way.source: way for way in self._ways if way.receives}
            now_s = time.monotonic()
            full = {way.target: way for way in self._ways if way.due_s is not None and way.due_s <= now_s}
            readable, _, _ = select.select([until, self._listener, *sources], list(full), [], self._pause_s(now_s))
            if until in readable:
                return
            if self._listener in readable:
                self._accept()
            for each in readable:
                if each in sources:
                    sources[each].receive()
            for way in self._ways:
                way.pass_on()
            self._forget_ended()

    def close(self) -> None:
        """Stop listening, and end what is still there."""
        for each in (self._listener, *(way.source for way in self._ways)):
            each.close()

    def _pause_s(self, now_s: float) -> float | None:
        """Until the next piece is due; one that is due already waits for its target to take it."""
        later = [way.due_s for way in self._ways if way.due_s is not None and way.due_s > now_s]
        return min(later) - now_s if later else None

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        try:
            server = socket.create_connection(self._place)
        except OSError:
            client.close()
            return
        for each in (client, server):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            each.setblocking(False)
        self._ways += [Way(client, server, self._delay_s), Way(server, client, self._delay_s)]

    def _forget_ended(self) -> None:
        """Close the connections that both sides have ended; a way and its way back stand side by side."""
        pairs = [self._ways[place : place + 2] for place in range(0, len(self._ways), 2)]
        self._ways = [way for pair in pairs if not self._is_over(pair) for way in pair]

    def _is_over(self, pair: list[Way]) -> bool:
        over = all(way.ended and not way.on_the_way for way in pair)
        if over:
            pair[0].source.close()
            pair[0].target.close()
        return over


def main() -> None:
    """Run until standard input ends."""
    host, port, rtt_ms = sys.argv[1:]
    proxy = DelayProxy(host, int(port), float(rtt_ms))
    print(proxy.port, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        proxy.run(sys.stdin.fileno())


if __name__ == "__main__":
    main()
