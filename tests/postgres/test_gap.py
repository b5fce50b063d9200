"""After a crash between a statement and its entry: what is found in the catalogs is what the statement has done.

Everything half-done here was interrupted for real: by a violated constraint, a lock that is not to be had, a cancel
or the end of the session.
"""

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from lambda_fn.deadline import Deadline
from lambda_fn.domain.recheck import Recheck, recheck_of
from lambda_fn.domain.statements import split
from lambda_fn.errors import MigrateError
from lambda_fn.postgres.connection import Connection
from lambda_fn.postgres.gap import Gap, clean, find, identity
from lambda_fn.postgres.simple_query import QueryFailed
from tests.fixtures.projects import Project
from tests.fixtures.sessions import open_session

CREATE = "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)"
DROP = "DROP INDEX CONCURRENTLY i"
DETACH = "ALTER TABLE parent DETACH PARTITION part CONCURRENTLY"
PARTITIONED = "CREATE TABLE parent (a int) PARTITION BY RANGE (a); CREATE TABLE part PARTITION OF parent DEFAULT"
WRITING = "INSERT INTO t VALUES (9)"
READING = "SELECT count(*) FROM t"


@pytest.fixture
def connection(project: Project) -> Iterator[Connection]:
    """The run's connection, in the state in which a script's statement runs, and a table t with equal values."""
    project.query("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1)")
    with open_session(project) as session:
        session.connection.send(session.connection.script_state)
        yield session.connection


def of(script: str) -> Recheck:
    [statement] = split(script.encode())
    return recheck_of(script.encode(), statement)


def cleaned(connection: Connection, script: str, lock_timeout_s: float = 30) -> tuple[str, ...]:
    return clean(connection, of(script), lock_timeout_s=lock_timeout_s, statement_timeout_s=60)


def failing(project: Project, script: str) -> None:
    """Run a statement that the server gives up."""
    with contextlib.suppress(psycopg.Error):
        project.query(script)
        pytest.fail(f"{script} succeeded")


@contextlib.contextmanager
def open_transaction(project: Project, statement: str) -> Iterator[None]:
    """A transaction of somebody else that has run a statement, and does not end while the block lasts."""
    with project.connect() as holder:
        holder.execute("BEGIN")
        holder.execute(statement)
        yield
        holder.execute("ROLLBACK")


@contextlib.contextmanager
def waiting(project: Project, script: str, behind: str) -> Iterator[int]:
    """Another session that runs a statement and waits behind an open transaction; yields its pid."""
    with project.connect() as session, open_transaction(project, behind):
        pid = session.info.backend_pid
        runs = threading.Thread(target=_run, args=(session, script))
        runs.start()
        while not project.query("SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'", pid):
            assert runs.is_alive(), f"{script} did not wait"
            time.sleep(0.02)
        yield pid
        project.query("SELECT pg_terminate_backend(%s)", pid)
        runs.join()


def _run(session: psycopg.Connection[dict[str, object]], script: str) -> None:
    with contextlib.suppress(psycopg.Error):
        session.execute(script.encode())


def interrupted(project: Project, script: str, behind: str, how: str = "pg_cancel_backend") -> None:
    """Run a statement that waits behind an open transaction, and interrupt it there."""
    with waiting(project, script, behind) as pid:
        project.query(f"SELECT {how}(%s)", pid)
        while project.query("SELECT 1 FROM pg_stat_activity WHERE pid = %s AND state = 'active'", pid):
            time.sleep(0.02)


def indexes(project: Project, schema: str = "public") -> dict[str, bool]:
    """The indexes of a schema but that of the history, and whether they are valid."""
    found = project.query(
        "SELECT relname, indisvalid FROM pg_index JOIN pg_class c ON c.oid = indexrelid "
        "WHERE relnamespace = %s::regnamespace AND relname NOT LIKE '\\_prisma%%'",
        schema,
    )
    return {row["relname"]: row["indisvalid"] for row in found}


# CREATE INDEX CONCURRENTLY


