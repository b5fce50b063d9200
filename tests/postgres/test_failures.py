"""A migration that fails: what stays, what is recorded, what people are told, and how it goes on."""

import json

import pytest

from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.errors import MigrateError
from tests.fixtures.projects import Project

NAME = "20240102000000_b"


def error_of(outcome: Outcome) -> MigrateError:
    assert outcome.error is not None
    return outcome.error


def write_failing(project: Project, last: str = "SELECT 1/0;") -> None:
    project.write("20240101000000_a", "CREATE TABLE a (id int PRIMARY KEY);")
    project.write(NAME, f"CREATE TABLE b (id int);\n\n-- the last\n  {last}\n")
    project.write("20240103000000_c", "CREATE TABLE c (id int);")


def test_nothing_of_a_failed_migration_stays_and_the_corrected_file_applies_without_resolve(project: Project) -> None:
    write_failing(project)

    failed = project.run()

    assert failed.status is Status.FAILED
    assert [migration.name for migration in failed.applied] == ["20240101000000_a"]
    assert [migration.name for migration in failed.pending] == [NAME, "20240103000000_c"]
    assert project.tables() == {"a"}
    [_, row] = project.rows()
    assert (row["finished_at"], row["applied_steps_count"]) == (None, 0)
    assert row["rolled_back_at"] is not None
    assert row["logs"].startswith("A migration failed to apply. New migrations cannot be applied before")
    assert (
        f"Migration name: {NAME}\n\nDatabase error code: 22012\n\nDatabase error:\nERROR: division by zero"
        in row["logs"]
    )

    project.write(NAME, "CREATE TABLE b (id int);")
    corrected = project.run()

    assert [migration.name for migration in corrected.applied] == [NAME, "20240103000000_c"]
    assert project.tables() == {"a", "b", "c"}
    assert corrected.warnings == ()


def test_an_error_at_run_time_is_found_by_statement_line_and_column(project: Project) -> None:
    write_failing(project)

    error = error_of(project.run())

    assert (error.code, error.exit_code, type(error).__name__) == ("P3018", 5, "MigrationFailed")
    assert (error.where.migration, error.where.sqlstate) == (NAME, "22012")
    assert (error.where.statement, error.where.line, error.where.column) == (2, 4, 3)
    assert error.where.excerpt == "    4 |   SELECT 1/0;\n          ^"
    assert error.headline == (
        f"P3018 Migration {NAME} failed to apply: ERROR 22012 in statement 2 (line 4, column 3): division by zero. "
        "Nothing of it is in the database. Correct the file and deploy again; no resolve is needed."
    )


def test_the_caret_stands_under_the_character_also_behind_letters_of_several_bytes(project: Project) -> None:
    project.write(NAME, "SELECT 1;\r\nSELECT 'żółw 🐢', nothing FROM pg_class;\r\n")

    error = error_of(project.run())

    assert (error.where.statement, error.where.line, error.where.column) == (2, 2, 18)
    assert error.where.excerpt is not None
    line, caret = error.where.excerpt.split("\n")
    assert caret.index("^") == line.index("nothing")


@pytest.mark.parametrize(
    ("script", "line", "column"),
    [
        ("SELECT 1;\nSELEC 2;\nSELECT 3;", 2, 1),
        ("SELECT 1;\nCREATE TABLE x (id int)) ;", 2, 24),
        ("SELECT 1;\nSELECT * FROM", 2, 14),
        ("SELECT * FROM -- the end", 1, 25),
    ],
    ids=["in the middle", "one parenthesis too many", "at the end", "at the end, behind a comment"],
)
def test_a_syntax_error_is_found_wherever_it_is(project: Project, script: str, line: int, column: int) -> None:
    project.write(NAME, script)

    error = error_of(project.run())

    assert (error.where.line, error.where.column) == (line, column)


def test_the_same_failure_ten_times_leaves_one_row_with_a_count(project: Project) -> None:
    write_failing(project)
    for _ in range(10):
        project.run()

    [_, row] = project.rows()
    assert json.loads(row["logs"].splitlines()[-1])["migrateLambda"]["attempts"] == 10


def test_another_failure_of_a_changed_file_is_a_row_of_its_own(project: Project) -> None:
    write_failing(project)
    project.run()
    write_failing(project, "SELECT 2/0;")
    project.run()

    assert [row["migration_name"] for row in project.rows()] == ["20240101000000_a", NAME, NAME]
    assert all(row["rolled_back_at"] for row in project.rows()[1:])


PRISMA_LOGS = (
    f"A migration failed to apply.\n\nMigration name: {NAME}\n\nDatabase error code: 42601\n\nDatabase error:\n"
    "ERROR: syntax error at or near \"x\"\n\nPosition:\n  0\n  1 CREATE ROLE app PASSWORD 'hunter2' x;\n\nDbError { … }"
)


