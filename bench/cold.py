"""What a cold start costs: fresh interpreters, and then the function under AWS's runtime client."""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from bench.function import Running, package, running
from bench.place import Place
from bench.process import Failed, run
from bench.results import Cell, Sample, Series
from bench.sections import Given, cell
from bench.tools.ours import Ours, write_directory
from bench.tools.tool import Command
from bench.work import generated
from local.secrets_manager import LocalSecretsManager

APPLIED = 1000
WARM_INVOCATIONS = 5
_LIMIT_S = 60.0
_LOGIN = "bench/database"
_WITHOUT_BYTE_CODE = {"PYTHONDONTWRITEBYTECODE": "1"}
_CONNECT = "import os, psycopg\nwith psycopg.connect(os.environ['DATABASE_URL']) as c: c.execute('SELECT 1').fetchone()"
_CONTEXT = """class Context:
    aws_request_id = function_name = log_group_name = log_stream_name = memory_limit_in_mb = invoked_function_arn = "b"
    def get_remaining_time_in_millis(self):
        return 60000
"""
# In the order in which they were begun, so that each finds what it imports.
_FIRST_NOOP = f"""import io, json, sys
before = set(sys.modules)
import lambda_fn.handler
{_CONTEXT}
sys.stdout = io.StringIO()
answer = lambda_fn.handler.lambda_handler({{}}, Context())
sys.stdout = sys.__stdout__
assert answer["status"] == "upToDate", answer
found = [name for name, each in sys.modules.items() if getattr(getattr(each, "__spec__", None), "name", None) == name]
print(json.dumps([name for name in found if name not in before and name != "__main__"]))
"""
_IMPORTS = "from importlib import import_module\nfor name in {names!r}: import_module(name)"


@dataclass(frozen=True, slots=True)
class Target:
    """A database and the migrations for it, with the variables that lead the function to both."""

    place: Place
    database: str
    directory: Path

    @property
    def variables(self) -> dict[str, str]:
        """With the database's URL."""
        return {"DATABASE_URL": self.place.url(self.database), "MIGRATE_DIR": str(self.directory)}

    def with_secret(self, manager: LocalSecretsManager) -> dict[str, str]:
        """With the login in Secrets Manager, as Amazon RDS writes it."""
        address = self.place.server.address
        login = {"username": address.user, "password": address.password}
        where = {"engine": "postgres", "host": address.host, "port": address.port, "dbname": self.database}
        manager.put(_LOGIN, {**login, **where})
        return {**manager.environment, "MIGRATE_SECRET_ID": _LOGIN, "MIGRATE_DIR": str(self.directory)}


@contextlib.contextmanager
def prepared(place: Place, count: int) -> Iterator[Target]:
    """A new database in which all of so many migrations are still to be applied, for the length of a `with` block."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        write_directory(generated(count).migrations, Path(directory))
        database = place.create_database()
        yield Target(place, database, Path(directory))
        place.drop_database(database)


@contextlib.contextmanager
def migrated(place: Place, count: int) -> Iterator[Target]:
    """The same, with all of them applied."""
    with prepared(place, count) as target:
        ended = run(Ours().command(place.url(target.database), target.directory), limit_s=_LIMIT_S)
        if ended.exit_code != 0:
            raise Failed(place.without_password(ended.said))
        yield target


def cold(given: Given) -> Iterator[Cell]:
    """Whole interpreters, and the parts of the function's start."""
    with package() as (packaged, bare), migrated(given.place, APPLIED) as target:
        programs = _programs(packaged, target)
        series = [*_interpreters("byte code", packaged, programs, target, given.rounds)]
        series += _interpreters("no byte code", bare, programs, target, given.rounds)
        yield cell("cold", "interpreters", series, given.rounds)
        with LocalSecretsManager() as manager:
            series = [*_function("DATABASE_URL", packaged, target.variables, target, given.rounds)]
            series += _function(
                "DATABASE_URL, no byte code", bare, {**target.variables, **_WITHOUT_BYTE_CODE}, target, given.rounds
            )
            series += _function("Secrets Manager", packaged, target.with_secret(manager), target, given.rounds)
        yield cell("cold", "function", series, given.rounds, detail=f"{APPLIED} migrations applied")


def _programs(packaged: Path, target: Target) -> dict[str, str]:
    """What each interpreter does; the last one imports what a whole first invocation with nothing to do does."""
    words = (sys.executable, "-c", _FIRST_NOOP)
    environment = _command(words, packaged, target.variables).environment
    ended = subprocess.run(words, cwd=packaged, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise Failed(target.place.without_password(ended.stderr))
    names = json.loads(ended.stdout)
    return {
        "nothing": "pass",
        "import psycopg": "import psycopg",
        "import psycopg, connect, SELECT 1": _CONNECT,
        "import lambda_fn.handler": "import lambda_fn.handler",
        "import lambda_fn.handler and all that a first no-op imports": _IMPORTS.format(names=names),
    }


def _command(words: tuple[str, ...], code: Path, variables: Mapping[str, str]) -> Command:
    return Command(words, code, {"PYTHONPATH": str(code), **variables})


def _interpreters(what: str, code: Path, programs: Mapping[str, str], target: Target, rounds: int) -> Iterator[Series]:
    """Each program in an interpreter of its own, in turns."""
    variables = target.variables if what == "byte code" else {**target.variables, **_WITHOUT_BYTE_CODE}
    samples: dict[str, list[Sample]] = {name: [] for name in programs}
    for number in range(rounds + 1):
        for name, program in programs.items():
            ended = run(_command((sys.executable, "-c", program), code, variables), limit_s=_LIMIT_S)
            if ended.exit_code != 0:
                raise Failed(f"{name}: {target.place.without_password(ended.said)}")
            if number:
                samples[name].append(Sample(ended.wall_ms, ended.cpu_ms, ended.peak_mib))
    return (Series(name, what, tuple(each)) for name, each in samples.items())


@dataclass(frozen=True, slots=True)
class _Parts:
    """The samples of a function's life, by its parts."""

    init: list[Sample] = field(default_factory=list)
    first: list[Sample] = field(default_factory=list)
    warm: list[Sample] = field(default_factory=list)
    connect: list[Sample] = field(default_factory=list)

    def take(self, started: Running, target: Target) -> None:
        """One life: start, first invocation, and warm ones in turns with a bare connect."""
        self.init.append(Sample(started.init_ms, peak_mib=started.process.peak_memory_mib))
        self.first.append(started.invoke("upToDate"))
        for _ in range(WARM_INVOCATIONS):
            self.connect.append(_connected(target))
            self.warm.append(started.invoke("upToDate"))

    def series(self, subject: str) -> Iterator[Series]:
        """Under these names."""
        parts = {"init": self.init, "first": self.first, "warm": self.warm, "connect": self.connect}
        return (Series(subject, what, tuple(samples)) for what, samples in parts.items())


def _function(subject: str, code: Path, variables: Mapping[str, str], target: Target, rounds: int) -> Iterator[Series]:
    """Lives of the function; the first does not count."""
    parts = _Parts()
    for number in range(rounds + 1):
        with running(code, variables) as started:
            (parts if number else _Parts()).take(started, target)
    return parts.series(subject)


def _connected(target: Target) -> Sample:
    began_s = time.perf_counter()
    with psycopg.connect(target.place.url(target.database)):
        return Sample((time.perf_counter() - began_s) * 1000)
