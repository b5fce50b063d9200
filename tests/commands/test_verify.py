"""Verify: succeed only if nothing is pending or failed; without a lock and without a write."""

import pytest

from lambda_fn.commands.draft import Draft
from lambda_fn.commands.verify import verify
from lambda_fn.domain.history import MigrationState
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.outcome import Status, to_json
from lambda_fn.domain.request import Action, Request
from lambda_fn.errors import HistoryBlocked
from tests.fakes import RUN_ID, FakeServer, half_done
from tests.fixtures.projects import RecordingReporter, check_outcome

A = Migration("20240101000000_a", b"SELECT 1;")
B = Migration("20240102000000_b", b"SELECT 1;")
AHEAD = Migration("20240103000000_ahead", b"SELECT 1;")
APPLIED, FAILED, ROLLED_BACK = MigrationState.APPLIED, MigrationState.FAILED, MigrationState.ROLLED_BACK


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def ready(server: FakeServer) -> FakeServer:
    """A server on which everything is applied."""
    server.record(A, APPLIED)
    server.record(B, APPLIED)
    return server


def run(server: FakeServer, *, requires: str | None = None, to: str | None = None, strict: bool = False) -> Status:
    draft = Draft(Request(Action.VERIFY, requires=requires, to=to), RUN_ID)
    verify(draft, (A, B), server.session().table, RecordingReporter(), strict=strict)
    assert server.actions == ["read"]
    outcome = draft.outcome(None, elapsed_ms=0)
    check_outcome(to_json(outcome))
    return outcome.status


def refusal(server: FakeServer, code: str, **options: str | bool) -> HistoryBlocked:
    with pytest.raises(HistoryBlocked) as refused:
        run(server, **options)  # type: ignore[arg-type]  # each option has its own type
    assert refused.value.code == code
    assert server.actions == ["read"]
    return refused.value


def test_it_succeeds_where_everything_is_applied(ready: FakeServer) -> None:
    assert run(ready) is Status.UP_TO_DATE
    ready.actions.clear()
    assert run(ready, strict=True) is Status.UP_TO_DATE


def test_a_pending_migration_is_m503_and_named(server: FakeServer) -> None:
    server.record(A, APPLIED)

    error = refusal(server, "M503")

    assert B.name in error.problem
    assert error.where.migration == B.name


def test_a_database_without_a_history_is_not_ready(server: FakeServer) -> None:
    server.occupied = True

    assert refusal(server, "M503").problem.startswith("Not yet applied: ")


def test_a_failed_migration_is_p3009_also_where_all_is_applied(ready: FakeServer) -> None:
    ready.record(B, FAILED)

    assert B.name in refusal(ready, "P3009").problem


def test_a_pending_migration_behind_the_wanted_one_does_not_matter(server: FakeServer) -> None:
    server.record(A, APPLIED)

    assert run(server, to=A.name) is Status.UP_TO_DATE


@pytest.mark.parametrize("requires", [A.name, B.name, AHEAD.name])
def test_what_is_required_may_be_any_applied_migration_also_one_that_the_directory_lacks(
    ready: FakeServer, requires: str
) -> None:
    ready.record(AHEAD, APPLIED)

    assert run(ready, requires=requires) is Status.UP_TO_DATE


@pytest.mark.parametrize("state", [None, ROLLED_BACK])
def test_what_is_required_and_not_applied_is_m504(ready: FakeServer, state: MigrationState | None) -> None:
    if state:
        ready.record(AHEAD, state)

    assert AHEAD.name in refusal(ready, "M504", requires=AHEAD.name).problem


def test_what_is_required_and_was_applied_after_it_had_failed_is_applied(ready: FakeServer) -> None:
    ready.record(AHEAD, ROLLED_BACK)
    ready.record(AHEAD, APPLIED)

    assert run(ready, requires=AHEAD.name) is Status.UP_TO_DATE


def test_what_is_required_comes_before_what_is_pending(server: FakeServer) -> None:
    assert B.name in refusal(server, "M504", requires=B.name).problem


def test_a_warning_is_an_error_in_strict_mode_only(server: FakeServer) -> None:
    server.record(Migration(A.name, b"SELECT 'before';"), APPLIED)
    server.record(B, APPLIED)

    assert run(server) is Status.UP_TO_DATE
    server.actions.clear()
    refusal(server, "M502", strict=True)


def test_a_half_done_migration_is_pending_and_not_ready(server: FakeServer) -> None:
    script = Migration(B.name, b"SELECT 1; VACUUM;")
    server.record(A, APPLIED)
    server.record(B, FAILED, logs=half_done(script, 1))

    assert B.name in refusal(server, "M503").problem
    server.actions.clear()
    assert B.name in refusal(server, "M504", requires=B.name).problem


def test_a_half_done_migration_behind_the_wanted_one_blocks_as_a_failed_one(server: FakeServer) -> None:
    server.record(A, APPLIED)
    server.record(B, FAILED, logs=half_done(B, 0))

    assert B.name in refusal(server, "P3009", to=A.name).problem
