"""Processes that carry runs out, each with servers and an engine of its own."""

import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from multiprocessing.util import Finalize
from pathlib import Path

from tests.fixtures import processes
from tests.fixtures.prisma_engine import live_engine
from tests.fixtures.servers import Servers
from tests.interop.alternation.bench import Bench, origins
from tests.interop.alternation.run import Tally


class _Place:
    """Where a process works."""

    bench: Bench


@contextlib.contextmanager
def new_bench() -> Iterator[Bench]:
    """A bench with servers of its own, for the length of a `with` block."""
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="alternation-")))
        servers = Servers(stack)
        running = [servers.get(origin) for origin in origins()]
        yield stack.enter_context(Bench(running, home, stack.enter_context(live_engine())))


def _furnish() -> None:
    stack = contextlib.ExitStack()
    # The process ends without what `atexit` knows of.
    Finalize(None, stack.close, exitpriority=10)
    _Place.bench = stack.enter_context(new_bench())


def _run(seed: int) -> Tally:
    return _Place.bench.run(seed)


def carried_out(seeds: Iterable[int], *, jobs: int) -> Iterator[Tally]:
    """What came of each run, as it comes."""
    return processes.carried_out(_run, seeds, jobs=jobs, furnish=_furnish)
