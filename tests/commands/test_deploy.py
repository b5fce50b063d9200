"""Deploy: what it does in which order, and what it does not."""

from collections.abc import Callable

import pytest

from lambda_fn.commands.deploy import deploy
from lambda_fn.commands.draft import Draft
from lambda_fn.deadline import NO_DEADLINE, Deadline
from lambda_fn.domain.history import MigrationState
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.outcome import Outcome, Status, to_json
from lambda_fn.domain.request import Action, Request
from lambda_fn.errors import (
    DeadlineExceeded,
    HistoryBlocked,
    LockTimeout,
    MigrateError,
    MigrationFailed,
    RequestInvalid,
    SettingsInvalid,
)
from tests.fakes import RUN_ID, FakeServer
from tests.fixtures.projects import RecordingReporter, check_outcome

A = Migration("20240101000000_a", b"SELECT 1; SELECT 2;")
B = Migration("20240102000000_b", b"SELECT 1;")
C = Migration("20240103000000_c", b"SELECT 1;")
FAILING_B = Migration(B.name, b"SELECT 1/0;")
REFUSED_C = Migration(C.name, b"SELECT 1;\nDISCARD ALL;")
ALL = (A, B, C)
APPLIED, FAILED = MigrationState.APPLIED, MigrationState.FAILED


class Run:
    """One deploy on a fake server: what came of it, what was said, what was done."""

    def __init__(
        self,
        server: FakeServer,
        migrations: tuple[Migration, ...],
        *,
        strict: bool = False,
        to: str | None = None,
        deadline: Deadline = NO_DEADLINE,
    ) -> None:
        self.server = server
        self.reporter = RecordingReporter()
        self.error: MigrateError | None = None
        draft = Draft(Request(to=to), RUN_ID)
        session = server.session()
        server.actions.clear()
        try:
            deploy(draft, migrations, session.database, self.reporter, strict=strict, lock_wait_s=7, deadline=deadline)
        except MigrateError as error:
            self.error = error
        finally:
            session.close()
        self.outcome: Outcome = draft.outcome(self.error, elapsed_ms=0)
        check_outcome(to_json(self.outcome))

    @property
    def actions(self) -> list[str]:
        """What was done, in order."""
        return self.server.actions

    @property
    def applied(self) -> list[str]:
        """What the outcome says was applied."""
        return [migration.name for migration in self.outcome.applied]

    @property
    def pending(self) -> list[str]:
        """What the outcome says is left."""
        return [migration.name for migration in self.outcome.pending]


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


def refusal(run: Run, kind: type[MigrateError], code: str) -> MigrateError:
    """The error of a run that must not have applied anything."""
    assert isinstance(run.error, kind)
    assert run.error.code == code
    assert run.outcome.status is Status.FAILED
    assert run.applied == []
    assert not [action for action in run.actions if action.startswith(("apply", "create"))]
    return run.error


def test_the_history_is_read_again_under_the_lock_before_anything_is_applied(server: FakeServer) -> None:
    run = Run(server, ALL)

    assert run.actions == ["read", "lock", "read", "create", f"apply {A.name}", f"apply {B.name}", f"apply {C.name}"]
    assert run.applied == [A.name, B.name, C.name]
    assert (run.outcome.status, run.pending, run.outcome.lock_wait_ms) == (Status.APPLIED, [], 0)
    assert [migration.statements for migration in run.outcome.applied] == [2, 1, 1]


def test_only_what_is_pending_is_applied(server: FakeServer) -> None:
    server.record(A, APPLIED)

    assert Run(server, ALL).actions == ["read", "lock", "read", f"apply {B.name}", f"apply {C.name}"]


def test_no_lock_is_taken_where_nothing_is_pending(server: FakeServer) -> None:
    for migration in ALL:
        server.record(migration, APPLIED)
    server.session().advisory_lock.acquire(0)

    run = Run(server, ALL)

    assert run.actions == ["read"]
    assert (run.outcome.status, run.outcome.lock_wait_ms) == (Status.UP_TO_DATE, None)
    assert run.reporter.lines == ["No pending migrations to apply.", "Migrations completed successfully"]


