"""Alembic, in Python, with the SQL of each migration in a file beside its revision."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.tools.pins import pinned
from bench.tools.tool import PEERS, Command, missing_file, write_scripts
from bench.work import Migration

_INI = "[alembic]\nscript_location = %(here)s\n"
# A transaction a migration, as every other tool here has it; by default it is one for all of them, whose locks 10,000
# tables would not fit into.
_ENV = """import os
from alembic import context
from sqlalchemy import create_engine, pool

url = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")
engine = create_engine(url, poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
# As a driver's SQL and without parameters: neither : nor % in a script means anything.
_REVISION = """from pathlib import Path
from alembic import op

revision = {revision!r}
down_revision = {before!r}


def upgrade():
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(script)
"""


@dataclass(frozen=True, slots=True)
class Alembic:
    """`alembic upgrade head`: each revision in a transaction of its own."""

    name: str = "alembic"
    keeps_history: bool = True
    applies: bool = True

    def missing(self) -> str | None:
        """Why it cannot be run here."""
        return missing_file(PEERS / "alembic", ".venv-bench/ready")

    def lay_out(self, migrations: Sequence[Migration], home: Path) -> None:
        """A revision and a script for each, in a chain."""
        (home / "versions").mkdir()
        (home / "alembic.ini").write_text(_INI)
        (home / "env.py").write_text(_ENV)
        revisions = [f"r{number:06d}" for number in range(len(migrations))]
        write_scripts(home / "versions", [f"{each}.sql" for each in revisions], [each.script for each in migrations])
        before: Sequence[str | None] = [None, *revisions]
        texts = [_REVISION.format(revision=each, before=before[number]) for number, each in enumerate(revisions)]
        write_scripts(home / "versions", [f"{each}.py" for each in revisions], texts)

    def command(self, url: str, home: Path) -> Command:
        """To the newest revision."""
        return Command((str(PEERS / "alembic"), "upgrade", "head"), home, {"DATABASE_URL": url})

    def version(self) -> str:
        """As pinned."""
        return pinned("alembic")
