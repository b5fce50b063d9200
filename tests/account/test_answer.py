"""What a function answered: the outcome, or the error in its place."""

import json

import pytest

from lambda_fn.account.answer import Answer, events_of, outcome_of
from lambda_fn.domain.check import Check, CheckName, Result
from lambda_fn.domain.outcome import AppliedMigration, Outcome, PendingMigration, Status, to_json
from lambda_fn.domain.plan import Diagnostic
from lambda_fn.domain.request import Action, Request
from lambda_fn.domain.row import HistoryRow, RowState
from lambda_fn.errors import DatabaseUnreachable, MigrateError, MigrationFailed, account
from tests.error_reference import Entry, entries
from tests.fixtures.projects import check_outcome

RUN_ID = "6f1c8e0a-2b7d-4f0e-9c1a-3d5e7f9b1c2d"
FULL = Outcome(
    action=Action.DOCTOR,
    status=Status.FAILED,
    run_id=RUN_ID,
    elapsed_ms=5,
    lock_wait_ms=1,
    directory="/opt/migrations",
    migrations=3,
    database="db:5432/shop",
    schema="public",
    server_version="17.2",
    applied=(AppliedMigration("a", 2, 30),),
    pending=(PendingMigration("b", "atomic", 1), PendingMigration("c")),
    failed=("d",),
    resolved=("e",),
    warnings=(Diagnostic("M510", "Edited.", ("a",)),),
    checks=(
        Check(CheckName.DNS, Result.PASSED, "10.0.0.1."),
        Check(CheckName.PORT, Result.FAILED, "Closed.", "Open it.", DatabaseUnreachable("M322", "Closed.", "Open it.")),
    ),
    latest="a",
    skipped="it was",
)
ROWS = (
    HistoryRow(
        "i",
        "a",
        "c",
        RowState.APPLIED,
        "2024-01-01T00:00:00.000001Z",
        "2024-01-01T00:00:00.000001Z",
        marked=True,
        elapsed_ms=0,
    ),
    HistoryRow(
        "j",
        "b",
        "c",
        RowState.HALF_DONE,
        "2024-01-02T00:00:00.000001Z",
        rolled_back_at=None,
        reason="ERROR: no (SQLSTATE 42P01)",
        attempts=2,
        done=1,
        steps=3,
    ),
)


def answer(payload: object, *, is_error: bool = False) -> Answer:
    """An answer of a function, its payload as JSON."""
    return Answer("migrate", json.dumps(payload), is_error)


def error_of(payload: object) -> MigrateError:
    """The error that a failed invocation is told as."""
    with pytest.raises(MigrateError) as raised:
        outcome_of(answer(payload, is_error=True), Action.DEPLOY)
    return raised.value


def test_an_outcome_is_read_as_it_was_written() -> None:
    outcome = outcome_of(answer(to_json(FULL)), Action.DOCTOR)

    assert outcome == FULL
    assert to_json(outcome) == to_json(FULL)
    assert [type(check.error).__name__ for check in outcome.checks] == ["NoneType", "DatabaseUnreachable"]


def test_a_history_is_read_as_it_was_written() -> None:
    whole = Outcome(Action.HISTORY, Status.PASSED, RUN_ID, 5, history_count=7, history=ROWS)

    assert outcome_of(answer(to_json(whole)), Action.HISTORY) == whole


def test_a_function_from_before_there_was_history_is_understood() -> None:
    older = {key: value for key, value in to_json(FULL).items() if not key.startswith("history")}

    assert outcome_of(answer(older), Action.DOCTOR) == FULL


@pytest.mark.parametrize("kind", MigrateError.__subclasses__())
def test_an_error_comes_back_with_its_class_its_code_and_all_its_lines(kind: type[MigrateError]) -> None:
    raised = kind("P3018", "It failed.", "Mend it.", lines=("DETAIL: d", "HINT: h"))

    error = error_of({"errorType": kind.__name__, "errorMessage": str(raised)})

    assert (type(error), error.code, error.text) == (kind, "P3018", raised.text)


def test_an_error_that_came_back_fits_the_published_schema() -> None:
    error = error_of({"errorType": "MigrationFailed", "errorMessage": "P3018 It failed. Mend it."})

    outcome = Outcome(Action.DEPLOY, Status.FAILED, RUN_ID, 1, error=error)

    check_outcome(to_json(outcome))
    assert isinstance(error, MigrationFailed)