def test_an_index_is_not_done_then_done(project: Project, connection: Connection) -> None:
    script = "CREATE INDEX CONCURRENTLY i ON t (a)"
    before = identity(connection, of(script))
    assert find(connection, of(script), before=before) is Gap.NOT_DONE
    project.query(script)
    assert find(connection, of(script), before=before) is Gap.DONE
    assert find(connection, of(script)) is Gap.DONE
    assert cleaned(connection, script) == ()
    assert indexes(project) == {"i": True}


def by_violation(project: Project) -> None:
    failing(project, CREATE)


def by_lock_timeout(project: Project) -> None:
    with open_transaction(project, WRITING), project.connect() as session:
        session.execute("SET lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            session.execute(CREATE.encode())


def by_cancel(project: Project) -> None:
    interrupted(project, CREATE, WRITING)


def by_termination(project: Project) -> None:
    interrupted(project, CREATE, WRITING, "pg_terminate_backend")


@pytest.mark.parametrize("interrupt", [by_violation, by_lock_timeout, by_cancel, by_termination])
def test_what_an_interrupted_build_leaves_is_half_done_and_dropped(
    project: Project, connection: Connection, interrupt: object
) -> None:
    assert callable(interrupt)
    before = identity(connection, of(CREATE))
    interrupt(project)
    assert indexes(project) == {"i": False}

    assert find(connection, of(CREATE), before=before) is Gap.HALF_DONE
    assert cleaned(connection, CREATE) == ('DROP INDEX CONCURRENTLY IF EXISTS "public"."i"',)

    assert indexes(project) == {}
    assert find(connection, of(CREATE), before=before) is Gap.NOT_DONE


def test_if_not_exists_does_not_pass_for_done_on_an_invalid_index(project: Project, connection: Connection) -> None:
    script = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)"
    failing(project, CREATE)
    project.query(script)  # PostgreSQL is content with it
    assert indexes(project) == {"i": False}

    before = identity(connection, of(script))
    assert find(connection, of(script), before=before) is Gap.HALF_DONE
    cleaned(connection, script)
    assert find(connection, of(script), before=before) is Gap.NOT_DONE
    project.query("DELETE FROM t")
    project.query(script)
    assert find(connection, of(script), before=before) is Gap.DONE


def test_an_index_that_was_there_before_is_not_what_the_statement_made(
    project: Project, connection: Connection
) -> None:
    """The statement was never sent; sent now, it fails as it would have: 42P07."""
    script = "CREATE INDEX CONCURRENTLY i ON t (a)"
    project.query("CREATE INDEX i ON t (a)")
    before = identity(connection, of(script))
    assert find(connection, of(script), before=before) is Gap.NOT_DONE
    if_not_exists = script.replace(" i ", " IF NOT EXISTS i ")
    assert find(connection, of(if_not_exists), before=before) is Gap.DONE


@pytest.mark.parametrize(
    "other",
    [
        "CREATE TABLE u (a int); CREATE INDEX i ON u (a)",
        "CREATE TABLE i (a int)",
        "CREATE VIEW i AS SELECT 1",
        "CREATE SEQUENCE i",
        "CREATE SCHEMA s; CREATE TABLE s.t (a int); CREATE INDEX i ON s.t (a)",
    ],
)
def test_whatever_else_has_the_name_is_not_our_index(project: Project, connection: Connection, other: str) -> None:
    project.query(other)
    assert find(connection, of(CREATE)) is Gap.NOT_DONE
    assert cleaned(connection, CREATE) == ()


def test_an_invalid_index_of_the_name_on_another_table_is_left_alone(project: Project, connection: Connection) -> None:
    project.query("CREATE TABLE u AS SELECT a FROM t")
    failing(project, "CREATE UNIQUE INDEX CONCURRENTLY i ON u (a)")
    assert find(connection, of(CREATE)) is Gap.NOT_DONE
    assert cleaned(connection, CREATE) == ()
    assert indexes(project) == {"i": False}


def test_an_index_of_a_partitioned_table_may_be_invalid_rightly(project: Project, connection: Connection) -> None:
    project.query(PARTITIONED)
    project.query("CREATE INDEX i ON ONLY parent (a)")
    assert indexes(project) == {"i": False}
    script = "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON parent (a)"
    assert find(connection, of(script)) is Gap.NOT_DONE
    assert cleaned(connection, script) == ()


