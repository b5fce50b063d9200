"""Scripts that answer too much, and scripts that are too large for one message."""

from itertools import accumulate

import pytest

from lambda_fn.domain.directive import Mode
from lambda_fn.domain.event import NOTICE_LIMIT, Noticed
from lambda_fn.domain.execution import CHUNKED_ABOVE_BYTES, Execution
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.outcome import Status
from lambda_fn.errors import MigrationFailed
from tests.fixtures.projects import Project
from tests.fixtures.proxy import CountingProxy
from tests.fixtures.sessions import open_session
from tests.fixtures.terminal import run_on

MEBIBYTE = 1024 * 1024


def test_five_million_rows_that_nobody_asked_for_cost_no_memory(one_project: Project) -> None:
    """Kept, they took 577 MiB."""
    one_project.write("20240101000000_a", "SELECT 1;")
    small = run_on(one_project, "deploy")
    one_project.write("20240102000000_b", "SELECT g, repeat('x', 20) FROM generate_series(1, 5000000) g;")

    large = run_on(one_project, "deploy")

    assert large.outcome["status"] == "applied"
    assert large.peak_memory_bytes < small.peak_memory_bytes + 16 * MEBIBYTE


def test_a_flood_of_notices_is_cut_short_in_the_log(project: Project) -> None:
    project.write(
        "20240101000000_a",
        "DO $$ BEGIN FOR i IN 1..20000 LOOP RAISE NOTICE 'number %', i; END LOOP; END $$; CREATE TABLE a (id int);",
    )

    assert project.run().status is Status.APPLIED
    noticed = [event for event in project.reporter.events if isinstance(event, Noticed)]
    assert len(noticed) == NOTICE_LIMIT
    assert noticed[0] == Noticed("20240101000000_a", "NOTICE", "number 1")


def many_inserts(count: int) -> str:
    return "CREATE TABLE a (n int, t text);\n" + "".join(
        f"INSERT INTO a VALUES ({n}, 'żółw; {n} -- not a comment');\n" for n in range(count)
    )


def test_a_large_script_goes_in_chunks_of_one_transaction(one_project: Project, counting_proxy: CountingProxy) -> None:
    script = many_inserts(30_000)
    assert len(script.encode()) > CHUNKED_ABOVE_BYTES
    one_project.write("20240101000000_a", script)
    url = counting_proxy.url(one_project.database)

    outcome = one_project.run(settings=one_project.settings_for(url))

    assert outcome.status is Status.APPLIED
    assert outcome.applied[0].statements == 30_001
    assert one_project.value("SELECT count(DISTINCT n) FROM a") == 30_000
    chunks = [query for query in counting_proxy.traffic.queries if b"not a comment" in query]
    assert 4 <= len(chunks) <= 10
    assert counting_proxy.traffic.tags["COMMIT"] == 1


def test_a_failure_in_a_late_chunk_leaves_nothing_and_is_found_by_line(project: Project) -> None:
    script = many_inserts(30_000) + "INSERT INTO a VALUES (1, 'x'), ('y', 2);\n" + "SELECT 1;\n"
    project.write("20240101000000_a", script)

    error = project.run().error

    assert error is not None
    assert (error.where.statement, error.where.line) == (30_002, 30_002)
    assert error.where.column == len("INSERT INTO a VALUES (1, 'x'), (") + 1
    assert project.tables() == set()


def test_a_failure_at_run_time_in_a_late_chunk_is_found_by_counting(project: Project) -> None:
    script = many_inserts(29_000) + "ALTER TABLE a ADD PRIMARY KEY (n);\nINSERT INTO a VALUES (7);\nSELECT 1;\n"
    project.write("20240101000000_a", script)

    error = project.run().error

    assert error is not None
    assert error.where.sqlstate == "23505"
    assert (error.where.statement, error.where.line, error.where.column) == (29_003, 29_003, 1)
    assert project.tables() == set()


def test_a_commit_in_a_chunk_is_found_before_the_next_one_is_sent(project: Project) -> None:
    """The lexer would refuse it. The second chunk would be committed on its own."""
    scripts = (b"CREATE TABLE a (id int); COMMIT;", b"CREATE TABLE b (id int);", b"CREATE TABLE c (id int);")
    text = b"".join(scripts)
    ends = list(accumulate(map(len, scripts)))
    chunks = tuple(zip([0, *ends], ends, strict=False))
    with open_session(project) as session, pytest.raises(MigrationFailed) as raised:
        session.runner.apply(Migration("20240101000000_a", text), Execution(Mode.ATOMIC, text, 2, chunks))

    assert raised.value.code == "M601"
    assert project.tables() == {"a"}
    assert project.rows()[0]["rolled_back_at"] is None
