"""Prisma's check of how a production database comes under migrations."""

import pytest

from tests.conformance.terminal import Terminal
from tests.fixtures.projects import Project

BASELINE = "20201231000000_baseline"
CREATE_BLOG = 'CREATE TABLE "Blog" (id int PRIMARY KEY);'


@pytest.mark.conformance("Baseline", "SQLite: should succeed")
def test_a_database_with_tables_is_baselined_with_resolve_and_then_deployed(
    terminal: Terminal, project: Project
) -> None:
    project.query(CREATE_BLOG)
    project.write(BASELINE, CREATE_BLOG)

    resolved, deployed = terminal.run("resolve", "--applied", BASELINE), terminal.run("deploy")

    assert (resolved.exit_code, deployed.exit_code) == (0, 0)
    assert f"Migration {BASELINE} marked as applied." in resolved.text
    assert "1 migration found in" in deployed.text
    assert "No pending migrations to apply." in deployed.text
    assert project.tables() == {"Blog"}
