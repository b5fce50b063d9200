"""The two programs as a scenario sees them: each has a directory and a database, and commands of the same names."""

import contextlib
import io
import subprocess
from abc import ABC, abstractmethod
from collections import Counter

from psycopg import errors

from lambda_fn.cli import main
from tests.fixtures.planted import check_said
from tests.fixtures.prisma import Prisma
from tests.fixtures.prisma_engine import EngineError, LiveEngine
from tests.fixtures.projects import Project
from tests.interop.matrix.facts import Ended, Facts, row_fact, schema_facts

A, B, C = "20240101000000_a", "20240102000000_b", "20240103000000_c"
LOCK_FILE = "migration_lock.toml"


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
        """Write migrations, and deploy what is there: as `deploy`, but without being looked at."""
        self.write(*names)
        self.deploy_unseen()

    def deploy(self, *options: str) -> None:
        """`deploy`; options are only this program's."""
        self._run("deploy", *options)

    def status(self) -> None:
        """`status`."""
        self._run("status")

    def resolve(self, *words: str) -> None:
        """`resolve` with words that both programs know: `--applied NAME`, `--rolled-back NAME`."""
        self._run("resolve", *words)

    def facts(self) -> Facts:
        """What became of it all."""
        dump = subprocess.run(
            [self.project.server.address.bin_directory / "pg_dump", "--schema-only", "--no-owner", self.project.url],
            capture_output=True,
            text=True,
            check=True,
        )
        return Facts(self._ended, self._rows(), schema_facts(dump.stdout))

    def _rows(self) -> list[str]:
        with contextlib.suppress(errors.UndefinedTable, errors.UndefinedColumn):
            return [row_fact(row) for row in self.project.rows(self.schema)]
        return []

    @property
    def schema(self) -> str:
        """The schema that the URL names."""
        return self.url.partition("?schema=")[2] or "public"

    def _run(self, command: str, *words: str) -> None:
        before = Counter(each.command.partition(" ")[0] for each in self._ended)[command]
        exit_code, text = self._answer(command, *words)
        check_said(text)
        self._ended.append(Ended(f"{command} {before + 1}" if before else command, exit_code, text))

    @abstractmethod
    def deploy_unseen(self) -> None:
        """Deploy what is there, however that ends."""

    @abstractmethod
    def _answer(self, command: str, *words: str) -> tuple[int, str]: ...


class PrismaSide(Side):
    """The real Prisma."""

    def __init__(self, project: Project, prisma: Prisma, engine: LiveEngine) -> None:
        super().__init__(project)
        self._prisma = prisma
        self._engine = engine

    def deploy_unseen(self) -> None:
        """By its engine, which takes a fiftieth of the time."""
        with contextlib.suppress(EngineError):
            self._engine.deploy(self.url, self.directory)

    def _answer(self, command: str, *words: str) -> tuple[int, str]:
        known = [] if command == "deploy" else words
        return self._prisma.run(command, *known, url=self.url, migrations_dir=self.directory)


class OurSide(Side):
    """This program, as on a terminal."""

    def deploy_unseen(self) -> None:
        """The same command."""
        self._answer("deploy")

    def _answer(self, command: str, *words: str) -> tuple[int, str]:
        output = io.StringIO()
        place = ("--database-url", self.url, "--migrations", str(self.directory))
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            exit_code = main([command, *words, *place])
        return exit_code, output.getvalue()