def test_without_its_table_an_index_is_not_done(connection: Connection) -> None:
    assert find(connection, of("CREATE INDEX CONCURRENTLY i ON missing.t (a)")) is Gap.NOT_DONE
    assert find(connection, of('CREATE INDEX CONCURRENTLY i ON "T" (a)')) is Gap.NOT_DONE


LONG = "n" * 70


@pytest.mark.parametrize(
    ("index", "table"),
    [
        ("i", "T_a"),
        ("I", 'public."T.a b"'),
        ('"My Index"', '"S.x y"."Täble"'),
        ('"a""b.c"', '"""q"""'),
        ("größe", "täble"),
        ('"ON"', '"ONLY"'),
        (r'"back\slash"', r'"t\\"'),
        ('"it\'s"', '"t\'s"'),
        (LONG, f'"t{LONG}"'),
        ('"' + "ä" * 40 + '"', "t2"),
        ("if", "ONLY (t2)"),
    ],
)
def test_every_name_is_found_that_postgresql_takes(
    project: Project, connection: Connection, index: str, table: str
) -> None:
    name = table.removeprefix("ONLY (").removesuffix(")")
    project.query('CREATE SCHEMA "S.x y"')
    project.query(f"CREATE TABLE {name} AS SELECT a FROM t")
    script = f"CREATE UNIQUE INDEX CONCURRENTLY /* {index} */ {index} ON {table} (a)"

    failing(project, script)
    assert find(connection, of(script)) is Gap.HALF_DONE
    assert len(cleaned(connection, script)) == 1
    assert find(connection, of(script)) is Gap.NOT_DONE

    project.query(f"DELETE FROM {name}")
    project.query(script)
    assert find(connection, of(script)) is Gap.DONE


def test_names_are_resolved_by_the_scripts_own_search_path(project: Project, connection: Connection) -> None:
    """The same index in two schemas: valid in the one, invalid in the other."""
    project.query("CREATE SCHEMA s; CREATE TABLE s.t AS SELECT a FROM t")
    failing(project, "CREATE UNIQUE INDEX CONCURRENTLY i ON s.t (a)")
    project.query("CREATE INDEX i ON public.t (a)")

    assert find(connection, of(CREATE)) is Gap.DONE
    connection.send([b"SET search_path = nowhere, s, public"])
    assert find(connection, of(CREATE)) is Gap.HALF_DONE
    assert cleaned(connection, CREATE) == ('DROP INDEX CONCURRENTLY IF EXISTS "s"."i"',)
    assert find(connection, of(CREATE)) is Gap.NOT_DONE
    assert find(connection, of("CREATE INDEX CONCURRENTLY i ON public.t (a)")) is Gap.DONE
    assert indexes(project) == {"i": True}


def test_a_temporary_table_comes_before_all_others(connection: Connection) -> None:
    connection.send([b"CREATE INDEX i ON t (a); CREATE TEMP TABLE t (a int)"])
    assert find(connection, of(CREATE)) is Gap.NOT_DONE
    connection.send([b"CREATE INDEX i ON t (a)"])
    assert find(connection, of(CREATE)) is Gap.DONE


TRAPS = """
CREATE SCHEMA trap;
CREATE FUNCTION trap.to_regclass(text) RETURNS regclass LANGUAGE sql AS 'SELECT NULL::regclass';
CREATE FUNCTION trap.parse_ident(text) RETURNS text[] LANGUAGE sql AS 'SELECT ARRAY[''trapped'']';
CREATE FUNCTION trap.pg_backend_pid() RETURNS int LANGUAGE sql AS 'SELECT 0';
CREATE FUNCTION trap.never(oid, oid) RETURNS bool LANGUAGE sql AS 'SELECT false';
CREATE FUNCTION trap.never(name, name) RETURNS bool LANGUAGE sql AS 'SELECT false';
CREATE FUNCTION trap.never("char", "char") RETURNS bool LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR trap.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = trap.never);
CREATE OPERATOR trap.= (LEFTARG = name, RIGHTARG = name, FUNCTION = trap.never);
CREATE OPERATOR trap.= (LEFTARG = "char", RIGHTARG = "char", FUNCTION = trap.never);
CREATE TABLE trap.pg_class (oid oid, relname name, relnamespace oid, relkind "char");
CREATE DOMAIN trap.oid AS int CHECK (VALUE < 0);
CREATE DOMAIN trap.name AS text CHECK (VALUE = '');
"""


