"""Every trait with the statements that have it, and next to them those that only look alike."""

from collections.abc import Callable

import pglast
import pytest

from lambda_fn.domain.statement_kinds import Kind, kind_of
from lambda_fn.domain.statement_traits import (
    adds_enum_value,
    calls_routine,
    lasts_for_transaction,
    makes_temporary,
    may_refuse_transaction,
    sets_session_state,
)
from lambda_fn.domain.statements import Statement, split

Trait = Callable[[Statement], bool]

TRAITS: dict[Trait, list[str]] = {
    adds_enum_value: [
        "ALTER TYPE e ADD VALUE 'b'", "alter type s.e add value if not exists 'b' before 'a'",
        'ALTER TYPE "public"."E e" ADD VALUE \'b\'', "ALTER /* x */ TYPE -- y\n e ADD VALUE 'b' AFTER 'a'",
        'ALTER TYPE "a""b" ADD VALUE $$b$$', "ALTER TYPE d.s.e ADD VALUE 'b'", "ALTER TYPE U&\"e\" ADD VALUE 'b'",
        "ALTER TYPE é ADD VALUE 'b'",
    ],
    calls_routine: [
        "CALL p()", "call s.p(1, $$;$$)", "DO $$ BEGIN COMMIT; END $$", "do language plpgsql 'BEGIN END'",
        "/* x */ CALL p()",
    ],
    may_refuse_transaction: [
        "CLUSTER t", "CLUSTER VERBOSE s.t USING i", "CLUSTER (VERBOSE) t USING \"I i\"", "cluster t using i",
        "CLUSTER i ON t", "CLUSTER VERBOSE i ON s.\"T\"", "REINDEX TABLE t", "REINDEX INDEX s.i",
        "REINDEX (VERBOSE) TABLE \"t t\"", "reindex /* x */ table t", 'CLUSTER "verbose"',
        "REINDEX TABLE \"concurrently\"",
    ],
    sets_session_state: [
        "SET search_path = x", "SET SESSION search_path TO x, public", "set role r", "SET ROLE 'r'",
        "SET SESSION AUTHORIZATION r", "SET SESSION ROLE r", "SET TIME ZONE 'UTC'", "SET a.b = 1", 'SET "local" = 1',
        "RESET search_path", "RESET ALL", "reset role", "RESET SESSION AUTHORIZATION",
        "PREPARE p AS SELECT 1", "PREPARE p (int) AS SELECT $1", "DEALLOCATE p", "DEALLOCATE PREPARE ALL",
        "LOAD 'plpgsql'", "SELECT pg_catalog.set_config('search_path', '', false)",
        "select set_config('a.b', '1', false)", "SET local.x = 1", "SET TRANSACTION_TIMEOUT = 0",
    ],
    lasts_for_transaction: [
        "SET LOCAL search_path = x", "set local role r", "SET CONSTRAINTS ALL DEFERRED", "SET CONSTRAINTS c IMMEDIATE",
        "LOCK TABLE t", "lock t in share mode", "SAVEPOINT a", "DECLARE c CURSOR FOR SELECT 1",
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
    ],
    makes_temporary: [
        "CREATE TEMP TABLE t (a int)", "create temporary table t as select 1", "CREATE LOCAL TEMP TABLE t (a int)",
        "CREATE GLOBAL TEMPORARY TABLE t (a int)", "CREATE TEMP VIEW v AS SELECT 1", "CREATE TEMP SEQUENCE s",
        "CREATE OR REPLACE TEMP VIEW v AS SELECT 1", "CREATE TEMP RECURSIVE VIEW v (a) AS SELECT 1",
        "CREATE TABLE pg_temp.t (a int)", 'CREATE TABLE IF NOT EXISTS "pg_temp".t (a int)',
        "CREATE TABLE pg_temp.t AS SELECT 1", "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE PROCEDURE pg_temp.p() LANGUAGE sql AS 'SELECT 1'", "CREATE TYPE pg_temp.e AS ENUM ('a')",
        "CREATE VIEW pg_temp.v AS SELECT 1", "CREATE MATERIALIZED VIEW pg_temp.v AS SELECT 1",
        "SELECT * INTO TEMP t FROM x", "select a, b into temporary table t from x", "SELECT 1 INTO pg_temp.t",
        "SELECT 1 INTO LOCAL TEMPORARY t", "SELECT INTO TEMP t FROM x",
        "WITH x AS (SELECT 1) SELECT * INTO TEMP t FROM x",
    ],
}  # fmt: skip

