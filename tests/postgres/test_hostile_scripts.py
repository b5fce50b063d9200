"""Scripts that got past a first version of the runner; each was tried on a server before it was mended."""

import threading
import time

import pytest

from lambda_fn.domain.directive import Mode
from lambda_fn.domain.execution import Execution
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.outcome import Status
from lambda_fn.errors import MigrationFailed
from tests.fixtures.projects import Project
from tests.fixtures.proxy import CountingProxy
from tests.fixtures.sessions import open_session

A, B, C = "20240101000000_a", "20240102000000_ż\\x", "20240103000000_c"
READS_OTHERWISE = {
    "client_encoding": "SELECT set_config('client_encoding', 'LATIN1', false);",
    "standard_conforming_strings": "SELECT set_config('standard_conforming_strings', 'off', false);",
    "an encoding that Python does not know": "SELECT set_config('client_encoding', 'EUC_TW', false);",
}


@pytest.mark.parametrize("setting", READS_OTHERWISE.values(), ids=READS_OTHERWISE)
def test_a_setting_by_which_messages_are_read_does_not_reach_the_next_script(project: Project, setting: str) -> None:
    r"""A message is read before its first statement runs: 'ż' became two letters, and '\n' a line end."""
    project.write(A, "CREATE TABLE a (t text);" + setting)
    project.write(B, r"INSERT INTO a VALUES ('ż C:\new');")

    assert project.run().status is Status.APPLIED
    assert project.value("SELECT t FROM a") == r"ż C:\new"
    assert [row["migration_name"] for row in project.rows()] == [A, B]
    assert project.run().status is Status.UP_TO_DATE


@pytest.mark.parametrize("setting", READS_OTHERWISE.values(), ids=READS_OTHERWISE)
def test_such_a_setting_left_by_a_committed_part_does_not_spoil_the_history(project: Project, setting: str) -> None:
    with open_session(project) as session, pytest.raises(MigrationFailed):
        session.apply_blindly(B, f"{setting} COMMIT; SELECT 1/0;")

    assert [row["migration_name"] for row in project.rows()] == [B]


def test_such_a_default_of_the_database_is_not_followed(project: Project) -> None:
    project.query(f"ALTER DATABASE {project.database} SET standard_conforming_strings = off")
    project.write(B, r"CREATE TABLE a (t text); DO $$ BEGIN INSERT INTO a VALUES ('C:\new'); END $$;")
    project.write(C, "INSERT INTO a VALUES ('abc');\n" * 40_000)

    outcome = project.run()

    assert outcome.status is Status.APPLIED, outcome.error
    assert project.value("SELECT t FROM a LIMIT 1") == r"C:\new"
    assert project.run().status is Status.UP_TO_DATE


def chunked(*scripts: str) -> tuple[Migration, Execution]:
    text, chunks = b"", []
    for script in scripts:
        start, text = len(text), text + script.encode()
        chunks.append((start, len(text)))
    return Migration(A, text), Execution(Mode.ATOMIC, text, len(scripts), tuple(chunks))


@pytest.mark.parametrize("setting", READS_OTHERWISE.values(), ids=READS_OTHERWISE)
def test_such_a_setting_in_a_large_script_rolls_it_back(project: Project, setting: str) -> None:
    with open_session(project) as session, pytest.raises(MigrationFailed) as raised:
        session.runner.apply(*chunked(f"CREATE TABLE a (t text); {setting}", "INSERT INTO a VALUES ('ż');"))

    assert raised.value.code == "P3018"
    assert "more than 1 MiB" in raised.value.headline
    assert project.tables() == set()
    assert project.rows()[0]["rolled_back_at"] is not None


@pytest.mark.parametrize("ends", ["COMMIT AND CHAIN;", "COMMIT; BEGIN;"])
def test_a_commit_in_an_earlier_chunk_is_remembered(project: Project, ends: str) -> None:
    with open_session(project) as session, pytest.raises(MigrationFailed) as raised:
        session.runner.apply(*chunked(f"CREATE TABLE a (id int); {ends}", "CREATE TABLE b (id int);", "SELECT 1/0;"))

    assert raised.value.code == "M601"
    assert project.tables() == {"a"}
    assert project.rows()[0]["rolled_back_at"] is None


SWALLOWS_ROWS = {
    "a rule": "CREATE RULE r AS ON INSERT TO _prisma_migrations DO INSTEAD NOTHING;",
    "a trigger before": (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; "
        "CREATE TRIGGER t BEFORE INSERT ON _prisma_migrations FOR EACH ROW EXECUTE FUNCTION f();"
    ),
    "a trigger that changes it": (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.finished_at = NULL; RETURN NEW; END'; "
        "CREATE TRIGGER t BEFORE INSERT ON _prisma_migrations FOR EACH ROW EXECUTE FUNCTION f();"
    ),
    "a trigger behind": (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN DELETE FROM public._prisma_migrations WHERE id = NEW.id; RETURN NULL; END'; "
        "CREATE TRIGGER t AFTER INSERT ON _prisma_migrations FOR EACH ROW EXECUTE FUNCTION f();"
    ),
}


