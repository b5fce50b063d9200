"""The fences of the atomic runner, with the lexer switched off.

Each script here would be refused before it ran. The fences must hold all the same: what is recorded as applied is
in the database as a whole, and what is not recorded is not in it, or is recorded as failed.
"""

import contextlib
import threading
from collections.abc import Callable

import pytest

from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.errors import MigrateError, MigrationFailed
from tests.fixtures.projects import Project, Row
from tests.fixtures.sessions import open_session

ENDS_TRANSACTION = {
    "COMMIT": "CREATE TABLE a (id int); COMMIT; CREATE TABLE b (id int);",
    "COMMIT, then BEGIN": "CREATE TABLE a (id int); COMMIT; BEGIN; CREATE TABLE b (id int);",
    "COMMIT AND CHAIN": "CREATE TABLE a (id int); COMMIT AND CHAIN; CREATE TABLE b (id int);",
    "ROLLBACK": "CREATE TABLE a (id int); ROLLBACK; CREATE TABLE public.b (id int);",
    "ROLLBACK, then BEGIN": "CREATE TABLE a (id int); ROLLBACK; BEGIN; CREATE TABLE public.b (id int);",
    "ROLLBACK AND CHAIN": "CREATE TABLE a (id int); ROLLBACK AND CHAIN; CREATE TABLE public.b (id int);",
    "COMMIT as the last": "CREATE TABLE a (id int); COMMIT",
    "ROLLBACK as the last": "CREATE TABLE a (id int); ROLLBACK",
    "SET ROLE, then COMMIT": "SET ROLE pg_read_all_data; COMMIT; SELECT 1/0;",
    "SET SESSION AUTHORIZATION, then COMMIT": "SET SESSION AUTHORIZATION pg_read_all_data; COMMIT; SELECT 1/0;",
    "settings, then COMMIT": "SET search_path = ''; SET default_transaction_read_only = on; COMMIT; SELECT 1/0;",
    "RESET ALL, then COMMIT": "CREATE TABLE a (id int); RESET ALL; COMMIT; CREATE TABLE b (id int);",
    "the fence's setting, then COMMIT": "SET migrate_lambda.fence = '1'; COMMIT; CREATE TABLE b (id int);",
    "BEGIN and COMMIT": "BEGIN; CREATE TABLE a (id int); COMMIT;",
}


@pytest.mark.parametrize("script", ENDS_TRANSACTION.values(), ids=ENDS_TRANSACTION)
def test_a_script_that_ends_the_transaction_is_never_recorded_as_applied(project: Project, script: str) -> None:
    with open_session(project) as session:
        with pytest.raises(MigrationFailed) as raised:
            session.apply_blindly("20240101000000_a", script)

        assert raised.value.code == "M601"
        [row] = project.rows()
        assert (row["finished_at"], row["rolled_back_at"], row["applied_steps_count"]) == (None, None, 0)


def test_a_script_that_commits_and_then_fails_is_not_said_to_be_rolled_back(project: Project) -> None:
    script = "CREATE TABLE a (id int); COMMIT; SELECT 1/0; CREATE TABLE b (id int);"
    project.write("20240101000000_a", script)
    with open_session(project) as session, pytest.raises(MigrationFailed) as raised:
        session.apply_blindly("20240101000000_a", script)

    assert raised.value.code == "M601"
    assert project.tables() == {"a"}
    assert project.rows()[0]["rolled_back_at"] is None
    assert project.run("status").failed == ("20240101000000_a",)


def test_a_cast_of_the_databases_own_hides_no_end_of_the_transaction(project: Project) -> None:
    """What turns every text into a number takes the place of PostgreSQL's own cast, whatever the search_path is."""
    project.query(
        "CREATE FUNCTION any_number(text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS "
        "$$ BEGIN RETURN pg_catalog.int4in(textout($1)); EXCEPTION WHEN others THEN RETURN 0; END $$"
    )
    project.query("CREATE CAST (text AS int) WITH FUNCTION any_number(text) AS ASSIGNMENT")
    with open_session(project) as session, pytest.raises(MigrationFailed) as raised:
        session.apply_blindly("20240101000000_a", "CREATE TABLE a (id int); COMMIT; CREATE TABLE b (id int);")

    assert raised.value.code == "M601"
    assert project.rows()[0]["finished_at"] is None


def test_a_prepared_transaction_stays_out_of_database_and_history(project: Project) -> None:
    with open_session(project) as session, pytest.raises(MigrationFailed):
        session.apply_blindly("20240101000000_a", "CREATE TABLE a (id int); PREPARE TRANSACTION 'a';")

    assert project.tables() == set()
    assert project.query("SELECT gid FROM pg_prepared_xacts WHERE database = current_database()") == []
    assert project.rows()[0]["finished_at"] is None


