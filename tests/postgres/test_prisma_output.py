"""Files as Prisma writes them, and as editors and operating systems leave them."""

import hashlib

import pytest

from lambda_fn.domain.outcome import Status
from tests.fixtures.projects import Project

ALTER_ENUM = """\
/*
  Warnings:

  - The values [GUEST] on the enum `Role` will be removed. If these are still used, this will fail.

*/
-- AlterEnum
BEGIN;
CREATE TYPE "Role_new" AS ENUM ('USER', 'ADMIN');
ALTER TABLE "User" ALTER COLUMN "role" DROP DEFAULT;
ALTER TABLE "User" ALTER COLUMN "role" TYPE "Role_new" USING ("role"::text::"Role_new");
ALTER TYPE "Role" RENAME TO "Role_old";
ALTER TYPE "Role_new" RENAME TO "Role";
DROP TYPE "Role_old";
ALTER TABLE "User" ALTER COLUMN "role" SET DEFAULT 'USER';
COMMIT;

-- AlterTable
ALTER TABLE "User" ADD COLUMN "age" INTEGER;
"""
CREATE_USER = """\
-- CreateEnum
CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN', 'GUEST');

-- CreateTable
CREATE TABLE "User" (
    "id" SERIAL NOT NULL,
    "role" "Role" NOT NULL DEFAULT 'USER',

    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);
"""


def labels(project: Project, schema: str = "public") -> list[str]:
    statement = (
        "SELECT enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = enumtypid JOIN pg_namespace n "
        "ON n.oid = t.typnamespace WHERE nspname = %s ORDER BY enumsortorder"
    )
    return [row["enumlabel"] for row in project.query(statement, schema)]


def test_the_begin_and_commit_of_a_changed_enum_become_part_of_our_transaction(project: Project) -> None:
    project.write("20240101000000_user", CREATE_USER)
    project.write("20240102000000_roles", ALTER_ENUM)

    outcome = project.run()

    assert outcome.status is Status.APPLIED, outcome.error
    assert [migration.statements for migration in outcome.applied] == [2, 8]
    assert labels(project) == ["USER", "ADMIN"]


def test_a_failure_behind_the_authors_commit_takes_back_what_stands_before_it(project: Project) -> None:
    """With Prisma the committed part stays, and the real error is lost."""
    project.write("20240101000000_user", CREATE_USER)
    project.write("20240102000000_roles", ALTER_ENUM + "SELECT 1/0;\n")

    error = project.run().error

    assert error is not None
    assert (error.where.sqlstate, error.where.line) == ("22012", ALTER_ENUM.count("\n") + 1)
    # BEGIN and COMMIT are statements of the file, though they are not run.
    assert error.where.statement == 11
    assert labels(project) == ["USER", "ADMIN", "GUEST"]


def test_a_concurrent_index_alone_in_its_file_is_built(project: Project) -> None:
    project.write("20240101000000_a", "CREATE TABLE a (id int);")
    project.write("20240102000000_i", '-- CreateIndex\nCREATE INDEX CONCURRENTLY "a_id_idx" ON "a"("id");\n')
    project.write("20240103000000_b", "CREATE TABLE b (id int);")

    outcome = project.run()

    assert outcome.status is Status.APPLIED, outcome.error
    assert project.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_id_idx'::regclass")
    row = project.rows()[1]
    assert row["finished_at"] > row["started_at"]
    assert (row["logs"], row["rolled_back_at"], row["applied_steps_count"]) == (None, None, 1)
    plan = project.run("plan")
    assert plan.status is Status.UP_TO_DATE


def test_a_concurrent_index_that_fails_is_removed_and_needs_no_resolve(project: Project) -> None:
    project.write("20240101000000_a", "CREATE TABLE a (id int); INSERT INTO a VALUES (1), (1);")
    name = "20240102000000_i"
    project.write(name, "\nCREATE UNIQUE INDEX CONCURRENTLY a_id ON a(id)")

    error = project.run().error

    assert error is not None
    assert (error.code, error.where.sqlstate, error.where.line) == ("P3018", "23505", 2)
    assert "Nothing of it is in the database" in error.headline
    assert project.query("SELECT 1 FROM pg_class WHERE relname = 'a_id'") == []
    row = project.rows()[1]
    assert (row["finished_at"], row["rolled_back_at"] is None) == (None, False)
    assert row["logs"].startswith("A migration failed to apply.")

    project.query("DELETE FROM a")
    assert project.run().status is Status.APPLIED
    assert project.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_id'::regclass")


