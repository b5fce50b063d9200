"""Deploy: what it does in which order, and what it does not."""

from collections.abc import Callable

import pytest

from lambda_fn.commands.deploy import deploy
from lambda_fn.commands.draft import Draft
from lambda_fn.deadline import NO_DEADLINE, Deadline
from lambda_fn.domain.event import ApplyStarted
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
from lambda_fn.errors import connection as connection_errors
from lambda_fn.errors import deadline as deadline_errors
from tests.fakes import RUN_ID, FakeServer, half_done
from tests.fixtures.projects import RecordingReporter, check_outcome

A = Migration("20240101000000_a", b"SELECT 1; SELECT 2;")
B = Migration("20240102000000_b", b"SELECT 1;")
C = Migration("20240103000000_c", b"SELECT 1;")
FAILING_B = Migration(B.name, b"SELECT 1/0;")
REFUSED_C = Migration(C.name, b"SELECT 1;\nDISCARD ALL;")
ALL = (A, B, C)
STEPS_B = Migration(B.name, b"SELECT 1; SELECT 2; VACUUM; SELECT 3;")
FAILING_STEPS_B = Migration(B.name, b"SELECT 1; SELECT 2; SELECT 1/0; VACUUM;")
EDITED_STEPS_B = Migration(B.name, b"SELECT 9; SELECT 2; VACUUM; SELECT 3;")
CALLING_B = Migration(B.name, b"-- migrate: stepwise\nSELECT 1; CALL p(); SELECT 2;")
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
        comes_back: bool = False,
    ) -> None:
        self.server = server
        self.reporter = RecordingReporter()
        self.error: MigrateError | None = None
        draft = Draft(Request(to=to, comes_back=comes_back), RUN_ID)
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
    long = Migration(A.name, b"INSERT INTO a VALUES (1, 'x');\n" * 600_000)

    run = Run(server, (long, B, REFUSED_C), deadline=Deadline.within(0.1, 0.0))

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
        "The following migration(s) have been applied:\nmigrations/\n"
        f"  └─ {A.name}/\n    └─ migration.sql\n  └─ {B.name}/\n    └─ migration.sql",
        f"The following migrations have been applied: {A.name}, {B.name}",
        "All migrations have been successfully applied.",
        "Migrations completed successfully",
    ]


def test_the_action_of_the_outcome_is_the_one_that_was_asked_for(server: FakeServer) -> None:
    assert Run(server, ALL).outcome.action is Action.DEPLOY


def test_a_half_done_migration_is_gone_on_with_behind_its_last_step(server: FakeServer) -> None:
    server.record(A, APPLIED)
    server.record(STEPS_B, FAILED, logs=half_done(STEPS_B, 2))

    run = Run(server, (A, STEPS_B, C))

    assert run.actions == ["read", "lock", "read", f"apply {B.name}", "step 3", "step 4", f"apply {C.name}"]
    assert (run.outcome.status, run.applied) == (Status.APPLIED, [B.name, C.name])
    assert server.states() == [(A.name, APPLIED), (B.name, APPLIED), (C.name, APPLIED)]


def test_what_stopped_half_way_is_pending_with_its_progress_and_the_next_run_goes_on(server: FakeServer) -> None:
    first = Run(server, (A, FAILING_STEPS_B, C))
    second = Run(server, (A, FAILING_STEPS_B, C))
    third = Run(server, (A, STEPS_B, C))

    assert isinstance(first.error, MigrationFailed)
    assert (first.applied, first.pending) == ([A.name], [B.name, C.name])
    assert "step 3" in second.actions
    assert "step 2" not in second.actions
    assert [(m.done, m.steps) for m in second.outcome.pending] == [(2, 4), (None, None)]
    assert third.actions[-4:] == [f"apply {B.name}", "step 3", "step 4", f"apply {C.name}"]
    assert third.outcome.status is Status.APPLIED


