"""Baseline: an existing database is marked as up to a migration, all or nothing."""

from contextlib import closing

import pytest

from lambda_fn.commands.baseline import baseline
from lambda_fn.commands.draft import Draft
from lambda_fn.domain.history import MigrationState
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.outcome import Outcome, Status, to_json
from lambda_fn.domain.request import Action, Request
from lambda_fn.errors import MigrateError
from tests.fakes import RUN_ID, FakeServer, half_done
from tests.fixtures.projects import RecordingReporter, check_outcome

A = Migration("20240101000000_a", b"SELECT 1;")
B = Migration("20240102000000_b", b"SELECT 1;")
C = Migration("20240103000000_c", b"SELECT 1;")
APPLIED, FAILED, ROLLED_BACK = MigrationState.APPLIED, MigrationState.FAILED, MigrationState.ROLLED_BACK


@pytest.fixture
def server() -> FakeServer:
    """A server with tables and without a history."""
    server = FakeServer()
    server.occupied = True
    return server


def run(server: FakeServer, to: str | None = None) -> tuple[Outcome, list[str]]:
    """The outcome, of an error too, and what was said."""
    reporter = RecordingReporter()
    draft = Draft(Request(Action.BASELINE, to=to), RUN_ID)
    raised: MigrateError | None = None
    server.actions.clear()
    with closing(server.session()) as session:
        try:
            baseline(draft, (A, B, C), session.database, reporter, lock_wait_s=7)
        except MigrateError as error:
            raised = error
    outcome = draft.outcome(raised, elapsed_ms=0)
    check_outcome(to_json(outcome))
    return outcome, reporter.lines


def refused(server: FakeServer, code: str, to: str | None = None) -> MigrateError:
    """The error by which nothing is changed."""
    before = list(server.records)
    outcome, lines = run(server, to)
    assert outcome.error is not None
    assert (outcome.error.code, outcome.status, outcome.resolved, lines) == (code, Status.FAILED, (), [])
    assert server.records == before
    assert not {"create", "apply"} & {action.split()[0] for action in server.actions}
    return outcome.error


def test_all_up_to_a_migration_is_marked_and_the_rest_is_pending(server: FakeServer) -> None:
    outcome, lines = run(server, B.name)

    assert server.actions == ["lock", "read", "create", f"resolve {A.name}", f"resolve {B.name}", "read"]
    assert server.states() == [(A.name, APPLIED), (B.name, APPLIED)]
    assert (outcome.status, outcome.resolved) == (Status.PENDING, (A.name, B.name))
    assert ([pending.name for pending in outcome.pending], outcome.latest) == ([C.name], B.name)
    assert lines == [
        f"Migration {A.name} marked as applied.",
        f"Migration {B.name} marked as applied.",
        f"Baselined: 2 migrations marked as applied, up to {B.name}. 1 is pending: deploy applies it.",
    ]


def test_without_a_last_one_the_whole_directory_is_marked(server: FakeServer) -> None:
    outcome, lines = run(server)

    assert (outcome.status, outcome.resolved, outcome.pending) == (Status.UP_TO_DATE, (A.name, B.name, C.name), ())
    assert lines[-1] == f"Baselined: 3 migrations marked as applied, up to {C.name}. Nothing is pending."


def test_one_migration_is_one_in_its_sentence(server: FakeServer) -> None:
    _, lines = run(server, A.name)

    assert lines[-1] == f"Baselined: 1 migration marked as applied, up to {A.name}. 2 are pending: deploy applies them."


def test_a_history_without_rows_is_no_history(server: FakeServer) -> None:
    server.exists = True

    outcome, _ = run(server, A.name)

    assert (outcome.error, outcome.resolved) == (None, (A.name,))
    assert "create" not in server.actions


def test_the_same_again_changes_nothing_and_is_no_error(server: FakeServer) -> None:
    run(server, B.name)
    rows = list(server.records)

    outcome, lines = run(server, B.name)

    assert (outcome.error, outcome.status, outcome.resolved) == (None, Status.PENDING, ())
    assert server.records == rows
    assert lines == [
        f"Nothing to mark: every migration up to {B.name} is applied already. 1 is pending: deploy applies it."
    ]


def test_the_same_again_after_a_deploy_is_no_error_either(server: FakeServer) -> None:
    run(server, A.name)
    server.record(B, APPLIED)
    server.record(C, APPLIED)

    outcome, lines = run(server, A.name)

    assert (outcome.error, outcome.status) == (None, Status.UP_TO_DATE)
    assert lines == [f"Nothing to mark: every migration up to {A.name} is applied already. Nothing is pending."]


def test_what_is_half_done_behind_the_baseline_is_for_deploy_to_go_on_with(server: FakeServer) -> None:
    run(server, A.name)
    server.record(B, FAILED, logs=half_done(B, 0))

    outcome, _ = run(server, A.name)

    assert (outcome.error, outcome.status, outcome.failed) == (None, Status.PENDING, ())
    assert [pending.name for pending in outcome.pending] == [B.name, C.name]


@pytest.mark.parametrize("state", MigrationState)
def test_a_database_with_any_other_row_is_managed_already(server: FakeServer, state: MigrationState) -> None:
    server.record(A, state)

    error = refused(server, "M508", B.name)

    assert f"holds 1 row, the newest of {A.name}." in error.problem
    assert all(each in error.next_step for each in ("migrate-lambda status", "resolve --applied NAME"))


def test_a_failed_row_behind_the_baseline_is_told_though_all_before_it_is_applied(server: FakeServer) -> None:
    run(server, A.name)
    server.record(B, FAILED)

    assert f"the newest of {B.name}." in refused(server, "M508", A.name).problem


def test_a_failed_row_beside_an_applied_one_is_told(server: FakeServer) -> None:
    run(server, A.name)
    server.record(A, FAILED)

    assert "holds 2 rows" in refused(server, "M508", A.name).problem


def test_a_baseline_that_was_rolled_back_is_not_repeated(server: FakeServer) -> None:
    server.record(A, APPLIED)
    server.record(B, ROLLED_BACK)

    assert "holds 2 rows" in refused(server, "M508", B.name).problem


def test_a_schema_without_tables_is_deployed_instead(server: FakeServer) -> None:
    server.occupied = False

    error = refused(server, "M509")

    assert 'schema "public" holds no tables' in error.problem
    assert "migrate-lambda deploy" in error.next_step
    assert not server.exists


def test_a_last_one_that_the_directory_does_not_have_costs_nobody_a_wait(server: FakeServer) -> None:
    refused(server, "M106", "20240109000000_unknown")

    assert server.actions == []


def test_it_waits_for_the_lock_and_gives_up(server: FakeServer) -> None:
    server.session().advisory_lock.acquire(0)

    refused(server, "P1002")

    assert server.actions == ["lock"]


def test_what_another_runner_did_meanwhile_counts(server: FakeServer) -> None:
    def deploy() -> None:
        server.record(C, APPLIED)

    server.while_waiting = deploy

    outcome, _ = run(server, B.name)

    assert outcome.error is not None
    assert outcome.error.code == "M508"
    assert server.states() == [(C.name, APPLIED)]