def test_what_a_script_puts_before_pg_catalog_does_not_stand_in_for_it(
    project: Project, connection: Connection
) -> None:
    project.query(TRAPS)
    failing(project, CREATE)
    connection.send([b"SET search_path = trap, pg_catalog, public"])
    connection.send([b"CREATE TEMP TABLE pg_class (oid oid)", b"CREATE TEMP TABLE pg_index (indexrelid oid)"])

    assert find(connection, of(CREATE)) is Gap.HALF_DONE
    assert cleaned(connection, CREATE) == ('DROP INDEX CONCURRENTLY IF EXISTS "public"."i"',)
    assert find(connection, of(CREATE)) is Gap.NOT_DONE
    connection.send([b"CREATE INDEX i ON t (a)"])
    assert find(connection, of(CREATE)) is Gap.DONE


def test_looking_leaves_the_scripts_state_as_it_is(project: Project, connection: Connection) -> None:
    failing(project, CREATE)
    connection.send([b"SET search_path = public, nowhere", b"SET lock_timeout = '7s'", b"SET statement_timeout = '9s'"])
    find(connection, of(CREATE))
    cleaned(connection, CREATE)
    assert settings_of(connection) == ("public, nowhere", "7s", "9s")


def settings_of(connection: Connection) -> tuple[str | None, ...]:
    names = ("search_path", "lock_timeout", "statement_timeout")
    columns = ", ".join(f"current_setting('{name}')" for name in names)
    [row] = connection.fetch([f"SELECT {columns}".encode()], doing="looking")
    return row


def test_a_schema_that_the_role_may_not_look_into_is_named(project: Project, connection: Connection) -> None:
    project.query("CREATE SCHEMA s; CREATE TABLE s.t (a int)")
    with plain_role(project, connection), pytest.raises(MigrateError) as raised:
        find(connection, of("CREATE INDEX CONCURRENTLY i ON s.t (a)"))
    assert raised.value.code == "M307"
    assert "permission denied for schema s" in raised.value.headline


@contextlib.contextmanager
def plain_role(project: Project, connection: Connection) -> Iterator[None]:
    """As a role without any rights."""
    role = f"plain_{project.database}"
    project.query(f"CREATE ROLE {role}")
    connection.send([f"SET ROLE {role}".encode()])
    yield
    connection.send([b"RESET ROLE"])
    project.query(f"DROP ROLE {role}")


# What another session is building


def test_an_index_that_another_session_is_building_is_left_alone(project: Project, connection: Connection) -> None:
    script = "CREATE INDEX CONCURRENTLY i ON t (a)"
    with waiting(project, script, WRITING):
        assert indexes(project) == {"i": False}
        assert find(connection, of(script)) is Gap.BUSY
        assert cleaned(connection, script) == ()
        with plain_role(project, connection):
            assert find(connection, of(script)) is Gap.BUSY
    assert find(connection, of(script)) is Gap.HALF_DONE


def test_an_invalid_index_that_another_session_mends_is_left_alone(project: Project, connection: Connection) -> None:
    failing(project, CREATE)
    with waiting(project, "REINDEX INDEX CONCURRENTLY i", WRITING):
        assert find(connection, of(CREATE)) is Gap.BUSY
        assert find(connection, of("REINDEX TABLE CONCURRENTLY t")) is Gap.BUSY
        assert cleaned(connection, "REINDEX TABLE CONCURRENTLY t") == ()
        with plain_role(project, connection):
            assert find(connection, of(CREATE)) is Gap.BUSY


def test_another_index_being_built_on_the_table_makes_nobody_busy(project: Project, connection: Connection) -> None:
    failing(project, CREATE)
    with waiting(project, "CREATE INDEX CONCURRENTLY other ON t (a)", WRITING):
        assert find(connection, of(CREATE)) is Gap.HALF_DONE


