"""The history on real servers: rows of Prisma's own, what is read of them, and what it costs."""

import json

import pytest

from lambda_fn.domain.outcome import Outcome, Status, to_json
from lambda_fn.domain.row import RowState
from tests.fixtures.projects import Project, check_outcome
from tests.fixtures.proxy import CountingProxy

A, B = "20240101000000_a", "20240102000000_b"

# As Prisma's native engine writes them.
LOGS = """\
A migration failed to apply. New migrations cannot be applied before the error is recovered from. Read more about how \
to resolve migration issues in a production database: https://pris.ly/d/migrate-resolve

Migration name: 20240102000000_b

Database error code: 23505

Database error:
ERROR: could not create unique index "users_email_key"
DETAIL: Key (email)=(hunter2@example.com) is duplicated.
"""


def insert(project: Project, name: str, columns: str = "", values: str = "") -> None:
    """A row as somebody else left it."""
    project.query(
        f"INSERT INTO _prisma_migrations (id, checksum, migration_name{columns}) "
        f"VALUES (gen_random_uuid(), 'c', '{name}'{values})"
    )


@pytest.fixture
def managed(project: Project) -> Project:
    """A project with one migration that was deployed, and a directory that is gone since."""
    project.write(A, "CREATE TABLE a (id int);")
    project.run()
    project.remove(A)
    (project.directory / "migration_lock.toml").unlink()
    project.directory.rmdir()
    return project


def failed_by_prisma(project: Project) -> None:
    project.write(A, "CREATE TABLE a (id int);")
    project.run()
    insert(project, B, ", logs", f", $${LOGS}$$")


def row_of(outcome: Outcome, name: str) -> dict[str, object]:
    [row] = [row for row in to_json(outcome)["history"] if row["name"] == name]  # type: ignore[attr-defined]  # a list
    return dict(row)


def test_no_migrations_directory_is_needed(managed: Project) -> None:
    outcome = managed.run("history")

    assert (outcome.error, outcome.status, outcome.directory, outcome.history_count) == (None, Status.PASSED, None, 1)
    row = row_of(outcome, A)
    assert (row["state"], row["marked"], row["reason"], row["attempts"]) == ("applied", False, None, None)
    assert managed.held_advisory_locks() == 0


def test_of_what_prisma_left_failed_the_reason_is_told_without_the_values_of_a_row(project: Project) -> None:
    failed_by_prisma(project)

    outcome = project.run("history", state="failed")

    assert outcome.history_count == 1
    row = row_of(outcome, B)
    assert row["reason"] == 'ERROR: could not create unique index "users_email_key" (SQLSTATE 23505)'
    assert (row["attempts"], row["finishedAt"], row["rolledBackAt"], row["elapsedMs"]) == (None,) * 4
    assert "hunter2" not in json.dumps(to_json(outcome)) + "\n".join(project.reporter.lines)


def test_another_holds_the_lock_and_nothing_is_written(managed: Project) -> None:
    before = managed.rows()
    with managed.server.connect(managed.database) as other:
        other.execute("SELECT pg_advisory_lock(72707369)")
        assert managed.run("history", lockWaitS=0).error is None

    assert managed.rows() == before


def test_times_are_the_servers_to_the_microsecond_in_utc(managed: Project) -> None:
    managed.query("DELETE FROM _prisma_migrations")
    managed.query("ALTER ROLE CURRENT_USER SET timezone = 'Asia/Kolkata'")
    try:
        values = ", '2024-02-29 23:59:59.123456+00', '2024-03-01 00:00:01.623456+00', 1"
        insert(managed, B, ", started_at, finished_at, applied_steps_count", values)
        row = row_of(managed.run("history"), B)
    finally:
        managed.query("ALTER ROLE CURRENT_USER RESET timezone")

    assert (row["startedAt"], row["finishedAt"]) == ("2024-02-29T23:59:59.123456Z", "2024-03-01T00:00:01.623456Z")
    assert row["elapsedMs"] == 2500


def test_a_clock_that_went_back_makes_no_time_below_nothing(managed: Project) -> None:
    insert(managed, B, ", started_at, finished_at", ", now(), now() - interval '1 hour'")

    assert row_of(managed.run("history"), B)["elapsedMs"] == 0


@pytest.mark.parametrize(
    ("began", "ended", "told"),
    [
        ("infinity", "now", ("infinity", None)),
        ("-infinity", "infinity", ("-infinity", None)),
        ("2024-01-01 00:00:00+00", "infinity", ("2024-01-01T00:00:00.000000Z", None)),
        ("4713-01-01 00:00:00+00 BC", "2024-01-01 00:00:00+00", ("4713-01-01 00:00:00 BC", 212567587200000)),
        ("4714-11-24 00:00:00+00 BC", "294276-12-31 00:00:00+00", ("4714-11-24 00:00:00 BC", 9435184732800000)),
    ],
)
def test_a_time_that_is_no_moment_is_told_as_the_server_writes_it(
    managed: Project, began: str, ended: str, told: tuple[str, int | None]
) -> None:
    insert(managed, B, ", started_at, finished_at", f", '{began}', '{ended}'")

    outcome = managed.run("history")

    assert (outcome.error, outcome.history_count) == (None, 2)
    row = row_of(outcome, B)
    assert (row["startedAt"], row["elapsedMs"]) == told
    check_outcome(to_json(outcome))


