"""Prisma's check of runners that are started at once."""

import subprocess

import pytest

from lambda_fn.domain.outcome import Status
from tests.fixtures.projects import Project
from tests.fixtures.terminal import finish, start_on

NAME = "20240101000000_01initial"


def await_waiting(runner: subprocess.Popen[str]) -> None:
    """Read what the runner says until it says that it waits."""
    assert runner.stderr is not None
    for line in runner.stderr:
        if "Waiting for the advisory lock" in line:
            return
    pytest.fail("the runner ended without waiting for the advisory lock")


@pytest.mark.conformance("advisory_locking", "advisory_locking_works")
def test_of_three_processes_that_want_the_lock_at_once_exactly_one_applies(project: Project) -> None:
    project.write(NAME, 'CREATE TABLE "Cat" (id int PRIMARY KEY, "inBox" boolean NOT NULL);')

    with project.connect() as holder:
        holder.execute("SELECT pg_advisory_lock(72707369)")
        runners = [start_on(project, "deploy") for _ in range(3)]
        for runner in runners:
            await_waiting(runner)
    ended = [finish(runner) for runner in runners]

    assert [runner.exit_code for runner in ended] == [0, 0, 0]
    outcomes = sorted((runner.outcome for runner in ended), key=lambda outcome: len(outcome["applied"]))
    assert [[migration["name"] for migration in outcome["applied"]] for outcome in outcomes] == [[], [], [NAME]]
    assert [outcome["status"] for outcome in outcomes] == [Status.UP_TO_DATE, Status.UP_TO_DATE, Status.APPLIED]
    assert len(project.rows()) == 1
