"""Names that lead where a scenario wants them, as a DNS server would say it."""

import contextlib
import socket
from collections.abc import Iterator, Mapping
from typing import Any

RDS_HOST = "dentia.c1a2b3c4d5e6.eu-central-1.rds.amazonaws.com"


@contextlib.contextmanager
def resolved(names: Mapping[str, str | None]) -> Iterator[None]:
    """Names with their addresses; with None, the name does not exist."""
    real = socket.getaddrinfo

    def look_up(host: Any, *arguments: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        address = names.get(name, name)
        if address is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real(address, *arguments, **options)

    socket.getaddrinfo = look_up
    try:
        yield
    finally:
        socket.getaddrinfo = real