def test_whether_a_row_has_failed_is_decided_under_the_lock(server: FakeServer) -> None:
    """Until then it may be one that another runner is applying."""
    server.record(B, FAILED)

    run = Run(server, ALL)

    refusal(run, HistoryBlocked, "P3009")
    assert run.actions == ["read", "lock", "read"]
    assert run.outcome.failed == (B.name,)
    assert run.pending == [A.name, C.name]


def test_tables_without_a_history_are_left_alone(server: FakeServer) -> None:
    server.occupied = True

    refusal(Run(server, ALL), HistoryBlocked, "P3005")

    assert not server.exists


def test_a_refused_script_stops_everything_before_the_lock(server: FakeServer) -> None:
    run = Run(server, (A, B, REFUSED_C))

    error = refusal(run, SettingsInvalid, "M211")
    assert run.actions == ["read"]
    assert (error.where.migration, error.where.line) == (C.name, 2)
    assert run.pending == [A.name, B.name, C.name]


def test_a_script_that_is_applied_already_is_not_refused(server: FakeServer) -> None:
    """It may stem from a time when something else ran the migrations."""
    server.record(REFUSED_C, APPLIED)

    assert Run(server, (REFUSED_C,)).outcome.status is Status.UP_TO_DATE


def test_a_script_behind_the_wanted_one_is_not_looked_at(server: FakeServer) -> None:
    run = Run(server, (A, B, REFUSED_C), to=B.name)

    assert run.applied == [A.name, B.name]
    assert run.outcome.status is Status.APPLIED


def test_a_name_that_the_directory_lacks_is_no_target(server: FakeServer) -> None:
    assert "20240102" in refusal(Run(server, ALL, to="20240102"), RequestInvalid, "M106").problem


def test_when_the_second_of_three_fails_the_outcome_is_partial_and_the_third_is_not_run(server: FakeServer) -> None:
    run = Run(server, (A, FAILING_B, C))

    assert isinstance(run.error, MigrationFailed)
    assert run.actions[-1] == f"apply {B.name}"
    assert (run.outcome.status, run.applied, run.pending) == (Status.FAILED, [A.name], [B.name, C.name])
    assert [migration.statements for migration in run.outcome.pending] == [1, 1]
    assert "Migrations completed successfully" not in run.reporter.lines
    assert run.reporter.lines[-1] == f"Applying migration `{B.name}`"


def test_a_corrected_migration_goes_on_where_the_failed_one_stopped(server: FakeServer) -> None:
    Run(server, (A, FAILING_B, C))

    assert Run(server, ALL).applied == [B.name, C.name]


def test_what_another_runner_applied_meanwhile_is_not_applied_again(server: FakeServer) -> None:
    def others() -> None:
        server.record(A, APPLIED)
        server.record(B, APPLIED)

    server.while_waiting = others

    run = Run(server, ALL)

    assert run.actions == ["read", "lock", "read", f"apply {C.name}"]
    assert run.applied == [C.name]


def test_when_another_runner_applied_all_of_it_meanwhile_this_one_is_up_to_date(server: FakeServer) -> None:
    def others() -> None:
        for migration in ALL:
            server.record(migration, APPLIED)

    server.while_waiting = others

    run = Run(server, ALL)

    assert (run.outcome.status, run.applied) == (Status.UP_TO_DATE, [])
    assert run.reporter.lines == ["No pending migrations to apply.", "Migrations completed successfully"]


def meanwhile_failed(server: FakeServer) -> None:
    server.record(A, FAILED)


def meanwhile_occupied(server: FakeServer) -> None:
    server.occupied = True


@pytest.mark.parametrize(("others", "code"), [(meanwhile_failed, "P3009"), (meanwhile_occupied, "P3005")])
def test_what_happened_meanwhile_may_block(server: FakeServer, others: Callable[[FakeServer], None], code: str) -> None:
    server.while_waiting = lambda: others(server)

    run = Run(server, ALL)

    refusal(run, HistoryBlocked, code)
    assert run.actions == ["read", "lock", "read"]


