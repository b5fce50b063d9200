"""Every tool is given the same scripts, in the same order."""

from pathlib import Path

import pytest

from bench.tools.alembic import Alembic
from bench.tools.dbmate import Dbmate
from bench.tools.node_pg_migrate import NodePgMigrate
from bench.tools.ours import Ours
from bench.tools.prisma import Prisma
from bench.tools.psql import Psql
from bench.tools.tool import Tool
from bench.tools.yoyo import Yoyo
from bench.work import LARGE_BYTES, LARGE_STATEMENTS, generated, large, of_directory

TOOLS = (Psql(Path("psql"), "18"), Ours(), Dbmate(), NodePgMigrate(), Alembic(), Yoyo(), Prisma())


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_the_scripts_are_laid_out_in_order(tool: Tool, tmp_path: Path) -> None:
    work = generated(12)

    tool.lay_out(work.migrations, tmp_path)

    scripts = [path.read_text() for path in sorted(tmp_path.rglob("*.sql"))]
    assert len(scripts) == len(work.migrations)
    assert all(each.script in script for each, script in zip(work.migrations, scripts, strict=True))


def test_psql_is_given_the_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    tool = TOOLS[0]
    tool.lay_out(generated(3).migrations, tmp_path)

    words = tool.command("postgresql://x", tmp_path).words

    assert [word for word in words if word.endswith(".sql")] == sorted(
        f"{path.parent.name}/{path.name}" for path in tmp_path.rglob("*.sql")
    )


def test_a_real_project_is_read_as_it_was_laid_out(tmp_path: Path) -> None:
    work = generated(3)
    Ours().lay_out(work.migrations, tmp_path)

    assert of_directory(tmp_path).migrations == work.migrations


def test_the_large_script_is_as_large_as_is_said() -> None:
    work = large()

    assert abs(work.size_bytes - LARGE_BYTES) < LARGE_BYTES / 100
    assert work.migrations[0].script.count("INSERT") == LARGE_STATEMENTS
