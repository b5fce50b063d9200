"""What the real Prisma makes of a migration that `new` made, and of what `baseline` marked."""

from datetime import UTC, datetime

from lambda_fn.domain.outcome import Status
from lambda_fn.new_migration import create_migration
from tests.fixtures.prisma import Prisma
from tests.fixtures.projects import Project

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
FIRST, SECOND = "20240506070809_add_users", "20240506070810_add_roles"


def test_prisma_goes_on_behind_our_baseline_with_what_new_made(one_project: Project, prisma: Prisma) -> None:
    (one_project.directory / "migration_lock.toml").unlink()
    for name in ("Add users!", "addRoles"):
        create_migration(one_project.directory, name, NOW)
    one_project.query("CREATE TABLE users (id int)")

    assert one_project.run("baseline", to=FIRST).resolved == (FIRST,)
    [marked] = one_project.rows()
    exit_code, said = prisma.status(one_project.url, one_project.directory)
    assert (exit_code, f"Following migration have not yet been applied:\n{SECOND}" in said) == (1, True), said
    exit_code, said = prisma.deploy(one_project.url, one_project.directory)

    assert (exit_code, f"migrations/\n  └─ {SECOND}/" in said) == (0, True), said
    assert one_project.rows()[0] == marked
    assert one_project.run().status is Status.UP_TO_DATE
