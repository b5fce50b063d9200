"""Migrations that are run step by step: what is done is recorded with it, and the next run goes on behind it."""

import dataclasses

import pytest

from lambda_fn.domain.journal import Journal
from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.errors import HistoryBlocked, MigrateError, MigrationFailed
from tests.fixtures.projects import Project, Row

A, B = "20240101000000_a", "20240102000000_b"
STEPWISE = "-- migrate: stepwise\n"
COUNTER = "CREATE TABLE counter (n int); INSERT INTO counter VALUES (0);"
INCREMENT = "UPDATE counter SET n = n + 1;"
MIX = f"CREATE TABLE t (id int);\nCREATE INDEX CONCURRENTLY t_id ON t (id);\n{INCREMENT}\n{INCREMENT}"
COMMITTING = "DO $$ BEGIN UPDATE counter SET n = n + 1; COMMIT; UPDATE counter SET n = n + 1; END $$;"


@pytest.fixture
def counted(project: Project) -> Project:
    """A project with a counter; whatever runs twice shows in it."""
    project.write(A, COUNTER)
    project.run()
    return project


def error_of(outcome: Outcome) -> MigrateError:
    assert outcome.error is not None
    return outcome.error


def row_of(project: Project, name: str = B) -> Row:
    [row] = [row for row in project.rows() if row["migration_name"] == name]
    return row


def journal_of(project: Project) -> Journal:
    journal = Journal.read(row_of(project)["logs"])
    assert journal is not None
    return journal


def counter(project: Project) -> int:
    return int(project.value("SELECT n FROM counter"))


def is_finished_like_prismas(row: Row) -> bool:
    looks = (row["finished_at"] is not None, row["rolled_back_at"], row["logs"], row["applied_steps_count"])
    return looks == (True, None, None, 1)


def test_a_file_that_mixes_is_run_step_by_step_and_its_row_looks_like_prismas(counted: Project) -> None:
    counted.write(B, MIX)

    outcome = counted.run()

    assert (outcome.status, outcome.error) == (Status.APPLIED, None)
    assert counter(counted) == 2
    assert counted.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_id'::regclass")
    assert is_finished_like_prismas(row_of(counted))
    assert [migration.statements for migration in outcome.applied] == [4]


@pytest.mark.parametrize("head", [STEPWISE, "\n-- a comment\n\n--migrate: stepwise\n"])
def test_a_file_that_asks_for_it_keeps_the_steps_before_the_one_that_failed(counted: Project, head: str) -> None:
    counted.write(B, f"{head}{INCREMENT}\n{INCREMENT}\nSELECT 1/0;\n{INCREMENT}")

    error = error_of(counted.run())

    assert isinstance(error, MigrationFailed)
    assert (error.code, error.where.sqlstate) == ("P3018", "22012")
    assert error.where.excerpt is not None
    assert "SELECT 1/0" in error.where.excerpt
    assert "The first 2 of its 4 steps are in the database" in error.problem
    assert counter(counted) == 2
    row = row_of(counted)
    assert (row["finished_at"], row["rolled_back_at"]) == (None, None)
    assert row["logs"].startswith("A migration failed to apply.")
    assert (journal_of(counted).done, journal_of(counted).steps) == (2, 4)


def test_the_next_run_goes_on_behind_the_last_step_and_what_comes_behind_may_be_edited(counted: Project) -> None:
    counted.write(B, f"{STEPWISE}{INCREMENT}\n{INCREMENT}\nSELECT 1/0;")
    counted.run()
    counted.write(B, f"{STEPWISE}-- a comment\r\n{INCREMENT}\r\n{INCREMENT}\nSELECT 1;\n{INCREMENT}")

    outcome = counted.run()

    assert (outcome.status, outcome.error) == (Status.APPLIED, None)
    assert counter(counted) == 3
    row = row_of(counted)
    assert is_finished_like_prismas(row)
    assert outcome.warnings == ()
    assert counted.run().warnings == (), "the row has the checksum of the file as it is now"
    assert f"{B} goes on behind step 2 of 3" not in counted.reporter.lines
    assert f"{B} goes on behind step 2 of 4" in counted.reporter.lines


