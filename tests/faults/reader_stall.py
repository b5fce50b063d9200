"""How long readers stall while a migration waits for a lock: `python -m tests.faults.reader_stall`.

A transaction reads a table and stays open for 3 s. Readers that come behind an ALTER TABLE that waits for it have to
wait as long as that does. Three ways of waiting are measured in one run: the ladder of our deploy, a lock_timeout of
300 ms with retry, and no timeout.
"""

import contextlib
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg

from local.postgres import PostgresServer
from local.postgres_binaries import first_binaries
from tests.faults.bench import deploy
from tests.faults.scenarios import File, write_files

BLOCKED_S = 3.0
FIXED_MS = 300
_READERS = 4
_LOOK_S = 0.001
_PAUSE_S = 0.1
_LONGEST_S = 60.0


class Readers:
    """Sessions that read a table over and over."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stop = threading.Event()
        self.longest_s = 0.0
        """The longest that one of them has waited."""

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """They read for the length of a `with` block."""
        threads = [threading.Thread(target=self._read) for _ in range(_READERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _read(self) -> None:
        with psycopg.connect(self._url, autocommit=True, prepare_threshold=None) as session:
            while not self._stop.wait(_LOOK_S):
                began_s = time.monotonic()
                session.execute("SELECT count(*) FROM item")
                self.longest_s = max(self.longest_s, time.monotonic() - began_s)


@contextlib.contextmanager
def long_transaction(url: str) -> Iterator[None]:
    """A transaction that has read the table and stays open for a while, or for the length of a `with` block."""
    with psycopg.connect(url) as session:
        session.execute("SELECT count(*) FROM item")
        timer = threading.Timer(BLOCKED_S, session.rollback)
        timer.start()
        try:
            yield
        finally:
            timer.join()


def by_ladder(url: str, directory: Path) -> None:
    """Our deploy."""
    answer = deploy(url, directory, remaining_s=_LONGEST_S)
    assert answer.is_done, answer


def by_fixed_timeout(url: str, _: Path) -> None:
    """What is widely advised: a lock_timeout, and the same again."""
    with psycopg.connect(url, autocommit=True) as session:
        session.execute(f"SET lock_timeout = {FIXED_MS}")
        while True:
            try:
                session.execute("ALTER TABLE item ADD COLUMN price int")
            except psycopg.errors.LockNotAvailable:
                time.sleep(_PAUSE_S)
            else:
                return


def without_timeout(url: str, _: Path) -> None:
    """What happens where nobody thinks of it."""
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("ALTER TABLE item ADD COLUMN price int")


Way = Callable[[str, Path], None]
WAYS: dict[str, Way] = {
    "our ladder": by_ladder,
    f"a lock_timeout of {FIXED_MS} ms, and again": by_fixed_timeout,
    "no timeout": without_timeout,
}


def measure(server: PostgresServer, way: Way, home: Path) -> float:
    """The longest stall of a reader in seconds, while a column is added to the table that they read."""
    name = f"stall_{way.__name__}"
    url = server.create_database(name)
    directory = home / name
    first = File("20240101000000_item", ("CREATE TABLE item (id int); INSERT INTO item VALUES (1);",))
    second = File("20240102000000_price", ("ALTER TABLE item ADD COLUMN price int;",))
    by_ladder(url, write_files(directory / "first", (first,)))
    readers = Readers(url)
    with long_transaction(url), readers.reading():
        way(url, write_files(directory / "both", (first, second)))
    server.drop_database(name)
    return readers.longest_s


def main() -> None:
    """Print the three figures."""
    print(f"longest stall of a reader behind a transaction of {BLOCKED_S:g} s, while ALTER TABLE waits for it:")
    with PostgresServer(first_binaries("wheel")) as server, tempfile.TemporaryDirectory() as home:
        for name, way in WAYS.items():
            print(f"  {name}: {measure(server, way, Path(home)) * 1000:.0f} ms")


if __name__ == "__main__":
    main()
