"""Every statement that cannot run inside a transaction block, and how one finds out about it after a crash."""

from itertools import chain, product
from typing import Any

import pglast
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fn.domain.recheck import (
    NO_NAME,
    Catalog,
    IndexCreated,
    IndexDropped,
    ObjectCreated,
    ObjectDropped,
    PartitionDetached,
    Recheck,
    Reindexed,
    ReindexTarget,
    Repeatable,
    Unknowable,
    is_concurrent,
    recheck_of,
)
from lambda_fn.domain.statement_kinds import Kind, kind_of
from lambda_fn.domain.statements import Statement, split
from tests.domain.test_statement_kinds import KINDS

TABLE, INDEX, SCHEMA, DATABASE = ReindexTarget.TABLE, ReindexTarget.INDEX, ReindexTarget.SCHEMA, ReindexTarget.DATABASE

RECHECKS: dict[str, Recheck] = {
    "CREATE INDEX CONCURRENTLY i ON t (a)": IndexCreated("i", "t"),
    "create unique index concurrently if not exists I on T using btree (a)": IndexCreated("I", "T", True),
    'CREATE INDEX CONCURRENTLY "My Index" ON "S x"."T.y" (a)': IndexCreated('"My Index"', '"S x"."T.y"'),
    'CREATE INDEX CONCURRENTLY "a""b" ON s . "t"(a)': IndexCreated('"a""b"', 's."t"'),
    "CREATE INDEX CONCURRENTLY größe ON täble (a)": IndexCreated("größe", "täble"),
    "CREATE INDEX CONCURRENTLY i ON ONLY t (a)": IndexCreated("i", "t"),
    "CREATE INDEX CONCURRENTLY i ON ONLY (/* c */ s.t) (a)": IndexCreated("i", "s.t"),
    "CREATE INDEX CONCURRENTLY i ON t * (a)": IndexCreated("i", "t"),
    'CREATE INDEX CONCURRENTLY "ON" ON "ONLY" (a)': IndexCreated('"ON"', '"ONLY"'),
    "CREATE INDEX CONCURRENTLY if ON t (a)": IndexCreated("if", "t"),
    "CREATE INDEX CONCURRENTLY u ON e (a)": IndexCreated("u", "e"),
    "CREATE/**/INDEX -- on x\n CONCURRENTLY /* IF NOT EXISTS /* */ */ i\nON/**/s/**/./**/t(a)": IndexCreated(
        "i", "s.t"
    ),
    f"CREATE INDEX CONCURRENTLY {'n' * 300} ON {'t' * 300} (a)": IndexCreated("n" * 300, "t" * 300),
    "DROP INDEX CONCURRENTLY i": IndexDropped("i"),
    'DROP INDEX CONCURRENTLY IF EXISTS s /* c */ . "I x" RESTRICT': IndexDropped('s."I x"'),
    "DROP INDEX CONCURRENTLY if.exists": IndexDropped("if.exists"),
    "REINDEX INDEX CONCURRENTLY s.i": Reindexed(INDEX, "s.i"),
    'REINDEX TABLE CONCURRENTLY "T"': Reindexed(TABLE, '"T"'),
    "REINDEX SCHEMA CONCURRENTLY s": Reindexed(SCHEMA, "s"),
    "REINDEX DATABASE CONCURRENTLY d": Reindexed(DATABASE, "d"),
    "REINDEX DATABASE CONCURRENTLY": Reindexed(DATABASE, None),
    "REINDEX (VERBOSE) TABLE CONCURRENTLY t": Reindexed(TABLE, "t"),
    "REINDEX (CONCURRENTLY, VERBOSE) TABLE t": Reindexed(TABLE, "t"),
    "REINDEX (verbose, concurrently true, TABLESPACE s) INDEX i": Reindexed(INDEX, "i"),
    'REINDEX ("concurrently") SCHEMA "S"': Reindexed(SCHEMA, '"S"'),
    "REINDEX (CONCURRENTLY) SYSTEM": Repeatable(),
    "REINDEX SCHEMA s": Repeatable(),
    "REINDEX (VERBOSE) DATABASE": Repeatable(),
    "REINDEX TABLE partitioned": Repeatable(),
    "ALTER TABLE t DETACH PARTITION p CONCURRENTLY": PartitionDetached("t", "p"),
    'ALTER TABLE IF EXISTS ONLY s.t DETACH PARTITION s."p q" CONCURRENTLY': PartitionDetached("s.t", 's."p q"'),
    "ALTER TABLE t * DETACH PARTITION p CONCURRENTLY": PartitionDetached("t", "p"),
    "CREATE DATABASE d WITH OWNER o": ObjectCreated(Catalog.DATABASE, "d"),
    "CREATE TABLESPACE s LOCATION '/d'": ObjectCreated(Catalog.TABLESPACE, "s"),
    "CREATE SUBSCRIPTION \"S\" CONNECTION 'c' PUBLICATION p": ObjectCreated(Catalog.SUBSCRIPTION, '"S"'),
    "DROP DATABASE IF EXISTS d (FORCE)": ObjectDropped(Catalog.DATABASE, "d"),
    "DROP TABLESPACE s": ObjectDropped(Catalog.TABLESPACE, "s"),
    "DROP SUBSCRIPTION IF EXISTS s": ObjectDropped(Catalog.SUBSCRIPTION, "s"),
    "VACUUM (FULL) t": Repeatable(),
    "CLUSTER": Repeatable(),
    "ALTER SYSTEM SET work_mem = '1MB'": Repeatable(),
    'ALTER DATABASE "d d" SET TABLESPACE s': Repeatable(),
    "ALTER SUBSCRIPTION s REFRESH PUBLICATION": Repeatable(),
    "ALTER SUBSCRIPTION s SET (failover = false)": Repeatable(),
}

