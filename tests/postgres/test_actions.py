"""Every action and option on real servers."""

import pytest

from lambda_fn.domain.outcome import Outcome, Status
from tests.fixtures.projects import Project

A, B, C = "20240101000000_a", "20240102000000_b", "20240103000000_c"


@pytest.fixture
def three(project: Project) -> Project:
    """A project with three pending migrations."""
    for name in (A, B, C):
        project.write(name, f"CREATE TABLE {name[-1]} (id int);")
    return project


def pending(outcome: Outcome) -> list[str]:
    return [migration.name for migration in outcome.pending]


def test_to_is_the_last_migration_that_is_applied(three: Project) -> None:
    outcome = three.run(to=B)

    assert outcome.status is Status.APPLIED
    assert three.tables() == {"a", "b"}
    assert three.run(to=B).status is Status.UP_TO_DATE
    assert pending(three.run("status")) == [C]
    assert three.run("verify", to=B).status is Status.UP_TO_DATE


def test_to_a_migration_that_does_not_exist_is_refused(three: Project) -> None:
    error = three.run(to="20240102").error

    assert error is not None
    assert (error.code, error.exit_code) == ("M106", 2)
    assert three.tables_with_history() == set()


@pytest.mark.parametrize("action", ["status", "plan", "verify"])
def test_looking_takes_no_lock_and_writes_nothing(three: Project, action: str) -> None:
    with three.server.connect(three.database) as other:
        other.execute("SELECT pg_advisory_lock(72707369)")
        outcome = three.run(action, lockWaitS=0)

    assert pending(outcome) == [A, B, C]
    assert three.tables_with_history() == set()


def test_plan_says_how_each_migration_would_run(three: Project) -> None:
    three.run(to=A)
    three.write(B, "CREATE INDEX CONCURRENTLY i ON a(id);")
    three.write(C, "SELECT 1; SELECT 2;")

    outcome = three.run("plan")

    assert outcome.status is Status.PENDING
    assert [(m.name, m.mode, m.statements) for m in outcome.pending] == [(B, "alone", 1), (C, "atomic", 2)]


def test_verify_fails_until_nothing_is_pending(three: Project) -> None:
    error = three.run("verify").error
    assert error is not None
    assert (error.code, type(error).__name__) == ("M503", "HistoryBlocked")
    assert A in error.headline

    three.run()

    assert three.run("verify", requires=C).status is Status.UP_TO_DATE
    missing = three.run("verify", requires="20990101000000_next").error
    assert missing is not None
    assert missing.code == "M504"


def test_resolve_marks_several_at_once_or_none(three: Project) -> None:
    refused = three.run("resolve", applied=[A, "nosuch"])
    assert refused.error is not None
    assert refused.error.code == "P3017"
    assert refused.resolved == ()
    assert three.tables_with_history() == set()

    outcome = three.run("resolve", applied=[A, B])

    assert outcome.resolved == (A, B)
    assert (outcome.status, pending(outcome)) == (Status.PENDING, [C])
    for row in three.rows():
        assert row["started_at"] == row["finished_at"]
        assert (row["logs"], row["applied_steps_count"], row["rolled_back_at"]) == ("", 0, None)
    assert three.tables() == set()


def test_what_is_a_warning_is_an_error_when_strict(three: Project) -> None:
    three.run(to=B)
    three.write(A, "CREATE TABLE a (id bigint);")
    three.write("20240101120000_late", "SELECT 1;")

    relaxed = three.run("plan")
    assert [warning.code for warning in relaxed.warnings] == ["M510", "M511"]
    strict = three.run(strict=True)

    assert strict.error is not None
    assert (strict.error.code, strict.error.exit_code) == ("M502", 4)
    assert three.tables() == {"a", "b"}
    applied = three.run()
    assert [migration.name for migration in applied.applied] == ["20240101120000_late", C]
    assert [warning.code for warning in applied.warnings] == ["M510", "M511"]


def test_a_database_that_is_ahead_of_the_directory_is_no_finding_even_when_strict(three: Project) -> None:
    three.run()
    for name in (B, C):
        (three.directory / name / "migration.sql").unlink()
        (three.directory / name).rmdir()

    outcome = three.run(strict=True)

    assert (outcome.status, outcome.warnings) == (Status.UP_TO_DATE, ())


def test_an_edited_migration_is_told_but_line_endings_are_not_an_edit(three: Project) -> None:
    three.write(A, "CREATE TABLE a (\nid int\n);\n")
    three.run()
    three.write(A, "CREATE TABLE a (\r\nid int\r\n);\r\n")
    assert three.run().warnings == ()

    three.write(A, "CREATE TABLE a (\r\nid int\r\n); \r\n")

    [warning] = three.run().warnings
    assert (warning.code, warning.migrations) == ("M510", (A,))
    assert f"M510 Edited after it was applied, and not run again: {A}." in three.reporter.lines


def test_a_failed_row_is_told_by_status_also_where_something_is_pending(three: Project) -> None:
    """Prisma's status does not mention it."""
    three.run(to=A)
    three.query(
        "INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES ('x', '', 'gone', now())"
    )

    outcome = three.run("status")

    assert (outcome.status, outcome.failed, pending(outcome)) == (Status.FAILED, ("gone",), [B, C])
    verify = three.run("verify").error
    assert verify is not None
    assert verify.code == "P3009"


def test_a_finished_row_that_was_rolled_back_is_applied_again(three: Project) -> None:
    three.run()
    three.query("DROP TABLE b")
    three.query("UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = %s", B)

    assert [migration.name for migration in three.run().applied] == [B]


def test_the_run_is_named_in_the_list_of_sessions(three: Project) -> None:
    three.write(A, "CREATE TABLE a AS SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid();")
    three.run(to=A)

    assert three.value("SELECT application_name FROM a") == "mig/test-run"


def test_a_killed_client_is_noticed_by_its_session(three: Project) -> None:
    three.write(
        A,
        "CREATE TABLE a AS SELECT name, setting FROM pg_settings WHERE name IN "
        "('client_connection_check_interval', 'tcp_keepalives_idle', 'idle_session_timeout', "
        "'idle_in_transaction_session_timeout');",
    )
    three.run(to=A)

    settings = {row["name"]: row["setting"] for row in three.query("SELECT name, setting FROM a")}
    assert settings["client_connection_check_interval"] == "2000"
    assert settings["idle_session_timeout"] == settings["idle_in_transaction_session_timeout"] == "60000"
