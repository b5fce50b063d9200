"""What a script sets for its session holds for every step behind it, and for no longer than it should."""

import random
from collections.abc import Iterator

import psycopg
import pytest

from lambda_fn.domain.outcome import Status
from lambda_fn.domain.session_state import EVERYONE_SETS
from lambda_fn.domain.steps import plan_steps
from lambda_fn.postgres import sql
from tests.fixtures.projects import Project, Row

A, B = "20240101000000_a", "20240102000000_b"
STEPWISE = "-- migrate: stepwise\n"
BASE = "CREATE SCHEMA app; CREATE TABLE n (id int); CREATE TABLE counter (n int); INSERT INTO counter VALUES (0);"
INCREMENT = "UPDATE counter SET n = n + 1;"


@pytest.fixture
def base(project: Project) -> Project:
    project.write(A, BASE)
    project.run()
    return project


@pytest.fixture
def roles(base: Project) -> Iterator[tuple[str, str]]:
    """Two roles of the cluster, of which the first is a member of the second."""
    one, other = (f"state_{name}_{base.database}" for name in ("one", "other"))
    base.query(f"CREATE ROLE {one}")
    base.query(f"CREATE ROLE {other} ROLE {one}")
    yield one, other
    for role in (one, other):
        if base.value("SELECT count(*) FROM pg_roles WHERE rolname = %s", role):
            base.query(f"DROP OWNED BY {role}")
            base.query(f"DROP ROLE {role}")


LOST = {
    "among other columns": "SELECT set_config('search_path', 'app', false), 1; VACUUM n; CREATE TABLE h();",
    "in a transaction": "BEGIN; SELECT set_config('search_path', 'app', false), 1; COMMIT; VACUUM n; CREATE TABLE h();",
    "in a DO": "DO $$ BEGIN PERFORM set_config('search_path', 'app', false); END $$; VACUUM n; CREATE TABLE h();",
    "in a PREPARE": "PREPARE q AS SELECT set_config('search_path', 'app', false); EXECUTE q; VACUUM; CREATE TABLE h();",
    "with a function in it": "SELECT set_config('search_path', lower('APP'), false); VACUUM n; CREATE TABLE h();",
}


@pytest.mark.parametrize("script", LOST.values(), ids=LOST)
def test_a_setting_that_the_next_step_would_not_know_is_refused_before_anything_runs(
    base: Project, script: str
) -> None:
    base.write(B, script)

    outcome = base.run()

    assert outcome.error is not None
    assert (outcome.status, outcome.error.code) == (Status.FAILED, "M212")
    assert "set_config" in outcome.error.problem
    assert "h" not in base.tables() | base.tables("app")
    assert [row["migration_name"] for row in base.rows()] == [A]


SET_PATH = "set_config('search_path', 'app', false)"
KEPT = {
    "alone": f"SELECT {SET_PATH}; VACUUM public.n; CREATE TABLE h();",
    "as pg_dump has it": f"SELECT pg_catalog.{SET_PATH}; VACUUM public.n; CREATE TABLE h();",
    "in a transaction": f"BEGIN; SELECT {SET_PATH}; COMMIT; VACUUM public.n; CREATE TABLE h();",
    "for one transaction": "BEGIN; SELECT set_config('search_path', 'app', true); CREATE TABLE h(); COMMIT; VACUUM n;",
}


@pytest.mark.parametrize("script", KEPT.values(), ids=KEPT)
def test_a_set_config_of_constants_holds_as_set_does(base: Project, script: str) -> None:
    base.write(B, script)

    assert base.run().status is Status.APPLIED
    assert "h" in base.tables("app")


def test_what_set_config_does_in_one_transaction_alone_falls_back_to_nothing(base: Project) -> None:
    """The error is the server's: step by step would lose the setting."""
    base.write(B, "DO $$ BEGIN PERFORM set_config('search_path', 'app', false); COMMIT; END $$; CREATE TABLE h();")

    outcome = base.run()

    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.where.sqlstate) == ("P3018", "2D000")
    assert "h" not in base.tables() | base.tables("app")


