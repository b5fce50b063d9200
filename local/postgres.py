"""A real, throw-away PostgreSQL server for the demo and the tests."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from local.bound_child import bound_command
from local.postgres_binaries import Binaries, BinariesNotFound, Origin, find_binaries, first_binaries
from local.postgres_home import create_home, give_to, reachable_binaries, remove_home, server_identity

__all__ = ["Binaries", "BinariesNotFound", "Origin", "PostgresServer", "ServerAddress", "find_binaries"]

StopMode = Literal["smart", "fast", "immediate", "kill"]
STOP_SIGNALS: Mapping[StopMode, signal.Signals] = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
    "kill": signal.SIGKILL,
}
START_LIMIT_S = 30.0
STOP_LIMIT_S = 10.0
FIRST_VERSION_WITH_STRATEGY = 15
POLL_INTERVAL_S = 0.02
PORT_TAKEN = "Address already in use"  # by another program, between the choice of the port and its use
# A killed server leaves the other two behind for a moment.
PASSING_TROUBLES = (
    PORT_TAKEN,
    "pre-existing shared memory block",
    'lock file "postmaster.pid" already exists',
)


class ServerStartFailed(Exception):
    """The server did not begin to accept connections; the message ends with the last lines of its log."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """What a client needs to know of a running server."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    version: str
    bin_directory: Path

    def url(self, database: str) -> str:
        """Return the URL of a database of the server, with the password in it."""
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"postgresql://{login}@{self.host}:{self.port}/{quote(database, safe='')}"


class PostgresServer:
    """A PostgreSQL server of its own directory, port and password, which ends with the `with` block.

    It listens on 127.0.0.1 only, asks for the password with SCRAM, and runs as `nobody` when started by root.
    On Linux it also ends when the thread that started it ends, however that happens; elsewhere it outlives a
    parent that is killed. `settings` are server settings (`postgresql.conf`) in addition to `fsync=off`.
    """

    def __init__(self, binaries: Binaries | None = None, *, settings: Mapping[str, str | int] | None = None) -> None:
        self._binaries = binaries or first_binaries()
        self._settings = {"fsync": "off", **(settings or {})}
        self._identity = server_identity()
        self._password = secrets.token_urlsafe(24)
        self._port = 0
        self._home: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._initialise()
            self.start()
        except BaseException:  # Ctrl-C too: nothing may be left behind
            self.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def address(self) -> ServerAddress:
        """Return how to reach the server; it stays the same over `stop` and `start`."""
        binaries = self._binaries
        return ServerAddress("127.0.0.1", self._port, "postgres", self._password, binaries.version, binaries.directory)

    @property
    def home(self) -> Path:
        """Return the temporary directory that holds the data directory and the log."""
        if self._home is None:
            raise RuntimeError("the server has no directory: it was not entered, or it is closed")
        return self._home

    @property
    def log(self) -> str:
        """Return the text of the server's log, from the first start on."""
        return self._log_path.read_text(errors="replace") if self._log_path.exists() else ""

    @property
    def pid(self) -> int | None:
        """Return the process id of the server, or None while it is stopped."""
        return self._process.pid if self._process else None

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database of this server."""
        return self.address.url(database)

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """Open an autocommit connection as the superuser."""
        address = self.address
        return psycopg.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password,
            dbname=database,
            sslmode="disable",  # whatever PGSSLMODE says: the builds from wheels have no TLS
            autocommit=True,
        )

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """Create a database and return its URL."""
        # Copying files takes half the time of writing the copy to the log, where nothing has to outlive a crash.
        strategy = "" if self._binaries.major_version < FIRST_VERSION_WITH_STRATEGY else "STRATEGY FILE_COPY"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} {}").format(
            sql.Identifier(name), sql.Identifier(template), sql.SQL(strategy)
        )
        self._execute(statement)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and end the sessions in it; one that does not exist is fine."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def start(self) -> None:
        """Start the server, again after a `stop`, on the same port and data; raise ServerStartFailed."""
        if self._process:
            raise RuntimeError("the server is running already")
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            trouble = self._attempt(deadline)
            if trouble is None:
                return
            if time.monotonic() > deadline or not any(passing in trouble for passing in PASSING_TROUBLES):
                raise ServerStartFailed(f"PostgreSQL {self._binaries.version} did not start:\n{trouble.strip()}")
            time.sleep(POLL_INTERVAL_S)

    def stop(self, mode: StopMode = "fast") -> None:
        """Stop the server and wait for its end; one that takes over 10 s is ended without ceremony."""
        if self._process is None:
            return
        for stop_signal in (STOP_SIGNALS[mode], signal.SIGQUIT, signal.SIGKILL):
            self._process.send_signal(stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_LIMIT_S)
                break
        self._process = None

    def close(self) -> None:
        """Stop the server and remove its directory."""
        try:
            self.stop("fast")
        finally:  # a second Ctrl-C may have cut the wait short
            self.stop("immediate")
            if self._home:
                remove_home(self._home)
                self._home = None

    def _initialise(self) -> None:
        self._home = create_home(self._identity)
        self._binaries = reachable_binaries(self._binaries, self._home, self._identity)
        password_file = self._home / "password"
        password_file.touch(mode=0o600)
        give_to(password_file, self._identity)
        password_file.write_text(self._password)
        self._run(
            *("initdb", "--pgdata", self._home / "data", "--username", "postgres", "--encoding", "UTF8"),
            *("--auth", "scram-sha-256", "--pwfile", password_file, "--locale", "C", "--no-sync"),
        )
        password_file.unlink()

    def _run(self, program: str, *arguments: str | Path) -> None:
        with subprocess.Popen(
            self._bound(program, *arguments),
            cwd=self.home,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:
            try:
                output, _ = process.communicate()
            except BaseException:  # Ctrl-C: the processes that the program has started must end too
                os.killpg(process.pid, signal.SIGKILL)
                raise
        if process.returncode != 0:
            raise ServerStartFailed(f"{program} failed:\n{output.decode(errors='replace').strip()}")

    def _attempt(self, deadline: float) -> str | None:
        """Start the server once; return None when it is ready, else the log of the failure."""
        first_start = not self._port
        self._port = self._port or free_port()
        log_start = len(self.log)
        try:
            self._spawn()
            if self._becomes_ready(deadline):
                return None
        except BaseException:
            self.stop("immediate")
            raise
        self.stop("immediate")
        trouble = self.log[log_start:]
        if first_start and PORT_TAKEN in trouble:
            self._port = 0
        return trouble

    def _spawn(self) -> None:
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", **self._settings}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self._bound("postgres", "-D", self.home / "data", "-p", str(self._port), *options),
                cwd=self.home,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # so that Ctrl-C reaches only the parent, which stops the server
            )

    def _becomes_ready(self, deadline: float) -> bool:
        assert self._process
        while self._process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(psycopg.OperationalError):
                self.connect().close()
                return True
            time.sleep(POLL_INTERVAL_S)
        return False

    def _bound(self, program: str, *arguments: str | Path) -> list[str]:
        # SIGQUIT: the server ends at once and takes its own children along.
        command = [self._binaries.program(program), *arguments]
        return bound_command(command, death_signal=signal.SIGQUIT, identity=self._identity)

    def _execute(self, statement: sql.Composed) -> None:
        with self.connect() as connection:
            connection.execute(statement)

    @property
    def _log_path(self) -> Path:
        return self.home / "server.log"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _environment() -> dict[str, str]:
    # Nothing of the caller's locale, time zone or PG* variables may shape the server.
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
