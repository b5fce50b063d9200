"""Where a scenario of the documents runs: a working directory, a database, and a console that keeps what was seen."""

import contextlib
import io
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg

from lambda_fn.cli import main
from local.postgres import PostgresServer
from tests.fixtures.planted import check_said
from tests.fixtures.projects import LOCK_FILE, ROOT
from tests.fixtures.terminal import environment, environment_of_process
from tests.operations.alike import made_alike

MIGRATIONS = Path("packages/prisma/migrations")
FIRST_MIG, ROLES, COGNITO = (path.name for path in sorted((ROOT / "migrations").glob("2*")))
SHOWN_PORT = 15432
_COLUMNS = {"COLUMNS": "120"}
_LIMIT_S = 60.0
_PROGRAM = "import sys; from lambda_fn.cli import migrate_lambda; sys.exit(migrate_lambda())"


class Place:
    """A working directory with a migrations directory, and an empty database that DATABASE_URL names."""

    def __init__(self, directory: Path, server: PostgresServer, database: str) -> None:
        self.directory = directory
        self.server = server
        self.url = server.url(database).replace("localhost", "127.0.0.1")
        self._database = database
        self._seen: list[str] = []
        self._roles: list[str] = []
        self._variables: dict[str, str] = {}
        self._called: dict[str, str] = {}
        (directory / MIGRATIONS).mkdir(parents=True)
        (directory / MIGRATIONS / "migration_lock.toml").write_text(LOCK_FILE)

    @property
    def migrations(self) -> Path:
        """The migrations directory."""
        return self.directory / MIGRATIONS

    @property
    def text(self) -> str:
        """All that was seen, with nothing in it that differs from run to run."""
        check_said(*(each.replace(":***@", ":password@") for each in self._seen))
        text = re.sub(" +$", "", "".join(self._seen), flags=re.MULTILINE)  # psql fills its lines up
        for real, shown in self._names().items():
            text = text.replace(real, shown)
        return made_alike(text)

    def _names(self) -> Mapping[str, str]:
        """What the documents call the database and the directory."""
        return {
            **self._called,
            f"127.0.0.1:{self.server.address.port}": f"localhost:{SHOWN_PORT}",
            f"port {self.server.address.port} ": f"port {SHOWN_PORT} ",
            self._database: "dentia",
            f"{self.directory}/": "",
            "127.0.0.1": "localhost",
        }

    def set(self, variables: Mapping[str, str]) -> None:
        """Put variables into the environment of all that is run here, unseen. An empty one is taken out."""
        self._variables.update(variables)

    def copy(self, *names: str) -> None:
        """Put migrations of this project's own directory here; all without names."""
        for name in names or (FIRST_MIG, ROLES, COGNITO):
            shutil.copytree(ROOT / "migrations" / name, self.migrations / name)

    def write(self, name: str, script: str) -> None:
        """Write a migration."""
        (self.migrations / name).mkdir(exist_ok=True)
        (self.migrations / name / "migration.sql").write_text(script)

    def remove(self, name: str) -> None:
        """Take a migration out of the directory."""
        shutil.rmtree(self.migrations / name)

    def show(self, name: str) -> None:
        """Show a migration's script."""
        path = MIGRATIONS / name / "migration.sql"
        self._see(f"$ cat {path}\n{(self.directory / path).read_text()}")

    def say(self, line: str) -> None:
        """A line of comment on the console, where something is done elsewhere."""
        self._see(f"# {line}\n")

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement, unseen."""
        with self.connect() as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A session of somebody else, called psql."""
        return psycopg.connect(self.url, autocommit=True, sslmode="disable", application_name="psql")

    def new_role(self, name: str) -> str:
        """A role that may log in, dropped with the place; returns its real name."""
        role = f"{name}_{secrets.token_hex(4)}"
        self.query(f"CREATE ROLE {role} LOGIN PASSWORD '{self.server.address.password}'")
        self._roles.append(role)
        self.call(role, name)
        return role

    def call(self, real: str, shown: str) -> None:
        """Say what the documents call something that differs from run to run."""
        self._called[real] = shown

    def url_as(self, role: str) -> str:
        """The URL for another user."""
        return self.url.replace(f"//{self.server.address.user}:", f"//{role}:", 1)

    def close(self) -> None:
        """Drop the roles."""
        for role in self._roles:
            self.query(f"DROP OWNED BY {role}; DROP ROLE {role}")

    def quietly(self, *words: str) -> None:
        """Run the program, unseen."""
        code, said = self._run(words, {})
        assert code == 0, said

    def migrate(self, *words: str, comment: str = "", typed: str = "", code: int, **variables: str) -> None:
        """Run the program and show what it printed. It has to end with this exit code, which is shown unless 0.

        Variables are shown before the command, but for DATABASE_URL; `comment` behind it.
        """
        ended, said = self._run(words, variables, typed)
        given = [f"{name}={value}" for name, value in variables.items() if name != "DATABASE_URL"]
        self._end(
            " ".join([*given, "migrate-lambda", shlex.join(words), *([comment] if comment else [])]), code, ended, said
        )

    def process(self, *words: str, path: str, code: int) -> None:
        """Run the program in a process of its own, with a directory before the PATH."""
        self._start(
            f"migrate-lambda {shlex.join(words)}",
            [sys.executable, "-c", _PROGRAM, *words],
            code,
            PATH=f"{path}:{os.environ.get('PATH', os.defpath)}",
            PYTHONPATH=str(ROOT),
        )

    def psql(self, statement: str, *options: str) -> None:
        """Run a statement in psql and show what it printed."""
        program = self.server.address.bin_directory / "psql"
        shown = shlex.join(["psql", "$DATABASE_URL", *options]).replace("'", '"')
        command = [str(program), "--no-psqlrc", self.url, *options, "--command", statement]
        self._start(f'{shown} --command "{statement}"', command, 0, PGSSLMODE="disable")

    def piped(self, *words: str, shown: str, through: Sequence[str]) -> None:
        """Run the program, and show what another program makes of what it printed."""
        ended, said = self._run(words, {})
        assert ended == 0, said
        passed = subprocess.run(through, input=said, capture_output=True, text=True, check=True).stdout
        self._see(f"$ {shown}\n{passed}")

    def ran(self, shown: str, code: int, said: str) -> None:
        """Show what another program said."""
        self._end(shown, code, code, said)

    def _start(self, shown: str, command: Sequence[str], code: int, **variables: str) -> None:
        ended = subprocess.run(
            command,
            cwd=self.directory,
            env=environment(**{**_COLUMNS, "DATABASE_URL": self.url, **self._variables, **variables}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
        self._end(shown, code, ended.returncode, ended.stdout)

    def _run(self, words: Sequence[str], variables: Mapping[str, str], typed: str = "") -> tuple[int, str]:
        output = io.StringIO()
        with (
            environment_of_process(**{**_COLUMNS, "DATABASE_URL": self.url, **self._variables, **variables}),
            contextlib.chdir(self.directory),
            _keyboard(typed),
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(output),
        ):
            code = main(list(words))
        return code, output.getvalue()

    def _end(self, shown: str, expected: int, ended: int, said: str) -> None:
        assert ended == expected, f"{shown} ended with {ended}: {said}"
        self._see(f"$ {shown}\n{said.rstrip()}\n" + (f"(exit code {ended})\n" if ended else ""))

    def _see(self, text: str) -> None:
        self._seen.append(text if text.endswith("\n") else f"{text}\n")


@contextlib.contextmanager
def _keyboard(typed: str) -> Iterator[None]:
    before, sys.stdin = sys.stdin, io.StringIO(typed)
    try:
        yield
    finally:
        sys.stdin = before
