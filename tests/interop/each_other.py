"""A project on which one of the two fails or is killed, and what the other one makes of that."""

import contextlib
import os
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lambda_fn.domain.outcome import Status
from lambda_fn.errors import MigrateError
from tests.fixtures.prisma_engine import EngineError, EngineGone, LiveEngine
from tests.fixtures.projects import ROOT, Project, Row
from tests.fixtures.terminal import finish, start_on

A, B, C = "20240101000000_a", "20240102000000_b", "20240103000000_c"
TABLE_A = "CREATE TABLE a (id int); INSERT INTO a VALUES (1), (1);"
TABLE_B, TABLE_C = "CREATE TABLE b (id int);", "CREATE TABLE c (id int);"
SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"


@contextlib.contextmanager
def copy_of(project: Project) -> Iterator[Project]:
    """The same database once more, row by row, for the other one to resolve."""
    name = f"copy_{secrets.token_hex(6)}"
    project.server.create_database(name, template=project.database)
    try:
        yield Project(project.directory, project.server, name)
    finally:
        project.server.drop_database(name)


def wait_until(condition: Callable[[], bool], limit_s: float = 20.0) -> None:
    give_up_at_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < give_up_at_s
        time.sleep(0.02)


def is_asleep(project: Project) -> bool:
    return bool(project.value(SLEEPING))


def write(project: Project, second: str) -> None:
    for name, script in ((A, TABLE_A), (B, second), (C, TABLE_C)):
        project.write(name, script)


def fail_with_prisma(project: Project, engine: LiveEngine) -> None:
    with pytest.raises(EngineError, match="P3018"):
        engine.deploy(project.url, project.directory)


def kill_prisma(project: Project, home: Path) -> None:
    """Kill an engine in the middle of a script, and wait until its backend has finished that."""
    command = ["node", str(ROOT / "tests" / "interop" / "live_engine.mjs"), str(home / "engine")]

    def deploy() -> None:
        with contextlib.suppress(EngineGone, OSError):  # there is no answer
            LiveEngine(home / "engine").deploy(project.url, project.directory)

    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        deploying = threading.Thread(target=deploy)
        deploying.start()
        wait_until(lambda: is_asleep(project))
        process.kill()
        deploying.join()
    wait_until(lambda: project.held_advisory_locks() == 0)


def kill_ours(project: Project) -> None:
    """Kill a run of ours in the middle of a statement, and wait until its backend has gone."""
    runner = start_on(project, "deploy")
    wait_until(lambda: is_asleep(project))
    os.kill(runner.pid, signal.SIGKILL)
    finish(runner)
    wait_until(lambda: project.held_advisory_locks() == 0)


def resolve_with_ours(project: Project, way: str, *names: str) -> None:
    options: dict[str, Any] = {way: list(names)}
    outcome = project.run("resolve", **options)
    assert (outcome.error, outcome.resolved) == (None, names)


def resolve_with_prisma(project: Project, engine: LiveEngine, way: str, *names: str) -> None:
    for name in names:
        if way == "applied":
            engine.mark_applied(project.url, project.directory, name)
        else:
            engine.mark_rolled_back(project.url, name)


def facts(project: Project, before: list[Row]) -> list[Row]:
    """Every column of the history, but for the ids and the times that are new."""
    known = [row["id"] for row in before]
    return [
        {
            **row,
            "id": row["id"] if row["id"] in known else "new",
            "started_at": row["started_at"] if row["id"] in known else "new",
            "finished_at": "as started" if row["finished_at"] == row["started_at"] else row["finished_at"],
            "rolled_back_at": row["rolled_back_at"] is not None,
        }
        for row in project.rows()
    ]


def error_of(project: Project, action: str = "deploy") -> MigrateError:
    error = project.run(action).error
    assert error is not None
    return error


def code_of(ask: Callable[..., object], *arguments: object) -> str | None:
    with pytest.raises(EngineError) as refused:
        ask(*arguments)
    return refused.value.code


def assert_both_up_to_date(project: Project, engine: LiveEngine) -> None:
    diagnosis = engine.diagnose(project.url, project.directory)
    assert (diagnosis.pending, diagnosis.failed, diagnosis.edited) == ((), (), ())
    assert engine.deploy(project.url, project.directory) == ()
    assert project.run().status is Status.UP_TO_DATE


def is_there(project: Project, name: str) -> bool:
    return project.value("SELECT to_regclass(%s) IS NOT NULL", name) is True