ALONE = {
    "VACUUM": "VACUUM a;",
    "REINDEX CONCURRENTLY": "REINDEX TABLE CONCURRENTLY a;",
    "DROP INDEX CONCURRENTLY": "DROP INDEX CONCURRENTLY IF EXISTS nosuchindex;",
    "ALTER SYSTEM": "ALTER SYSTEM SET work_mem = '5MB';",
    "behind a BOM": "\ufeffVACUUM a;",
}


@pytest.mark.parametrize("script", ALONE.values(), ids=ALONE)
def test_any_statement_that_cannot_share_a_transaction_runs_alone(project: Project, script: str) -> None:
    project.write("20240101000000_a", "CREATE TABLE a (id int);")
    project.write("20240102000000_alone", script)

    assert project.run("plan").pending[1].mode == "alone"
    assert project.run().status is Status.APPLIED


def test_objects_and_history_go_to_the_schema_of_the_url_which_is_created(project: Project) -> None:
    project.write("20240101000000_user", CREATE_USER)
    settings = project.settings_for(project.url + "?schema=Clinic%20One&connection_limit=1")

    assert project.run(settings=settings).status is Status.APPLIED
    assert project.run("status", settings=settings).status is Status.UP_TO_DATE
    assert project.tables_with_history("Clinic One") == {"User", "_prisma_migrations"}
    assert project.tables_with_history() == set()
    assert labels(project, "Clinic One") == ["USER", "ADMIN", "GUEST"]


def test_the_schema_of_the_request_wins_over_the_url(project: Project) -> None:
    project.write("20240101000000_user", CREATE_USER)
    settings = project.settings_for(project.url + "?schema=one")

    outcome = project.run(settings=settings, schema="two")

    assert outcome.schema == "two"
    assert project.tables("two") == {"User"}
    assert project.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'one'") == 0


def test_a_concurrent_index_is_built_in_the_schema_of_the_url(project: Project) -> None:
    project.write("20240101000000_a", "CREATE TABLE a (id int);")
    project.write("20240102000000_i", "CREATE INDEX CONCURRENTLY a_id ON a(id);")

    assert project.run(schema="two").status is Status.APPLIED
    assert project.value("SELECT schemaname FROM pg_indexes WHERE indexname = 'a_id'") == "two"


FILES = {
    "a byte order mark": b"\xef\xbb\xbfCREATE TABLE a (id int);",
    "CRLF": b"CREATE TABLE a (\r\n  id int\r\n);\r\n-- end\r\n",
    "no final semicolon": b"CREATE TABLE a (id int)",
    "a final comment without a line end": b"CREATE TABLE a (id int) -- end",
    "a final block comment": b"CREATE TABLE a (id int) /* end */",
    "Latin-1 in a comment": b"-- caf\xe9\nCREATE TABLE a (id int);",
    "a percent sign": b"CREATE TABLE a (id int CHECK (id % 2 = 0), t text DEFAULT '%s %(x)s');",
    "a dollar-quoted body": b"CREATE TABLE a (id int); DO $f$ BEGIN PERFORM '; COMMIT;'; END $f$;",
}


@pytest.mark.parametrize("script", FILES.values(), ids=FILES)
def test_files_as_editors_leave_them_are_applied(project: Project, script: bytes) -> None:
    project.write("20240101000000_a", script)

    outcome = project.run()

    assert outcome.status is Status.APPLIED, outcome.error
    assert project.tables() == {"a"}
    as_prisma_reads = script.decode(errors="replace").encode()
    assert project.rows()[0]["checksum"] == hashlib.sha256(as_prisma_reads).hexdigest()


@pytest.mark.parametrize("script", ["", "\n\n", "-- nothing\n", ";;", "\ufeff"], ids=repr)
def test_a_file_without_a_statement_is_applied(project: Project, script: str) -> None:
    project.write("20240101000000_empty", script)

    assert project.run().status is Status.APPLIED
    assert project.rows()[0]["applied_steps_count"] == 1


NAMES = ["20240101000000 with spaces", "20240101000001_it's", '20240101000002_"quoted"', "20240101000003_żółw", "init"]


def test_any_directory_name_is_a_migration(project: Project) -> None:
    for name in NAMES:
        project.write(name, "SELECT 1;")

    assert [migration.name for migration in project.run().applied] == NAMES
    assert [row["migration_name"] for row in project.rows()] == NAMES
    assert project.run().status is Status.UP_TO_DATE
