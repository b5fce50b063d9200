"""What a failed script is told as, and what is written into the history for it."""

import json

import pytest

from lambda_fn.domain.failure import attempts_in, logs_text, migration_failed, outside_failed, step_failed
from lambda_fn.domain.journal import Journal
from lambda_fn.domain.server_error import ServerError
from lambda_fn.errors import MigrationFailed, Whereabouts

NAME = "20240101000000_a"
WHERE = Whereabouts(NAME, "22012", statement=2, line=4, column=3, excerpt="    4 |   SELECT 1/0;\n          ^")
DIVISION = ServerError("22012", "division by zero")


def advice(sqlstate: str) -> str:
    return migration_failed(ServerError(sqlstate, "why"), WHERE).next_step


def test_an_atomic_failure_says_what_and_where_and_that_nothing_stayed() -> None:
    error = migration_failed(DIVISION, WHERE)

    assert isinstance(error, MigrationFailed)
    assert error.where == WHERE
    assert error.headline == (
        f"P3018 Migration {NAME} failed to apply: ERROR 22012 in statement 2 (line 4, column 3): division by zero. "
        "Nothing of it is in the database. Correct the file and deploy again; no resolve is needed."
    )
    assert error.text == f"{error.headline}\n{WHERE.excerpt}"


def test_an_error_without_a_place_names_none() -> None:
    error = migration_failed(DIVISION, Whereabouts(NAME, "22012"))

    assert ": ERROR 22012: division by zero." in error.headline
    assert "None" not in error.text


def test_a_failure_outside_a_transaction_that_nobody_can_look_into_says_that_something_may_have_stayed() -> None:
    error = outside_failed(ServerError("23505", "could not create unique index"), WHERE)

    assert "part of its work may be in the database" in error.headline
    assert "Nothing of it" not in error.headline
    assert f"`migrate-lambda resolve --rolled-back {NAME}`" in error.next_step
    assert f"`migrate-lambda resolve --applied {NAME}`" in error.next_step


@pytest.mark.parametrize(
    ("done", "said"),
    [
        (0, "Nothing of it is in the database."),
        (1, "The first of its 3 steps is in the database and in the history."),
        (2, "The first 2 of its 3 steps are in the database and in the history."),
    ],
)
def test_the_failure_of_a_step_says_what_stayed_and_that_the_next_run_goes_on(done: int, said: str) -> None:
    error = step_failed(DIVISION, WHERE, Journal(steps=3, done=done))

    assert said in error.problem
    assert "the next run goes on from here; no resolve is needed" in error.next_step
    assert error.where == WHERE


@pytest.mark.parametrize("sqlstate", ["42P07", "42710", "42701", "42P06", "42723", "42P04"])
def test_what_exists_already_is_answered_with_the_exact_resolve_command(sqlstate: str) -> None:
    assert f"`migrate-lambda resolve --applied {NAME}`" in advice(sqlstate)


@pytest.mark.parametrize(
    ("sqlstate", "said"),
    [
        ("42501", "ownerRole (MIGRATE_OWNER_ROLE)"),
        ("55P04", "A new enum value can be used only after it is committed"),
        ("25001", "outside of migrations"),
        ("2D000", "The procedure commits by itself"),
        ("40P01", "a deadlock is chance"),
        ("55P03", "whoever holds the lock"),
        ("57014", "longer than statement_timeout"),
        ("42601", "Correct the file"),
        ("XX000", "Correct the file"),
        ("", "Correct the file"),
    ],
)
def test_advice_follows_from_the_sqlstate(sqlstate: str, said: str) -> None:
    assert said in advice(sqlstate)
    assert "deploy again" in advice(sqlstate).lower() or sqlstate == "2D000"


def test_a_name_with_braces_is_repeated_as_it_is() -> None:
    where = Whereabouts("20240101000000_{name}", "42P07")

    assert "--applied 20240101000000_{name}`" in migration_failed(ServerError("42P07", "x"), where).next_step


def test_a_message_that_ends_with_a_full_stop_gets_no_second_one() -> None:
    error = migration_failed(ServerError("P0001", "Stock is empty."), WHERE)

    assert "Stock is empty. Nothing of it" in error.headline


def test_a_message_of_several_lines_becomes_one_in_the_headline() -> None:
    error = migration_failed(ServerError("P0001", "first\nsecond\r\nthird"), WHERE)

    assert "first second third. Nothing" in error.headline
    assert len(error.headline.splitlines()) == 1


def test_detail_hint_and_place_in_a_function_are_lines_of_their_own() -> None:
    context = "SQL statement \"SELECT 'x'\"\nPL/pgSQL function f() line 3 at SQL statement"
    error = migration_failed(ServerError("P0001", "m", detail="d", hint="h", context=context), WHERE)

    assert error.lines == ("DETAIL: d", "HINT: h", "CONTEXT: PL/pgSQL function f() line 3 at SQL statement")


@pytest.mark.parametrize("sqlstate", ["23505", "23502", "23514", "23503", "23P01"])
def test_the_values_of_a_row_are_told_nobody(sqlstate: str) -> None:
    refused = ServerError(sqlstate, "violates", detail="Key (email)=(patient7) already exists.", hint="h")

    error = migration_failed(refused, WHERE)

    assert error.lines == ("HINT: h",)
    assert "patient7" not in error.text + logs_text(refused, WHERE, attempts=1, run_id="r") + repr(refused)


def test_logs_begin_with_the_text_that_prisma_writes_and_end_with_a_line_of_ours() -> None:
    logs = logs_text(ServerError("22012", "division by zero", hint="h"), WHERE, attempts=3, run_id="run-1")

    prisma, _, ours = logs.rpartition("\n\n")
    assert prisma == (
        "A migration failed to apply. New migrations cannot be applied before the error is recovered from. "
        "Read more about how to resolve migration issues in a production database: https://pris.ly/d/migrate-resolve"
        f"\n\nMigration name: {NAME}\n\nDatabase error code: 22012\n\n"
        "Database error:\nERROR: division by zero\nHINT: h\n\n"
        "Position:\n    4 |   SELECT 1/0;\n          ^"
    )
    assert json.loads(ours) == {"migrateLambda": {"attempts": 3, "run": "run-1", "statement": 2}}


def test_logs_of_an_error_without_a_place_have_no_position() -> None:
    logs = logs_text(DIVISION, Whereabouts(NAME), attempts=1, run_id="r")

    assert "Position" not in logs
    assert "None" not in logs


@pytest.mark.parametrize("attempts", [1, 2, 1000])
def test_attempts_are_read_from_the_logs_that_we_wrote(attempts: int) -> None:
    logs = logs_text(DIVISION, WHERE, attempts=attempts, run_id="r")

    assert attempts_in(logs) == attempts
    assert attempts_in(logs + "\n\n") == attempts


@pytest.mark.parametrize(
    "logs",
    [
        None,
        "",
        "A migration failed to apply.",
        "null",
        "[]",
        "5",
        '"migrateLambda"',
        "{}",
        '{"migrateLambda": 5}',
        '{"migrateLambda": {}}',
        '{"migrateLambda": {"attempts": null}}',
        '{"migrateLambda": {"attempts": "many"}}',
        '{"migrateLambda": {"attempts": Infinity}}',
        '{"migrateLambda": {"attempts": 2}}\nedited by hand',
        '{"otherTool": {"attempts": 2}}',
    ],
)
def test_logs_of_others_count_no_attempts(logs: str | None) -> None:
    assert attempts_in(logs) == 0
