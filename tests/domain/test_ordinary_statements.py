"""Ordinary statements are passed over sooner, and nothing about a script is other than when each is read."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lambda_fn.domain.chunks import CHUNK_BYTES, CHUNKED_ABOVE_BYTES
from lambda_fn.domain.execution import Execution, plan_execution
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.ordinary_statements import ordinary_end
from lambda_fn.domain.statement_kinds import Kind, kind_of
from lambda_fn.domain.statement_traits import adds_enum_value, calls_routine, may_refuse_transaction
from lambda_fn.domain.statements import Statement, UnreadableScript, split
from lambda_fn.errors import SettingsInvalid

NAME = "20240101000000_a"

PASSED_OVER = [
    "INSERT INTO t (a, b) VALUES (1, 'x;y'), (2, 'it''s')",
    "insert into t select * from u where c = 'x'",
    '-- c ;\n/* d ; */ ;; UPDATE t SET a = "b;" - 1 / 2 -- ;\n',
    "DELETE FROM t WHERE a = E'\\';' AND b = e'\\\\'",
    "SELECT E'a'\n -- c\n 'b\\';', U&'d;', N'e;', x'1f' /* ; */",
    'CREATE TABLE "t" ("id" SERIAL NOT NULL, b int CHECK (((b)) > (0)::int))',
    'CREATE UNIQUE INDEX "t_a" ON "t"("a")',
    "CREATE INDEX\n\tt_a ON t (a)",
    "DROP INDEX IF EXISTS t_a",
    "ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id)",
    "CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $_$ BEGIN ATOMIC; '; $_$",
    "CREATE FUNCTION f() RETURNS int AS $$a;$$ LANGUAGE sql COST 1",
    "COMMENT ON TABLE t IS 'a;b'",
    "GRANT SELECT ON t TO r",
    "SELECT 'begin', $$a;$$, $b$c;$$;$b$",
]


@pytest.mark.parametrize("statement", PASSED_OVER)
def test_what_large_scripts_consist_of_is_passed_over(statement: str) -> None:
    script = f"{statement};".encode()
    assert ordinary_end(script + b"SELECT 2;", 0) == len(script)


# Each is of a kind of its own, or what it is cannot be told from the words that are looked at.
READ = [
    *("BEGIN;", "COMMIT;", "SET a.b = 1;", "VACUUM;", "CALL p();", "DO $$a$$;", "REINDEX TABLE t;"),
    *("CREATE INDEX CONCURRENTLY i ON t (a);", "create unique index\nconcurrently i ON t (a);"),
    *("CREATE INDEX /* c */ CONCURRENTLY i ON t (a);", "CREATE INDEX -- c\nCONCURRENTLY i ON t (a);"),
    *("DROP INDEX CONCURRENTLY i;", "CREATE DATABASE d;", "DROP SUBSCRIPTION s;", "ALTER SYSTEM RESET ALL;"),
    *("ALTER TABLE t DETACH PARTITION p CONCURRENTLY;", "alter table t detach partition p concurrently;"),
    "ALTER TYPE e ADD VALUE 'a';",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END;",
    "CREATE PROCEDURE p() LANGUAGE sql AS $$;$$ BEGIN ATOMIC; END;",
    *("SELECT DATE'\\';", "SELECT 1e'\\';", "SELECT a$b$;$b$;", "SELECT 1$$;$$;", "SELECT $1$$;$$;"),
    *("SELECT $$a$$$b$;$b$;", "COPY t FROM STDIN;"),
    *("SELECT 1", "SELECT 'a;", "SELECT (1;", "SELECT 1);", "SELECT \\g ;", "SELECT $$;", "/* /* ; */ ; */ SELECT 1;"),
    *("INSERTS INTO t VALUES (1);", "CREATE TABLES t;", "\ufeffSELECT 1;", ""),
]  # fmt: skip


@pytest.mark.parametrize("script", READ)
def test_any_other_statement_is_read(script: str) -> None:
    assert ordinary_end(script.encode(), 0) == 0


WORDS = st.sampled_from(
    ["INSERT", "UPDATE", "SELECT", "WITH", "CREATE", "ALTER", "DROP", "TABLE", "VIEW", "TYPE", "OR", "REPLACE",
     "FUNCTION", "PROCEDURE", "UNIQUE", "INDEX", "CONCURRENTLY", "BEGIN", "ATOMIC", "END", "DETACH", "PARTITION", "ADD",
     "VALUE", "SET", "DO", "CALL", "VACUUM", "COMMIT", "detached", "concurrently_i", "e", "E", "u", "U&", "x", "date",
     "t", ".", ",", "a$b", "$1", "1", "é", "*", "-", "/", ";", ";", ";", ";"]
).map(lambda word: f"{word} ")  # fmt: skip
PIECES = st.sampled_from(
    ["'", "''", "'a;'", '"', '"b;"', "$$", "$a$", "$é$", "$$a;$$", "$x$ ' ; $$ $x$", "/*", "*/", "/* ; */", "--", "\n",
     "-- c ;'\n", "\r", ";", "(", ")", "(a, (b), ';')", "((((a))))", "(((((a;)))))", "E'a\\';'", "e'\\'",
     "E'a'\n'b\\';'", "E'a' -- c\n '\\';'", "DATE'\\'", "x'1f'", "U&'a;'", 'U&"a;"', "\\", "\\x\n", "\v", "1$$",
     "a$$", "$1$$", "$$a$$$b$", ")e'\\';'", '"e"\'x\\\'', "1e'", "\ufeff"]
)  # fmt: skip
WHOLE = st.sampled_from([*PASSED_OVER, *READ]).map(lambda statement: f"{statement};\n")
SCRIPTS = st.lists(st.one_of(WORDS, WORDS, PIECES, WHOLE), max_size=12).map("".join)


def planned(migration: Migration, *, reading_each: bool) -> Execution | tuple[str, object]:
    """How a script is to be run, or why it cannot be."""
    try:
        return plan_execution(migration, splitter=split if reading_each else None)
    except SettingsInvalid as error:
        return error.text, error.where


@given(SCRIPTS)
@example("SELECT 1; \\x")
@settings(max_examples=600, deadline=None)
def test_a_script_is_run_or_refused_as_if_each_of_its_statements_was_read(script: str) -> None:
    migration = Migration(NAME, script.encode())
    assert planned(migration, reading_each=False) == planned(migration, reading_each=True)


@given(SCRIPTS.map(str.encode) | st.binary())
@settings(max_examples=600, deadline=None)
def test_what_is_passed_over_is_one_ordinary_statement(script: bytes) -> None:
    position = 0
    for statement in readable(script):
        end = ordinary_end(script, position)
        assert end in (0, statement.stop)
        assert end == 0 or is_ordinary(statement)
        position = statement.stop
    assert ordinary_end(script, position) == 0


def is_ordinary(statement: Statement) -> bool:
    """Whether nothing has anything to say about it in a file that runs atomically."""
    traits = (adds_enum_value, calls_routine, may_refuse_transaction)
    return kind_of(statement) is Kind.ORDINARY and not any(has_trait(statement) for has_trait in traits)


def readable(script: bytes) -> Iterator[Statement]:
    with suppress(UnreadableScript):
        yield from split(script)


def test_a_large_script_has_the_same_chunks_and_landmarks() -> None:
    ordinary = b"INSERT INTO t VALUES (1, '%b');\n" % (b"x" * 968) * 1048
    migration = Migration(NAME, ordinary + b"BEGIN;" + ordinary + b"COMMIT; SET a.b = 1;" + ordinary + b"SELECT 1")

    execution = planned(migration, reading_each=False)

    assert execution == planned(migration, reading_each=True)
    assert isinstance(execution, Execution)
    assert len(execution.landmarks) == 3 * CHUNKED_ABOVE_BYTES // CHUNK_BYTES - 1


@pytest.mark.parametrize(
    "script",
    ["SELECT " + "(" * 100_000, "SELECT ((a " * 30_000, "SELECT E''\n" * 20_000, "/*" * 100_000, "-- \n" * 100_000,
     "SELECT $a$ (" * 100_000, "SELECT '' (" * 100_000, "SELECT $$a$$ " * 20_000, "a " * 100_000 + "'", ";" * 100_000,
     "CREATE FUNCTION f() BEGIN ATOMIC " * 20_000, "SELECT \\ (\n" * 20_000, "SELECT " + "$" * 200_001,
     "SELECT (/**/" * 30_000, "SELECT " + "$$a$$ " * 30_000 + "$b$", "SELECT DATE'' ;" * 20_000],
    ids=lambda script: script[:14],
)  # fmt: skip
@pytest.mark.timeout(5)
def test_a_hostile_script_takes_no_more_than_linear_time(script: str) -> None:
    assert planned(Migration(NAME, script.encode()), reading_each=False)
