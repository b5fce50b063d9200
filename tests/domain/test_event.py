"""The sentences of a run, which people search their logs for."""

import pytest

from lambda_fn.domain.answer_event import ToldBefore
from lambda_fn.domain.event import (
    Applied,
    ApplyStarted,
    DeployFinished,
    Diagnosed,
    DirectoryRead,
    Event,
    Level,
    LockAwaited,
    Noticed,
    Resolved,
    RunFailed,
    RunStarted,
    Sentence,
    Warned,
)
from lambda_fn.domain.outcome import AppliedMigration
from lambda_fn.domain.plan import Diagnostic
from lambda_fn.domain.request import Action
from lambda_fn.errors import HistoryBlocked, MigrationFailed, Whereabouts

A, B = "20240101000000_a", "20240102000000_b"
WAYS_OUT = (
    f"If its changes are not in the database: migrate-lambda resolve --rolled-back {A}\n"
    f"If they are: migrate-lambda resolve --applied {A}"
)


def texts(event: Event) -> list[str]:
    return [sentence.text for sentence in event.sentences]


def test_a_deploy_begins_with_its_banner_and_nothing_else_has_one() -> None:
    assert texts(RunStarted(Action.DEPLOY)) == ["Running Database Migrations"]
    for action in set(Action) - {Action.DEPLOY}:
        assert texts(RunStarted(action)) == []
    assert texts(RunStarted(Action.DEPLOY, "run-1")) == [
        "Running Database Migrations",
        "Going on with the work of run run-1",
    ]


def test_a_deploy_that_applied_two_says_it_in_both_wordings_of_prisma() -> None:
    assert texts(DeployFinished((AppliedMigration(A, 1, 5), AppliedMigration(B, 2, 6)))) == [
        "The following migration(s) have been applied:\nmigrations/\n"
        f"  └─ {A}/\n    └─ migration.sql\n  └─ {B}/\n    └─ migration.sql",
        f"The following migrations have been applied: {A}, {B}",
        "All migrations have been successfully applied.",
        "Migrations completed successfully",
    ]


def test_a_deploy_with_nothing_to_do_says_so_and_completes() -> None:
    assert texts(DeployFinished(())) == ["No pending migrations to apply.", "Migrations completed successfully"]


SENTENCES = {
    "the directory": (DirectoryRead("/opt/migrations", 3), "3 migrations found in /opt/migrations"),
    "one migration": (DirectoryRead("/opt/migrations", 1), "1 migration found in /opt/migrations"),
    "the next one": (ApplyStarted(A), f"Applying migration `{A}`"),
    "one done": (Applied(AppliedMigration(A, 2, 17)), f"Applied migration `{A}` in 17 ms"),
    "marked as applied": (Resolved(A, applied=True), f"Migration {A} marked as applied."),
    "marked as rolled back": (Resolved(A, applied=False), f"Migration {A} marked as rolled back."),
    "a notice": (Noticed(A, "NOTICE", "skipping"), f"{A}: NOTICE: skipping"),
    "up to date": (Diagnosed((), ()), "Database schema is up to date!"),
    "one pending": (Diagnosed((A,), ()), f"Following migration have not yet been applied:\n{A}"),
    "two pending": (Diagnosed((A, B), ()), f"Following migrations have not yet been applied:\n{A}\n{B}"),
}


@pytest.mark.parametrize(("event", "text"), SENTENCES.values(), ids=SENTENCES)
def test_what_happens_is_told_in_one_sentence(event: Event, text: str) -> None:
    assert event.sentences == (Sentence(text, Level.INFO),)


def test_what_failed_is_told_as_an_error_also_where_something_is_pending() -> None:
    assert Diagnosed((B,), (A,)).sentences == (
        Sentence(f"Following migration have not yet been applied:\n{B}"),
        Sentence(f"Following migration have failed:\n{A}", Level.ERROR),
        Sentence(WAYS_OUT, Level.ERROR),
    )
    assert texts(Diagnosed((), (A,))) == [f"Following migration have failed:\n{A}", WAYS_OUT]


def test_what_to_do_is_told_of_the_first_of_several() -> None:
    assert texts(Diagnosed((), (A, B))) == [f"Following migrations have failed:\n{A}\n{B}", WAYS_OUT]


def test_a_migration_with_two_failed_rows_is_named_once() -> None:
    assert texts(Diagnosed((), (A, A)))[0] == f"Following migration have failed:\n{A}"


def test_a_warning_begins_with_its_code() -> None:
    event = Warned(Diagnostic("M510", "Edited after it was applied.", (A,)))

    assert event.sentences == (Sentence("M510 Edited after it was applied.", Level.WARNING),)


@pytest.mark.parametrize(("waited_ms", "said"), [(0, "0 ms"), (10_020, "10020 ms")])
def test_waiting_for_the_lock_names_its_holder(waited_ms: int, said: str) -> None:
    [sentence] = LockAwaited("backend 7 (mig/x)", waited_ms).sentences

    assert sentence == Sentence(f"Waiting for the advisory lock for {said}: backend 7 (mig/x)", Level.WARNING)


def test_a_failure_is_one_record_of_several_lines() -> None:
    where = Whereabouts(A, "22012", 1, 1, 8, "    1 | SELECT 1/0;\n               ^")
    error = MigrationFailed("P3018", "It failed.", "Mend it.", where=where, lines=("DETAIL: d",))

    [sentence] = RunFailed(error).sentences

    assert sentence.level is Level.ERROR
    assert sentence.text == f"P3018 It failed. Mend it.\n{where.excerpt}\nDETAIL: d"
    assert texts(RunFailed(HistoryBlocked("M501", "No.", "Stop."))) == ["M501 No. Stop."]


def test_who_comes_back_is_not_told_as_if_a_person_had_to_act() -> None:
    [sentence] = RunFailed(HistoryBlocked("M501", "No.", "Stop."), comes_back=True).sentences

    assert sentence.level is Level.WARNING
    assert sentence.text.splitlines() == [
        "M501 No. Stop.",
        "The invoker comes back, and the next invocation goes on from here: there is nothing to do.",
    ]


def test_a_result_that_was_not_told_is_in_the_log() -> None:
    [sentence] = ToldBefore("Succeeded").sentences

    assert sentence.level is Level.WARNING
    assert sentence.text.endswith("It was not told this one: Succeeded")
