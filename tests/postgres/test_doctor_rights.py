"""Doctor on real servers: roles, rights, the history and the lock."""

import dataclasses
import secrets
from collections.abc import Iterator

import pytest

from lambda_fn.cli.exit_codes import exit_code
from lambda_fn.domain.check import CheckName, Result
from lambda_fn.settings import Settings
from tests.fixtures.examined import Examined, examine
from tests.fixtures.projects import Project
from tests.fixtures.sessions import open_session

A, B, C = "20240101000000_a", "20240102000000_b", "20240103000000_c"
PASSWORD = "p%40ss"  # p@ss, percent-encoded


class User:
    """A login role without any right, and roles beside it."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.name = f"app_{secrets.token_hex(4)}"
        self.clone, self.owner = f"{self.name}_clone", f"{self.name}_owner"
        self.project.query(f"CREATE ROLE {self.name} LOGIN PASSWORD 'p@ss'")
        self.project.query(f"CREATE ROLE {self.clone} NOLOGIN; CREATE ROLE {self.owner} NOLOGIN")
        self.project.query("REVOKE CREATE ON SCHEMA public FROM PUBLIC")

    def grant(self, *rights: str) -> None:
        """Grant rights, such as `CREATE ON SCHEMA public`."""
        for right in rights:
            self.project.query(f"GRANT {right} TO {self.name}")

    def settings(self, owner_role: str | None = None) -> Settings:
        """Settings that connect as the user."""
        return self.project.as_user(self.name, PASSWORD, owner_role=owner_role)

    def examine(self, owner_role: str | None = None) -> Examined:
        """What doctor finds as the user."""
        return examine(self.project, self.settings(owner_role))

    def drop(self) -> None:
        """Drop the roles with all they own."""
        for role in (self.name, self.clone, self.owner):
            self.project.query(f"DROP OWNED BY {role} CASCADE")
            self.project.query(f"DROP ROLE {role}")


@pytest.fixture
def user(project: Project) -> Iterator[User]:
    """A project of one migration, and a user without any right."""
    project.write(A, "CREATE TABLE a (id int);")
    user = User(project)
    yield user
    user.drop()


@pytest.fixture
def project(project: Project) -> Project:
    """A project of one migration."""
    project.write(A, "CREATE TABLE a (id int);")
    return project


HISTORY_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")


def follow(user: User, next_step: str) -> None:
    """Run what an error says is to be run."""
    for statement in next_step.split("Run: ")[1:]:
        user.project.query(statement.partition(";")[0])


def test_a_user_who_may_not_make_the_history_is_told_the_grant_and_it_is_the_right_one(user: User) -> None:
    error = user.examine().error(CheckName.RIGHTS, "M307")

    assert f'{user.name} lacks CREATE ON SCHEMA "public"' in error.problem
    follow(user, error.next_step)
    assert user.examine().failed == {}
    assert user.project.run(settings=user.settings()).error is None


def test_a_schema_that_is_absent_needs_the_right_to_make_it(user: User) -> None:
    settings = dataclasses.replace(user.settings(), schema="app")
    error = examine(user.project, settings).error(CheckName.RIGHTS, "M307")

    assert f'CREATE ON DATABASE "{user.project.database}"' in error.problem
    follow(user, error.next_step)
    assert examine(user.project, settings).failed == {}
    assert user.project.run(settings=settings).error is None


@pytest.mark.parametrize("missing", HISTORY_RIGHTS)
def test_each_right_on_the_history_that_is_missing_is_told(user: User, missing: str) -> None:
    user.project.run()
    user.grant("USAGE, CREATE ON SCHEMA public", "ALL ON a")
    user.grant(*(f"{right} ON _prisma_migrations" for right in HISTORY_RIGHTS if right != missing))
    user.project.query(f"ALTER TABLE a OWNER TO {user.name}")

    examined = user.examine()

    unreadable = {CheckName.HISTORY: "M307"} if missing == "SELECT" else {}
    assert examined.failed == {CheckName.RIGHTS: "M307", **unreadable}
    assert f'lacks {missing} ON "public"._prisma_migrations' in examined[CheckName.RIGHTS].message
    follow(user, examined[CheckName.RIGHTS].next_step)
    assert user.examine().failed == {}


def test_a_user_who_may_keep_the_history_and_make_nothing_else_is_doubted(user: User) -> None:
    user.project.run()
    user.grant("USAGE ON SCHEMA public", f"{', '.join(HISTORY_RIGHTS)} ON _prisma_migrations")
    user.project.query(f"ALTER TABLE a OWNER TO {user.name}")

    examined = user.examine()

    assert examined.failed == {}
    assert list(examined.unknown) == [CheckName.RIGHTS]
    assert f'GRANT CREATE ON SCHEMA "public" TO "{user.name}"' in examined[CheckName.RIGHTS].next_step


def make_objects(user: User, owner: str) -> None:
    """A table, a view, an enum and a function of somebody's."""
    user.project.query(
        "CREATE TABLE a (id serial PRIMARY KEY); CREATE VIEW v AS SELECT 1; CREATE TYPE mood AS ENUM ('x'); "
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; "
        f"ALTER TABLE a OWNER TO {owner}; ALTER VIEW v OWNER TO {owner}; ALTER TYPE mood OWNER TO {owner}; "
        f"ALTER FUNCTION f() OWNER TO {owner}"
    )