def test_a_history_that_was_emptied_meanwhile_is_applied_from_the_start(server: FakeServer) -> None:
    """As by `prisma migrate reset`: what was applied at the first look is pending at the second."""
    server.record(A, APPLIED)
    server.while_waiting = server.records.clear

    run = Run(server, ALL)

    assert run.applied == [A.name, B.name, C.name]


def test_a_script_that_becomes_pending_meanwhile_is_refused_before_anything_runs(server: FakeServer) -> None:
    refused = Migration(A.name, REFUSED_C.script)
    server.record(refused, APPLIED)
    server.while_waiting = server.records.clear

    assert A.name in refusal(Run(server, (refused, B)), SettingsInvalid, "M211").problem


def test_a_lock_that_is_not_to_be_had_stops_everything(server: FakeServer) -> None:
    server.session().advisory_lock.acquire(0)

    run = Run(server, ALL)

    error = refusal(run, LockTimeout, "P1002")
    assert run.actions == ["read", "lock"]
    assert "7 s" in error.headline
    assert run.pending == [A.name, B.name, C.name]


def test_the_time_is_asked_while_a_script_is_read(server: FakeServer) -> None:
    """Splitting cannot be cancelled: four of 25 MB went on until Lambda killed the function."""
    long = Migration(A.name, b"INSERT INTO a VALUES (1, 'x');\n" * 200_000)

    run = Run(server, (long, B, REFUSED_C), deadline=Deadline.within(0.4, 0.0))

    assert refusal(run, DeadlineExceeded, "M605").where.migration == A.name
    assert run.actions == ["read"]
    assert run.pending == [A.name, B.name, C.name]


def test_the_lock_is_waited_for_no_longer_than_there_is_time(server: FakeServer) -> None:
    server.session().advisory_lock.acquire(0)

    run = Run(server, (A,), deadline=Deadline.within(5.0, 4.0))

    assert "the whole wait of 0." in refusal(run, LockTimeout, "P1002").headline


def test_a_warning_is_told_once_and_is_in_the_outcome(server: FakeServer) -> None:
    server.record(Migration(A.name, b"SELECT 'before';"), APPLIED)

    run = Run(server, ALL)

    [warning] = run.outcome.warnings
    told = f"M510 Edited after it was applied, and not run again: {A.name}."
    assert (warning.code, warning.migrations) == ("M510", (A.name,))
    assert run.reporter.lines.count(told) == 1
    assert run.reporter.lines.index(told) < run.reporter.lines.index(f"Applying migration `{B.name}`")


def test_a_warning_is_told_also_where_nothing_is_pending(server: FakeServer) -> None:
    server.record(Migration(A.name, b"SELECT 'before';"), APPLIED)

    assert Run(server, (A,)).reporter.lines[0].startswith("M510 ")


def test_in_strict_mode_a_warning_stops_everything(server: FakeServer) -> None:
    server.record(Migration(A.name, b"SELECT 'before';"), APPLIED)

    run = Run(server, ALL, strict=True)

    refusal(run, HistoryBlocked, "M502")
    assert run.actions == ["read", "lock", "read"]
    assert [warning.code for warning in run.outcome.warnings] == ["M510"]


def test_each_migration_is_told_before_and_after(server: FakeServer) -> None:
    assert Run(server, (A, B)).reporter.lines == [
        f"Applying migration `{A.name}`",
        f"Applied migration `{A.name}` in 0 ms",
        f"Applying migration `{B.name}`",
        f"Applied migration `{B.name}` in 0 ms",
        "The following migration(s) have been applied:\n\nmigrations/\n"
        f"  └─ {A.name}/\n    └─ migration.sql\n  └─ {B.name}/\n    └─ migration.sql",
        f"The following migrations have been applied: {A.name}, {B.name}",
        "All migrations have been successfully applied.",
        "Migrations completed successfully",
    ]


def test_the_action_of_the_outcome_is_the_one_that_was_asked_for(server: FakeServer) -> None:
    assert Run(server, ALL).outcome.action is Action.DEPLOY