def test_a_class_of_ours_without_a_code_is_not_taken_for_ours() -> None:
    assert error_of({"errorType": "LockTimeout", "errorMessage": "somebody else's"}).code == "M904"


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.function.__name__)
def test_a_code_of_the_function_says_its_class_where_only_the_type_was_lost(entry: Entry) -> None:
    """As in an emulator, which calls every error of a handler Runtime.HandlerError."""
    error = error_of({"errorType": "Runtime.HandlerError", "errorMessage": entry.error.text})

    if entry.module is account:  # of a terminal only
        assert error.code in ("M808", "M904")
    else:
        assert (type(error), error.code, error.text) == (type(entry.error), entry.error.code, entry.error.text)


@pytest.mark.parametrize("kind", MigrateError.__subclasses__())
def test_what_awss_runtime_client_makes_of_an_error_is_read(kind: type[MigrateError]) -> None:
    bootstrap = pytest.importorskip("awslambdaric.bootstrap", reason="AWS's runtime client is not installed")
    raised = kind("P3018", "It failed.", "Mend it.", lines=("DETAIL: d",))

    error = error_of(bootstrap.make_error(str(raised), kind.__name__, ["  File x\n"], RUN_ID))

    assert (type(error), error.text) == (kind, raised.text)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("at postgresql://u:hunter2@h/db", "at postgresql://***@h/db"),
        ("at postgresql://u:hun/ter@2@h:5432/db, twice", "at postgresql://***@h:5432/db, twice"),
        ("x" * 250 + " postgresql://u:hunter2" + "2" * 40 + "@h/db", "postgresql://***@h"),
        ("https://h:443/a and mail@h", "https://h:443/a and mail@h"),
    ],
)
def test_a_login_in_the_words_of_another_function_is_not_repeated(said: str, shown: str) -> None:
    error = error_of({"errorType": "OperationalError", "errorMessage": said})

    assert "hunter2" not in error.text
    assert shown in error.text
    assert "hun/ter" not in error.text


@pytest.mark.parametrize(
    ("payload", "code", "unknown"),
    [
        ({"errorType": "Sandbox.Timedout", "errorMessage": "x Task timed out after 3.00 seconds"}, "M808", True),
        ({"errorMessage": "x Task timed out after 900.03 seconds"}, "M808", True),
        ({"errorType": "Runtime.ImportModuleError", "errorMessage": "No module"}, "M903", False),
        ({"errorType": "Runtime.UserCodeSyntaxError", "errorMessage": "bad"}, "M903", False),
        ({"errorType": "Runtime.ExitError", "errorMessage": "exited"}, "M904", True),
        ({"errorType": "ValueError", "errorMessage": "of another\nfunction."}, "M904", True),
        ({"errorType": "ValueError"}, "M904", True),
        ("nothing", "M904", True),
        (None, "M904", True),
    ],
)
def test_an_end_that_was_not_the_functions_choice_is_told_as_that(payload: object, code: str, unknown: bool) -> None:
    error = error_of(payload)

    assert (error.code, error.unknown, len(error.headline.splitlines())) == (code, unknown, 1)


@pytest.mark.parametrize(
    "payload", [None, "done", 1, [], {}, {**to_json(FULL), "status": "great"}, {"status": "applied"}]
)
def test_an_answer_that_is_no_outcome_is_told_as_that(payload: object) -> None:
    with pytest.raises(MigrateError) as raised:
        outcome_of(answer(payload), Action.DOCTOR)

    assert (raised.value.code, raised.value.unknown) == ("M809", True)


ERROR = {"class": "DatabaseUnreachable", "code": "P1001", "message": "P1001 No answer. Try.", "details": ["HINT: h"]}


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("status", Status)
def test_an_error_in_an_answer_is_kept_whatever_else_it_says(action: Action, status: Status) -> None:
    outcome = outcome_of(answer({**to_json(FULL), "status": status, "error": ERROR}), action)

    assert outcome.error is not None
    assert (type(outcome.error), outcome.error.text) == (DatabaseUnreachable, "P1001 No answer. Try.\nHINT: h")
    assert [sentence.text for event in events_of(outcome, Request(action)) for sentence in event.sentences][-1] == (
        outcome.error.text
    )


ENDS = {
    Action.DEPLOY: {"applied", "upToDate"},
    Action.STATUS: {"upToDate", "pending"},
    Action.PLAN: {"upToDate", "pending"},
    Action.VERIFY: {"upToDate"},
    Action.RESOLVE: {"upToDate", "pending"},
    Action.DOCTOR: {"passed"},
    Action.BASELINE: {"upToDate", "pending"},
    Action.HISTORY: {"passed"},
}


@pytest.mark.parametrize("asked", Action)
def test_what_the_action_that_was_asked_cannot_end_as_is_no_outcome_of_it(asked: Action) -> None:
    """Taken for a success, it would open a gate: a failure without its reason, another action, nothing done."""
    taken = {
        (action, status.value)
        for action in Action
        for status in Status
        if not _is_refused(to_json(Outcome(action, status, RUN_ID, 1)), asked)
    }

    assert taken == {(asked, status) for status in ENDS[asked]}


