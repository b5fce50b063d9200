"""Where the bench measures, in the tests: on the embedded server that all of them share."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from bench.place import Place
from bench.process import adopting_orphans
from local.postgres import PostgresServer


@pytest.fixture
def orphans() -> Iterator[None]:
    """What runs are started from. Skips the test on other systems than Linux."""
    if sys.platform != "linux":
        pytest.skip("the bench asks Linux what a process took")
    with adopting_orphans():
        yield


@pytest.fixture
def place(orphans: None, one_server: PostgresServer) -> Iterator[Place]:
    """The embedded server."""
    with ExitStack() as stack:
        yield Place(one_server, stack)
