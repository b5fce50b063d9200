"""Plan: what deploy would do and what it would refuse, without a lock and without a write."""

import pytest

from lambda_fn.commands.draft import Draft
from lambda_fn.commands.plan import plan
from lambda_fn.domain.destructive import Harm
from lambda_fn.domain.directive import Mode
from lambda_fn.domain.history import MigrationState
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.outcome import Outcome, PendingMigration, Status, to_json
from lambda_fn.domain.request import Action, Request
from lambda_fn.errors import MigrateError
from tests.fakes import RUN_ID, FakeServer, half_done
from tests.fixtures.projects import RecordingReporter, check_outcome

A = Migration("20240101000000_a", b"SELECT 1; BEGIN; SELECT 2; COMMIT;")
B = Migration("20240102000000_b", b"CREATE INDEX CONCURRENTLY i ON t (a);")
REFUSED = Migration("20240103000000_c", b"ROLLBACK;")
APPLIED, FAILED = MigrationState.APPLIED, MigrationState.FAILED


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


def run(
    server: FakeServer,
    *migrations: Migration,
    strict: bool = False,
    to: str | None = None,
    reporter: RecordingReporter | None = None,
) -> Outcome:
    """The outcome, of an error too. The history was read once, and nothing else was done."""
    draft = Draft(Request(Action.PLAN, to=to), RUN_ID)
    raised: MigrateError | None = None
    try:
        plan(draft, migrations, server.session().table, reporter or RecordingReporter(), strict=strict)
    except MigrateError as error:
        raised = error
    assert server.actions == ["read"]
    outcome = draft.outcome(raised, elapsed_ms=0)
    check_outcome(to_json(outcome))
    return outcome


def test_it_tells_how_each_script_would_run(server: FakeServer) -> None:
    outcome = run(server, A, B)

    assert outcome.status is Status.PENDING
    assert outcome.pending == (
        PendingMigration(A.name, Mode.ATOMIC, 2, destructive=()),
        PendingMigration(B.name, Mode.ALONE, 1, destructive=()),
    )


def test_where_nothing_is_pending_there_is_nothing_to_do(server: FakeServer) -> None:
    server.record(A, APPLIED)

    outcome = run(server, A)

    assert (outcome.status, outcome.pending) == (Status.UP_TO_DATE, ())


@pytest.mark.parametrize(
    ("state", "occupied", "strict", "code"),
    [(FAILED, False, False, "P3009"), (None, True, False, "P3005"), (APPLIED, False, True, "M502")],
)
def test_it_refuses_what_deploy_would_refuse(
    server: FakeServer, state: MigrationState | None, occupied: bool, strict: bool, code: str
) -> None:
    server.occupied = occupied
    if state:
        server.record(Migration(A.name, b"SELECT 'before';"), state)

    outcome = run(server, A, B, strict=strict)

    assert outcome.error is not None
    assert outcome.error.code == code
    assert B.name in [pending.name for pending in outcome.pending]


def test_a_script_that_deploy_would_refuse_is_refused_and_those_before_it_are_told(server: FakeServer) -> None:
    outcome = run(server, A, REFUSED, B)

    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.where.migration) == ("M211", REFUSED.name)
    assert outcome.pending == (
        PendingMigration(A.name, Mode.ATOMIC, 2, destructive=()),
        PendingMigration(REFUSED.name),
        PendingMigration(B.name),
    )


def test_it_looks_as_far_as_it_is_asked_to(server: FakeServer) -> None:
    assert [pending.name for pending in run(server, A, B, REFUSED, to=B.name).pending] == [A.name, B.name]


def test_of_a_half_done_migration_it_tells_how_far_it_is_and_that_it_goes_on_in_steps(server: FakeServer) -> None:
    script = Migration(A.name, b"SELECT 1; SELECT 2;")
    server.record(script, FAILED, logs=half_done(script, 1))

    outcome = run(server, script, B)

    assert (outcome.status, outcome.failed) == (Status.PENDING, ())
    assert outcome.pending == (
        PendingMigration(A.name, Mode.STEPWISE, 2, done=1, steps=2, destructive=()),
        PendingMigration(B.name, Mode.ALONE, 1, destructive=()),
    )


@pytest.mark.parametrize(("script", "begun", "code"), [(b"SELECT 9; CALL p();", None, "M506"), (None, 2, "M507")])
def test_it_refuses_to_go_on_where_deploy_would(
    server: FakeServer, script: bytes | None, begun: int | None, code: str
) -> None:
    before = Migration(A.name, b"SELECT 1; CALL p();")
    server.record(before, FAILED, logs=half_done(before, 1, begun=begun))

    outcome = run(server, Migration(A.name, script or before.script), B)

    assert outcome.error is not None
    assert outcome.error.code == code
    assert [pending.done for pending in outcome.pending] == [1, None]


def test_it_names_what_is_destructive_in_each_script_and_warns_of_it(server: FakeServer) -> None:
    made = Migration("20240101000000_a", b"CREATE TABLE a (b int);\nDROP TABLE old;")
    used = Migration("20240102000000_b", b"CREATE INDEX i ON a (b); DROP TABLE a; TRUNCATE c;")
    reporter = RecordingReporter()

    outcome = run(server, made, used, reporter=reporter)

    found = [[(each.line, each.kind, each.object) for each in m.destructive or ()] for m in outcome.pending]
    assert found == [[(2, Harm.DATA_LOSS, "old")], [(1, Harm.DATA_LOSS, "c")]]
    assert [line.partition(". ")[0] for line in reporter.lines if "dataLoss" in line] == [
        "20240101000000_a, line 2: DROP TABLE old (dataLoss)",
        "20240102000000_b, line 1: TRUNCATE c (dataLoss)",
    ]


def test_of_a_half_done_migration_only_what_is_left_is_looked_at(server: FakeServer) -> None:
    script = Migration(A.name, b"SET statement_timeout = 0; DROP TABLE a; TRUNCATE b; DROP TABLE c;")
    server.record(script, FAILED, logs=half_done(script, 1))

    [pending] = run(server, script).pending

    assert [found.object for found in pending.destructive or ()] == ["b", "c"]


def test_names_without_a_schema_are_looked_up_where_the_history_is(server: FakeServer) -> None:
    [pending] = run(server, Migration(A.name, b"CREATE TABLE public.a (); DROP TABLE a; DROP TABLE x.a;")).pending

    assert [found.object for found in pending.destructive or ()] == ["x.a"]
