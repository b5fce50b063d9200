"""What a run costs, counted on the wire: exact, unlike times."""

from dataclasses import replace

from lambda_fn.domain.outcome import Status
from tests.fixtures.projects import Project
from tests.fixtures.proxy import CountingProxy

MIGRATIONS = 200


def write_migrations(project: Project) -> None:
    """Each with another number of statements, from 1 to 10."""
    for number in range(MIGRATIONS):
        statements = [f"CREATE TABLE t{number} (id int);"]
        statements += [f"INSERT INTO t{number} VALUES ({row});" for row in range(number % 10)]
        project.write(f"{20240101000000 + number}_m{number}", "\n".join(statements))


def test_an_atomic_migration_is_one_message_and_one_commit_and_a_repeated_run_is_two_queries(
    one_project: Project, counting_proxy: CountingProxy
) -> None:
    project, traffic = one_project, counting_proxy.traffic
    write_migrations(project)
    settings = project.settings_for(counting_proxy.url(project.database))

    fresh = project.run(settings=settings)

    assert fresh.status is Status.APPLIED
    assert sum(migration.statements for migration in fresh.applied) == sum(1 + n % 10 for n in range(MIGRATIONS))
    with_scripts = [query for query in traffic.queries if b"CREATE TABLE t" in query]
    assert len(with_scripts) == MIGRATIONS
    assert all(query.count(b"CREATE TABLE t") == 1 for query in with_scripts)
    assert traffic.tags["COMMIT"] == MIGRATIONS
    # Looking at the server, at the schema, taking the lock, looking again twice, creating the table.
    assert len(traffic.queries) - MIGRATIONS == 6
    assert set(traffic.messages) <= {"Q", "p", "X"}

    traffic.clear()
    repeated = project.run(settings=settings)

    assert repeated.status is Status.UP_TO_DATE
    assert len(traffic.queries) == 3
    assert not any(b"advisory" in query for query in traffic.queries)
    assert set(traffic.messages) <= {"Q", "p", "X"}


def test_only_the_columns_that_are_needed_are_read(one_project: Project, counting_proxy: CountingProxy) -> None:
    """The logs of ten thousand old rows would be megabytes."""
    one_project.write("20240101000000_a", "CREATE TABLE a (id int);")
    one_project.run()
    one_project.query("UPDATE _prisma_migrations SET logs = repeat('x', 5000000)")

    one_project.run(settings=one_project.settings_for(counting_proxy.url(one_project.database)))

    assert counting_proxy.traffic.bytes_from_server < 20_000


def queries_for(project: Project, proxy: CountingProxy, script: str) -> int:
    """How many messages a migration costs, beyond those of a run."""
    project.write("20240101000000_a", "CREATE TABLE a (id int);")
    project.run()
    project.write("20240102000000_b", script)
    proxy.traffic.clear()
    assert project.run(settings=project.settings_for(proxy.url(project.database))).status is Status.APPLIED
    # Looking at the server, at the schema, at the history, taking the lock, looking at the history again.
    return len(proxy.traffic.queries) - 5


def test_a_step_is_one_message_and_one_commit_like_a_migration(
    one_project: Project, counting_proxy: CountingProxy
) -> None:
    inserts = "INSERT INTO a VALUES (1);\n" * 50

    assert queries_for(one_project, counting_proxy, f"-- migrate: stepwise\n{inserts}") == 1 + 50, "and the start"
    assert counting_proxy.traffic.tags["COMMIT"] == 50


def test_a_statement_that_runs_alone_is_three_messages(one_project: Project, counting_proxy: CountingProxy) -> None:
    assert queries_for(one_project, counting_proxy, "VACUUM a;") == 3


def test_a_concurrent_index_is_looked_for_before_it_is_built(
    one_project: Project, counting_proxy: CountingProxy
) -> None:
    """Its announcement says what was there before; that costs the announcement twice, and two looks of two queries."""
    assert queries_for(one_project, counting_proxy, "CREATE INDEX CONCURRENTLY i ON a (id);") == 3 + 1 + 4


def test_a_journal_does_not_grow_with_the_steps(one_project: Project, counting_proxy: CountingProxy) -> None:
    steps = "INSERT INTO a VALUES (1);\n" * 400
    queries_for(one_project, counting_proxy, f"-- migrate: stepwise\n{steps}")

    entries = [query for query in counting_proxy.traffic.queries if b"INSERT INTO a VALUES" in query]
    assert len(entries[-2]) - len(entries[0]) < 100


def test_an_owner_role_costs_no_round_trip(one_project: Project, counting_proxy: CountingProxy) -> None:
    role = f"owner_{one_project.database}"
    one_project.query(f"CREATE ROLE {role}")
    one_project.query(f"GRANT ALL ON SCHEMA public TO {role}")
    one_project.write("20240101000000_a", "CREATE TABLE a (id int);")
    settings = replace(one_project.settings_for(counting_proxy.url(one_project.database)), owner_role=role)
    one_project.run(settings=settings)
    counting_proxy.traffic.clear()

    repeated = one_project.run(settings=settings)

    assert repeated.status is Status.UP_TO_DATE
    assert len(counting_proxy.traffic.queries) == 3
    one_project.query(f"DROP OWNED BY {role}")
    one_project.query(f"DROP ROLE {role}")