@pytest.mark.parametrize(
    ("before", "now", "begun", "code"),
    [(STEPS_B, EDITED_STEPS_B, None, "M506"), (CALLING_B, CALLING_B, 2, "M507")],
    ids=["edited", "a routine without an end"],
)
def test_what_cannot_be_gone_on_with_stops_the_run_before_the_first_script(
    server: FakeServer, before: Migration, now: Migration, begun: int | None, code: str
) -> None:
    server.record(before, FAILED, logs=half_done(before, 1, begun=begun))

    run = Run(server, (A, now, C))

    assert refusal(run, HistoryBlocked, code).where.migration == B.name
    assert run.pending == [A.name, B.name, C.name]


def test_a_half_done_migration_that_another_runner_finished_meanwhile_is_not_touched(server: FakeServer) -> None:
    row = server.record(STEPS_B, FAILED, logs=half_done(STEPS_B, 2))

    def others() -> None:
        server.records.remove(row)
        server.record(STEPS_B, APPLIED)

    server.while_waiting = others

    assert Run(server, (STEPS_B,)).outcome.status is Status.UP_TO_DATE


def test_a_half_done_migration_that_another_runner_went_on_with_is_gone_on_with_from_there(server: FakeServer) -> None:
    row = server.record(STEPS_B, FAILED, logs=half_done(STEPS_B, 1))

    def others() -> None:
        server.records.remove(row)
        server.record(STEPS_B, FAILED, logs=half_done(STEPS_B, 3))

    server.while_waiting = others

    assert Run(server, (STEPS_B,)).actions[-2:] == [f"apply {B.name}", "step 4"]


def test_a_script_that_was_to_be_atomic_and_is_half_done_meanwhile_is_gone_on_with(server: FakeServer) -> None:
    """Another runner fell back to steps, and was killed."""
    script = Migration(B.name, b"SELECT 1; ALTER TYPE e ADD VALUE 'x'; INSERT INTO t VALUES ('x');")
    server.exists = True

    def others() -> None:
        server.record(script, FAILED, logs=half_done(script, 2))

    server.while_waiting = others

    assert Run(server, (script,)).actions[-2:] == [f"apply {B.name}", "step 3"]


@pytest.mark.parametrize("extra", [A, B], ids=["to comes before it", "the directory lacks it"])
def test_a_half_done_migration_that_is_not_wanted_blocks(server: FakeServer, extra: Migration) -> None:
    server.record(C, FAILED, logs=half_done(C, 0))
    directory, to = ((A, B, C), A.name) if extra is A else ((A, B), None)

    run = Run(server, directory, to=to)

    assert C.name in refusal(run, HistoryBlocked, "P3009").problem
    assert run.outcome.failed == (C.name,)


def test_when_the_connection_was_had_anew_the_plan_is_made_anew(server: FakeServer) -> None:
    """Another runner may have had the lock meanwhile, and applied the next one."""

    def lost() -> None:
        server.record(A, APPLIED)

    server.interruptions = {A.name: [lost]}

    run = Run(server, ALL)

    assert run.actions == [
        "read", "lock", "read", "create", f"apply {A.name}", "read", f"apply {B.name}", f"apply {C.name}",
    ]  # fmt: skip
    assert run.applied == [B.name, C.name]
    assert run.outcome.status is Status.APPLIED


def test_when_the_connection_was_had_anew_behind_a_migration_the_plan_of_the_others_is_made_anew(
    server: FakeServer,
) -> None:
    def others() -> None:
        server.record(B, APPLIED)

    server.while_reconnecting = {A.name: others}

    run = Run(server, ALL)

    assert run.actions == ["read", "lock", "read", "create", f"apply {A.name}", "read", f"apply {C.name}"]
    assert (run.outcome.status, run.applied) == (Status.APPLIED, [A.name, C.name])
    started = [event for event in run.reporter.events if isinstance(event, ApplyStarted)]
    assert [(event.name, event.number, event.of) for event in started] == [(A.name, 1, 3), (C.name, 2, 2)]


def test_a_connection_that_is_lost_in_steps_is_gone_on_with_behind_those_that_are_done(server: FakeServer) -> None:
    def lost() -> None:
        server.record(STEPS_B, FAILED, logs=half_done(STEPS_B, 3))

    server.interruptions = {B.name: [lost]}

    run = Run(server, (STEPS_B,))

    assert run.actions[-4:] == [f"apply {B.name}", "read", f"apply {B.name}", "step 4"]
    assert run.applied == [B.name]


