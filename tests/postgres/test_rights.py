"""Roles and rights: whose objects they are, and which fix an error names."""

import secrets
from collections.abc import Iterator

import pytest

from lambda_fn.domain.outcome import Status
from tests.fixtures.projects import Project

PASSWORD = "p%40ss"  # p@ss, percent-encoded


@pytest.fixture
def user(project: Project) -> Iterator[str]:
    """A login role without any right, dropped with all it owns."""
    name = f"app_{secrets.token_hex(4)}"
    project.query(f"CREATE ROLE {name} LOGIN PASSWORD 'p@ss'")
    project.query("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    yield name
    project.query(f"DROP OWNED BY {name} CASCADE")
    project.query(f"DROP ROLE {name}")


@pytest.fixture
def owner(project: Project, user: str) -> Iterator[str]:
    """A role that owns the schema, and that the user may assume; it cannot log in."""
    name = f"{user}_owner"
    project.query(f"CREATE ROLE {name} NOLOGIN")
    project.query(f"ALTER SCHEMA public OWNER TO {name}")
    project.query(f"GRANT {name} TO {user}")
    yield name
    project.query(f"REASSIGN OWNED BY {name} TO {project.server.address.user}")
    project.query(f"DROP OWNED BY {name} CASCADE")
    project.query(f"DROP ROLE {name}")


def test_objects_and_history_belong_to_the_owner_role(project: Project, user: str, owner: str) -> None:
    project.write("20240101000000_a", "CREATE TABLE a (id int); CREATE TYPE mood AS ENUM ('x');")
    project.write("20240102000000_b", f"SET ROLE {user}; RESET ROLE; SELECT 1;")
    project.write("20240103000000_c", "CREATE TABLE c (id int);")

    outcome = project.run(settings=project.as_user(user, PASSWORD), ownerRole=owner)

    assert outcome.status is Status.APPLIED, outcome.error
    owners = {row["tablename"]: row["tableowner"] for row in project.query("SELECT * FROM pg_tables")}
    assert [owners[name] for name in ("a", "c", "_prisma_migrations")] == [owner] * 3


def test_the_owner_role_may_come_from_the_settings_and_not_be_inherited(
    project: Project, user: str, owner: str
) -> None:
    project.query(f"ALTER ROLE {user} NOINHERIT")
    project.write("20240101000000_a", "CREATE TABLE a (id int);")
    settings = project.as_user(user, PASSWORD, owner_role=owner)

    assert project.run(settings=settings).status is Status.APPLIED
    assert project.run("status", settings=settings).status is Status.UP_TO_DATE


def test_an_owner_role_that_cannot_be_assumed_names_the_grant(project: Project, user: str) -> None:
    project.write("20240101000000_a", "CREATE TABLE a (id int);")

    for role in ("pg_signal_backend", "nosuchrole"):
        error = project.run(settings=project.as_user(user, PASSWORD), ownerRole=role).error
        assert error is not None
        assert (error.code, error.exit_code) == ("M305", 2)
        assert f'GRANT "{role}" TO "{user}"' in error.next_step


def test_a_user_who_may_not_create_in_the_schema_is_told_the_grant(project: Project, user: str) -> None:
    project.write("20240101000000_a", "CREATE TABLE a (id int);")

    error = project.run(settings=project.as_user(user, PASSWORD)).error

    assert error is not None
    assert error.code == "M307"
    assert "permission denied for schema public" in error.headline
    assert f'GRANT USAGE, CREATE ON SCHEMA "public" TO "{user}"' in error.next_step
    assert "ownerRole" in error.next_step
    assert project.tables_with_history() == set()


def test_a_user_who_does_not_own_the_table_is_told_of_the_owner_role(project: Project, user: str) -> None:
    project.write("20240101000000_a", "CREATE TABLE a (id int);")
    project.run()
    project.query(f"GRANT ALL ON SCHEMA public TO {user}; GRANT ALL ON ALL TABLES IN SCHEMA public TO {user}")
    project.write("20240102000000_b", "ALTER TABLE a ADD COLUMN b int;")

    error = project.run(settings=project.as_user(user, PASSWORD)).error

    assert error is not None
    assert (error.code, error.where.sqlstate) == ("P3018", "42501")
    assert "must be owner of table a" in error.headline
    assert "ownerRole" in error.next_step
    assert "GRANT" in error.next_step


def test_a_user_who_may_not_read_the_history_is_told_the_grant(project: Project, user: str) -> None:
    project.write("20240101000000_a", "CREATE TABLE a (id int);")
    project.run()
    project.query(f"GRANT USAGE ON SCHEMA public TO {user}")

    for action in ("deploy", "status"):
        error = project.run(action, settings=project.as_user(user, PASSWORD)).error
        assert error is not None
        assert error.code == "M307"
        assert f'GRANT SELECT, INSERT, UPDATE, DELETE ON "public"._prisma_migrations TO "{user}"' in error.next_step


def test_row_level_security_on_the_history_is_an_error_and_not_an_empty_history(project: Project, user: str) -> None:
    """A reader who is not the owner would see no rows, and apply everything once more."""
    project.write("20240101000000_a", "CREATE TABLE a (id int);")
    project.run()
    project.query(
        f"GRANT ALL ON SCHEMA public TO {user}; GRANT ALL ON _prisma_migrations TO {user}; "
        "ALTER TABLE _prisma_migrations ENABLE ROW LEVEL SECURITY"
    )

    error = project.run(settings=project.as_user(user, PASSWORD)).error

    assert error is not None
    assert error.code == "M307"
    assert "row-level security" in error.headline
    assert 'ALTER TABLE "public"._prisma_migrations DISABLE ROW LEVEL SECURITY' in error.next_step
    assert len(project.rows()) == 1


def test_a_user_who_may_not_write_the_history_leaves_nothing(project: Project, user: str) -> None:
    project.write("20240101000000_a", "CREATE TABLE a (id int);")
    project.run()
    project.query(f"GRANT ALL ON SCHEMA public TO {user}; GRANT SELECT ON _prisma_migrations TO {user}")
    project.write("20240102000000_b", "CREATE TABLE b (id int);")

    error = project.run(settings=project.as_user(user, PASSWORD)).error

    assert error is not None
    assert "_prisma_migrations" in error.headline
    assert "could not be recorded" in error.text
    assert project.tables() == {"a"}


def test_a_database_that_is_read_only_by_default_is_migrated_all_the_same(project: Project) -> None:
    project.query(f"ALTER DATABASE {project.database} SET default_transaction_read_only = on")
    project.write("20240101000000_a", "CREATE TABLE a (id int);")
    project.write("20240102000000_i", "CREATE INDEX CONCURRENTLY i ON a(id);")
    project.write("20240103000000_b", "SELECT 1/0;")

    assert [migration.name for migration in project.run().applied] == ["20240101000000_a", "20240102000000_i"]
    assert project.rows()[-1]["rolled_back_at"] is not None
    assert project.run("resolve", applied=["20240103000000_b"]).status is Status.UP_TO_DATE
