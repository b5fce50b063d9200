"""The demo (`python -m local.demo`): the function against a real PostgreSQL, all of it on this machine."""

import contextlib
import json
import platform
import signal
import sys
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import psycopg

from local.console import Console
from local.invocation import PROJECT_ROOT, Function, Invocation, LocalLambda
from local.postgres import BinariesNotFound, PostgresServer, ServerAddress, ServerStartFailed
from local.postgres_home import UnreachableDirectory, server_identity
from local.runtime_api import LambdaSandbox, open_lambda
from local.secrets_manager import LocalSecretsManager

DATABASE_LOGIN = "demo/database"
DATABASE = "clinic"
STEPS = (
    ("1. The first deployment: every migration is new", "direct-deploy", "applied"),
    ("2. The same deployment again: nothing is left to do", "direct-deploy", "upToDate"),
    ("3. What the status is", "direct-status", "upToDate"),
)
TABLES = """
SELECT table_name, count(*) FROM information_schema.columns
WHERE table_schema = 'public' GROUP BY table_name ORDER BY table_name
"""
HISTORY = """
SELECT migration_name, finished_at, applied_steps_count
FROM _prisma_migrations ORDER BY started_at, migration_name
"""


class DemoFailed(Exception):
    """The function did not do what the demo shows."""


def main() -> int:
    """Run the demo and return the exit status: 0 when all invocations came out as expected."""
    console = Console()
    # Ended like Ctrl-C: by way of all `with` blocks, so that nothing is left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _run(console)
    except (DemoFailed, BinariesNotFound, ServerStartFailed, UnreachableDirectory) as reason:
        console.failure(str(reason))
        return 1
    except KeyboardInterrupt:
        console.note("\nInterrupted. Everything was stopped and removed.")
        return 130
    console.note("\nAll went as expected. Everything was stopped and removed.")
    return 0


def _run(console: Console) -> None:
    console.heading("Starting what the function needs, on this machine and only for this demo")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(PostgresServer())
        server.create_database(DATABASE)
        _introduce_server(console, server.address)
        secrets = stack.enter_context(LocalSecretsManager())
        secrets.put(DATABASE_LOGIN, _secret(server.address))
        console.fact("Secrets Manager", f"{secrets.endpoint_url}, with the secret {DATABASE_LOGIN}")
        environment = {**secrets.environment, "MIGRATE_SECRET_ID": DATABASE_LOGIN}
        function = stack.enter_context(open_lambda(environment))
        _introduce_function(console, function)
        for title, event_name, status in STEPS:
            console.heading(title)
            _step(console, function, event_name, status=status, password=server.address.password)
        with server.connect(DATABASE) as connection:
            _show_database(console, connection)


def _introduce_server(console: Console, address: ServerAddress) -> None:
    identity = server_identity()
    user = f", as user {identity.uid} because it refuses to run as root" if identity else ""
    console.fact("PostgreSQL", f"{address.version} on {address.host}:{address.port}{user}")
    console.fact("", f"programs from {address.bin_directory}")


def _introduce_function(console: Console, function: LocalLambda) -> None:
    described = Function()
    console.fact("Lambda", f"{described.name}, {described.memory_mib} MB, Python {platform.python_version()}")
    if isinstance(function, LambdaSandbox):
        client = f"AWS's runtime client awslambdaric {version('awslambdaric')}, in a process of its own"
    else:
        client = "called within this process: AWS's runtime client is not installed here"
    console.fact("", client)


def _secret(address: ServerAddress) -> Mapping[str, Any]:
    """Return the secret in the form that Amazon RDS gives it."""
    return {
        "engine": "postgres",
        "host": address.host,
        "port": address.port,
        "username": address.user,
        "password": address.password,
        "dbname": DATABASE,
    }


def _step(console: Console, function: LocalLambda, event_name: str, *, status: str, password: str) -> None:
    path = PROJECT_ROOT / "events" / f"{event_name}.json"
    event = json.loads(path.read_text())
    console.document(f"event {path.relative_to(PROJECT_ROOT)}", event)
    invocation = function.invoke(event)
    if password in f"{invocation.log}{invocation.payload}{invocation.error}":
        raise DemoFailed("the function gave away the password of the database; its output is not shown")
    console.log(invocation.log)
    console.document("error" if invocation.error else "answer", invocation.error or invocation.payload)
    _check(invocation, status)
    console.success(f"{status}, {_timing(invocation)}")


def _check(invocation: Invocation, status: str) -> None:
    if invocation.error:
        raise DemoFailed(f"{invocation.error_type}: {invocation.error.get('errorMessage')}")
    answered = invocation.payload.get("status") if isinstance(invocation.payload, dict) else None
    if answered != status:
        raise DemoFailed(f"the status was expected to be {status}, and is {answered}")


def _timing(invocation: Invocation) -> str:
    start = "warm" if invocation.init_ms is None else f"cold: {invocation.init_ms:.0f} ms to start"
    memory = f", at most {invocation.peak_memory_mib:.0f} MiB of memory" if invocation.peak_memory_mib else ""
    return f"in {invocation.elapsed_ms:.0f} ms ({start}){memory}"


def _show_database(console: Console, connection: psycopg.Connection) -> None:
    console.heading(f"The tables that are now in the database {DATABASE}")
    console.table(("table", "columns"), connection.execute(TABLES).fetchall())
    console.heading("The history, as Prisma keeps it in _prisma_migrations")
    rows = [
        (
            name,
            finished_at.isoformat(sep=" ", timespec="milliseconds") if finished_at else "unfinished",
            steps,
        )
        for name, finished_at, steps in connection.execute(HISTORY)
    ]
    console.table(("migration_name", "finished_at", "applied_steps_count"), rows)


if __name__ == "__main__":
    sys.exit(main())