UNKNOWABLE = {
    "CREATE INDEX CONCURRENTLY ON t (a)": "give it one",
    "CREATE INDEX CONCURRENTLY ON ONLY t (a)": "give it one",
    'CREATE INDEX CONCURRENTLY u&"i" ON t (a)': "Unicode escapes",
    'CREATE INDEX CONCURRENTLY i ON s.U&"t" (a)': "Unicode escapes",
    "CREATE INDEX CONCURRENTLY i ON d.s.t (a)": "more than two parts",
    "DROP INDEX CONCURRENTLY d.s.i": "more than two parts",
    "ALTER SUBSCRIPTION s ADD PUBLICATION p": "publication",
    "ALTER SUBSCRIPTION s DROP PUBLICATION p": "publication",
    "ALTER SUBSCRIPTION s RENAME TO t": "nothing is known",
    "ALTER DATABASE d RENAME TO e": "nothing is known",
    "ALTER TABLE t DETACH PARTITION p": "nothing is known",
    "ALTER TABLE t DETACH PARTITION p FINALIZE": "nothing is known",
    "CREATE INDEX i ON t (a)": "nothing is known",
    "DROP INDEX i": "nothing is known",
    "CREATE TABLE t ()": "nothing is known",
    "CALL p()": "nothing is known",
    "DO $$BEGIN END$$": "nothing is known",
    "SELECT 1": "nothing is known",
}


def the(script: str) -> Statement:
    [statement] = split(script.encode())
    return statement


def recheck(script: str) -> Recheck:
    return recheck_of(script.encode(), the(script))


@pytest.mark.parametrize("script", RECHECKS)
def test_the_names_of_a_statement_are_read_as_they_are_written(script: str) -> None:
    assert recheck(script) == RECHECKS[script]


@pytest.mark.parametrize("script", [*RECHECKS, *UNKNOWABLE])
def test_every_statement_here_is_one_that_postgresql_accepts(script: str) -> None:
    assert pglast.parse_sql(script)


@pytest.mark.parametrize("script", UNKNOWABLE)
def test_what_cannot_be_found_out_is_said_to_be_so_with_a_reason(script: str) -> None:
    found = recheck(script)
    assert isinstance(found, Unknowable)
    assert UNKNOWABLE[script] in found.reason


def test_an_index_without_a_name_is_told_what_it_needs() -> None:
    assert recheck("CREATE INDEX CONCURRENTLY ON t (a)") == Unknowable(NO_NAME, concurrent=True)


@pytest.mark.parametrize("script", KINDS[Kind.NON_TRANSACTIONAL])
def test_for_every_statement_that_cannot_share_a_transaction_there_is_a_way(script: str) -> None:
    """Or a reason why there is none, which is another than that nobody has thought of it."""
    found = recheck(script)
    assert not isinstance(found, Unknowable) or "nothing is known" not in found.reason


