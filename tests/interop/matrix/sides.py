"""The two programs as a scenario sees them: each has a directory and a database, and commands of the same names."""

import contextlib
import io
import os
import subprocess
from abc import ABC, abstractmethod

from psycopg import errors

from lambda_fn.cli import main
from tests.fixtures.planted import check_said
from tests.fixtures.prisma import Prisma
from tests.fixtures.prisma_engine import EngineError, LiveEngine
from tests.fixtures.projects import Project
from tests.fixtures.terminal import environment_of_process
from tests.interop.matrix.facts import Ended, Facts, row_fact, schema_facts

A, B, C = "20240101000000_a", "20240102000000_b", "20240103000000_c"
LOCK_FILE_NAME = "migration_lock.toml"
_LIMIT_S = 60.0
_DATABASES = "SELECT datname FROM pg_database WHERE starts_with(datname, current_database() || '_')"
_INVALID_INDEXES = "SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT indisvalid"


class Side(ABC):
    """One of the programs, with what it was asked and how that ended. `url` may be set to another way to a database."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.directory = project.directory
        self.url = project.url
        self._ended: list[Ended] = []

    def write(self, *names: str, script: str | bytes | None = None) -> None:
        """Write migrations; without a script each creates the table that its name ends in."""
        for name in names:
            self.project.write(name, f"CREATE TABLE {name.rpartition('_')[2]} (id int);" if script is None else script)

    def prepare(self, *names: str) -> None:
        """Write migrations, and deploy what is there, without being looked at. It has to succeed."""
        self.write(*names)
        assert self._deploys(), f"{names} could not be deployed"

    def fail(self) -> None:
        """Deploy what is there, without being looked at. It has to fail."""
        assert not self._deploys(), "what was to fail was deployed"

    def deploy(self, *, ours: tuple[str, ...] = ()) -> None:
        """`deploy`; `ours` are options that only this program knows."""
        self._run("deploy", ours=ours)

    def status(self) -> None:
        """`status`."""
        self._run("status")

    def resolve(self, *words: str, ours: tuple[str, ...] = ()) -> None:
        """`resolve` with words that both programs know: `--applied NAME`, `--rolled-back NAME`."""
        self._run("resolve", *words, ours=ours)

    def facts(self) -> Facts:
        """What became of it all. The databases that the program made are dropped."""
        made = [str(row["datname"]) for row in self.project.query(_DATABASES)]
        for name in made:
            self.project.server.drop_database(name)
        shown = [f"made{name.removeprefix(self.project.database)}" for name in made]
        return Facts(self._ended, self._rows(), [*self._schema(), *self._invalid_indexes()], shown)

    def _rows(self) -> list[str]:
        if "_prisma_migrations" not in self.project.tables_with_history(self.schema):
            return []
        try:
            return [row_fact(row) for row in self.project.rows(self.schema)]
        except errors.UndefinedColumn:
            return ["a history of another shape"]

    def _schema(self) -> list[str]:
        address = self.project.server.address
        place = ("--host", address.host, "--port", str(address.port), "--username", address.user)
        dump = subprocess.run(
            [str(address.bin_directory / "pg_dump"), "--schema-only", *place, self.project.database],
            env={**os.environ, "PGPASSWORD": address.password, "PGSSLMODE": "disable"},
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
        assert dump.returncode == 0, dump.stderr
        return schema_facts(dump.stdout, address.user)

    def _invalid_indexes(self) -> list[str]:
        """A dump leaves them out."""
        return [f"INVALID INDEX {row['name']}" for row in self.project.query(_INVALID_INDEXES)]

    @property
    def schema(self) -> str:
        """The schema that the URL names."""
        return self.url.partition("?schema=")[2] or "public"

    def _run(self, command: str, *words: str, ours: tuple[str, ...] = ()) -> None:
        before = sum(each.command.startswith(command) for each in self._ended)
        exit_code, text = self._answer(command, *words, ours=ours)
        check_said(text)
        self._ended.append(Ended(f"{command} {before + 1}" if before else command, exit_code, text))

    @abstractmethod
    def _deploys(self) -> bool:
        """Deploy what is there, and say whether that succeeded."""

    @abstractmethod
    def _answer(self, command: str, *words: str, ours: tuple[str, ...] = ()) -> tuple[int, str]: ...


class PrismaSide(Side):
    """The real Prisma."""

    def __init__(self, project: Project, prisma: Prisma, engine: LiveEngine) -> None:
        super().__init__(project)
        self._prisma = prisma
        self._engine = engine

    def _deploys(self) -> bool:
        """By its engine, which takes a fiftieth of the time."""
        try:
            self._engine.deploy(self.url, self.directory)
        except EngineError:
            return False
        return True

    def _answer(self, command: str, *words: str, ours: tuple[str, ...] = ()) -> tuple[int, str]:
        return self._prisma.run(command, *words, url=self.url, migrations_dir=self.directory)


class OurSide(Side):
    """This program, as on a terminal."""

    def _deploys(self) -> bool:
        return self._answer("deploy")[0] == 0

    def _answer(self, command: str, *words: str, ours: tuple[str, ...] = ()) -> tuple[int, str]:
        output = io.StringIO()
        place = ("--database-url", self.url, "--migrations", str(self.directory))
        with environment_of_process(), contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            exit_code = main([command, *words, *ours, *place])
        return exit_code, output.getvalue()