def test_a_role_that_is_reset_and_dropped_is_not_set_again(base: Project, roles: tuple[str, str]) -> None:
    one, _ = roles
    base.query(f"ALTER TABLE n OWNER TO {one}")
    base.query(f"GRANT CREATE ON SCHEMA public TO {one}")
    base.write(
        B,
        f"SET ROLE {one};\nCREATE INDEX CONCURRENTLY i ON n (id);\nSET lock_timeout = '9s';\nRESET ROLE;\n"
        f"REASSIGN OWNED BY {one} TO CURRENT_USER;\nDROP OWNED BY {one};\nDROP ROLE {one};\n{INCREMENT}\nVACUUM n;",
    )

    outcome = base.run()

    assert (outcome.status, outcome.error) == (Status.APPLIED, None)
    assert base.value("SELECT n FROM counter") == 1
    assert base.value("SELECT count(*) FROM pg_roles WHERE rolname = %s", one) == 0


SPENT = {
    "outside": "PREPARE q AS SELECT id FROM n; EXECUTE q; DEALLOCATE q; ALTER TABLE n RENAME TO m; VACUUM m;",
    "all": "PREPARE q AS SELECT id FROM n; EXECUTE q; DEALLOCATE ALL; ALTER TABLE n RENAME TO m; VACUUM m;",
    "in a transaction": "PREPARE q AS SELECT id FROM n; EXECUTE q; BEGIN; DEALLOCATE q; ALTER TABLE n RENAME TO m; "
    "COMMIT; VACUUM m;",
}


@pytest.mark.parametrize("script", SPENT.values(), ids=SPENT)
def test_what_is_deallocated_is_not_prepared_again(base: Project, script: str) -> None:
    base.write(B, script)

    outcome = base.run()

    assert (outcome.status, outcome.error) == (Status.APPLIED, None)
    assert "m" in base.tables()


def test_a_prepare_finds_the_path_that_was_set_for_it(base: Project) -> None:
    """Though another one is set behind it; with that one alone it could not be prepared."""
    base.write(
        B,
        "CREATE TABLE app.only_there (id int); SET search_path = app; PREPARE q AS INSERT INTO only_there VALUES (1);"
        "EXECUTE q; SET search_path = public, app; EXECUTE q; VACUUM n;",
    )

    assert base.run().status is Status.APPLIED
    assert base.value("SELECT count(*) FROM app.only_there") == 2