def test_a_failed_rest_that_is_taken_out_of_the_file_leaves_the_end_to_be_recorded(counted: Project) -> None:
    counted.write(B, f"{STEPWISE}{INCREMENT}\n{INCREMENT}\nSELECT 1/0;")
    counted.run()
    counted.write(B, f"{STEPWISE}{INCREMENT}\n{INCREMENT}\n")

    outcome = counted.run()

    assert (outcome.status, outcome.error, outcome.warnings) == (Status.APPLIED, None, ())
    assert counter(counted) == 2
    assert is_finished_like_prismas(row_of(counted))


def test_a_routine_that_was_cut_off_is_not_run_again_behind_a_statement_put_before_it(counted: Project) -> None:
    failing = COMMITTING.replace("END $$", "PERFORM 1/0; END $$")
    counted.write(B, f"{INCREMENT}\n{failing}")
    counted.run()
    counted.write(B, f"{INCREMENT}\nVACUUM;\n{failing}")

    error = error_of(counted.run())

    assert (error.code, isinstance(error, HistoryBlocked)) == ("M506", True)
    assert "was edited since" in error.problem
    assert counter(counted) == 2


def test_the_same_step_failing_again_is_counted_in_the_same_row(counted: Project) -> None:
    counted.write(B, f"{STEPWISE}{INCREMENT}\nSELECT 1/0;")
    for _ in range(3):
        counted.run()

    assert journal_of(counted).attempts == 3
    assert counter(counted) == 1


def test_edited_steps_that_are_done_stop_the_next_run_before_it_changes_anything(counted: Project) -> None:
    counted.write(B, f"{STEPWISE}{INCREMENT}\nSELECT 1/0;")
    counted.run()
    counted.write(B, f"{STEPWISE}UPDATE counter SET n = n + 2;\nSELECT 1;")

    error = error_of(counted.run())

    assert isinstance(error, HistoryBlocked)
    assert error.code == "M506"
    assert f"resolve --rolled-back {B}" in error.next_step
    assert error_of(counted.run("plan")).code == "M506"
    assert counter(counted) == 1


def test_a_first_step_that_fails_leaves_nothing_and_one_row(counted: Project) -> None:
    counted.write(B, f"{STEPWISE}SELECT 1/0;\n{INCREMENT}")
    for _ in range(2):
        error = error_of(counted.run())

    assert "Nothing of it is in the database." in error.problem
    assert row_of(counted)["rolled_back_at"] is not None
    assert '"attempts": 2' in row_of(counted)["logs"]
    counted.write(B, f"{STEPWISE}{INCREMENT}")
    assert counted.run().status is Status.APPLIED


def test_status_says_how_far_a_half_done_migration_is_and_verify_does_not_pass(counted: Project) -> None:
    counted.write(B, f"{STEPWISE}{INCREMENT}\nSELECT 1/0;")
    counted.run()

    status = counted.run("status")

    assert (status.status, status.failed) == (Status.PENDING, ())
    assert [(m.name, m.done, m.steps) for m in status.pending] == [(B, 1, 2)]
    assert any(f"{B} is half done" in line and "division by zero" in line for line in counted.reporter.lines)
    assert error_of(counted.run("verify")).code == "M503"
    assert counted.run("doctor").failed == ()


def test_a_half_done_migration_that_the_directory_does_not_have_blocks_as_a_failed_one(counted: Project) -> None:
    counted.write(B, f"{STEPWISE}{INCREMENT}\nSELECT 1/0;")
    counted.run()
    (counted.directory / B / "migration.sql").unlink()
    (counted.directory / B).rmdir()
    counted.write("20240103000000_c", "SELECT 1;")

    assert error_of(counted.run()).code == "P3009"
    assert error_of(counted.run(to=A)).code == "P3009"


def test_a_half_done_migration_can_be_resolved_either_way(counted: Project) -> None:
    counted.write(B, f"{STEPWISE}{INCREMENT}\nSELECT 1/0;")
    counted.run()
    counted.run("resolve", rolledBack=[B])
    counted.run()

    assert counter(counted) == 2, "rolled back means that the whole file is pending again"
    counted.run("resolve", applied=[B])
    assert counted.run().status is Status.UP_TO_DATE


