"""What the real Prisma makes of our rows: finished, half-done and rolled back."""

import uuid

from lambda_fn.domain.checksum import checksum_of
from lambda_fn.domain.outcome import Status
from tests.fixtures.prisma import Prisma
from tests.fixtures.projects import Project

FIRST, SECOND = "20240101000000_first", "20240102000000_second"
SCRIPT = "CREATE TABLE first (a int);\nCREATE INDEX CONCURRENTLY i ON first (a);\n"

# As a run leaves it that was killed while the index was built: text for people, and our journal in the last line.
LOGS = (
    "Applied 1 of 2 steps. The next run goes on with step 2.\n"
    '{"migrateLambda": {"attempts": 0, "run": "r", "steps": 2, "done": 1, "chain": "00", "begun": 2, "before": "", '
    '"begunChain": "01"}}'
)


def begin(project: Project) -> None:
    """A first migration that is half-done."""
    project.write(FIRST, SCRIPT)
    project.query(
        """
        CREATE TABLE _prisma_migrations (
            id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ,
            migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ,
            started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0)
        """
    )
    project.query("CREATE TABLE first (a int)")
    project.query(
        "INSERT INTO _prisma_migrations (id, checksum, migration_name, logs) VALUES (%s, %s, %s, %s)",
        str(uuid.uuid4()),
        checksum_of(SCRIPT.encode()),
        FIRST,
        LOGS,
    )


def test_what_we_finished_is_applied_to_prisma(one_project: Project, prisma: Prisma) -> None:
    one_project.write(FIRST, "CREATE TABLE first (a int);")
    assert one_project.run().status is Status.APPLIED
    rows = one_project.rows()

    assert_says(prisma.status(one_project.url, one_project.directory), 0, "Database schema is up to date!")
    assert_says(prisma.deploy(one_project.url, one_project.directory), 0, "No pending migrations to apply.")
    assert one_project.rows() == rows


def test_what_is_half_done_has_failed_to_prisma_and_stays_as_it_is(one_project: Project, prisma: Prisma) -> None:
    begin(one_project)
    rows = one_project.rows()

    status = prisma.status(one_project.url, one_project.directory)
    assert_says(status, 1, "Following migration have failed:", FIRST)
    assert_says(
        prisma.deploy(one_project.url, one_project.directory), 1, "P3009", f"The `{FIRST}` migration started at"
    )

    assert one_project.rows() == rows


def test_behind_what_is_half_done_prisma_applies_nothing(one_project: Project, prisma: Prisma) -> None:
    """Its status tells the pending migration only, and is no success either."""
    begin(one_project)
    one_project.write(SECOND, "CREATE TABLE second (a int);")

    status = prisma.status(one_project.url, one_project.directory)
    assert_says(status, 1, f"Following migration have not yet been applied:\n{SECOND}")
    assert_says(
        prisma.deploy(one_project.url, one_project.directory), 1, "P3009", f"The `{FIRST}` migration started at"
    )

    assert one_project.tables() == {"first"}


def test_what_was_half_done_and_is_finished_is_applied_to_prisma(one_project: Project, prisma: Prisma) -> None:
    begin(one_project)
    one_project.write(SECOND, "CREATE TABLE second (a int);")
    one_project.query("UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1, logs = NULL")

    assert_says(prisma.deploy(one_project.url, one_project.directory), 0, f"migrations/\n  └─ {SECOND}/")
    assert_says(prisma.status(one_project.url, one_project.directory), 0, "Database schema is up to date!")
    assert one_project.tables() == {"first", "second"}


def test_what_we_rolled_back_is_pending_to_prisma_and_applied_by_it(one_project: Project, prisma: Prisma) -> None:
    one_project.write(FIRST, "CREATE TABLE first (a int); SELECT 1 / 0;")
    assert one_project.run().status is Status.FAILED
    [failed] = one_project.rows()
    assert failed["rolled_back_at"] is not None
    assert "migrateLambda" in failed["logs"]

    status = prisma.status(one_project.url, one_project.directory)
    assert_says(status, 1, "Following migration have not yet been applied:", FIRST)

    one_project.write(FIRST, "CREATE TABLE first (a int);")
    deployed = prisma.deploy(one_project.url, one_project.directory)
    assert_says(deployed, 0, "All migrations have been successfully applied.")
    assert one_project.rows()[0] == failed
    assert one_project.run().status is Status.UP_TO_DATE


def assert_says(answer: tuple[int, str], exit_code: int, *texts: str) -> None:
    """Fail unless Prisma ended with that exit code and said all of that."""
    assert answer[0] == exit_code, answer[1]
    assert [text for text in texts if text not in answer[1]] == [], answer[1]
