"""The only constructor of adapters: one request in, one outcome out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from lambda_fn.commands.draft import Draft
from lambda_fn.credentials import SettingsCredentials
from lambda_fn.deadline import Deadline, Interruption
from lambda_fn.directory import find_directory, read_directory
from lambda_fn.domain.event import DirectoryRead, RunFailed, RunStarted, Warned
from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.domain.request import Action, Request
from lambda_fn.domain.tls import weakness
from lambda_fn.errors import DeadlineExceeded, MigrateError
from lambda_fn.errors import deadline as deadline_errors
from lambda_fn.errors import internal as internal_errors
from lambda_fn.settings import Settings

if TYPE_CHECKING:
    from lambda_fn.domain.migration import Migration
    from lambda_fn.ports import Database, MigrationsTable, Reporter, ScriptRunner
    from lambda_fn.postgres.advisory_lock import PolledAdvisoryLock
    from lambda_fn.postgres.connection import Connection


def run(
    request: Request,
    settings: Settings,
    reporter: Reporter,
    *,
    run_id: str,
    remaining_s: float | None = None,
    interruption: Interruption | None = None,
) -> Outcome:
    """Carry a request out. Raises nothing: the outcome holds the error, with what was done before.

    `remaining_s` is the time that the invoker gives; None is no limit. `run_id` names the run in the outcome, in
    the history's logs and in the database's list of sessions. `interruption` ends it as if the time were up.
    """
    started = time.monotonic()
    draft = Draft(request, run_id, max_statement_mib=settings.max_statement_mib)
    error: MigrateError | None = None
    reporter.report(RunStarted(request.action, request.continues))
    try:
        deadline = _deadline(remaining_s, settings, interruption)
        _run(draft, settings.for_request(request), reporter, deadline)
    except DeadlineExceeded as raised:
        interrupted = interruption is not None and interruption.requested
        error = deadline_errors.interrupted(raised) if interrupted else raised
    except MigrateError as raised:
        error = raised
    except Exception as raised:  # noqa: BLE001  # a bug of ours must not hide what was applied before it
        error = internal_errors.from_exception(raised)
    outcome = draft.outcome(error, round((time.monotonic() - started) * 1000))
    if error is not None:
        reporter.report(RunFailed(error, comes_back=outcome.status is Status.INCOMPLETE))
    return outcome


def _deadline(remaining_s: float | None, settings: Settings, interruption: Interruption | None) -> Deadline:
    deadline = Deadline.within(remaining_s, settings.reserve_s, interruption)
    if remaining_s is not None and deadline.passed:
        raise deadline_errors.no_time_left(remaining_s, settings.reserve_s)
    return deadline


def _run(draft: Draft, settings: Settings, reporter: Reporter, deadline: Deadline) -> None:
    if draft.request.action is Action.DOCTOR:
        _examine(draft, settings, reporter, deadline)
        return
    if draft.request.action is Action.HISTORY:
        from lambda_fn.commands.history import history

        with _connected(draft, settings, reporter, deadline) as database:
            history(draft, database.table, reporter)
        return
    # The directory first: a bad one costs nobody a connection.
    directory = read_directory(find_directory(settings.directory))
    draft.directory, draft.migrations = directory.path, len(directory.migrations)
    reporter.report(DirectoryRead(directory.path, len(directory.migrations)))
    with _connected(draft, settings, reporter, deadline) as database:
        _act(draft, directory.migrations, database, reporter, settings=settings, deadline=deadline)


def _act(
    draft: Draft,
    migrations: tuple[Migration, ...],
    database: Database,
    reporter: Reporter,
    *,
    settings: Settings,
    deadline: Deadline,
) -> None:
    # Imported here: an action pays for none of the others.
    strict, lock_wait_s = settings.strict, settings.lock_wait_within(deadline.work_left_s)
    match draft.request.action:
        case Action.DEPLOY:
            from lambda_fn.commands.deploy import deploy

            deploy(draft, migrations, database, reporter, strict=strict, lock_wait_s=lock_wait_s, deadline=deadline)
        case Action.STATUS:
            from lambda_fn.commands.status import status

            status(draft, migrations, database.table, reporter)
        case Action.PLAN:
            from lambda_fn.commands.plan import plan

            plan(draft, migrations, database.table, reporter, strict=strict)
        case Action.VERIFY:
            from lambda_fn.commands.verify import verify

            verify(draft, migrations, database.table, reporter, strict=strict)
        case Action.RESOLVE:
            from lambda_fn.commands.resolve import resolve

            resolve(draft, migrations, database, reporter, lock_wait_s=lock_wait_s)
        case Action.BASELINE:
            from lambda_fn.commands.baseline import baseline

            baseline(draft, migrations, database, reporter, lock_wait_s=lock_wait_s)
        case Action.DOCTOR | Action.HISTORY:
            raise AssertionError("they do without the directory, which the others need")


def _examine(draft: Draft, settings: Settings, reporter: Reporter, deadline: Deadline) -> None:
    # Imported here: no other action pays for it.
    from lambda_fn.commands.doctor import doctor
    from lambda_fn.probes import SettingsProbes

    with SettingsProbes(draft, settings, deadline=deadline) as probes:
        doctor(draft, probes, reporter)


@contextmanager
def _connected(draft: Draft, settings: Settings, reporter: Reporter, deadline: Deadline) -> Iterator[Database]:
    # Imported here, so that an event is answered also where psycopg cannot be imported.
    from lambda_fn.postgres.connection import Connection

    credentials = SettingsCredentials(settings)
    target = deadline.bounded(credentials.target, deadline_errors.reading_credentials)
    draft.database = str(target)
    if (warning := weakness(target)) is not None:
        draft.warnings.append(warning)
        reporter.report(Warned(warning))
    connection = Connection(
        credentials,
        schema=settings.schema,
        owner_role=settings.owner_role,
        run_id=draft.run_id,
        deadline=deadline,
    )
    try:
        draft.schema, draft.server_version = connection.schema, connection.server_version
        deadline.interruption.is_heeded = True
        yield Adapters(connection, reporter, settings)
    finally:
        connection.close()


class Adapters:
    """The adapters of one connection, each imported and made when it is first needed; see ports.Database."""

    def __init__(self, connection: Connection, reporter: Reporter, settings: Settings) -> None:
        self._connection = connection
        self._reporter = reporter
        self._settings = settings

    @cached_property
    def table(self) -> MigrationsTable:
        """The history."""
        from lambda_fn.postgres.migrations_table import PostgresMigrationsTable

        return PostgresMigrationsTable(self._connection)

    @cached_property
    def advisory_lock(self) -> PolledAdvisoryLock:
        """The lock that other runners wait for."""
        from lambda_fn.postgres.advisory_lock import PolledAdvisoryLock

        return PolledAdvisoryLock(self._connection, self._reporter)

    @cached_property
    def runner(self) -> ScriptRunner:
        """What runs scripts."""
        from lambda_fn.postgres.run_context import RunnerLimits
        from lambda_fn.postgres.runner import PostgresScriptRunner

        limits = RunnerLimits(
            self._settings.lock_budget_s,
            self._settings.concurrent_lock_timeout_s,
            self._settings.concurrent_statement_timeout_s,
        )
        return PostgresScriptRunner(self._connection, self.advisory_lock, self._reporter, limits)
