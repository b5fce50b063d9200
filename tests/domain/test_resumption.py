"""Whether a run may go on with a half-done migration, and how."""

import dataclasses

import pytest

from lambda_fn.domain.directive import Mode
from lambda_fn.domain.execution import plan_execution
from lambda_fn.domain.history import MigrationRecord
from lambda_fn.domain.journal import Journal
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.resumption import Resumption, plan_resumption, plan_script
from lambda_fn.errors import DeadlineExceeded, HistoryBlocked, MigrateError, SettingsInvalid
from lambda_fn.errors import deadline as deadline_errors

NAME = "20240101000000_a"
SCRIPT = "SELECT 1;\nVACUUM;\nCALL p();\nCREATE INDEX CONCURRENTLY i ON t (a);\nREINDEX TABLE t;\nSELECT 2;"
STARTED_AT = "2024-01-01 00:00:00.000"


def migration(script: str) -> Migration:
    return Migration(NAME, script.encode())


def journal_of(script: str, done: int, *, begun: int | None = None) -> Journal:
    """What a run has written that did the first steps of a script."""
    steps = plan_execution(migration(script), stepwise=True).steps
    assert steps is not None
    chain = steps.chain_after(done)
    assert chain is not None
    begun_chain = steps.chain_after(begun) or "" if begun else ""
    return Journal(len(steps.steps), done, chain, begun, begun_chain=begun_chain)


def row(logs: str | None) -> MigrationRecord:
    return MigrationRecord("row-1", NAME, "", finished=False, rolled_back=False, started_at=STARTED_AT, logs=logs)


def resume(script: str, journal: Journal) -> Resumption:
    """As deploy does: it decides how to run the script, and then whether it may go on."""
    record, wanted = row(journal.line("r")), migration(script)
    return plan_resumption(wanted, plan_script(wanted, record), record)


def blocked(script: str, journal: Journal) -> HistoryBlocked:
    with pytest.raises(HistoryBlocked) as refused:
        resume(script, journal)
    assert refused.value.where.migration == NAME
    return refused.value


@pytest.mark.parametrize("done", range(6))
def test_it_goes_on_behind_whatever_is_done(done: int) -> None:
    journal = journal_of(SCRIPT, done)

    assert resume(SCRIPT, journal) == Resumption("row-1", journal)


def test_what_comes_behind_may_be_edited() -> None:
    journal = journal_of(SCRIPT, 1)

    for script in (
        "SELECT 1;\nSELECT 3;",
        "-- a comment\r\nSELECT 1;\r\nVACUUM t; SELECT 4; SELECT 5",
        SCRIPT + "VACUUM;",
    ):
        assert resume(script, journal).journal == journal


@pytest.mark.parametrize(
    ("script", "done"),
    [
        (SCRIPT.replace("SELECT 1", "SELECT 3"), 1),
        (SCRIPT.replace("VACUUM", "VACUUM t"), 2),
        ("SET a.b = 1;" + SCRIPT, 1),
        ("SELECT 0;" + SCRIPT, 2),
        ("SELECT 1;", 2),
        ("", 1),
        ("-- nothing is left", 1),
    ],
)
def test_edited_steps_that_are_done_are_m506(script: str, done: int) -> None:
    error = blocked(script, journal_of(SCRIPT, done))

    assert error.code == "M506"
    assert f"the first {done} of its 6 steps" in error.problem
    assert f"resolve --rolled-back {NAME}" in error.next_step
    assert f"resolve --applied {NAME}" in error.next_step


def test_where_the_rest_was_taken_out_of_the_file_only_the_end_is_left_to_be_recorded() -> None:
    journal = journal_of("SELECT 1; SELECT 2; SELECT 1/0;", 2)
    shortened = migration("SELECT 1; SELECT 2;")

    resumption = plan_resumption(shortened, plan_execution(shortened, stepwise=True), row(journal.line("run-1")))

    assert resumption.journal == journal