def test_a_row_that_prisma_left_failed_blocks_until_it_is_resolved(project: Project) -> None:
    write_failing(project, "SELECT 1;")
    project.run(to="20240101000000_a")
    project.query(
        "INSERT INTO _prisma_migrations (id, checksum, migration_name, logs, started_at) "
        f"VALUES ('x', 'y', '{NAME}', %s, '2026-11-22 07:23:28.480+00')",
        PRISMA_LOGS,
    )

    blocked = error_of(project.run())

    assert (blocked.code, type(blocked).__name__, blocked.exit_code) == ("P3009", "HistoryBlocked", 4)
    assert f"The `{NAME}` migration started at 2026-11-22 07:23:28.480 UTC failed." in blocked.headline
    assert f"resolve --rolled-back {NAME}" in blocked.next_step
    assert blocked.lines == (f'{NAME}: ERROR: syntax error at or near "x" (SQLSTATE 42601)',)
    assert "hunter2" not in blocked.text
    assert project.run("resolve", rolledBack=NAME).status is Status.PENDING
    assert project.run().status is Status.APPLIED


@pytest.mark.parametrize(
    ("setup", "script", "sqlstate"),
    [
        ("CREATE TABLE users (id int)", "CREATE TABLE users (id int);", "42P07"),
        ("CREATE TYPE mood AS ENUM ('a')", "CREATE TYPE mood AS ENUM ('a');", "42710"),
        ("CREATE TABLE users (id int)", "ALTER TABLE users ADD COLUMN id int;", "42701"),
        ("CREATE SCHEMA extra", "CREATE SCHEMA extra;", "42P06"),
    ],
)
def test_what_already_exists_is_answered_with_the_exact_resolve_command(
    project: Project, setup: str, script: str, sqlstate: str
) -> None:
    project.write("20240101000000_a", "SELECT 1;")
    project.run()
    project.query(setup)
    project.write(NAME, script)

    error = error_of(project.run())

    assert error.where.sqlstate == sqlstate
    assert f"`migrate-lambda resolve --applied {NAME}`" in error.next_step
    project.run("resolve", applied=[NAME])
    assert project.run().status is Status.UP_TO_DATE


SECRET = "hunter2hunter2"
HOLDS_SECRETS = {
    "a password": f"CREATE ROLE app_{{}} PASSWORD '{SECRET}' NOSUCHOPTION;",
    "an escaped password": f"ALTER ROLE nobody_{{}} PASSWORD E'{SECRET}';",
    "a user mapping": f"CREATE USER MAPPING FOR CURRENT_USER SERVER nowhere OPTIONS (password '{SECRET}');",
    "a subscription": f"CREATE SUBSCRIPTION s CONNECTION 'password={SECRET}' PUBLICATION p WITH (connect = false, x);",
    "a dollar-quoted password": f"ALTER ROLE nobody_{{}} PASSWORD $x${SECRET}$x$;",
    "over two lines": f"ALTER ROLE nobody_{{}}\nPASSWORD '{SECRET}' NOSUCHOPTION;",
    "as the token at the error": f"ALTER ROLE nobody_{{}} PASSWORD 'x' '{SECRET}';",
    "over two lines inside the string": f"ALTER ROLE nobody_{{}} PASSWORD 'x\n{SECRET}' NOSUCHOPTION;",
    "behind another statement": f"SELECT 1; CREATE USER nobody_{{}} NOSUCHOPTION PASSWORD '{SECRET}';",
}


@pytest.mark.parametrize("script", HOLDS_SECRETS.values(), ids=HOLDS_SECRETS)
def test_no_password_of_a_script_reaches_an_error_or_the_history(project: Project, script: str) -> None:
    project.write(NAME, script.replace("{}", project.database))

    outcome = project.run()

    told = error_of(outcome).text + "".join(project.reporter.lines) + str(project.rows()[0]["logs"])
    assert outcome.status is Status.FAILED
    assert SECRET not in told


def test_the_values_of_rows_are_not_repeated(project: Project) -> None:
    """DETAIL of a violated constraint is the row itself."""
    project.write(
        NAME, "CREATE TABLE t (v text UNIQUE); INSERT INTO t SELECT 'patient' || 7 FROM generate_series(1, 2);"
    )

    error = error_of(project.run())

    assert error.where.sqlstate == "23505"
    assert "patient7" not in error.text
    assert "patient7" not in project.rows()[0]["logs"]


def test_hint_and_place_in_a_function_are_told(project: Project) -> None:
    project.write(
        NAME,
        "DO $$ BEGIN\n  RAISE EXCEPTION 'stock is empty' USING HINT = 'Fill it.', DETAIL = 'Nothing there.';\nEND $$;",
    )

    error = error_of(project.run())

    assert error.lines == (
        "DETAIL: Nothing there.",
        "HINT: Fill it.",
        "CONTEXT: PL/pgSQL function inline_code_block line 2 at RAISE",
    )


def test_every_sentence_of_the_run_ends_with_the_error(project: Project) -> None:
    write_failing(project)

    outcome = project.run()

    assert project.reporter.lines[0] == "Running Database Migrations"
    assert project.reporter.lines[-1] == error_of(outcome).text
    assert "Migrations completed successfully" not in project.reporter.lines


def test_a_backend_that_is_terminated_is_told_as_lost_and_the_next_run_goes_on(project: Project) -> None:
    project.write("20240101000000_a", "CREATE TABLE a (id int);")
    project.write(NAME, "CREATE TABLE b (id int); SELECT pg_terminate_backend(pg_backend_pid());")

    outcome = project.run()

    error = error_of(outcome)
    assert (type(error).__name__, error.code) == ("DatabaseUnreachable", "P1017")
    assert "Nothing of it was committed" in error.headline
    assert project.tables() == {"a"}
    project.write(NAME, "CREATE TABLE b (id int);")
    assert project.run().status is Status.APPLIED
