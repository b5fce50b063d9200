"""A bench on the embedded server, for all tests of a process."""

from collections.abc import Iterator

import pytest

from tests.faults.bench import Bench
from tests.fixtures.servers import Servers


@pytest.fixture(scope="session")
def bench(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Scenarios on the embedded server."""
    with Bench(servers.get("wheel"), tmp_path_factory.mktemp("faults")) as bench:
        yield bench
