"""Every kind with the statements that are of it, and next to them those that only look alike."""

import pglast
import pytest

from lambda_fn.domain.statement_kinds import (
    REFUSED,
    TRANSACTION_CONTROL,
    Kind,
    kind_of,
    masks_literals,
)
from lambda_fn.domain.statements import Statement, split

KINDS = {
    Kind.BEGIN: [
        "BEGIN", "begin work", "BEGIN TRANSACTION", "START TRANSACTION", "BEGIN READ WRITE",
        "BEGIN /* READ ONLY */", "BEGIN ISOLATION LEVEL READ COMMITTED",
        "START TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE",
        "BEGIN WORK READ WRITE ISOLATION LEVEL READ COMMITTED",
    ],
    Kind.BEGIN_WITH_MODES: [
        "BEGIN ISOLATION LEVEL SERIALIZABLE", "START TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "BEGIN DEFERRABLE", "BEGIN READ WRITE, NOT DEFERRABLE", "BEGIN ISOLATION LEVEL READ UNCOMMITTED",
    ],
    Kind.COMMIT: [
        "COMMIT", "END", "commit work", "END TRANSACTION", "COMMIT AND NO CHAIN", "END WORK AND NO CHAIN",
    ],
    Kind.COMMIT_AND_CHAIN: [
        "COMMIT AND CHAIN", "END WORK AND CHAIN", "COMMIT TRANSACTION AND CHAIN",
    ],
    Kind.ROLLBACK: [
        "ROLLBACK", "ABORT", "ROLLBACK WORK", "ABORT TRANSACTION AND CHAIN", "ROLLBACK AND NO CHAIN",
    ],
    Kind.SAVEPOINT: [
        "SAVEPOINT a", "RELEASE a", "RELEASE SAVEPOINT prepared", "ROLLBACK TO a", "ROLLBACK TO SAVEPOINT a",
        "ROLLBACK WORK TO SAVEPOINT a", "ROLLBACK TRANSACTION TO prepared",
    ],
    Kind.TWO_PHASE: [
        "PREPARE TRANSACTION 'a'", "COMMIT PREPARED 'a'", "ROLLBACK PREPARED 'a'", "prepare transaction $$a$$",
    ],
    Kind.NON_TRANSACTIONAL: [
        "CREATE INDEX CONCURRENTLY i ON t (a)", "create unique index concurrently if not exists i on t (a)",
        "CREATE INDEX CONCURRENTLY ON t (a)", "CREATE /* x */ INDEX -- y\n CONCURRENTLY i ON t (a)",
        "DROP INDEX CONCURRENTLY i", "DROP INDEX CONCURRENTLY IF EXISTS s.i", "REINDEX TABLE CONCURRENTLY t",
        "REINDEX INDEX CONCURRENTLY i", "REINDEX (CONCURRENTLY) TABLE t",
        "REINDEX (VERBOSE, concurrently true, TABLESPACE s) INDEX i",
        "REINDEX (CONCURRENTLY off, CONCURRENTLY 1) TABLE t", "REINDEX DATABASE d", "REINDEX SYSTEM",
        "REINDEX SCHEMA s", "REINDEX (VERBOSE) DATABASE", "REINDEX SCHEMA CONCURRENTLY s",
        "ALTER TABLE t DETACH PARTITION p CONCURRENTLY",
        "ALTER TABLE IF EXISTS ONLY s.t DETACH PARTITION s.\"p q\" CONCURRENTLY", "VACUUM", "VACUUM t",
        "VACUUM (FULL) t", "VACUUM ANALYZE", "CLUSTER", "CLUSTER VERBOSE", "CLUSTER (VERBOSE)",
        "CREATE DATABASE d", "DROP DATABASE IF EXISTS d", "DROP DATABASE d WITH (FORCE)",
        "CREATE TABLESPACE s LOCATION '/d'", "DROP TABLESPACE s", "ALTER DATABASE \"d d\" SET TABLESPACE s",
        "ALTER SYSTEM SET work_mem = '1MB'", "ALTER SYSTEM RESET ALL",
        "CREATE SUBSCRIPTION s CONNECTION 'c' PUBLICATION p", "DROP SUBSCRIPTION s",
        "CREATE SUBSCRIPTION s CONNECTION 'connect=false' PUBLICATION p WITH (enabled = false, connect)",
        "ALTER SUBSCRIPTION s REFRESH PUBLICATION",
        "ALTER SUBSCRIPTION s REFRESH PUBLICATION WITH (copy_data = false)",
        "ALTER SUBSCRIPTION s SET PUBLICATION p", "ALTER SUBSCRIPTION s ADD PUBLICATION p WITH (refresh = true)",
        "ALTER SUBSCRIPTION s SET (failover = false)", "ALTER SUBSCRIPTION s SET (two_phase = off)",
    ],
    Kind.COPY_FROM_STDIN: [
        "COPY t FROM STDIN", "copy s.t (a, b) from stdin with (format csv)", "COPY \"from\" FROM STDIN",
        "COPY t FROM STDOUT", "COPY s.from FROM STDIN WHERE a > 1", "COPY BINARY t FROM STDIN",
        "COPY s.\"a b\" (a) FROM STDIN CSV",
    ],
    Kind.COPY_TO_STDOUT: [
        "COPY t TO STDOUT", "COPY (SELECT 1) TO STDOUT", "COPY t (a) TO STDIN CSV", "COPY stdin TO STDOUT",
    ],
    Kind.DISCARD_ALL: [
        "DISCARD ALL", "discard/**/all",
    ],
    Kind.READ_ONLY: [
        "BEGIN READ ONLY", "START TRANSACTION READ WRITE, READ ONLY",
        "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE", "SET TRANSACTION READ ONLY",
        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY", "SET LOCAL TRANSACTION READ ONLY",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "SET SESSION CHARACTERISTICS AS TRANSACTION DEFERRABLE, READ ONLY", "SET transaction_read_only = on",
        "SET LOCAL transaction_read_only TO 'yes'", "SET \"Transaction_Read_Only\" = 1",
        "SET SESSION default_transaction_read_only = TRUE", "set default_transaction_read_only to E'\\x6fn'",
    ],
    Kind.STANDARD_CONFORMING_STRINGS: [
        "SET standard_conforming_strings = off", "SET LOCAL standard_conforming_strings TO false",
        "SET SESSION \"standard_conforming_strings\" = 'of'", "SET standard_conforming_strings = 0",
    ],
    Kind.CLIENT_ENCODING: [
        "SET client_encoding = 'LATIN1'", "SET client_encoding TO sql_ascii", "SET NAMES 'LATIN1'",
        "SET LOCAL client_encoding = 'UTF16'", "SET \"CLIENT_ENCODING\" = latin1", "SET SESSION NAMES 'GBK'",
    ],
    Kind.ORDINARY: [
        # names that look like keywords
        "CREATE TABLE vacuum (cluster int)", 'SELECT * FROM "vacuum"', "SELECT begin FROM commit",
        "DROP TABLE database, tablespace", 'CREATE TABLE "concurrently" ("concurrently" int)',
        "CREATE INDEX concurrently_idx ON t(x)", "DROP INDEX concurrently_idx",
        'CREATE INDEX "CONCURRENTLY" ON t (x)', 'CREATE INDEX i ON t ("concurrently")',
        'CREATE UNIQUE INDEX i ON "concurrently".t (x)', 'REINDEX TABLE "concurrently"',
        "REINDEX TABLE s.concurrently", 'ALTER TABLE t DETACH PARTITION "concurrently"',
        "ALTER TABLE t DETACH PARTITION s.concurrently",
        'ALTER TABLE t RENAME TO "DETACH PARTITION p CONCURRENTLY"', "PREPARE transaction AS SELECT 1",
        "PREPARE transaction (int) AS SELECT '1'", "EXECUTE prepared", "CREATE TABLE stdin (\"FROM STDIN\" text)",
        "DELETE FROM stdin", "INSERT INTO t VALUES ('COMMIT')",
        # what only contains, or says, another statement
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$",
        "DO $$ BEGIN COMMIT; END $$", "CREATE PROCEDURE p() BEGIN ATOMIC COMMIT; END",
        "COMMENT ON TABLE t IS 'VACUUM'", "EXPLAIN ANALYZE SELECT 1",
        # what a transaction block holds
        "REFRESH MATERIALIZED VIEW CONCURRENTLY v", "ANALYZE", "CHECKPOINT", "LOCK TABLE t",
        "ALTER TABLE t SET TABLESPACE s", "CLUSTER t", "CLUSTER VERBOSE t", "CLUSTER t USING i",
        "CLUSTER (VERBOSE) t", 'CLUSTER "verbose"', "REINDEX TABLE t", "REINDEX INDEX i",
        "REINDEX (VERBOSE) TABLE t", "REINDEX (CONCURRENTLY false) TABLE t",
        "REINDEX (CONCURRENTLY, CONCURRENTLY off) TABLE t", "REINDEX (TABLESPACE \"concurrently\") TABLE t",
        "ALTER TABLE t DETACH PARTITION p", "ALTER TABLE t DETACH PARTITION p FINALIZE",
        "ALTER DATABASE d SET work_mem = '1MB'", "ALTER DATABASE d RENAME TO tablespace",
        "ALTER TABLESPACE s RENAME TO r",
        "CREATE SUBSCRIPTION s CONNECTION 'c' PUBLICATION p WITH (connect = false)",
        "ALTER SUBSCRIPTION refresh DISABLE",
        "CREATE SUBSCRIPTION s CONNECTION 'c' PUBLICATION p WITH (enabled, create_slot = 'off')",
        "ALTER SUBSCRIPTION s SET PUBLICATION p WITH (refresh = false)",
        "ALTER SUBSCRIPTION s SET (slot_name = NONE, two_phase)", "ALTER SUBSCRIPTION s SET (binary = false)",
        "ALTER SUBSCRIPTION s CONNECTION 'c'", "DISCARD TEMP", "DISCARD PLANS",
        # COPY with files and programs of the server
        "COPY t FROM '/file'", "COPY t TO '/stdout'", "COPY t FROM PROGRAM 'cat stdin'", "COPY stdin FROM '/f'",
        "COPY s.from TO '/f'", "COPY stdout TO '/f' WITH (NULL 'TO STDOUT')",
        "COPY t FROM '/f' WHERE a IS DISTINCT FROM stdin", 'COPY "t FROM STDIN" TO \'/f\'',
        "COPY (SELECT * FROM stdin) TO '/f'",
        # settings that are what they would be anyway, and others
        "SET LOCAL search_path = 'read only'", "SET TRANSACTION READ WRITE",
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        "SET TRANSACTION SNAPSHOT 'a READ ONLY b'", "SET transaction_read_only = off",
        "SET default_transaction_read_only TO 'fa'", "SET LOCAL transaction_read_only = DEFAULT",
        "SET my.transaction_read_only = on", "RESET ALL", "SHOW transaction_read_only",
        "SET LOCAL lock_timeout = '5s'", "SET standard_conforming_strings = on",
        "SET SESSION standard_conforming_strings TO 'ON'", "SET standard_conforming_strings = 1",
        "SET client_encoding = 'UTF8'", "SET client_encoding TO utf8", "SET LOCAL client_encoding = 'utf-8'",
        "SET NAMES 'Unicode'", "SET client_encoding TO DEFAULT", "SET NAMES DEFAULT", "SET NAMES",
        "SET TIME ZONE 'UTC'", "ALTER ROLE r SET client_encoding = 'LATIN1'",
    ],
}  # fmt: skip

