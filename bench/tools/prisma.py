"""The real Prisma, with its engine as WebAssembly in the place of the native one, which no package carries."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.tools.ours import write_directory
from bench.tools.pins import pinned_node
from bench.tools.tool import ROOT, Command, missing_file
from bench.work import Migration

_PROGRAM = ROOT / ".node-prisma" / "node_modules" / "prisma" / "build" / "index.js"
_ENGINE = ROOT / "tests" / "interop" / "engine.mjs"
_SCHEMA = 'datasource db {\n  provider = "postgresql"\n}\n'
_CONFIG = (
    "export default {\n  schema: 'schema.prisma',\n  migrations: { path: 'migrations' },\n"
    "  datasource: { url: process.env.DATABASE_URL },\n}\n"
)


@dataclass(frozen=True, slots=True)
class Prisma:
    """`prisma migrate deploy`, without a question to its makers whether it is the newest."""

    name: str = "Prisma (WebAssembly)"
    keeps_history: bool = True
    applies: bool = True

    def missing(self) -> str | None:
        """Why it cannot be run here."""
        return "Node is missing" if shutil.which("node") is None else missing_file(_PROGRAM, ".node-prisma/ready")

    def lay_out(self, migrations: Sequence[Migration], home: Path) -> None:
        """A project of Prisma 7."""
        (home / "schema.prisma").write_text(_SCHEMA)
        (home / "prisma.config.mjs").write_text(_CONFIG)
        (home / "migrations").mkdir()
        write_directory(migrations, home / "migrations")

    def command(self, url: str, home: Path) -> Command:
        """The CLI starts the engine, and talks to it in lines."""
        variables = {"DATABASE_URL": url, "PRISMA_SCHEMA_ENGINE_BINARY": str(_ENGINE)}
        quiet = {"PRISMA_HIDE_UPDATE_MESSAGE": "1", "CHECKPOINT_DISABLE": "1", "NO_COLOR": "1"}
        return Command(("node", str(_PROGRAM), "migrate", "deploy"), home, {**variables, **quiet})

    def version(self) -> str:
        """As pinned."""
        return pinned_node("prisma", "tests/interop/package-lock.json")