@pytest.mark.parametrize("spoil", SWALLOWS_ROWS.values(), ids=SWALLOWS_ROWS)
def test_a_history_that_does_not_keep_its_rows_takes_nothing_in(project: Project, spoil: str) -> None:
    project.write(A, "CREATE TABLE a (id int);" + spoil)

    error = project.run().error

    assert error is not None
    assert error.code == "M603"
    assert project.tables() == set()
    assert project.rows() == []


def test_a_session_that_ends_behind_a_commit_of_the_script_is_not_told_as_rolled_back(project: Project) -> None:
    with open_session(project) as session, pytest.raises(MigrationFailed) as raised:
        session.apply_blindly(
            A, "CREATE TABLE a (id int); COMMIT; SELECT pg_sleep(0.2); SELECT pg_terminate_backend(pg_backend_pid());"
        )

    assert raised.value.code == "M601"
    assert project.tables() == {"a"}
    assert project.rows()[0]["rolled_back_at"] is None


def test_the_end_of_a_statement_that_runs_alone_is_recorded_over_a_new_connection(
    one_project: Project, counting_proxy: CountingProxy
) -> None:
    one_project.write(A, "CREATE TABLE a (id int);")
    one_project.write("20240102000000_i", "CREATE INDEX CONCURRENTLY i ON a(id);")
    for lose in ("lose_message", "lose_answer"):
        setattr(counting_proxy, lose, b"applied_steps_count = 1")

        outcome = one_project.run(settings=one_project.settings_for(counting_proxy.url(one_project.database)))

        assert outcome.status is Status.APPLIED, outcome.error
        assert one_project.rows()[-1]["finished_at"] is not None
        one_project.query("DELETE FROM _prisma_migrations WHERE migration_name LIKE '%\\_i'")
        one_project.query("DROP INDEX i")


def test_a_lost_answer_to_resolve_is_not_told_as_nothing(one_project: Project, counting_proxy: CountingProxy) -> None:
    one_project.write(A, "CREATE TABLE a (id int);")
    one_project.run("status")
    counting_proxy.lose_answer = b"logs, started_at, finished_at"

    outcome = one_project.run(
        "resolve", applied=[A], settings=one_project.settings_for(counting_proxy.url(one_project.database))
    )

    assert outcome.status is Status.UNKNOWN
    assert len(one_project.rows()) == 1


def test_a_deploy_waits_for_another_that_builds_an_index_concurrently(project: Project) -> None:
    """Its started row looks like a failed one."""
    project.write(A, "CREATE TABLE a (id int);")
    project.run()
    project.write("20240102000000_i", "CREATE INDEX CONCURRENTLY i ON a(id);")
    with project.connect() as blocker:
        blocker.execute("BEGIN")
        blocker.execute("INSERT INTO a VALUES (1)")
        first = threading.Thread(target=project.run)
        first.start()
        while not any(row["finished_at"] is None for row in project.rows()):
            time.sleep(0.02)
        releaser = threading.Timer(0.5, lambda: blocker.execute("COMMIT"))
        releaser.start()

        second = project.run()

        first.join()
        releaser.join()
    assert second.status is Status.UP_TO_DATE, second.error


def test_a_message_of_nine_megabytes_is_cut(project: Project) -> None:
    project.write(A, "DO $$ BEGIN RAISE NOTICE '%', repeat('x', 9000000); RAISE '%', repeat('y', 9000000); END $$;")

    error = project.run().error

    assert error is not None
    assert len(error.text) < 10_000
    assert all(len(line) < 10_000 for line in project.reporter.lines)
    assert len(project.rows()[0]["logs"]) < 10_000


def test_bytes_that_the_server_cannot_read_are_an_error_of_the_script(project: Project) -> None:
    project.write(A, r"SELECT E'\xff';")

    error = project.run().error

    assert error is not None
    assert (error.code, error.where.sqlstate) == ("P3018", "22021")
    assert project.rows()[0]["rolled_back_at"] is not None


SECRET = "hunter2hunter2"
SUSPICIOUS = {
    "in a DO block": f"DO $$ BEGIN CREATE ROLE postgres LOGIN PASSWORD '{SECRET}'; END $$;",
    "in a slip in a DO block": f"DO $$ BEGIN\n  CREATE ROLE x PASWORD '{SECRET}';\n END $$;",
    "without quotes": f"CREATE ROLE x PASSWORD {SECRET};",
    "in double quotes": f'CREATE ROLE x LOGIN PASSWORD "{SECRET}";',
    "in format": f"DO $$ BEGIN EXECUTE format('CREATE ROLE postgres PASSWORD %L', '{SECRET}'); END $$;",
    "in a setting": f"SET app.secret = '{SECRET}'; SELECT 1/0;",
    "in a wrapper": f"CREATE FOREIGN DATA WRAPPER w OPTIONS (x '{SECRET}') oops;",
    "in dblink": f"SELECT dblink_connect('host=x password={SECRET}');",
    "in a view": f"CREATE VIEW v AS SELECT * FROM dblink('host=x password={SECRET}', 'q') AS t(id int);",
    "in a default": f"ALTER TABLE nosuch ADD COLUMN api_key text DEFAULT '{SECRET}';",
    "in a URL": f"SELECT * FROM nosuch('postgresql://u:{SECRET}@h/db');",
    "in a program": f"COPY nosuch FROM PROGRAM 'curl -u u:{SECRET}';",
}