def test_what_only_a_role_may_set_is_set_by_it(base: Project, roles: tuple[str, str]) -> None:
    one, other = roles
    base.query(f"ALTER ROLE {one} SUPERUSER")
    base.query(f"GRANT ALL ON counter TO {other}")
    base.write(
        B,
        f"SET ROLE {one};\nSET session_replication_role = replica;\nSET ROLE {other};\n{INCREMENT}\n"
        "DO $$ BEGIN ASSERT current_setting('session_replication_role') = 'replica'; END $$;",
    )
    base.query(f"CREATE ROLE login_{base.database} LOGIN PASSWORD 'word-of-a-test' IN ROLE {one}, {other}")
    try:
        base.query(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO login_{base.database}")

        outcome = base.run(settings=base.as_user(f"login_{base.database}", "word-of-a-test"))

        assert (outcome.status, outcome.error) == (Status.APPLIED, None)
        assert base.value("SELECT n FROM counter") == 1
    finally:
        base.query(f"DROP OWNED BY login_{base.database}")
        base.query(f"DROP ROLE login_{base.database}")


def test_a_file_of_settings_only_is_applied_though_it_asks_for_steps(base: Project) -> None:
    base.write(B, f"{STEPWISE}SET search_path = app; RESET ROLE;")

    assert base.run().status is Status.APPLIED


def test_everyone_may_set_what_is_said_to_need_no_right(one_project: Project) -> None:
    known = one_project.query("SELECT pg_catalog.lower(name) AS name, context FROM pg_catalog.pg_settings")
    rights = {row["name"]: row["context"] for row in known if row["name"] in EVERYONE_SETS}

    assert set(rights.values()) == {"user"}
    assert EVERYONE_SETS - set(rights) <= {"transaction_timeout"}, "of a later version"


SETTINGS = [
    "SET search_path = app", "SET search_path = app, public", "SET SCHEMA 'public'", "RESET search_path",
    "SET SESSION search_path TO DEFAULT", "SET \"Search_Path\" = 'x'", "SELECT set_config('SEARCH_PATH', 'y', false)",
    "SET DateStyle = 'ISO'", "SET datestyle = 'German'", "SET datestyle TO 'YMD'", "SET datestyle TO 'DMY'",
    "RESET datestyle", "SET TIME ZONE 'UTC'", "SET timezone = 'Asia/Tokyo'", "SET SESSION TIME ZONE LOCAL",
    "RESET TIME ZONE", "SET NAMES 'UTF8'", "SET XML OPTION DOCUMENT", "RESET xmloption", "SET a.b = 1",
    "SET \"a\".\"B\" = 2", "SET U&\"\\0061.b\" = 3", "RESET a.b", "RESET ALL", "RESET ALL",
    "SET lock_timeout = '1s'", "RESET lock_timeout", "SET idle_session_timeout = 0",
    "SET session_replication_role = replica", "RESET session_replication_role", "SET log_statement = 'none'",
    "SET ROLE {one}", "SET ROLE {other}", "SET SESSION ROLE {one}", "SET role = '{other}'", "SET ROLE NONE",
    "RESET ROLE", "SET SESSION AUTHORIZATION {one}", "SET SESSION SESSION AUTHORIZATION {other}",
    "SET SESSION AUTHORIZATION DEFAULT", "RESET SESSION AUTHORIZATION", "SET session_authorization = '{one}'",
    "PREPARE p AS SELECT 1", "PREPARE \"P\" AS SELECT 2", "PREPARE q AS SELECT 3", "DEALLOCATE p",
    "DEALLOCATE PREPARE \"P\"", "DEALLOCATE ALL", "LOAD 'plpgsql'",
]  # fmt: skip
SEEDS = range(12)
STATE = """
SELECT current_user, session_user, coalesce(current_setting('a.b', true), '') AS custom,
    (SELECT json_object_agg(name, setting ORDER BY name) FROM pg_catalog.pg_settings) AS settings,
    (SELECT array_agg(name::text ORDER BY name) FROM pg_catalog.pg_prepared_statements) AS prepared
"""


def begin(connection: psycopg.Connection[Row], owner: str) -> None:
    """As a step begins."""
    for statement in (*sql.CLEAN_STATE, f"SET ROLE {owner}", "RESET row_security", "SET search_path = app"):
        connection.execute(statement.encode())


def accepted(connection: psycopg.Connection[Row], statement: str) -> bool:
    try:
        connection.execute(statement.encode())
    except psycopg.Error:
        return False
    return True


@pytest.mark.parametrize("seed", SEEDS)
def test_what_holds_before_a_step_has_the_effect_of_all_that_was_set_before(
    base: Project, roles: tuple[str, str], seed: int
) -> None:
    chance = random.Random(seed)
    one, other = roles
    for _ in range(25):
        with base.connect() as whole, base.connect() as compact:
            begin(whole, other)
            drawn = (chance.choice(SETTINGS).format(one=one, other=other) for _ in range(chance.randrange(3, 25)))
            statements = [statement for statement in drawn if accepted(whole, statement)]
            text = ";\n".join([*statements, "SELECT 1"]).encode()
            steps = plan_steps(text)
            begin(compact, other)
            for start, stop in steps.state_of(steps.steps[-1]):
                compact.execute(text[start:stop])

            [expected], [found] = whole.execute(STATE).fetchall(), compact.execute(STATE).fetchall()
            assert found == expected, text.decode()