META_COMMANDS = ["\\d foo", "\\set x 'it''s'", "\\restrict abc", "SELECT 1 \\gx", "COPY t FROM STDIN \\.", "SET (a \\g"]


def one(script: str) -> Statement:
    (statement,) = split(script.encode())
    return statement


@pytest.mark.parametrize(("kind", "script"), [(kind, script) for kind, scripts in KINDS.items() for script in scripts])
def test_a_statement_is_of_its_kind(kind: Kind, script: str) -> None:
    assert kind_of(one(script)) is kind
    assert len(pglast.parse_sql(script)) == 1, "a row that is not SQL says nothing"


@pytest.mark.parametrize("script", META_COMMANDS)
def test_a_backslash_outside_of_quotes_makes_a_meta_command(script: str) -> None:
    assert kind_of(one(script)) is Kind.META_COMMAND


@pytest.mark.parametrize(
    "script", [r"SELECT '\d'", r'SELECT "\"', r"SELECT $$\d$$", r"SELECT E'\\', '\'", "SELECT 1 -- \\d"]
)
def test_a_backslash_inside_quotes_or_comments_makes_no_meta_command(script: str) -> None:
    assert kind_of(one(script)) is Kind.ORDINARY


def test_every_kind_has_a_statement_of_its_own() -> None:
    assert {*KINDS, Kind.META_COMMAND} == set(Kind)


