"""Baselining on real servers: what stands in the table, and what the next deploy makes of it."""

import pytest

from lambda_fn.domain.outcome import Status
from tests.fixtures.projects import Project

A, B, C = "20240101000000_a", "20240102000000_b", "20240103000000_c"


@pytest.fixture
def three(project: Project) -> Project:
    """A database that has the tables of the first two of three migrations, and no history."""
    for name in (A, B, C):
        project.write(name, f"CREATE TABLE {name[-1]} (id int);")
    project.query("CREATE TABLE a (id int)")
    project.query("CREATE TABLE b (id int)")
    return project


def test_the_next_deploy_goes_on_behind_the_baseline(three: Project) -> None:
    refused = three.run().error
    assert refused is not None
    assert f"baseline --to {A}" in refused.next_step

    marked = three.run("baseline", to=B)

    assert (marked.status, marked.resolved, [each.name for each in marked.pending]) == (Status.PENDING, (A, B), [C])
    assert [each.name for each in three.run().applied] == [C]
    assert three.run("baseline", to=B).status is Status.UP_TO_DATE


def test_its_rows_are_those_that_prisma_leaves(three: Project) -> None:
    three.run("baseline")

    rows = three.rows()
    assert sorted(row["migration_name"] for row in rows) == [A, B, C]
    assert len({row["id"] for row in rows}) == 3
    for row in rows:
        assert row["started_at"] == row["finished_at"]
        assert (row["logs"], row["applied_steps_count"], row["rolled_back_at"]) == ("", 0, None)
    assert three.tables() == {"a", "b"}
    assert three.held_advisory_locks() == 0


def test_a_history_is_left_alone(three: Project) -> None:
    three.run("resolve", applied=[A])
    before = three.rows()

    error = three.run("baseline", to=B).error

    assert error is not None
    assert (error.code, error.exit_code) == ("M508", 4)
    assert three.rows() == before


def test_an_empty_history_in_a_schema_with_tables_is_baselined(three: Project) -> None:
    three.run("resolve", applied=[A])
    three.query("DELETE FROM _prisma_migrations")

    assert three.run("baseline", to=B).resolved == (A, B)


@pytest.mark.parametrize("leftover", [None, "CREATE TABLE spatial_ref_sys (id int)", "CREATE SCHEMA app"])
def test_where_deploy_would_create_the_tables_nothing_is_marked(three: Project, leftover: str | None) -> None:
    three.query("DROP TABLE a, b")
    if leftover:
        three.query(leftover)

    error = three.run("baseline").error

    assert error is not None
    assert (error.code, error.exit_code) == ("M509", 4)
    assert "_prisma_migrations" not in three.tables_with_history()


def test_an_empty_history_of_an_empty_schema_is_for_deploy_too(three: Project) -> None:
    three.query("DROP TABLE a, b")
    three.run(to=A)
    three.query("DROP TABLE a")
    three.query("DELETE FROM _prisma_migrations")

    error = three.run("baseline").error

    assert error is not None
    assert error.code == "M509"


def test_another_schema_is_looked_at_by_itself(three: Project) -> None:
    """A history beside the one of `public`, and tables that are not its."""
    three.query("CREATE SCHEMA app")
    error = three.run("baseline", schema="app").error
    assert error is not None
    assert (error.code, '"app"' in error.problem) == ("M509", True)

    three.query("CREATE TABLE app.a (id int)")

    assert three.run("baseline", schema="app", to=A).resolved == (A,)
    assert [row["migration_name"] for row in three.rows("app")] == [A]
    assert "_prisma_migrations" not in three.tables_with_history()


def test_if_one_row_cannot_be_written_none_is(three: Project) -> None:
    three.run("resolve", applied=[A])
    three.query("DELETE FROM _prisma_migrations")
    three.query(f"ALTER TABLE _prisma_migrations ADD CHECK (migration_name <> '{B}')")

    outcome = three.run("baseline")

    assert outcome.error is not None
    assert (outcome.resolved, three.rows()) == ((), [])