def test_when_a_migration_failed_is_told_also_where_that_is_no_moment(project: Project) -> None:
    project.write(A, "CREATE TABLE a (id int);")
    project.run()
    insert(project, B, ", started_at", ", '-infinity'")

    error = project.run().error

    assert error is not None
    assert f"The `{B}` migration started at -infinity UTC failed." in error.problem


@pytest.mark.parametrize(
    ("columns", "values", "marked"),
    [
        (", finished_at, logs", ", now(), ''", True),
        (", finished_at", ", now()", False),
        (", finished_at, logs, applied_steps_count", ", now(), '', 1", False),
        (", finished_at, rolled_back_at, logs", ", now(), now(), ''", False),
        (", logs", ", ''", False),
    ],
)
def test_only_what_was_marked_as_applied_is_told_as_marked(
    managed: Project, columns: str, values: str, marked: bool
) -> None:
    insert(managed, B, columns, values)

    assert row_of(managed.run("history"), B)["marked"] is marked


def test_what_was_written_by_one_transaction_is_in_the_order_of_the_names(managed: Project) -> None:
    insert(managed, "z", ", started_at", ", '2020-01-01'")
    insert(managed, "Z", ", started_at", ", '2020-01-01'")
    insert(managed, "m", ", started_at", ", '2020-01-01'")

    outcome = managed.run("history", limit=3)

    assert [row.name for row in outcome.history] == ["m", "z", A]
    assert outcome.history_count == 4


def test_a_journal_anywhere_but_at_the_end_makes_nothing_half_done(managed: Project) -> None:
    journal = (
        '{"migrateLambda": {"attempts": 2, "run": "r", "steps": 3, "done": 1, "chain": "00", "begun": null, '
        '"before": "", "begunChain": ""}}'
    )
    insert(managed, "half", ", logs", f", $$why it stopped\n\n{journal}$$")
    insert(managed, "long", ", logs", f", repeat('x', 20000) || $$\n{journal}$$")
    insert(managed, "quoted", ", logs", f", $${journal}\nsomething else$$")
    insert(managed, "inside", ", logs", f", $$it said {journal}$$")

    outcome = managed.run("history", state="halfDone")

    assert [(row.name, row.done, row.steps, row.attempts) for row in outcome.history] == [
        ("half", 1, 3, 2),
        ("long", 1, 3, 2),
    ]
    assert {row.name for row in managed.run("history", state="failed").history} == {"quoted", "inside"}
    assert set(managed.run("status").failed) <= {"half", "long", "quoted", "inside"}


def test_a_name_is_no_pattern_and_no_sql(managed: Project) -> None:
    insert(managed, "it''s_100%")

    for part, names in {
        "'s_1": ["it's_100%"],
        "%": ["it's_100%"],
        "_": [A, "it's_100%"],
        "\\": [],
        "' OR 1=1": [],
    }.items():
        assert [row.name for row in managed.run("history", name=part).history] == names


def test_without_a_table_nothing_is_managed_and_nothing_is_made(project: Project) -> None:
    outcome = project.run("history")

    assert (outcome.status, outcome.history_count, outcome.error) == (Status.PASSED, None, None)
    assert project.reporter.lines[-1] == "The current database is not managed by Prisma Migrate."
    assert project.tables_with_history() == set()


def test_a_table_of_another_shape_is_m505(project: Project) -> None:
    project.query("CREATE TABLE _prisma_migrations (id int)")

    error = project.run("history").error

    assert error is not None
    assert error.code == "M505"


def test_columns_that_somebody_added_are_passed_over(managed: Project) -> None:
    managed.query("ALTER TABLE _prisma_migrations ADD COLUMN state int, ADD COLUMN matching int")

    assert managed.run("history", state="applied").history_count == 1


def test_a_failed_row_is_no_failure_of_looking(project: Project) -> None:
    failed_by_prisma(project)

    outcome = project.run("history")

    assert (outcome.status, outcome.failed) == (Status.PASSED, ())
    assert [row.state for row in outcome.history] == [RowState.APPLIED, RowState.FAILED]


def test_it_is_three_queries_and_of_long_logs_only_what_is_told(
    one_project: Project, counting_proxy: CountingProxy
) -> None:
    one_project.write(A, "CREATE TABLE a (id int);")
    one_project.run()
    one_project.query("UPDATE _prisma_migrations SET logs = repeat('x', 5000000)")
    insert(one_project, B, ", logs", ", repeat('x', 5000000)")
    counting_proxy.traffic.clear()

    outcome = one_project.run("history", settings=one_project.settings_for(counting_proxy.url(one_project.database)))

    assert outcome.history_count == 2
    # Looking at the server, at the schema, at the history.
    assert len(counting_proxy.traffic.queries) == 3
    assert counting_proxy.traffic.bytes_from_server < 20_000
