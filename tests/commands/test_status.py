"""Status: what is pending and failed, without a lock and without a write."""

import pytest

from lambda_fn.commands.draft import Draft
from lambda_fn.commands.status import status
from lambda_fn.domain.history import MigrationState
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.outcome import Outcome, Status, to_json
from lambda_fn.domain.request import Action, Request
from lambda_fn.errors import RequestInvalid
from tests.fakes import RUN_ID, FakeServer, half_done
from tests.fixtures.projects import RecordingReporter, check_outcome

A = Migration("20240101000000_a", b"SELECT 1;")
B = Migration("20240102000000_b", b"DISCARD ALL;")
APPLIED, FAILED = MigrationState.APPLIED, MigrationState.FAILED


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


def run(server: FakeServer, *, to: str | None = None) -> tuple[Outcome, list[str]]:
    """The outcome, and what was said. The history was read once, and nothing else was done."""
    reporter = RecordingReporter()
    draft = Draft(Request(Action.STATUS, to=to), RUN_ID)
    history = status(draft, (A, B), server.session().table, reporter)
    assert server.actions == ["read"]
    assert history.exists is server.exists
    outcome = draft.outcome(None, elapsed_ms=0)
    check_outcome(to_json(outcome))
    return outcome, reporter.lines


def test_what_is_pending_is_named_also_where_deploy_would_refuse_it(server: FakeServer) -> None:
    outcome, lines = run(server)

    assert outcome.status is Status.PENDING
    assert [(pending.name, pending.mode) for pending in outcome.pending] == [(A.name, None), (B.name, None)]
    assert lines == [f"Following migrations have not yet been applied:\n{A.name}\n{B.name}"]


def test_where_everything_is_applied_the_schema_is_up_to_date(server: FakeServer) -> None:
    server.record(A, APPLIED)
    server.record(B, APPLIED)

    outcome, lines = run(server)

    assert outcome.status is Status.UP_TO_DATE
    assert lines == ["Database schema is up to date!"]


def test_a_failed_row_makes_the_status_failed_without_an_error(server: FakeServer) -> None:
    server.record(A, FAILED)
    server.record(A, FAILED)

    outcome, lines = run(server)

    assert (outcome.status, outcome.failed, outcome.error) == (Status.FAILED, (A.name,), None)
    assert [pending.name for pending in outcome.pending] == [B.name]
    assert lines[0] == f"Following migration have not yet been applied:\n{B.name}"
    assert A.name in lines[1]


def test_tables_without_a_history_do_not_stop_it(server: FakeServer) -> None:
    server.occupied = True

    assert run(server)[0].status is Status.PENDING


def test_a_warning_is_told_and_does_not_stop_it(server: FakeServer) -> None:
    server.record(Migration(A.name, b"SELECT 'before';"), APPLIED)

    outcome, lines = run(server)

    assert [warning.code for warning in outcome.warnings] == ["M510"]
    assert lines[0].startswith("M510 ")


def test_it_looks_as_far_as_it_is_asked_to(server: FakeServer) -> None:
    assert [pending.name for pending in run(server, to=A.name)[0].pending] == [A.name]


def test_a_name_that_the_directory_lacks_is_no_target(server: FakeServer) -> None:
    with pytest.raises(RequestInvalid, match="M106"):
        run(server, to="a")


def test_the_lock_of_another_runner_does_not_matter(server: FakeServer) -> None:
    server.session().advisory_lock.acquire(0)
    server.actions.clear()

    assert run(server)[0].status is Status.PENDING


def test_a_half_done_migration_is_pending_with_its_progress_and_why_it_stopped(server: FakeServer) -> None:
    steps = Migration(A.name, b"SELECT 1; VACUUM; SELECT 2;")
    said = "Database error code: 22012\n\nDatabase error:\nERROR: division by zero\nDETAIL: a row\n\n"
    server.record(A, FAILED, logs=said + half_done(steps, 2))

    outcome, lines = run(server)

    assert (outcome.status, outcome.failed) == (Status.PENDING, ())
    assert [(pending.name, pending.done, pending.steps) for pending in outcome.pending] == [
        (A.name, 2, 3),
        (B.name, None, None),
    ]
    assert lines == [
        f"{A.name} is half done or under way: 2 of its 3 steps are in the database. It stopped at: ERROR: division by "
        "zero (SQLSTATE 22012). Deploy goes on behind them; Prisma Migrate waits with P3009 until it is finished.",
        f"Following migrations have not yet been applied:\n{A.name}\n{B.name}",
    ]


def test_a_half_done_migration_is_not_looked_into(server: FakeServer) -> None:
    """Whether deploy could go on is what plan says; a routine may be running right now."""
    steps = Migration(A.name, b"-- migrate: stepwise\nSELECT 1; CALL p();")
    server.record(A, FAILED, logs=half_done(steps, 1, begun=2))

    assert run(server)[0].status is Status.PENDING
