"""Packages as people build them, each once for all workers."""

import fcntl
from collections.abc import Callable
from pathlib import Path

import pytest

from release.archive import write_archive
from release.target import Target
from tests.fixtures.projects import ROOT
from tests.release.building import Build, download_wheels, native_target


class Once:
    """Makes directories that all workers of a test run share."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __call__(self, name: str, make: Callable[[Path], object]) -> Path:
        """The directory of that name; `make` fills it where no worker has done so yet."""
        with (self._root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            directory, done = self._root / name, self._root / f"{name}.done"
            if not done.exists():
                make(directory)
                done.touch()
        return directory


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Once:
    """What makes directories that all workers share."""
    base = tmp_path_factory.getbasetemp()
    return Once(base if worker_id == "master" else base.parent)


@pytest.fixture(scope="session")
def wheels(once: Once) -> Path:
    """The wheels of the released package, of the image for this CPU and of a package for this machine."""
    native = native_target()
    targets = {Target(), Target(architecture=native.architecture), native}
    return once("wheels", lambda directory: download_wheels(targets, directory))


@pytest.fixture(scope="session")
def build(wheels: Path) -> Build:
    """Builds without the network."""
    return Build(wheels)


@pytest.fixture(scope="session")
def native_package(build: Build, once: Once) -> Path:
    """The package for this machine's interpreter and CPU, with the sample migrations in it."""
    return once("native", lambda package: build.package(package, native_target(), ROOT / "migrations"))


@pytest.fixture(scope="session")
def native_zip(native_package: Path, once: Once) -> Path:
    """The same as a zip file."""
    return once("native.zip", lambda file: write_archive(native_package, file))


@pytest.fixture(scope="session")
def shipped_package(build: Build, once: Once) -> Path:
    """The bare runner as it is released, built where there is no interpreter of the runtime's version."""
    return once("shipped", lambda package: build.package(package, Target(), PATH=""))
