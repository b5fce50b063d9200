"""Prisma's checks of migrations that are squashed into one after they were applied."""

import shutil

import pytest

from lambda_fn.domain.outcome import Outcome, Status
from tests.fixtures.projects import Project

SQUASHED = "0000_initial"
NAMES = ("20240101000000_migration0", "20240102000000_migration1", "20240103000000_migration2")
SCRIPTS = (
    'CREATE TABLE "Cat" (id int PRIMARY KEY);\n',
    'CREATE TABLE "Dog" (id int PRIMARY KEY);\n',
    'DROP TABLE "Dog";\nCREATE TABLE "Hyena" (id int PRIMARY KEY, "laughterFrequency" float NOT NULL);\n',
)
AHEAD_IS_NO_FINDING = (
    "Applied migrations above the newest name in the directory are no finding, as after a rollback: only those below "
    "it are told (M513)."
)


@pytest.fixture
def deployed(project: Project) -> Project:
    """A project whose three migrations are applied."""
    for name, script in zip(NAMES, SCRIPTS, strict=True):
        project.write(name, script)
    assert project.run().status is Status.APPLIED
    return project


def squash(project: Project, names: tuple[str, ...]) -> None:
    """Replace the migrations of these names by one."""
    scripts = [(project.directory / name / "migration.sql").read_text() for name in names]
    for name in names:
        shutil.rmtree(project.directory / name)
    project.write(SQUASHED, "".join(scripts))


def missing(outcome: Outcome) -> list[str]:
    return [name for warning in outcome.warnings if warning.code == "M513" for name in warning.migrations]


def resolve_and_deploy(project: Project) -> Outcome:
    """Mark the squashed migration as applied; the deploy after it must have nothing to do. Returns the status."""
    assert project.run("resolve", applied=SQUASHED).error is None
    before = project.rows()
    assert project.run().status is Status.UP_TO_DATE
    assert project.rows() == before
    assert project.tables() == {"Cat", "Hyena"}
    return project.run("status")


@pytest.mark.conformance("squashing", "squashing_whole_migration_history_works", differs=AHEAD_IS_NO_FINDING)
def test_a_whole_history_may_be_squashed(deployed: Project) -> None:
    squash(deployed, NAMES)
    assert [migration.name for migration in deployed.run("status").pending] == [SQUASHED]

    assert missing(resolve_and_deploy(deployed)) == []


@pytest.mark.conformance("squashing", "squashing_migrations_history_at_the_start_works")
def test_the_start_of_a_history_may_be_squashed(deployed: Project) -> None:
    squash(deployed, NAMES[:2])

    assert missing(resolve_and_deploy(deployed)) == [NAMES[0], NAMES[1]]


@pytest.mark.conformance("squashing", "squashing_migrations_history_at_the_end_works", differs=AHEAD_IS_NO_FINDING)
def test_the_end_of_a_history_may_be_squashed(deployed: Project) -> None:
    squash(deployed, NAMES[1:])

    assert missing(resolve_and_deploy(deployed)) == []
