"""Where is measured: a server, databases of its own for each run, and longer ways to it."""

import contextlib
import itertools
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from local.bound_child import bound_command
from local.invocation import PROJECT_ROOT
from local.postgres import PostgresServer
from local.postgres_binaries import first_binaries

MEMORY = Path("/dev/shm")  # noqa: S108  only what mkdtemp makes in it is used
DISK = Path("/var/tmp")  # noqa: S108  likewise; unlike /tmp it is never in memory
_ROOM_BYTES = 4 * 2**30
_ASKED_FOR_MS = 1000.0
_SHORTEST_MS = 5.0
_WRITTEN = 200
_WRITE: LiteralString = "INSERT INTO written VALUES (1)"
# No vacuum and no checkpoint in the middle of a run, which would be some tool's bad luck.
_SETTINGS = {"autovacuum": "off", "checkpoint_timeout": "1h", "max_wal_size": "8GB"}
SETTINGS_OF_MEMORY = {"fsync": "off", **_SETTINGS}
SETTINGS_OF_DISK = {"fsync": "on", **_SETTINGS}
_OWN_TABLES = (
    *("_prisma_migrations", "schema_migrations", "alembic_version", "pgmigrations"),
    *("_yoyo_log", "_yoyo_migration", "_yoyo_version", "yoyo_lock"),
)
_TABLES = """
SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND relname <> ALL (%s)
AND relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_' OR nspname = 'information_schema')
"""


class Place:
    """A server, and proxies before it by the round-trip time that they add."""

    def __init__(self, server: PostgresServer, stack: contextlib.ExitStack) -> None:
        self.server = server
        self._stack = stack
        self._numbers = itertools.count(1)
        self._ports: dict[float, int] = {}

    @property
    def server_pid(self) -> int:
        """The process whose children serve the sessions."""
        assert self.server.pid is not None
        return self.server.pid

    def create_database(self) -> str:
        """A new, empty database; returns its name."""
        name = f"bench_{next(self._numbers)}"
        with self.server.connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database of this place."""
        self.server.drop_database(name)

    def url(self, database: str, latency_ms: float = 0) -> str:
        """How a tool reaches a database; without added latency directly, without a proxy between."""
        url = f"{self.server.url(database)}?sslmode=disable"
        port = self.server.address.port
        return url.replace(f":{port}/", f":{self._port(latency_ms)}/") if latency_ms else url

    def without_password(self, said: str) -> str:
        """What a tool said, which may have been given the password in a URL."""
        return said.replace(self.server.address.password, "***")

    def tables(self, database: str) -> int:
        """How many tables a database has, those that the tools keep their histories in not counted."""
        with self.server.connect(database) as connection:
            row = connection.execute(_TABLES, [list(_OWN_TABLES)]).fetchone()
        assert row is not None
        return int(row[0])

    def round_trip_ms(self, latency_ms: float) -> float:
        """The median time of a query that does nothing."""
        times = round(_ASKED_FOR_MS / max(latency_ms, _SHORTEST_MS))
        with psycopg.connect(self.url("postgres", latency_ms), autocommit=True) as connection:
            return statistics.median(_query_ms(connection) for _ in range(times))

    def commit_ms(self) -> float:
        """The median time of a transaction that writes one row."""
        database = self.create_database()
        with self.server.connect(database) as connection:
            connection.execute("CREATE TABLE written (number int)")
            elapsed_ms = statistics.median(_query_ms(connection, _WRITE) for _ in range(_WRITTEN))
        self.drop_database(database)
        return elapsed_ms

    def _port(self, latency_ms: float) -> int:
        """That of a proxy which adds so much, as measured: its own work takes time too."""
        if latency_ms not in self._ports:
            with _proxy(self.server, latency_ms) as self._ports[latency_ms]:
                excess_ms = self.round_trip_ms(latency_ms) - self.round_trip_ms(0) - latency_ms
            proxy = _proxy(self.server, max(0.0, latency_ms - excess_ms))
            self._ports[latency_ms] = self._stack.enter_context(proxy)
        return self._ports[latency_ms]


def _query_ms(connection: psycopg.Connection, query: LiteralString = "SELECT 1") -> float:
    began_s = time.perf_counter()
    connection.execute(query)
    return (time.perf_counter() - began_s) * 1000


@contextlib.contextmanager
def _proxy(server: PostgresServer, latency_ms: float) -> Iterator[int]:
    """A proxy for the length of a `with` block; yields the port that it listens on."""
    address = server.address
    words = (sys.executable, "-m", "bench.delay_proxy", address.host, str(address.port), str(latency_ms))
    with subprocess.Popen(
        bound_command(words, death_signal=signal.SIGKILL),
        cwd=PROJECT_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.stdin.close()


@contextlib.contextmanager
def place_in_memory() -> Iterator[Place]:
    """A server without fsync, in memory where there is room, so that no disk is measured."""
    with _temporary_files_in(MEMORY if has_room(MEMORY) else None), _place(SETTINGS_OF_MEMORY) as place:
        yield place


@contextlib.contextmanager
def place_on_disk() -> Iterator[Place]:
    """A server with fsync, on a disk."""
    with _temporary_files_in(DISK), _place(SETTINGS_OF_DISK) as place:
        yield place


def has_room(directory: Path) -> bool:
    """Whether a directory takes what a whole run writes."""
    if not os.access(directory, os.W_OK | os.X_OK):
        return False
    system = os.statvfs(directory)
    return not system.f_flag & os.ST_NOEXEC and system.f_bavail * system.f_frsize >= _ROOM_BYTES


@contextlib.contextmanager
def _place(settings: dict[str, str]) -> Iterator[Place]:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(PostgresServer(first_binaries("wheel"), settings=settings))
        yield Place(server, stack)


@contextlib.contextmanager
def _temporary_files_in(directory: Path | None) -> Iterator[None]:
    """Have the server's directory, and the tools' files, made in that directory."""
    before, tempfile.tempdir = tempfile.tempdir, str(directory) if directory else None
    try:
        yield
    finally:
        tempfile.tempdir = before