@pytest.mark.parametrize("script", SUSPICIOUS.values(), ids=SUSPICIOUS)
def test_what_may_be_a_password_is_not_shown(project: Project, script: str) -> None:
    project.write(A, script)

    outcome = project.run()

    assert outcome.error is not None
    assert SECRET not in outcome.error.text + "".join(project.reporter.lines) + project.rows()[0]["logs"]


def test_the_definition_of_a_table_with_a_password_column_is_shown(project: Project) -> None:
    project.write(A, "CREATE TABLE users (\n  password TEXT NOT NULL,\n  age INTEGR DEFAULT 5\n);")

    error = project.run().error

    assert error is not None
    assert error.where.excerpt == "    3 |   age INTEGR DEFAULT 5\n              ^"


@pytest.mark.parametrize("script", ["CREATE TABLE b (id int);", "VACUUM;"], ids=["atomic", "alone"])
def test_what_another_runner_applied_while_the_connection_was_down_is_not_applied_again(
    one_project: Project, counting_proxy: CountingProxy, script: str
) -> None:
    one_project.write(A, "CREATE TABLE a (id int);")
    one_project.write("20240102000000_b", script)
    one_project.write(C, "INSERT INTO a VALUES (1);")
    settings = one_project.settings_for(counting_proxy.url(one_project.database))
    counting_proxy.lose_answer = b"applied_steps_count = 1" if script == "VACUUM;" else script.encode()
    counting_proxy.before_reconnection = one_project.run

    outcome = one_project.run(settings=settings)

    assert outcome.error is None
    assert one_project.value("SELECT count(*) FROM a") == 1
    assert [row["migration_name"][-1] for row in one_project.rows()] == ["a", "b", "c"]


def test_a_connection_lost_while_the_owner_role_is_assumed_is_told_as_such(
    one_project: Project, counting_proxy: CountingProxy
) -> None:
    one_project.write(A, "CREATE TABLE a (id int);")
    counting_proxy.lose_message = b"SET LOCAL ROLE"

    error = one_project.run(
        ownerRole="postgres", settings=one_project.settings_for(counting_proxy.url(one_project.database))
    ).error

    assert error is not None
    assert (error.code, type(error).__name__) == ("P1017", "DatabaseUnreachable")


def test_a_start_that_was_not_answered_is_looked_for_and_the_run_goes_on(
    one_project: Project, counting_proxy: CountingProxy
) -> None:
    one_project.write(A, "VACUUM;")
    counting_proxy.lose_answer = b"migration_name, started_at, logs)"

    outcome = one_project.run(settings=one_project.settings_for(counting_proxy.url(one_project.database)))

    assert (outcome.status, outcome.error) == (Status.APPLIED, None)
    [row] = one_project.rows()
    assert (row["finished_at"] is None, row["logs"], row["applied_steps_count"]) == (False, None, 1)


def test_an_end_that_the_history_does_not_keep_is_told(project: Project) -> None:
    project.write(A, "CREATE TABLE a (id int); CREATE RULE r AS ON UPDATE TO _prisma_migrations DO INSTEAD NOTHING;")
    project.write("20240102000000_v", "VACUUM a;")

    outcome = project.run()

    assert outcome.error is not None
    assert outcome.error.code == "M604"
    assert [migration.name for migration in outcome.applied] == [A]


def test_a_rollback_that_was_not_answered_behind_a_commit_of_the_script_is_recorded(
    one_project: Project, counting_proxy: CountingProxy
) -> None:
    url = counting_proxy.url(one_project.database)
    with open_session(one_project, url=url) as session:
        counting_proxy.lose_message = b"ROLLBACK"
        with pytest.raises(MigrationFailed) as raised:
            session.runner.apply(*chunked("CREATE TABLE a (id int); COMMIT;", "SELECT 1;"))

    assert raised.value.code == "M601"
    assert one_project.rows()[0]["rolled_back_at"] is None


def test_a_chunk_of_comments_only_is_no_statement(project: Project) -> None:
    script = (
        "CREATE TABLE a (id int);\n" + "-- a comment\n" * 3,
        "-- more\n" * 3,
        "SELECT 1;\nDO $$ BEGIN RAISE 'boom'; END $$;\n",
    )
    with open_session(project) as session, pytest.raises(MigrationFailed) as raised:
        session.runner.apply(*chunked(*script, "SELECT 2;"))

    assert (raised.value.where.statement, raised.value.where.line) == (3, 9)
