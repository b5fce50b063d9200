"""History: what its rows say, without a lock and without a write."""

import pytest

from lambda_fn.commands.draft import Draft
from lambda_fn.commands.history import history
from lambda_fn.domain.history import MigrationState
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.outcome import Outcome, Status, to_json
from lambda_fn.domain.request import Action, Request
from lambda_fn.domain.row import RowFilter, RowState
from tests.fakes import RUN_ID, FakeServer, half_done
from tests.fixtures.projects import RecordingReporter, check_outcome

A = Migration("20240101000000_users", b"SELECT 1;")
B = Migration("20240102000000_user_roles", b"SELECT 1;")
C = Migration("20240103000000_orders", b"-- migrate: stepwise\nCREATE TABLE c (id int);\nSELECT 1;")

EVERYTHING = RowFilter()


@pytest.fixture
def server() -> FakeServer:
    """A server with a row of each state, the first of them marked."""
    server = FakeServer()
    server.record(A, MigrationState.APPLIED, logs="")
    server.record(B, MigrationState.ROLLED_BACK)
    server.record(B, MigrationState.FAILED)
    server.record(C, MigrationState.FAILED, logs=half_done(C, 1))
    return server


def run(server: FakeServer, wanted: RowFilter = EVERYTHING) -> tuple[Outcome, list[str]]:
    """The outcome, and what was said."""
    reporter = RecordingReporter()
    draft = Draft(Request(Action.HISTORY, state=wanted.state, name_part=wanted.name_part, limit=wanted.limit), RUN_ID)
    server.actions.clear()
    history(draft, server.session().table, reporter)
    outcome = draft.outcome(None, elapsed_ms=0)
    check_outcome(to_json(outcome))
    return outcome, reporter.lines


def test_every_row_is_told_and_nothing_is_a_failure_of_history_itself(server: FakeServer) -> None:
    outcome, lines = run(server)

    assert server.actions == ["read rows"]
    assert (outcome.status, outcome.history_count, outcome.failed, outcome.pending) == (Status.PASSED, 4, (), ())
    assert [(row.name, row.state, row.marked) for row in outcome.history] == [
        (A.name, RowState.APPLIED, True),
        (B.name, RowState.ROLLED_BACK, False),
        (B.name, RowState.FAILED, False),
        (C.name, RowState.HALF_DONE, False),
    ]
    assert (outcome.history[3].done, outcome.history[3].steps) == (1, 2)
    assert lines[-1] == "4 rows."


@pytest.mark.parametrize(
    ("wanted", "names", "count"),
    [
        (RowFilter(RowState.FAILED), [B.name], 1),
        (RowFilter(RowState.HALF_DONE), [C.name], 1),
        (RowFilter(name_part="user"), [A.name, B.name, B.name], 3),
        (RowFilter(name_part="user", limit=2), [B.name, B.name], 3),
        (RowFilter(RowState.APPLIED, "roles"), [], 0),
    ],
)
def test_what_is_asked_for_is_told_and_counted(
    server: FakeServer, wanted: RowFilter, names: list[str], count: int
) -> None:
    outcome, _ = run(server, wanted)

    assert ([row.name for row in outcome.history], outcome.history_count) == (names, count)


def test_where_there_is_no_table_this_is_told_as_prisma_does() -> None:
    outcome, lines = run(FakeServer())

    assert (outcome.status, outcome.history_count, outcome.history) == (Status.PASSED, None, ())
    assert lines == ["The current database is not managed by Prisma Migrate."]
