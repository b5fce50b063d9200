"""Deploy on real servers."""

from lambda_fn.domain.outcome import Status
from tests.fixtures.projects import Project


def test_pending_migrations_are_applied_in_order_and_recorded_as_prisma_records_them(project: Project) -> None:
    project.write("20240102000000_b", "ALTER TABLE a ADD COLUMN b int;")
    project.write("20240101000000_a", "CREATE TABLE a (id int);")

    outcome = project.run()

    assert outcome.status is Status.APPLIED
    assert [m.name for m in outcome.applied] == ["20240101000000_a", "20240102000000_b"]
    for row in project.rows():
        assert row["finished_at"] > row["started_at"]
        assert (row["logs"], row["rolled_back_at"], row["applied_steps_count"]) == (None, None, 1)
    assert project.run().status is Status.UP_TO_DATE