@pytest.mark.parametrize("script", [*RECHECKS, *UNKNOWABLE])
def test_concurrent_is_what_waits_for_other_transactions(script: str) -> None:
    """VACUUM and the like do not: REINDEX … SYSTEM is refused by the server, and repeated."""
    says_so = "CONCURRENTLY" in script.upper() and not isinstance(RECHECKS.get(script), Repeatable)
    assert is_concurrent(recheck(script)) == says_so


def test_a_statement_is_read_where_it_stands_in_its_script() -> None:
    script = "\ufeffSELECT 'ä; CREATE'; -- one\n DROP INDEX CONCURRENTLY a; DROP INDEX CONCURRENTLY b.c".encode()
    assert [recheck_of(script, statement) for statement in split(script)][1:] == [
        IndexDropped("a"),
        IndexDropped("b.c"),
    ]


def test_a_statement_that_goes_on_for_long_is_read_at_its_beginning_only() -> None:
    script = (
        f"CREATE INDEX CONCURRENTLY i ON t (a) WHERE a IN ({','.join('x' * 9 for _ in range(99999))}) AND" + " a" * 9999
    )
    assert recheck(script + " IS NULL") == IndexCreated("i", "t")


BLANKS = st.lists(st.sampled_from([" ", "\n", "\t", "/* ON x */", "--c\n", "/*/*.*/*/"]), min_size=1, max_size=3).map(
    "".join
)
NAMES = st.one_of(
    st.sampled_from(["a", "A_1", "größe", "if", "e", "u", "x", "n$1", "_", "concurrent", "é😀"]),
    st.text(st.sampled_from("aA .ö\";'-$*/()"), min_size=1, max_size=6).map(
        lambda name: '"' + name.replace('"', '""') + '"'
    ),
)
QUALIFIED = st.lists(NAMES, min_size=1, max_size=2)


def written(parts: list[str], blank: str) -> str:
    return f"{blank}.{blank}".join(parts)


HEADS = st.builds(
    lambda unique, if_not_exists: [*unique, "INDEX", "Concurrently", *if_not_exists],
    st.sampled_from([[], ["Unique"]]),
    st.sampled_from([[], ["if", "NOT", "exists"]]),
)


@given(HEADS, NAMES, QUALIFIED, BLANKS, st.sampled_from([[], ["ONLY"]]))
def test_the_index_and_the_table_are_those_that_postgresqls_parser_finds(
    head: list[str], index: str, table: list[str], blank: str, only: list[str]
) -> None:
    script = blank.join(["create", *head, index, "ON", *only, written(table, blank), "(a)"])
    parsed: Any = pglast.parse_sql(script)[0].stmt

    found = recheck(script)

    assert found == IndexCreated(index, ".".join(table), "if" in head)
    assert parts_of(index) == [parsed.idxname]
    assert parts_of(".".join(table)) == [part for part in (parsed.relation.schemaname, parsed.relation.relname) if part]


@given(QUALIFIED, QUALIFIED, BLANKS)
def test_the_partition_and_its_parent_are_those_that_postgresqls_parser_finds(
    parent: list[str], partition: list[str], blank: str
) -> None:
    words = ["ALTER", "TABLE", written(parent, blank), "DETACH", "PARTITION", written(partition, blank), "CONCURRENTLY"]
    script = blank.join(words)
    assert pglast.parse_sql(script)
    assert recheck(script) == PartitionDetached(".".join(parent), ".".join(partition))


def parts_of(name: str) -> list[str]:
    """The parts of a name as PostgreSQL's parser reads them."""
    parsed: Any = pglast.parse_sql(f"SELECT * FROM {name}")[0].stmt
    [relation] = parsed.fromClause
    return [part for part in (relation.schemaname, relation.relname) if part]


def test_every_spelling_of_reindex_concurrently_is_one() -> None:
    inside = [
        f"REINDEX ({options}) {target} n"
        for options, target in product(["CONCURRENTLY", "VERBOSE, CONCURRENTLY"], ReindexTarget)
    ]
    behind = [
        f"REINDEX {options}{target} CONCURRENTLY n" for options, target in product(["", "(VERBOSE) "], ReindexTarget)
    ]
    for script in chain(inside, behind):
        assert pglast.parse_sql(script)
        assert kind_of(the(script)) is Kind.NON_TRANSACTIONAL
        assert isinstance(recheck(script), Reindexed)
