"""The only constructor of adapters: one request in, one outcome out."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lambda_fn.commands.deploy import deploy
from lambda_fn.commands.draft import Draft
from lambda_fn.commands.plan import plan
from lambda_fn.commands.resolve import resolve
from lambda_fn.commands.status import status
from lambda_fn.commands.verify import verify
from lambda_fn.directory import find_directory, read_directory
from lambda_fn.domain.event import DirectoryRead, RunFailed, RunStarted
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.outcome import Outcome
from lambda_fn.domain.request import Action, Request
from lambda_fn.domain.target import Target, target_from_secret, target_from_url
from lambda_fn.errors import MigrateError
from lambda_fn.errors import internal as internal_errors
from lambda_fn.errors import settings as settings_errors
from lambda_fn.ports import Database, Reporter
from lambda_fn.settings import Settings


def run(
    request: Request,
    settings: Settings,
    reporter: Reporter,
    *,
    run_id: str,
    remaining_s: float | None = None,
) -> Outcome:
    """Carry a request out. Raises nothing: the outcome holds the error, with what was done before.

    `remaining_s` is the time that the invoker gives; None is no limit. `run_id` names the run in the outcome, in
    the history's logs and in the database's list of sessions.
    """
    started = time.monotonic()
    draft = Draft(request, run_id)
    error: MigrateError | None = None
    reporter.report(RunStarted(request.action))
    try:
        _run(draft, settings, reporter, remaining_s)
    except MigrateError as raised:
        error = raised
    except Exception as raised:  # noqa: BLE001  # a bug of ours must not hide what was applied before it
        error = internal_errors.from_exception(raised)
    if error is not None:
        reporter.report(RunFailed(error))
    return draft.outcome(error, round((time.monotonic() - started) * 1000))


def _run(draft: Draft, settings: Settings, reporter: Reporter, remaining_s: float | None) -> None:
    # The directory first: a bad one costs nobody a connection.
    directory = read_directory(find_directory(settings.directory))
    draft.directory, draft.migrations = directory.path, len(directory.migrations)
    reporter.report(DirectoryRead(directory.path, len(directory.migrations)))
    with _connected(draft, settings, reporter) as database:
        _act(draft, directory.migrations, database, reporter, settings=settings, remaining_s=remaining_s)


def _act(
    draft: Draft,
    migrations: tuple[Migration, ...],
    database: Database,
    reporter: Reporter,
    *,
    settings: Settings,
    remaining_s: float | None,
) -> None:
    request = draft.request
    strict = settings.strict if request.strict is None else request.strict
    lock_wait_s = settings.lock_wait_within(request.lock_wait_s, remaining_s)
    match request.action:
        case Action.DEPLOY:
            deploy(draft, migrations, database, reporter, strict=strict, lock_wait_s=lock_wait_s)
        case Action.STATUS:
            status(draft, migrations, database.table, reporter)
        case Action.PLAN:
            plan(draft, migrations, database.table, reporter, strict=strict)
        case Action.VERIFY:
            verify(draft, migrations, database.table, reporter, strict=strict)
        case Action.RESOLVE:
            resolve(draft, migrations, database, reporter, lock_wait_s=lock_wait_s)


@contextmanager
def _connected(draft: Draft, settings: Settings, reporter: Reporter) -> Iterator[Database]:
    # Imported here, so that an event is answered also where psycopg cannot be imported.
    from lambda_fn.postgres.advisory_lock import PolledAdvisoryLock
    from lambda_fn.postgres.connection import Connection
    from lambda_fn.postgres.migrations_table import PostgresMigrationsTable
    from lambda_fn.postgres.runner import PostgresScriptRunner

    target = _target(settings)
    draft.database = f"{target.address}/{target.dbname}"
    connection = Connection(
        target,
        schema=draft.request.schema or settings.schema,
        owner_role=draft.request.owner_role or settings.owner_role,
        run_id=draft.run_id,
    )
    try:
        draft.schema, draft.server_version = connection.schema, connection.server_version
        advisory_lock = PolledAdvisoryLock(connection, reporter)
        yield Database(
            PostgresMigrationsTable(connection),
            advisory_lock,
            PostgresScriptRunner(connection, advisory_lock, reporter),
        )
    finally:
        connection.close()


def _target(settings: Settings) -> Target:
    if settings.database_url and settings.secret_id:
        raise settings_errors.two_databases()
    if settings.database_url:
        return target_from_url(settings.database_url)
    if settings.secret_id:
        return target_from_secret(settings.secret_id, _secret(settings.secret_id))
    raise settings_errors.no_database()


def _secret(secret_id: str) -> object:
    from lambda_fn.aws.secrets import read_secret

    text = read_secret(secret_id)
    try:
        return json.loads(text)
    except ValueError:
        return None