def test_an_authors_own_begin_and_commit_is_one_step(counted: Project) -> None:
    counted.write(B, f"{STEPWISE}{INCREMENT}\nBEGIN;\n{INCREMENT}\nSELECT 1/0;\nCOMMIT;")

    error = error_of(counted.run())

    assert error.where.line == 5
    assert counter(counted) == 1
    assert (journal_of(counted).done, journal_of(counted).steps) == (1, 2)


def test_what_a_script_sets_for_its_session_holds_for_every_step_and_after_going_on(counted: Project) -> None:
    setting = "CREATE SCHEMA app; SET search_path = app;\nPREPARE increment AS UPDATE public.counter SET n = n + 1;\n"
    counted.write(B, f"{STEPWISE}{setting}CREATE TABLE t (id int);\nEXECUTE increment;\nSELECT 1/0;")
    counted.run()
    counted.write(B, f"{STEPWISE}{setting}CREATE TABLE t (id int);\nEXECUTE increment;\nCREATE TABLE u AS TABLE t;")

    assert counted.run().status is Status.APPLIED
    assert counted.tables("app") == {"t", "u"}
    assert counter(counted) == 1


def test_a_setting_that_fails_is_where_it_stands(counted: Project) -> None:
    counted.write(B, f"{STEPWISE}{INCREMENT}\nSET ROLE nobody_at_all;\n{INCREMENT}\nVACUUM;")

    error = error_of(counted.run())

    assert error.where.excerpt is not None
    assert "SET ROLE" in error.where.excerpt
    assert counter(counted) == 1


def test_a_setting_that_fails_before_a_statement_outside_of_transactions_is_where_it_stands(counted: Project) -> None:
    counted.write(B, "SET ROLE nobody_at_all;\nVACUUM;")

    error = error_of(counted.run())

    assert error.where.line == 1
    assert "nobody_at_all" in error.problem
    assert row_of(counted)["rolled_back_at"] is not None


HOSTILE = {
    "the lock is let go": "SELECT pg_advisory_unlock_all();",
    "the path is emptied": (
        "CREATE FUNCTION empty() RETURNS text LANGUAGE sql AS $$ SELECT set_config('search_path', '', false) $$; "
        "SELECT empty();"
    ),
    "a function like one of PostgreSQL's": (
        "CREATE FUNCTION now() RETURNS timestamptz LANGUAGE sql AS 'SELECT NULL::timestamptz'; SET search_path = "
        "public, pg_catalog;"
    ),
    "row-level security": "SET row_security = on;",
    "a temporary table like the history": "BEGIN; CREATE TEMP TABLE _prisma_migrations (id int); COMMIT;",
}


@pytest.mark.parametrize("statement", HOSTILE.values(), ids=HOSTILE)
def test_what_a_step_does_to_its_session_does_not_reach_the_journal(counted: Project, statement: str) -> None:
    counted.write(B, f"{STEPWISE}{INCREMENT}\n{statement}\n{INCREMENT}\nVACUUM;")

    outcome = counted.run()

    assert (outcome.status, outcome.error) == (Status.APPLIED, None)
    assert counter(counted) == 2
    assert is_finished_like_prismas(row_of(counted))


def test_a_new_enum_value_is_used_by_the_same_file(counted: Project) -> None:
    counted.write(
        B, "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (v e); ALTER TYPE e ADD VALUE 'b'; INSERT INTO t VALUES ('b');"
    )

    assert counted.run().status is Status.APPLIED
    assert counted.value("SELECT v::text FROM t") == "b"
    assert is_finished_like_prismas(row_of(counted))


def test_a_file_that_is_to_be_atomic_does_not_fall_back(counted: Project) -> None:
    counted.write(B, f"-- migrate: atomic\n{INCREMENT}\n{COMMITTING}")

    error = error_of(counted.run())

    assert (error.code, error.where.sqlstate) == ("P3018", "2D000")
    assert "migrate: stepwise" in error.next_step
    assert counter(counted) == 0


