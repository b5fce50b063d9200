"""Runs what docs/operations.md and docs/from-container-startup.md show: `python -m tests.operations_reference`.

The prose is written by hand. What stands between `<!-- ran: NAME -->` and `<!-- end -->` is what the scenario NAME
printed, on a real database.
"""

import contextlib
import re
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from local.postgres import PostgresServer
from local.postgres_binaries import first_binaries
from tests.operations import asking, failing, locked, moving, reaching
from tests.operations.place import Place
from tests.operations.scenario import Scenario

_DOCS = Path(__file__).parents[1] / "docs"
DOCUMENTS = (_DOCS / "operations.md", _DOCS / "from-container-startup.md")
SCENARIOS = (*asking.SCENARIOS, *failing.SCENARIOS, *locked.SCENARIOS, *moving.SCENARIOS, *reaching.SCENARIOS)
_BLOCK = re.compile(r"(<!-- ran: ([\w-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def blocks_in(text: str) -> list[tuple[str, str]]:
    """The names and the blocks of a document."""
    return [(found[2], found[3]) for found in _BLOCK.finditer(text)]


def with_blocks(text: str, ran: Mapping[str, str]) -> str:
    """The document with the blocks that ran; the others stay as they are."""
    return _BLOCK.sub(lambda found: f"{found[1]}{ran.get(found[2], found[3])}{found[4]}", text)


def fenced(seen: str) -> str:
    """What was seen on a console, as a block."""
    return f"```console\n{seen}```\n"


def play(scenarios: Iterable[Scenario], server: PostgresServer) -> Iterator[tuple[str, str]]:
    """The names and the blocks of the scenarios that can be run here; says of the others why not."""
    for each in scenarios:
        if (reason := each.missing()) is not None:
            print(f"{each.name} is not run: {reason}")
            continue
        with place_on(server) as place:
            each.play(place)
            yield each.name, fenced(place.text)


@contextlib.contextmanager
def place_on(server: PostgresServer) -> Iterator[Place]:
    """A place with a new database on the server, removed afterwards."""
    database = f"operations_{secrets.token_hex(6)}"
    server.create_database(database)
    try:
        with tempfile.TemporaryDirectory() as directory:
            place = Place(Path(directory).resolve(), server, database)
            with contextlib.closing(place):
                yield place
    finally:
        server.drop_database(database)


def main() -> None:
    """Write the blocks into the documents."""
    with PostgresServer(first_binaries("wheel")) as server:
        ran = dict(play(SCENARIOS, server))
    for path in DOCUMENTS:
        path.write_text(with_blocks(path.read_text(), ran), encoding="utf-8")


if __name__ == "__main__":
    main()