def test_a_drop_that_gets_no_lock_fails_and_the_session_has_its_limits_again(
    project: Project, connection: Connection
) -> None:
    failing(project, CREATE)
    connection.send([b"SET lock_timeout = '7s'"])
    started_s = time.monotonic()
    with open_transaction(project, WRITING), pytest.raises(QueryFailed) as raised:
        cleaned(connection, CREATE, lock_timeout_s=0.2)
    assert raised.value.error.sqlstate == "55P03"
    assert time.monotonic() - started_s > 0.2
    assert settings_of(connection)[1:] == ("7s", "0")
    assert find(connection, of(CREATE)) is Gap.HALF_DONE
    cleaned(connection, CREATE)
    assert indexes(project) == {}


def test_a_drop_ends_with_its_statement_timeout(project: Project, connection: Connection) -> None:
    failing(project, CREATE)
    with open_transaction(project, WRITING), pytest.raises(QueryFailed) as raised:
        clean(connection, of(CREATE), lock_timeout_s=60, statement_timeout_s=0.1)
    assert raised.value.error.sqlstate == "57014"


def test_the_reserve_may_be_used_to_clean(project: Project, connection: Connection) -> None:
    failing(project, CREATE)
    connection.deadline = Deadline.within(remaining_s=60, reserve_s=60)
    assert connection.deadline.passed
    cleaned(connection, CREATE)
    assert indexes(project) == {}


def test_a_limit_of_zero_is_none(project: Project, connection: Connection) -> None:
    failing(project, CREATE)
    with ThreadPoolExecutor() as pool, open_transaction(project, WRITING):
        cleaning = pool.submit(clean, connection, of(CREATE), lock_timeout_s=0, statement_timeout_s=0)
        while not project.query("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'DROP%' AND wait_event_type = 'Lock'"):
            assert not cleaning.done(), cleaning.result()
            time.sleep(0.02)
    assert len(cleaning.result()) == 1
    assert indexes(project) == {}


# DROP INDEX CONCURRENTLY


def test_an_index_is_dropped_when_it_is_gone(project: Project, connection: Connection) -> None:
    project.query("CREATE INDEX i ON t (a)")
    before = identity(connection, of(DROP))
    assert find(connection, of(DROP), before=before) is Gap.NOT_DONE
    assert find(connection, of(DROP)) is Gap.NOT_DONE
    project.query(DROP)
    assert find(connection, of(DROP), before=before) is Gap.DONE
    assert find(connection, of(DROP)) is Gap.DONE


def test_an_interrupted_drop_is_sent_again(project: Project, connection: Connection) -> None:
    project.query("CREATE INDEX i ON t (a)")
    before = identity(connection, of(DROP))
    interrupted(project, DROP, READING)
    assert indexes(project) == {"i": False}
    assert find(connection, of(DROP), before=before) is Gap.NOT_DONE
    assert cleaned(connection, DROP) == ()
    project.query(DROP)
    assert find(connection, of(DROP), before=before) is Gap.DONE


def test_a_dropped_index_is_not_mistaken_for_its_namesake_further_down_the_path(
    project: Project, connection: Connection
) -> None:
    """Sent again, the statement would drop the other one."""
    project.query("CREATE SCHEMA s; CREATE TABLE s.t (a int); CREATE INDEX i ON s.t (a); CREATE INDEX i ON t (a)")
    connection.send([b"SET search_path = s, public"])
    before = identity(connection, of(DROP))
    connection.send([DROP.encode()])
    assert indexes(project) == {"i": True}
    assert find(connection, of(DROP), before=before) is Gap.DONE


def test_what_was_never_there_was_not_dropped(project: Project, connection: Connection) -> None:
    """The statement fails as it would have; that of a table fails, too."""
    assert identity(connection, of(DROP)) == ""
    assert find(connection, of(DROP), before="") is Gap.NOT_DONE
    project.query("CREATE TABLE i (a int)")
    assert identity(connection, of(DROP)) == ""
    assert find(connection, of(DROP)) is Gap.NOT_DONE


