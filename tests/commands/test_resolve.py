"""Resolve: mark migrations, all or none."""

import pytest

from lambda_fn.commands.draft import Draft
from lambda_fn.commands.resolve import resolve
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
    return FakeServer()


def run(
    server: FakeServer, *, applied: tuple[str, ...] = (), rolled_back: tuple[str, ...] = ()
) -> tuple[Outcome, list[str]]:
    """The outcome, of an error too, and what was said."""
    reporter = RecordingReporter()
    draft = Draft(Request(Action.RESOLVE, applied=applied, rolled_back=rolled_back), RUN_ID)
    raised: MigrateError | None = None
    server.actions.clear()
    try:
        resolve(draft, (A, B, C), server.session().database, reporter, lock_wait_s=7)
    except MigrateError as error:
        raised = error
    outcome = draft.outcome(raised, elapsed_ms=0)
    check_outcome(to_json(outcome))
    return outcome, reporter.lines


def test_marking_the_first_migrations_of_an_old_database_is_baselining(server: FakeServer) -> None:
    server.occupied = True

    outcome, lines = run(server, applied=(A.name, B.name))

    assert server.actions == ["lock", "read", "create", f"resolve {A.name}", f"resolve {B.name}", "read"]
    assert server.states() == [(A.name, APPLIED), (B.name, APPLIED)]
    assert (outcome.status, outcome.resolved) == (Status.PENDING, (A.name, B.name))
    assert [pending.name for pending in outcome.pending] == [C.name]
    assert lines == [f"Migration {A.name} marked as applied.", f"Migration {B.name} marked as applied."]


def test_marking_a_failed_migration_as_rolled_back_makes_it_pending(server: FakeServer) -> None:
    server.record(A, APPLIED)
    server.record(B, FAILED)

    outcome, lines = run(server, rolled_back=(B.name,))

    assert server.actions == ["lock", "read", f"resolve {B.name}", "read"]
    assert server.states() == [(A.name, APPLIED), (B.name, ROLLED_BACK)]
    assert (outcome.status, outcome.failed) == (Status.PENDING, ())
    assert [pending.name for pending in outcome.pending] == [B.name, C.name]
    assert lines == [f"Migration {B.name} marked as rolled back."]


def test_marking_a_failed_migration_as_applied_leaves_nothing_to_do(server: FakeServer) -> None:
    server.record(A, APPLIED)
    server.record(B, FAILED)
    server.record(C, APPLIED)

    outcome, _ = run(server, applied=(B.name,))

    assert outcome.status is Status.UP_TO_DATE
    assert server.states() == [(A.name, APPLIED), (B.name, ROLLED_BACK), (C.name, APPLIED), (B.name, APPLIED)]


def test_another_failed_migration_stays_failed_and_is_told(server: FakeServer) -> None:
    server.record(A, FAILED)
    server.record(B, FAILED)

    outcome, _ = run(server, rolled_back=(A.name,))

    assert (outcome.status, outcome.failed, outcome.error) == (Status.FAILED, (B.name,), None)


@pytest.mark.parametrize(
    ("applied", "rolled_back", "code"),
    [
        ((A.name, "20240109000000_unknown"), (), "P3017"),
        ((A.name, C.name), (), "P3008"),
        ((), (B.name, A.name), "P3011"),
        ((), (B.name, C.name), "P3012"),
    ],
)
def test_of_several_names_all_are_marked_or_none(
    server: FakeServer, applied: tuple[str, ...], rolled_back: tuple[str, ...], code: str
) -> None:
    server.record(B, FAILED)
    server.record(C, APPLIED)

    outcome, lines = run(server, applied=applied, rolled_back=rolled_back)

    assert outcome.error is not None
    assert (outcome.error.code, outcome.resolved, lines) == (code, (), [])
    assert server.actions == ["lock", "read"]
    assert server.states() == [(B.name, FAILED), (C.name, APPLIED)]


def test_a_table_is_not_made_for_a_name_that_cannot_be_marked(server: FakeServer) -> None:
    outcome, _ = run(server, rolled_back=(A.name,))

    assert outcome.error is not None
    assert outcome.error.code == "M501"
    assert not server.exists


def test_what_is_marked_already_stays_as_it_is(server: FakeServer) -> None:
    server.record(A, ROLLED_BACK)

    outcome, _ = run(server, rolled_back=(A.name,))

    assert (outcome.error, server.states()) == (None, [(A.name, ROLLED_BACK)])


def test_it_waits_for_the_lock_and_gives_up(server: FakeServer) -> None:
    server.session().advisory_lock.acquire(0)

    outcome, _ = run(server, applied=(A.name,))

    assert outcome.error is not None
    assert outcome.error.code == "P1002"
    assert server.actions == ["lock"]


def test_what_another_runner_did_meanwhile_counts(server: FakeServer) -> None:
    server.record(A, FAILED)
    server.while_waiting = server.records.clear

    outcome, _ = run(server, rolled_back=(A.name,))

    assert outcome.error is not None
    assert outcome.error.code == "P3011"


@pytest.mark.parametrize(
    ("applied", "rolled_back", "states"),
    [
        ((), (A.name,), [(A.name, ROLLED_BACK)]),
        ((A.name,), (), [(A.name, ROLLED_BACK), (A.name, APPLIED)]),
    ],
)
def test_a_half_done_migration_can_be_marked_either_way(
    server: FakeServer,
    applied: tuple[str, ...],
    rolled_back: tuple[str, ...],
    states: list[tuple[str, MigrationState]],
) -> None:
    server.record(A, FAILED, logs=half_done(A, 0))

    outcome, _ = run(server, applied=applied, rolled_back=rolled_back)

    assert (outcome.error, server.states()) == (None, states)
    assert all(pending.done is None for pending in outcome.pending)