def test_objects_of_the_other_user_of_an_alternating_secret_are_told_with_the_way_out(user: User) -> None:
    user.grant("USAGE, CREATE ON SCHEMA public")
    make_objects(user, user.clone)

    examined = user.examine()

    # The table and its sequence, the view, the type, the function.
    assert f"5 to {user.clone}" in examined[CheckName.OWNER_ROLE].message
    assert examined.failed == {CheckName.OWNER_ROLE: "M326", CheckName.HISTORY: "P3005"}
    assert "MIGRATE_OWNER_ROLE" in examined[CheckName.OWNER_ROLE].next_step
    user.project.query(f"GRANT {user.clone} TO {user.name}")
    assert user.examine().failed == {CheckName.HISTORY: "P3005"}


def test_objects_of_the_owner_role_are_no_finding(user: User) -> None:
    user.project.query(f"GRANT {user.owner} TO {user.name}; ALTER SCHEMA public OWNER TO {user.owner}")
    user.project.run(settings=user.settings(user.owner))

    examined = user.examine(user.owner)

    assert (examined.failed, examined.unknown) == ({}, {})
    assert examined[CheckName.OWNER_ROLE].message == f"{user.name} can act as {user.owner}"


def test_objects_that_came_with_an_extension_belong_to_nobody(user: User) -> None:
    user.grant("USAGE, CREATE ON SCHEMA public")
    make_objects(user, user.name)
    user.project.query("CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    assert user.examine().failed[CheckName.OWNER_ROLE] == "M326"

    # As CREATE EXTENSION records what it makes.
    user.project.query(
        "INSERT INTO pg_depend SELECT 'pg_proc'::regclass, 'g'::regproc, 0, 'pg_extension'::regclass, e.oid, 0, 'e' "
        "FROM pg_extension e WHERE extname = 'plpgsql'"
    )
    assert CheckName.OWNER_ROLE not in user.examine().failed
    user.project.query("DELETE FROM pg_depend WHERE objid = 'g'::regproc AND deptype = 'e'")


@pytest.mark.parametrize("role", ["pg_signal_backend", "nosuchrole", "none"])
def test_an_owner_role_that_cannot_be_assumed_is_told_and_what_needs_it_is_unknown(user: User, role: str) -> None:
    examined = user.examine(role)

    assert f'GRANT "{role}" TO "{user.name}"' in examined.error(CheckName.OWNER_ROLE, "M305").next_step
    needing = (CheckName.RIGHTS, CheckName.ROW_SECURITY, CheckName.HISTORY)
    assert examined.unknown == dict.fromkeys(needing, "not looked at: needs ownerRole")
    assert examined[CheckName.LOCK].result is Result.PASSED


def test_the_owner_role_of_the_request_counts(user: User) -> None:
    user.project.query(f"ALTER ROLE {user.name} NOINHERIT; GRANT {user.owner} TO {user.name}")
    user.project.query(f"GRANT ALL ON SCHEMA public TO {user.owner}")

    assert examine(user.project, user.settings(), ownerRole=user.owner).failed == {}
    assert user.examine().failed == {CheckName.RIGHTS: "M307"}


def test_row_level_security_that_hides_the_history_is_told_and_of_another_is_not(user: User) -> None:
    user.project.run()
    user.grant("ALL ON SCHEMA public", "ALL ON _prisma_migrations")
    user.project.query(f"ALTER TABLE a OWNER TO {user.name}")
    user.project.query("ALTER TABLE _prisma_migrations ENABLE ROW LEVEL SECURITY")

    examined = user.examine()

    assert examined.failed == {CheckName.ROW_SECURITY: "M307", CheckName.HISTORY: "M307"}
    assert examine(user.project)[CheckName.ROW_SECURITY].message.startswith("on, but not for ")
    follow(user, examined[CheckName.ROW_SECURITY].next_step)
    assert user.examine().failed == {}


def test_a_failed_migration_is_told_with_the_resolve_commands(project: Project) -> None:
    project.run()
    project.query("UPDATE _prisma_migrations SET finished_at = NULL")

    examined = examine(project)

    next_step = examined.error(CheckName.HISTORY, "P3009").next_step
    assert f"resolve --rolled-back {A}" in next_step
    assert f"resolve --applied {A}" in next_step
    assert exit_code(examined.outcome) == 4


def test_a_failed_migration_is_told_without_a_directory_too(project: Project) -> None:
    project.run()
    project.query("UPDATE _prisma_migrations SET finished_at = NULL")

    examined = examine(project, dataclasses.replace(project.settings, directory="/nowhere"))

    assert examined.failed == {CheckName.DIRECTORY: "M206", CheckName.HISTORY: "P3009"}
    assert exit_code(examined.outcome) == 2


def test_without_a_directory_the_history_is_read_and_what_is_pending_is_not_guessed(project: Project) -> None:
    project.run()

    examined = examine(project, dataclasses.replace(project.settings, directory="/nowhere"))

    assert examined.failed == {CheckName.DIRECTORY: "M206"}
    assert examined.unknown[CheckName.HISTORY].startswith("nothing in it has failed")


def test_what_is_pending_is_counted(project: Project) -> None:
    project.run()
    project.write(B, "SELECT 1;")

    assert examine(project)[CheckName.HISTORY].message == "1 of 2 migrations pending"


def test_a_database_that_was_never_managed_is_told_before_deploy_refuses_it(project: Project) -> None:
    project.query("CREATE TABLE customers (id int)")

    assert f"baseline --to {A}" in examine(project).error(CheckName.HISTORY, "P3005").next_step


def test_a_table_that_is_not_prismas_is_told(project: Project) -> None:
    project.query("CREATE TABLE _prisma_migrations (id int)")

    assert "_prisma_migrations" in examine(project).error(CheckName.HISTORY, "M505").problem


def test_a_script_that_cannot_be_run_fails_while_it_is_pending_only(project: Project) -> None:
    project.run()
    project.write(B, "ROLLBACK;")
    project.write(C, "BEGIN; VACUUM; COMMIT;")

    pending = examine(project)
    (project.directory / C / "migration.sql").write_text("")
    project.query(
        "INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('x', '', %s, now())", B
    )
    applied = examine(project)

    assert pending.failed == {CheckName.HISTORY: "M211"}
    assert applied.failed == {}
    assert "1 more cannot be run either" in pending.unknown[CheckName.DIRECTORY]
    assert "M211" in pending.unknown[CheckName.DIRECTORY]
    assert pending[CheckName.DIRECTORY].next_step.startswith("Unless it is applied: Remove it")


def test_what_deploy_would_warn_of_is_a_doubt_and_in_strict_mode_a_failure(project: Project) -> None:
    project.run()
    project.write(A, "SELECT 'edited';")

    assert f"M510 Edited after it was applied, and not run again: {A}." in examine(project).unknown[CheckName.HISTORY]
    assert examine(project, strict=True).failed == {CheckName.HISTORY: "M502"}


def test_a_directory_with_a_wrong_lock_file_is_told_and_the_database_too(project: Project) -> None:
    (project.directory / "migration_lock.toml").write_text('provider = "mysql"\n')

    examined = examine(project)

    assert examined.failed == {CheckName.DIRECTORY: "P3019"}
    assert examined[CheckName.LOCK].result is Result.PASSED


def test_a_lock_that_another_session_holds_is_told_with_its_holder(project: Project) -> None:
    with open_session(project) as session:
        pid = session.connection.fetch([b"SELECT pg_backend_pid()"], doing="asking")[0][0]
        examined = examine(project)
    freed = examine(project)

    assert (
        f"backend {pid} (mig/test-run, user {project.server.address.user}, "
        in examined.error(CheckName.LOCK, "M327").problem
    )
    assert exit_code(examined.outcome) == 3
    assert freed.failed == {}