# REINDEX … CONCURRENTLY

SPELLINGS = [
    "REINDEX INDEX CONCURRENTLY i",
    "REINDEX TABLE CONCURRENTLY t",
    "REINDEX (VERBOSE, CONCURRENTLY) SCHEMA public",
    "REINDEX DATABASE CONCURRENTLY {database}",
]


@pytest.mark.parametrize("behind", [WRITING, READING], ids=["the new index", "the old index"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_what_an_interrupted_reindex_leaves_is_dropped(
    project: Project, connection: Connection, spelling: str, behind: str
) -> None:
    script = spelling.format(database=project.database)
    project.query("CREATE INDEX i ON t (a)")
    assert find(connection, of(script)) is Gap.NOT_DONE
    interrupted(project, script, behind)
    leftover = "i_ccnew" if behind == WRITING else "i_ccold"
    assert indexes(project) == {"i": True, leftover: False}

    assert find(connection, of(script)) is Gap.HALF_DONE
    assert cleaned(connection, script) == (f'DROP INDEX CONCURRENTLY IF EXISTS "public"."{leftover}"',)
    assert indexes(project) == {"i": True}
    assert find(connection, of(script)) is Gap.NOT_DONE


def test_an_index_built_anew_is_told_from_the_one_that_was_there(project: Project, connection: Connection) -> None:
    script = "REINDEX INDEX CONCURRENTLY i"
    project.query("CREATE INDEX i ON t (a)")
    before = identity(connection, of(script))
    assert find(connection, of(script), before=before) is Gap.NOT_DONE
    interrupted(project, script, READING)
    assert find(connection, of(script), before=before) is Gap.HALF_DONE
    cleaned(connection, script)
    assert find(connection, of(script), before=before) is Gap.DONE


def test_only_leftovers_of_the_target_are_dropped(project: Project, connection: Connection) -> None:
    project.query("CREATE SCHEMA s; CREATE TABLE u (a int); CREATE TABLE s.t (a int)")
    project.query(
        "CREATE INDEX i ON t (a); CREATE INDEX j ON t (a); CREATE INDEX k ON u (a); CREATE INDEX i ON s.t (a)"
    )
    for index, table in [("i", "t"), ("i", "t"), ("j", "t"), ("k", "u"), ("s.i", "s.t")]:
        interrupted(project, f"REINDEX INDEX CONCURRENTLY {index}", f"INSERT INTO {table} VALUES (9)")
    failing(project, "CREATE UNIQUE INDEX CONCURRENTLY i_unique ON t (a)")
    project.query("CREATE INDEX i_ccold ON t (a); CREATE INDEX ij ON t (a)")  # the first is somebody's own, and valid

    def dropped(script: str) -> list[str]:
        return [statement.rpartition(" ")[2].replace('"', "") for statement in cleaned(connection, script)]

    assert dropped("REINDEX INDEX CONCURRENTLY ij") == []
    assert dropped("REINDEX INDEX CONCURRENTLY i") == ["public.i_ccnew", "public.i_ccnew1"]
    assert dropped("REINDEX SCHEMA CONCURRENTLY s") == ["s.i_ccnew"]
    assert dropped("REINDEX TABLE CONCURRENTLY t") == ["public.j_ccnew"]
    assert dropped("REINDEX TABLE CONCURRENTLY missing") == []
    assert dropped("REINDEX DATABASE CONCURRENTLY") == ["public.k_ccnew"]
    assert indexes(project) == {"i": True, "i_ccold": True, "i_unique": False, "ij": True, "j": True, "k": True}


def test_a_leftover_is_known_by_a_name_that_postgresql_had_to_cut(project: Project, connection: Connection) -> None:
    name = '"' + "ä" * 31 + '"'
    project.query(f"CREATE INDEX {name} ON t (a)")
    script = f"REINDEX INDEX CONCURRENTLY {name}"
    interrupted(project, script, WRITING)
    assert len(cleaned(connection, script)) == 1
    assert list(indexes(project)) == [name.strip('"')]


def test_the_index_of_a_toast_table_is_looked_after_too(project: Project, connection: Connection) -> None:
    project.query("CREATE TABLE wide (a text)")
    script = "REINDEX TABLE CONCURRENTLY wide"
    interrupted(project, script, "INSERT INTO wide SELECT string_agg(md5(n::text), '') FROM generate_series(1, 1000) n")
    assert find(connection, of(script)) is Gap.HALF_DONE
    [statement] = cleaned(connection, script)
    assert '"pg_toast"."pg_toast_' in statement
    assert "_ccnew" in statement
    assert find(connection, of(script)) is Gap.NOT_DONE


@pytest.mark.parametrize("script", ["REINDEX INDEX CONCURRENTLY parent_i", "REINDEX TABLE CONCURRENTLY parent"])
def test_the_indexes_of_partitions_are_looked_after_too(project: Project, connection: Connection, script: str) -> None:
    project.query(PARTITIONED)
    project.query("CREATE INDEX parent_i ON parent (a)")
    interrupted(project, script, "SELECT * FROM parent")
    assert find(connection, of(script)) is Gap.HALF_DONE
    assert cleaned(connection, script) == ('DROP INDEX CONCURRENTLY IF EXISTS "public"."part_a_idx_ccold"',)


def test_leftovers_of_other_owners_are_not_ours_to_drop(project: Project, connection: Connection) -> None:
    project.query("CREATE INDEX i ON t (a)")
    interrupted(project, "REINDEX INDEX CONCURRENTLY i", WRITING)
    with plain_role(project, connection):
        assert find(connection, of("REINDEX DATABASE CONCURRENTLY")) is Gap.NOT_DONE


# ALTER TABLE … DETACH PARTITION … CONCURRENTLY


def partitions(project: Project) -> dict[str, bool]:
    """The partitions of the parent, and whether their detaching was begun."""
    found = project.query("SELECT inhrelid::regclass::text AS name, inhdetachpending AS pending FROM pg_inherits")
    return {row["name"]: row["pending"] for row in found}


def test_a_partition_is_detached_when_it_is_none_any_more(project: Project, connection: Connection) -> None:
    project.query(PARTITIONED.replace("DEFAULT", "FOR VALUES FROM (1) TO (9)"))
    before = identity(connection, of(DETACH))
    assert find(connection, of(DETACH), before=before) is Gap.NOT_DONE
    assert find(connection, of(DETACH)) is Gap.NOT_DONE
    project.query(DETACH)
    assert find(connection, of(DETACH), before=before) is Gap.DONE
    assert find(connection, of(DETACH)) is Gap.DONE
    project.query("ALTER TABLE part RENAME TO old")
    assert find(connection, of(DETACH), before=before) is Gap.DONE
    project.query("CREATE TABLE part PARTITION OF parent FOR VALUES FROM (1) TO (9)")
    assert find(connection, of(DETACH), before=before) is Gap.DONE  # another one, that must not be detached


@pytest.mark.parametrize("how", ["pg_cancel_backend", "pg_terminate_backend"])
def test_an_interrupted_detaching_is_finished(project: Project, connection: Connection, how: str) -> None:
    project.query(PARTITIONED.replace("DEFAULT", "FOR VALUES FROM (1) TO (9)"))
    before = identity(connection, of(DETACH))
    interrupted(project, DETACH, "SELECT * FROM parent", how)
    assert partitions(project) == {"part": True}

    assert find(connection, of(DETACH), before=before) is Gap.HALF_DONE
    assert cleaned(connection, DETACH) == ('ALTER TABLE "public"."parent" DETACH PARTITION "public"."part" FINALIZE',)

    assert partitions(project) == {}
    assert find(connection, of(DETACH), before=before) is Gap.DONE
    assert find(connection, of(DETACH)) is Gap.DONE
    assert cleaned(connection, DETACH) == ()


def test_a_detaching_that_somebody_else_began_is_finished_and_then_done(
    project: Project, connection: Connection
) -> None:
    """Sent after that, the statement would fail: it is no partition any more."""
    project.query(PARTITIONED.replace("DEFAULT", "FOR VALUES FROM (1) TO (9)"))
    interrupted(project, DETACH, "SELECT * FROM parent")
    before = identity(connection, of(DETACH))
    assert find(connection, of(DETACH), before=before) is Gap.HALF_DONE
    cleaned(connection, DETACH)
    assert find(connection, of(DETACH), before=before) is Gap.DONE
    with pytest.raises(psycopg.errors.UndefinedTable):
        project.query(DETACH)


def test_names_of_partitions_are_resolved_by_the_scripts_own_search_path(
    project: Project, connection: Connection
) -> None:
    project.query('CREATE SCHEMA "S x"; CREATE TABLE "S x"."P a" (a int) PARTITION BY LIST (a)')
    project.query('CREATE TABLE public."p.ü" PARTITION OF "S x"."P a" FOR VALUES IN (1)')
    script = 'ALTER TABLE ONLY "P a" DETACH PARTITION "p.ü" CONCURRENTLY'
    connection.send([b'SET search_path = "S x", public'])
    interrupted(project, script.replace('"P a"', '"S x"."P a"'), 'SELECT * FROM "S x"."P a"')
    assert find(connection, of(script)) is Gap.HALF_DONE
    cleaned(connection, script)
    assert find(connection, of(script)) is Gap.DONE


def test_what_was_never_a_partition_was_not_detached(project: Project, connection: Connection) -> None:
    project.query(PARTITIONED)
    assert identity(connection, of("ALTER TABLE parent DETACH PARTITION t CONCURRENTLY")) == ""
    assert find(connection, of("ALTER TABLE parent DETACH PARTITION t CONCURRENTLY"), before="") is Gap.NOT_DONE
    assert find(connection, of("ALTER TABLE parent DETACH PARTITION missing CONCURRENTLY")) is Gap.NOT_DONE
    assert find(connection, of("ALTER TABLE missing DETACH PARTITION part CONCURRENTLY")) is Gap.NOT_DONE


# What is found by its name alone


def check_created_and_dropped(connection: Connection, create: str, drop: str, *between: bytes) -> None:
    created, dropped = of(create), of(drop)
    before = identity(connection, created)
    assert find(connection, created, before=before) is Gap.NOT_DONE
    assert find(connection, dropped, before=identity(connection, dropped)) is Gap.NOT_DONE
    connection.send([create.encode()])
    assert find(connection, created, before=before) is Gap.DONE
    there = identity(connection, created)
    assert find(connection, created, before=there) is Gap.NOT_DONE  # it was there before
    assert find(connection, dropped, before=there) is Gap.NOT_DONE
    for statement in between:
        connection.send([statement])
    connection.send([drop.encode()])
    assert find(connection, dropped, before=there) is Gap.DONE
    assert find(connection, created, before=before) is Gap.NOT_DONE


def test_a_database_is_created_and_dropped(project: Project, connection: Connection) -> None:
    name = f'"{project.database} Ä.b"'
    check_created_and_dropped(connection, f"CREATE DATABASE {name}", f"DROP DATABASE IF EXISTS {name}")


def test_a_tablespace_is_created_and_dropped(project: Project, connection: Connection) -> None:
    name = f"Space_{project.database}"
    connection.send([b"SET allow_in_place_tablespaces = on"])
    check_created_and_dropped(connection, f"CREATE TABLESPACE {name} LOCATION ''", f"DROP TABLESPACE {name}")


def test_a_subscription_is_created_and_dropped(project: Project, connection: Connection) -> None:
    check_created_and_dropped(
        connection,
        f"CREATE SUBSCRIPTION {project.database} CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false)",
        f"DROP SUBSCRIPTION {project.database}",
        f"ALTER SUBSCRIPTION {project.database} SET (slot_name = NONE)".encode(),
    )


# What cannot be found out, and what need not be


def test_what_is_repeatable_is_never_done_and_what_is_unknowable_stays_so(connection: Connection) -> None:
    assert find(connection, of("VACUUM t"), before=identity(connection, of("VACUUM t"))) is Gap.NOT_DONE
    assert find(connection, of("CREATE INDEX CONCURRENTLY ON t (a)")) is Gap.UNKNOWABLE
    assert cleaned(connection, "CREATE INDEX CONCURRENTLY ON t (a)") == ()