LETS_GO = {
    "all": "SELECT pg_advisory_unlock_all(); SELECT pg_sleep(0.5); CREATE TABLE a (id int);",
    "the one": "SELECT pg_advisory_unlock(72707369); SELECT pg_sleep(0.5); CREATE TABLE a (id int);",
    "DISCARD in disguise": "DO $$ BEGIN PERFORM pg_advisory_unlock_all(); PERFORM pg_sleep(0.5); END $$; "
    "CREATE TABLE a (id int);",
}


@pytest.mark.parametrize("script", LETS_GO.values(), ids=LETS_GO)
def test_a_script_that_releases_the_lock_lets_no_second_runner_in(project: Project, script: str) -> None:
    """Seen without the fence: both runners applied it, and the history had two finished rows."""
    project.write("20240101000000_a", script)
    project.write("20240102000000_b", "CREATE TABLE b (id int); SELECT pg_sleep(0.3);")
    outcomes: list[Outcome] = []
    runners = [threading.Thread(target=lambda: outcomes.append(project.run())) for _ in range(3)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()

    assert sorted(outcome.status for outcome in outcomes) == [Status.APPLIED, Status.UP_TO_DATE, Status.UP_TO_DATE]
    assert [row["migration_name"] for row in project.rows()] == ["20240101000000_a", "20240102000000_b"]


def test_the_lock_is_held_again_after_a_script_that_released_it(project: Project) -> None:
    with open_session(project) as session:
        session.apply_blindly("20240101000000_a", "SELECT pg_advisory_unlock_all(); CREATE TABLE a (id int);")

        assert project.held_advisory_locks() == 1


def test_a_lost_lock_stops_the_next_migration_before_it_begins(project: Project) -> None:
    with open_session(project) as session:
        session.connection.fetch([b"SELECT pg_advisory_unlock_all()"], doing="testing")
        with pytest.raises(MigrateError) as raised:
            session.apply_blindly("20240101000000_a", "CREATE TABLE a (id int);")

    assert raised.value.code == "M306"
    assert project.tables() == set()
    assert project.rows() == []


LEAVES_STATE_BEHIND = {
    "SET ROLE": "CREATE TABLE a (id int); SET ROLE pg_read_all_data;",
    "SET SESSION AUTHORIZATION": "CREATE TABLE a (id int); SET SESSION AUTHORIZATION pg_read_all_data;",
    "search_path emptied": "CREATE TABLE public.a (id int); SELECT set_config('search_path', '', false);",
    "search_path to a schema with traps": (
        "CREATE SCHEMA trap; CREATE TABLE public.a (id int); "
        "CREATE FUNCTION trap.count(int) RETURNS bigint LANGUAGE sql AS 'SELECT 7::bigint'; "
        "CREATE FUNCTION trap.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT NULL::timestamptz'; "
        "CREATE FUNCTION trap.never(bigint, int) RETURNS boolean LANGUAGE sql AS 'SELECT false'; "
        "CREATE OPERATOR trap.= (LEFTARG = bigint, RIGHTARG = int, FUNCTION = trap.never); "
        "CREATE TABLE trap._prisma_migrations (id int); CREATE VIEW trap.pg_locks AS SELECT 1; "
        "SET search_path = trap, pg_catalog;"
    ),
    "timeouts": "CREATE TABLE a (id int); SET statement_timeout = '50ms'; SET lock_timeout = '50ms';",
    "row_security": "CREATE TABLE a (id int); SET row_security = off;",
    "a prepared statement": "CREATE TABLE a (id int); PREPARE q AS SELECT 1;",
    "a cursor WITH HOLD": "CREATE TABLE a (id int); DECLARE c CURSOR WITH HOLD FOR SELECT 1;",
    "a temporary table": "CREATE TABLE a (id int); CREATE TEMPORARY TABLE shadow (id int);",
    "LISTEN": "CREATE TABLE a (id int); LISTEN q;",
    "SET CONSTRAINTS": "CREATE TABLE a (id int); SET CONSTRAINTS ALL DEFERRED;",
    "RESET ALL": "CREATE TABLE a (id int); RESET ALL;",
    "RESET ALL among traps": (
        "CREATE SCHEMA trap; CREATE TABLE public.a (id int); "
        "CREATE FUNCTION trap.ts_rewrite(tsquery, text) RETURNS tsquery LANGUAGE sql AS 'SELECT 1/0; SELECT $1'; "
        "CREATE VIEW trap.pg_locks AS SELECT 1; RESET ALL; SET search_path = trap, pg_catalog;"
    ),
    "RESET ALL and tables named as types": (
        "CREATE TABLE a (id int); CREATE TEMPORARY TABLE tsquery (id int); CREATE TEMPORARY TABLE text (id int); "
        "CREATE TEMPORARY TABLE int4 (id int); RESET ALL;"
    ),
    "the fence's setting": "CREATE TABLE a (id int); SET migrate_lambda.fence = '1';",
    "a savepoint left open": "CREATE TABLE a (id int); SAVEPOINT s;",
}
NEXT = (
    "CREATE TABLE shadow (id int); INSERT INTO shadow VALUES (1); PREPARE q AS SELECT 1; "
    "DECLARE c CURSOR FOR SELECT 1; SELECT pg_sleep(0.1);"
)


@pytest.mark.parametrize("script", LEAVES_STATE_BEHIND.values(), ids=LEAVES_STATE_BEHIND)
def test_the_state_that_a_script_leaves_behind_reaches_neither_the_history_nor_the_next_script(
    project: Project, script: str
) -> None:
    project.write("20240101000000_a", script)
    project.write("20240102000000_b", NEXT)

    outcome = project.run()

    assert outcome.status is Status.APPLIED, outcome.error
    assert project.value("SELECT count(*) FROM public.shadow") == 1
    owner = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
    assert project.query(owner) == [{"tableowner": project.server.address.user}]
    assert all(row["finished_at"] for row in project.rows())


READ_ONLY = ("SET TRANSACTION READ ONLY;", "SET transaction_read_only = on;")


@pytest.mark.parametrize("statement", READ_ONLY)
def test_a_transaction_made_read_only_is_rolled_back(project: Project, statement: str) -> None:
    with open_session(project) as session, pytest.raises(MigrationFailed) as raised:
        session.apply_blindly("20240101000000_a", f"CREATE TABLE a (id int); {statement}")

    assert raised.value.where.sqlstate == "25006"
    assert project.tables() == set()
    assert project.rows()[0]["rolled_back_at"] is not None


def test_a_read_only_default_does_not_reach_the_next_script(project: Project) -> None:
    with open_session(project) as session:
        session.apply_blindly("20240101000000_a", "SET default_transaction_read_only = on; CREATE TABLE a (id int);")
        session.apply_blindly("20240102000000_b", "CREATE TABLE b (id int);")

    assert project.tables() == {"a", "b"}


DEFERRED = (
    "CREATE TABLE parent (id int PRIMARY KEY); "
    "CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED); "
)


def test_a_deferred_constraint_that_fails_at_the_end_leaves_nothing(project: Project) -> None:
    project.write("20240101000000_a", DEFERRED + "INSERT INTO child VALUES (1);")

    error = project.run().error

    assert error is not None
    assert error.where.sqlstate == "23503"
    assert "Nothing of it is in the database" in error.headline
    assert project.tables() == set()
    assert project.rows()[0]["rolled_back_at"] is not None


def test_a_deferred_trigger_runs_with_the_search_path_of_the_script(project: Project) -> None:
    """Fired at our COMMIT it would not find its table: the search_path is ours by then."""
    project.write(
        "20240101000000_a",
        "CREATE TABLE a (id int); CREATE TABLE audit (id int); "
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO audit VALUES (NEW.id); RETURN NULL; END $$; "
        "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON a DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION note(); INSERT INTO a VALUES (5);",
    )

    assert project.run().status is Status.APPLIED
    assert project.value("SELECT id FROM audit") == 5


COPIES: dict[str, tuple[str, Callable[[list[Row]], bool]]] = {
    "FROM STDIN": ("CREATE TABLE a (id int); COPY a FROM STDIN;", lambda rows: rows[0]["rolled_back_at"] is not None),
    "TO STDOUT": ("CREATE TABLE a (id int); COPY a TO STDOUT;", lambda rows: rows[0]["finished_at"] is not None),
}


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_does_not_wedge_the_connection(project: Project, copy: str) -> None:
    """Data that nobody asked for is thrown away; data that nobody has fails the script. The session goes on."""
    script, as_expected = COPIES[copy]
    with open_session(project) as session:
        with contextlib.suppress(MigrationFailed):
            session.apply_blindly("20240101000000_a", script)
        assert as_expected(project.rows())
        session.apply_blindly("20240102000000_b", "CREATE TABLE b (id int);")

    assert "b" in project.tables()


def test_discard_all_is_an_error_that_leaves_nothing_and_keeps_the_lock(project: Project) -> None:
    with open_session(project) as session:
        with pytest.raises(MigrationFailed) as raised:
            session.apply_blindly("20240101000000_a", "CREATE TABLE a (id int); DISCARD ALL;")

        assert raised.value.where.sqlstate == "25001"
        assert project.held_advisory_locks() == 1
    assert project.tables() == set()


@pytest.mark.parametrize(
    "script",
    ["DO $$ BEGIN CREATE TABLE a (id int); COMMIT; END $$;", "SELECT 1; CREATE TABLE a (id int); VACUUM;"],
    ids=["DO with COMMIT", "VACUUM"],
)
def test_what_cannot_share_a_transaction_is_rolled_back(project: Project, script: str) -> None:
    with open_session(project) as session, pytest.raises(MigrationFailed):
        session.apply_blindly("20240101000000_a", script)

    assert project.tables() == set()
    assert project.rows()[0]["rolled_back_at"] is not None