def test_a_chain_that_is_not_of_this_file_is_m506() -> None:
    for chain in ("", "None", "0" * 32):
        assert blocked(SCRIPT, dataclasses.replace(journal_of(SCRIPT, 1), chain=chain)).code == "M506"
    assert blocked(SCRIPT, dataclasses.replace(journal_of(SCRIPT, 0), chain="0" * 32)).code == "M506"


BEGUN = {1: "M507", 2: None, 3: "M507", 4: None, 5: None, 6: "M507"}


@pytest.mark.parametrize(("number", "code"), BEGUN.items())
def test_a_step_that_was_begun_goes_on_only_where_it_can_be_found_out_whether_it_was_done(
    number: int, code: str | None
) -> None:
    """VACUUM and REINDEX may be run twice, an index is looked up; the other steps were begun in an earlier file."""
    journal = journal_of(SCRIPT, number - 1, begun=number)

    if code is None:
        assert resume(SCRIPT, journal).journal == journal
        return
    error = blocked(SCRIPT, journal)
    assert (error.code, error.where.line) == (code, number)
    assert error.problem.startswith(f"Step {number} of 6 of migration {NAME} (line {number}) ")
    assert "resolve --applied" in error.next_step


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("SELECT 1; CALL p(); SELECT 2;", "SELECT 1; VACUUM; CALL p(); SELECT 2;"),
        ("SELECT 1; CREATE INDEX CONCURRENTLY i ON t (a);", "SELECT 1; CREATE INDEX CONCURRENTLY i ON t (b);"),
        ("SELECT 1; CREATE INDEX CONCURRENTLY i ON t (a);", "SELECT 1; VACUUM t;"),
    ],
    ids=["a routine would be called twice", "the other index would be taken for it", "the index would stay invalid"],
)
def test_a_step_that_was_begun_and_edited_since_is_not_gone_on_with(before: str, now: str) -> None:
    assert blocked(now, journal_of(before, 1, begun=2)).code == "M506"


def test_an_index_without_a_name_that_was_begun_is_m507() -> None:
    script = "SELECT 1; CREATE INDEX CONCURRENTLY ON t (a);"

    assert blocked(script, journal_of(script, 1, begun=2)).code == "M507"


def test_a_row_without_a_journal_is_p3009() -> None:
    wanted = migration(SCRIPT)

    with pytest.raises(HistoryBlocked) as refused:
        plan_resumption(wanted, plan_execution(wanted, stepwise=True), row("Database error code: 42601"))

    assert refused.value.code == "P3009"
    assert f"The `{NAME}` migration started at {STARTED_AT} UTC failed." in refused.value.problem


def test_a_script_is_run_as_its_content_says_unless_it_is_half_done() -> None:
    script = migration("-- migrate: atomic\nSELECT 1; SELECT 2;")
    record = row(journal_of("SELECT 1; SELECT 2;", 1).line("r"))

    assert plan_script(script, None).mode is Mode.ATOMIC
    assert plan_script(script, record).mode is Mode.STEPWISE


def test_a_script_that_can_be_run_in_no_steps_is_refused_also_where_it_is_half_done() -> None:
    record = row(journal_of("SELECT 1; SELECT 2;", 1).line("r"))

    with pytest.raises(SettingsInvalid) as refused:
        plan_script(migration("SELECT 1; CREATE TEMP TABLE t (a int);"), record)

    assert refused.value.code == "M212"


def test_the_time_is_asked_while_the_script_is_read_and_while_it_is_divided() -> None:
    asked: list[None] = []

    plan_script(migration("VACUUM; VACUUM;"), None, lambda: asked.append(None))

    assert len(asked) == 4


def test_what_the_look_at_the_time_raises_ends_it() -> None:
    def check_time() -> None:
        raise deadline_errors.before_migration(NAME)

    with pytest.raises(MigrateError) as late:
        plan_script(migration(SCRIPT), None, check_time)

    assert isinstance(late.value, DeadlineExceeded)
