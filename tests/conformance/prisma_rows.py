"""Rows of the history that only Prisma leaves: here a script that fails is rolled back and marked so at once."""

import uuid

from lambda_fn.domain.checksum import checksum_of
from tests.fixtures.projects import Project

_STARTED = (
    "INSERT INTO _prisma_migrations (id, checksum, started_at, migration_name) VALUES (%s, %s, clock_timestamp(), %s)"
)
_LOGS = "UPDATE _prisma_migrations SET logs = %s WHERE id = %s"


def leave_failed_row(project: Project, name: str, script: str) -> None:
    """Write a migration, and the row that Prisma leaves when its script fails. The table must exist."""
    project.write(name, script)
    row_id = str(uuid.uuid4())
    project.query(_STARTED, row_id, checksum_of(script.encode()), name)
    project.query(_LOGS, "A migration failed to apply.", row_id)