def test_refused_kinds_and_transaction_control_have_nothing_in_common() -> None:
    assert not REFUSED & TRANSACTION_CONTROL
    assert not (REFUSED | TRANSACTION_CONTROL) & {Kind.ORDINARY, Kind.SAVEPOINT, Kind.NON_TRANSACTIONAL}


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("CREATE ROLE r PASSWORD 'p'", True),
        ("ALTER ROLE r PASSWORD 'p'", True),
        ("create user u password 'p'", True),
        ("ALTER USER u WITH PASSWORD 'p'", True),
        ("CREATE GROUP g PASSWORD 'p'", True),
        ("ALTER GROUP g ADD USER u", True),
        ("CREATE USER MAPPING FOR u SERVER s OPTIONS (password 'p')", True),
        ("ALTER USER MAPPING FOR u SERVER s OPTIONS (SET password 'p')", True),
        ("CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (password 'p')", True),
        ("ALTER SERVER s OPTIONS (SET password 'p')", True),
        ("CREATE SUBSCRIPTION s CONNECTION 'password=p' PUBLICATION p", True),
        ("ALTER SUBSCRIPTION s CONNECTION 'password=p'", True),
        ("DROP ROLE r", False),
        ("SET ROLE 'r'", False),
        ('CREATE TABLE "ROLE " (a text)', False),
        ('CREATE TABLE role (password text DEFAULT \'p\')', False),
        ("INSERT INTO users VALUES ('CREATE ROLE r')", False),
        ("COMMENT ON ROLE r IS 'c'", False),
    ],
)  # fmt: skip
def test_the_literals_of_roles_servers_and_subscriptions_are_masked(script: str, expected: bool) -> None:
    assert pglast.parse_sql(script)
    assert masks_literals(one(script)) is expected
