"""What the tools are given to apply: generated migrations, a large script, or those of a real project."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

_FIRST = datetime(2024, 1, 1, tzinfo=UTC)
LARGE_STATEMENTS = 20_000
LARGE_BYTES = 50_000_000
_ROWS = 8


@dataclass(frozen=True, slots=True)
class Migration:
    """A migration as any tool can be given it."""

    name: str
    script: str


@dataclass(frozen=True, slots=True)
class Work:
    """Migrations, and how many tables they make; None where only the server can tell."""

    label: str
    migrations: tuple[Migration, ...]
    tables: int | None

    @property
    def size_bytes(self) -> int:
        """Of all scripts together."""
        return sum(len(each.script.encode()) for each in self.migrations)


def generated(count: int) -> Work:
    """Migrations of the kind that Prisma writes most: a table with its primary key, and an index."""
    migrations = tuple(Migration(_name(number, f"item_{number}"), _table(number)) for number in range(count))
    return Work(str(count), migrations, count)


def large() -> Work:
    """One script of 50 MB: a table, and as many INSERTs of several rows as make the bytes full."""
    script = "\n".join(itertools.chain(["CREATE TABLE load (id int, number int, filling text);"], _inserts()))
    return Work("50 MB", (Migration(_name(0, "load"), script + "\n"),), 1)


def of_directory(directory: Path) -> Work:
    """The migrations of a Prisma project. Raises: FileNotFoundError where there are none."""
    names = sorted(path.parent.name for path in directory.glob("*/migration.sql"))
    if not names:
        raise FileNotFoundError(f"no migrations in {directory}")
    scripts = ((directory / name / "migration.sql").read_text(encoding="utf-8-sig") for name in names)
    return Work("corpus", tuple(map(Migration, names, scripts)), None)


def _name(number: int, title: str) -> str:
    return f"{_FIRST + timedelta(minutes=number):%Y%m%d%H%M%S}_{title}"


def _table(number: int) -> str:
    table = f"Item{number}"
    return (
        f'-- CreateTable\nCREATE TABLE "{table}" (\n    "id" INTEGER NOT NULL,\n    "name" TEXT NOT NULL,\n'
        '    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,\n\n'
        f'    CONSTRAINT "{table}_pkey" PRIMARY KEY ("id")\n);\n\n'
        f'-- CreateIndex\nCREATE INDEX "{table}_name_idx" ON "{table}"("name");\n'
    )


def _inserts() -> Iterator[str]:
    for statement in range(LARGE_STATEMENTS):
        head = "INSERT INTO load (id, number, filling) VALUES "
        rows = [f"({statement}, {row}, '" for row in range(_ROWS)]
        syntax = len(head) + sum(map(len, rows)) + _ROWS * len("'), ")
        filling = "x" * ((LARGE_BYTES // LARGE_STATEMENTS - syntax) // _ROWS)
        yield head + ", ".join(f"{row}{filling}')" for row in rows) + ";"