NEITHER = [
    "ALTER TYPE e RENAME VALUE 'a' TO 'b'", "ALTER TYPE c ADD ATTRIBUTE value int", "CREATE TYPE e AS ENUM ('a')",
    'ALTER TYPE "e ADD VALUE" RENAME TO f', "ALTER TABLE t ADD value int", "ALTER DOMAIN d ADD CHECK (value > 0)",
    "COMMENT ON TYPE e IS 'ALTER TYPE e ADD VALUE'", "INSERT INTO t VALUES ('ALTER TYPE e ADD VALUE')",
    "CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN COMMIT; END'", "CREATE TABLE call (do_it int)",
    "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", "CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING",
    "COMMENT ON PROCEDURE p IS 'CALL p()'", "-- CALL p();\nSELECT 1", "SELECT 'DO $$ $$'",
    "ALTER TABLE t CLUSTER ON i", "CREATE INDEX reindex ON t (a)", "ALTER INDEX i SET (fillfactor = 50)",
    "UPDATE t SET a = 1", "ALTER ROLE r SET search_path = x", "ALTER DATABASE d SET search_path = x",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = x AS 'SELECT 1'",
    "COMMENT ON TABLE t IS 'SET a = 1'",
    "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    "SELECT set_config('a.b', '1', false), f()", "SELECT f(set_config('a.b', '1', false))", "SHOW search_path",
    "SELECT my.set_config('a', 'b', false)", "EXECUTE p", "DISCARD TEMP", "RELEASE a", "ROLLBACK TO a",
    "CREATE TABLE temp (a int)", "CREATE TABLE temporary AS SELECT 1", 'CREATE TABLE "TEMP" (a int)',
    "CREATE TABLE s.pg_temp (a int)", 'CREATE TABLE "PG_TEMP".t (a int)', "CREATE TABLE pg_temp (a int)",
    "CREATE TABLE pg_temporary.t (a int)", "CREATE UNLOGGED TABLE t (a int)", "CREATE VIEW temp AS SELECT 1",
    "CREATE INDEX temp ON t (a)", "DROP TABLE pg_temp.t", "SELECT * INTO t FROM x", "SELECT 1 INTO TABLE temp",
    "SELECT 'copied INTO TEMP t of x'", 'SELECT 1 AS "INTO TEMP t"', "SELECT 1 AS into_temp", "SELECT * FROM pg_temp.t",
    "INSERT INTO temp SELECT 1", "SELECT 1 INTO UNLOGGED temp", "SELECT 1 INTO \"TEMP\"", "SELECT 1 INTO temperature",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'CREATE TEMP TABLE t (a int)'",
]  # fmt: skip

NON_TRANSACTIONAL = [
    "REINDEX TABLE CONCURRENTLY t", "REINDEX INDEX CONCURRENTLY i", "REINDEX SCHEMA s", "REINDEX DATABASE", "CLUSTER",
    "CLUSTER (VERBOSE)",
]  # fmt: skip

ALL = [(trait, script) for trait, scripts in TRAITS.items() for script in scripts]


def one(script: str) -> Statement:
    [statement] = split(script.encode())
    return statement


def traits_of(script: str) -> set[Trait]:
    return {trait for trait in TRAITS if trait(one(script))}


@pytest.mark.parametrize("script", [*(script for _, script in ALL), *NEITHER, *NON_TRANSACTIONAL])
def test_every_example_is_sql(script: str) -> None:
    """SET local.x is what PostgreSQL takes for a setting of that name, and not for SET LOCAL."""
    assert len(pglast.parse_sql(script)) == 1


@pytest.mark.parametrize(("trait", "script"), ALL, ids=[f"{trait.__name__}: {script}" for trait, script in ALL])
def test_a_statement_has_its_trait_and_no_other(trait: Trait, script: str) -> None:
    assert traits_of(script) == {trait}
    assert traits_of(f"-- a comment\n/* and */ {script.rstrip()} /* one more */;") == {trait}


@pytest.mark.parametrize("script", NEITHER)
def test_what_only_looks_alike_has_none(script: str) -> None:
    assert traits_of(script) == set()


@pytest.mark.parametrize("script", NON_TRANSACTIONAL)
def test_what_always_refuses_a_transaction_is_not_said_to_do_so_perhaps(script: str) -> None:
    """Its kind is looked at first."""
    assert kind_of(one(script)) is Kind.NON_TRANSACTIONAL
    assert not sets_session_state(one(script))


def test_a_word_in_quotes_is_a_name() -> None:
    for script in ('"CALL"()', '"SET" a = 1', '"CREATE" TEMP TABLE t (a int)', '"LOCK" t'):
        assert traits_of(script) == set()


def is_temporary(script: str) -> bool:
    """What PostgreSQL's own parser says of a CREATE TABLE or a SELECT INTO."""
    node = pglast.parse_sql(script)[0].stmt
    relation = getattr(node, "relation", None) or getattr(node, "view", None) or getattr(node, "sequence", None)
    relation = relation or getattr(getattr(node, "intoClause", None) or getattr(node, "into", None), "rel", None)
    return relation is not None and (relation.relpersistence == "t" or relation.schemaname == "pg_temp")


@pytest.mark.parametrize(
    "script",
    [
        script
        for script in [*TRAITS[makes_temporary], *NEITHER]
        if script.upper().startswith(("CREATE", "SELECT", "WITH"))
        and not any(word in script.upper() for word in ("FUNCTION", "PROCEDURE", "TYPE", "RULE"))
    ],
)
def test_postgresql_agrees_on_what_is_temporary(script: str) -> None:
    assert makes_temporary(one(script)) is is_temporary(script)
