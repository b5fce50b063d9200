"""The HTTP server that the local stand-ins of AWS are built on."""

import contextlib
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STOP_INTERVAL_S = 0.02


class QuietHandler(BaseHTTPRequestHandler):
    """A request handler that reads and writes whole bodies and prints nothing."""

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing: requests here may be about secrets."""

    def read_body(self) -> bytes:
        """Return the body of the request."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """Send a whole answer."""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class LocalHttpServer(ThreadingHTTPServer):
    """A server on a free port of 127.0.0.1, a thread for each connection."""

    daemon_threads = True

    def __init__(self, new_handler: Callable[..., QuietHandler]) -> None:
        super().__init__(("127.0.0.1", 0), new_handler)

    def server_bind(self) -> None:
        """Bind without the look-up of the host's name, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report an error of a handler, unless it is that the client went away."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def authority(self) -> str:
        """Return `host:port`."""
        return f"{self.server_name}:{self.server_port}"


@contextlib.contextmanager
def serve(new_handler: Callable[..., QuietHandler]) -> Iterator[LocalHttpServer]:
    """Serve from a thread of its own until the `with` block ends."""
    with LocalHttpServer(new_handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(STOP_INTERVAL_S,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