def test_an_event_trigger_that_raises_25001_is_no_reason_to_fall_back(counted: Project) -> None:
    counted.query(
        "CREATE FUNCTION veto() RETURNS event_trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '25001'; END $$"
    )
    counted.query("CREATE EVENT TRIGGER veto ON ddl_command_start WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION veto()")
    counted.write(B, f"{INCREMENT}\nCREATE TABLE t (id int);\nREINDEX TABLE counter;")

    error = error_of(counted.run())

    assert (error.code, error.where.sqlstate) == ("P3018", "25001")
    assert counter(counted) == 0


def test_a_partitioned_table_is_reindexed_step_by_step(counted: Project) -> None:
    counted.write(
        B,
        "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);\n"
        f"CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9);\nREINDEX TABLE p;\n{INCREMENT}",
    )

    assert counted.run().status is Status.APPLIED
    assert counter(counted) == 1
    assert any("does not work in one transaction" in line for line in counted.reporter.lines)


def test_a_routine_that_commits_by_itself_is_run_once(counted: Project) -> None:
    counted.write(B, f"{INCREMENT}\n{COMMITTING}\n{INCREMENT}")

    assert counted.run().status is Status.APPLIED
    assert counter(counted) == 4
    assert is_finished_like_prismas(row_of(counted))


def test_a_routine_that_failed_behind_its_own_commit_is_not_run_again_but_asked_about(counted: Project) -> None:
    failing = COMMITTING.replace("END $$", "PERFORM 1/0; END $$")
    counted.write(B, f"{INCREMENT}\n{failing}\n{INCREMENT}")

    first, second = error_of(counted.run()), error_of(counted.run())

    assert (first.code, first.where.sqlstate) == ("P3018", "22012")
    assert "part of its work may be in the database" in first.problem
    assert (second.code, second.where.line) == ("M507", 2)
    assert f"resolve --applied {B}" in second.next_step
    assert counter(counted) == 2
    assert (row_of(counted)["finished_at"], journal_of(counted).begun) == (None, 2)


def test_a_routine_does_not_commit_where_it_need_not_and_is_rolled_back_with_its_entry(counted: Project) -> None:
    counted.write(B, f"{STEPWISE}{INCREMENT}\nDO $$ BEGIN UPDATE counter SET n = 9; PERFORM 1/0; END $$;")

    counted.run()

    assert counter(counted) == 1
    assert journal_of(counted).begun is None


def test_a_trigger_that_keeps_the_journal_from_being_written_rolls_the_step_back(counted: Project) -> None:
    counted.query("CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$")
    counted.query("CREATE TRIGGER swallow BEFORE UPDATE ON _prisma_migrations FOR EACH ROW EXECUTE FUNCTION swallow()")
    counted.write(B, f"{STEPWISE}{INCREMENT}\n{INCREMENT}")

    error = error_of(counted.run())

    assert error.code == "M603"
    assert counter(counted) == 0


def test_owner_role_and_schema_are_those_of_every_step(counted: Project) -> None:
    counted.query(f"CREATE ROLE steps_owner_{counted.database}")
    try:
        counted.query(f"CREATE SCHEMA app AUTHORIZATION steps_owner_{counted.database}")
        settings = dataclasses.replace(counted.settings, schema="app", owner_role=f"steps_owner_{counted.database}")
        counted.write(A, "SELECT 1;")
        counted.write(
            B, "CREATE TABLE t (id int);\nCREATE INDEX CONCURRENTLY t_id ON t (id);\nCREATE TABLE u (id int);"
        )

        assert counted.run(settings=settings).status is Status.APPLIED
        owners = counted.query("SELECT tableowner FROM pg_tables WHERE schemaname = 'app'")
        assert {row["tableowner"] for row in owners} == {f"steps_owner_{counted.database}"}
        assert counted.tables("app") == {"t", "u"}
    finally:
        counted.query(f"DROP OWNED BY steps_owner_{counted.database}")
        counted.query(f"DROP ROLE steps_owner_{counted.database}")
