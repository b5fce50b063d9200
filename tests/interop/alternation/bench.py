"""Where runs are carried out: both servers in turn, and the two tools."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from local.postgres import BinariesNotFound, PostgresServer
from local.postgres_binaries import Origin, first_binaries
from tests.fixtures.prisma_engine import LiveEngine
from tests.interop.alternation.place import Place, new_place
from tests.interop.alternation.run import Run, Tally, Tools, schema_of
from tests.interop.alternation.tools import Ours, Prisma

_ORIGINS: tuple[Origin, ...] = ("wheel", "machine")


def origins() -> tuple[Origin, ...]:
    """The servers that there are, the embedded one first."""
    found: list[Origin] = []
    for origin in _ORIGINS:
        with contextlib.suppress(BinariesNotFound):
            first_binaries(origin)
            found.append(origin)
    return tuple(found)


class Bench:
    """Runs on servers that go on; `home` takes the migrations directories."""

    def __init__(self, servers: Sequence[PostgresServer], home: Path, engine: LiveEngine) -> None:
        self._servers = servers
        self._home = home
        self.tools = Tools(Ours(), Prisma(engine))
        self._places: dict[int, tuple[Place, Place]] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def run(self, seed: int, tools: Tools | None = None) -> Tally:
        """The run of a seed, which also says on which server and in which schema; `tools` stand in for the real."""
        place, spare = self._places_on(seed % len(self._servers))
        place.schema = schema_of(seed)
        place.empty()
        return Run(seed, place, spare, tools or self.tools).carry_out()

    def _places_on(self, number: int) -> tuple[Place, Place]:
        """Where runs happen on a server, and where copies are made."""
        if number not in self._places:
            new = (new_place(self._servers[number], self._home) for _ in range(2))
            place, spare = map(self._stack.enter_context, new)
            self._places[number] = place, spare
        return self._places[number]