def test_what_happened_while_the_connection_was_lost_may_block(server: FakeServer) -> None:
    def lost() -> None:
        server.record(B, FAILED)

    server.interruptions = {A.name: [lost]}

    run = Run(server, ALL)

    assert isinstance(run.error, HistoryBlocked)
    assert (run.error.code, run.outcome.failed, run.applied) == ("P3009", (B.name,), [])


def test_as_long_as_the_runner_goes_on_so_does_the_run_until_it_gives_up(server: FakeServer) -> None:
    given_up = connection_errors.connection_closed("applying", "the server closed it", unknown=False)
    server.interruptions = {A.name: [*[lambda: None] * 5, lambda: given_up]}

    run = Run(server, ALL)

    assert run.error is given_up
    assert run.actions.count(f"apply {A.name}") == 6
    assert run.outcome.status is Status.FAILED


def test_a_connection_that_is_lost_again_and_again_ends_with_the_time_there_is(server: FakeServer) -> None:
    server.interruptions = {A.name: [lambda: None] * 1_000_000}

    run = Run(server, ALL, deadline=Deadline.within(0.3, 0.0))

    assert isinstance(run.error, DeadlineExceeded)
    assert run.error.code == "M605"
    assert server.interruptions[A.name]


def late(*, progressed: bool = False, unknown: bool = False) -> MigrateError:
    error: MigrateError = deadline_errors.before_migration(B.name)
    if unknown:
        error = deadline_errors.unanswered("applying")
    error.progressed = progressed
    return error


@pytest.mark.parametrize(
    ("comes_back", "applied_before", "error", "status"),
    [
        (True, True, late(), Status.INCOMPLETE),
        (True, False, late(progressed=True), Status.INCOMPLETE),
        (True, False, late(), Status.FAILED),
        (False, True, late(progressed=True), Status.FAILED),
        (True, True, late(progressed=True, unknown=True), Status.UNKNOWN),
        (False, True, late(unknown=True), Status.UNKNOWN),
        (True, True, connection_errors.advisory_lock_lost(B.name), Status.FAILED),
    ],
)
def test_incomplete_is_told_only_to_who_comes_back_and_only_where_the_time_was_up_behind_a_first_part(
    server: FakeServer, comes_back: bool, applied_before: bool, error: MigrateError, status: Status
) -> None:
    migrations = (A, B) if applied_before else (B,)
    server.interruptions = {B.name: [lambda: error]}

    run = Run(server, migrations, comes_back=comes_back)

    assert (run.error, run.outcome.status) == (error, status)
    assert run.applied == [migration.name for migration in migrations[:-1]]


def test_an_error_of_a_step_says_whether_steps_were_done_before_it_in_the_same_run(server: FakeServer) -> None:
    first, second = (Run(server, (FAILING_STEPS_B,), comes_back=True) for _ in range(2))

    assert [run.error is not None and run.error.progressed for run in (first, second)] == [True, False]
    assert {run.outcome.status for run in (first, second)} == {Status.FAILED}, "a failure is no lack of time"


def test_a_routine_that_another_runner_is_running_is_waited_for(server: FakeServer) -> None:
    """Its row looks as if it had been left without an end: only who holds the lock can tell."""
    row = server.record(CALLING_B, FAILED, logs=half_done(CALLING_B, 1, begun=2))

    def others() -> None:
        server.records.remove(row)
        server.record(CALLING_B, APPLIED)

    server.while_waiting = others

    assert Run(server, (CALLING_B,)).outcome.status is Status.UP_TO_DATE


def test_what_cannot_be_gone_on_with_any_more_stops_the_run_before_the_first_script(server: FakeServer) -> None:
    def others() -> None:
        server.record(CALLING_B, FAILED, logs=half_done(CALLING_B, 1, begun=2))

    server.while_waiting = others

    assert refusal(Run(server, (A, CALLING_B, C)), HistoryBlocked, "M507").where.migration == CALLING_B.name
    assert not any(action.startswith("apply") for action in server.actions)