def test_a_failure_is_told_by_its_failed_rows_or_checks_alone() -> None:
    rows = Outcome(Action.STATUS, Status.FAILED, RUN_ID, 1, failed=("a",))

    assert outcome_of(answer(to_json(rows)), Action.STATUS) == rows
    assert outcome_of(answer(to_json(FULL)), Action.DOCTOR).status is Status.FAILED


def _is_refused(payload: object, action: Action) -> bool:
    try:
        outcome_of(answer(payload), action)
    except MigrateError as error:
        return error.code == "M809"
    return False


def test_the_id_is_the_one_that_the_function_gives_else_its_logs_else_lambdas() -> None:
    def id_in(payload: str, *, is_error: bool = False, log: str = "") -> str:
        return Answer("migrate", payload, is_error, "of-the-header", log).request_id

    assert id_in(json.dumps({"runId": RUN_ID})) == RUN_ID
    assert id_in(json.dumps({"requestId": RUN_ID}), is_error=True) == RUN_ID
    assert id_in(json.dumps({"runId": ""})) == "of-the-header"
    assert id_in("no JSON") == "of-the-header"
    other = "00000000-2b7d-4f0e-9c1a-3d5e7f9b1c2d"
    log = f"plain of {other}\nSTART RequestId: {RUN_ID} Version: 1\nEND RequestId: {RUN_ID}\nafter it\n"
    assert id_in("{}", is_error=True, log=log) == RUN_ID
    assert id_in(json.dumps({"runId": "a"}), log=log) == "a"


@pytest.mark.parametrize(
    ("changes", "sentences"),
    [
        (
            {"action": Action.PLAN, "pending": (PendingMigration("b", "atomic", 1),)},
            ["Following migration have not yet been applied:\nb", "Would apply `b`: atomic, 1 statement"],
        ),
        ({"action": Action.VERIFY}, ["Database schema is up to date!"]),
        ({"action": Action.RESOLVE, "resolved": ("a",)}, ["Migration a marked as applied."]),
        (
            {"action": Action.BASELINE, "resolved": ("a",), "latest": "a", "pending": (PendingMigration("b"),)},
            [
                "Migration a marked as applied.",
                "Baselined: 1 migration marked as applied, up to a. 1 is pending: deploy applies it.",
            ],
        ),
        (
            {"action": Action.BASELINE, "latest": "z"},
            ["Nothing to mark: every migration up to z is applied already. Nothing is pending."],
        ),
        (
            {"action": Action.BASELINE, "resolved": ("a",), "latest": "a", "omitted": 3},
            ["Migration a marked as applied.", "… and 3 more, which the function's answer leaves out"],
        ),
        ({"action": Action.HISTORY}, ["The current database is not managed by Prisma Migrate."]),
        (
            {"action": Action.HISTORY, "history": ROWS, "history_count": 9},
            [
                "a  applied (marked)                      2024-01-01 00:00:00 UTC\n"
                "b  half done (1 of 3 steps, 2 attempts)  2024-01-02 00:00:00 UTC    ERROR: no (SQLSTATE 42P01)",
                "The newest 2 of 9 rows.",
            ],
        ),
        (
            {"action": Action.STATUS, "warnings": (Diagnostic("M510", "Edited.", ("a",)),)},
            ["M510 Edited.", "Database schema is up to date!"],
        ),
    ],
)
def test_what_a_terminal_would_have_told_is_told(changes: dict[str, object], sentences: list[str]) -> None:
    outcome = Outcome(**{"status": Status.UP_TO_DATE, "run_id": RUN_ID, "elapsed_ms": 1, **changes})  # type: ignore[arg-type]  # a mapping has one type for all values

    events = events_of(outcome, Request(outcome.action, applied=("a",)))

    assert [sentence.text for event in events for sentence in event.sentences] == sentences


def test_names_that_the_function_left_out_are_counted_and_told() -> None:
    pending = tuple(PendingMigration(f"m{number}") for number in range(150))
    whole = Outcome(
        Action.STATUS, Status.FAILED, RUN_ID, 5, pending=pending, failed=("x",) * 103, resolved=("y",) * 101
    )
    payload = json.dumps(to_json(whole, listed=100))

    outcome = outcome_of(Answer("migrate", payload), Action.STATUS)

    assert (len(outcome.pending), outcome.omitted) == (100, 54)
    told = [sentence.text for event in events_of(outcome, Request(Action.STATUS)) for sentence in event.sentences]
    assert told[-1] == "… and 54 more, which the function's answer leaves out"
