"""The splitting of scripts compared with what PostgreSQL's own parser, libpg_query, makes of them."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pglast
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pglast.parser import scan

from lambda_fn.domain.statements import Statement, UnreadableScript, split

MIGRATIONS = sorted((Path(__file__).resolve().parents[2] / "migrations").glob("*/migration.sql"))


def boundaries(script: str) -> list[tuple[int, int]]:
    return [(statement.start, statement.end) for statement in split(script.encode())]


def postgres_boundaries(script: str) -> list[tuple[int, int]]:
    """Where PostgreSQL's parser lets statements begin and its scanner their last tokens end, in bytes."""
    spans = [(raw.stmt_location or 0, raw.stmt_len or 0) for raw in pglast.parse_sql(script)]
    ends = [token.end + 1 for token in scan(script) if token.name not in {"C_COMMENT", "SQL_COMMENT"}]
    boundaries = []
    for start, length in spans:
        end = max(end for end in ends if not length or end <= start + length)
        boundaries.append((len(script[:start].encode()), len(script[:end].encode())))
    return boundaries


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.parent.name)
def test_the_migrations_of_this_repository_are_split_as_postgresql_splits_them(path: Path) -> None:
    script = path.read_bytes().decode()
    assert boundaries(script) == postgres_boundaries(script) != []


def test_the_repository_has_migrations() -> None:
    assert MIGRATIONS


# Scripts that are made to be accepted: literals, identifiers and comments of every kind, joined at random.
TEXT = st.text(st.sampled_from("ab1;:'\"\\$()-+é😀\n\r\t \v"), max_size=8)
TAGS = st.sampled_from(["", "a", "A", "a1", "_", "é", "😀b", "begin"])
IDENTIFIERS = st.one_of(
    st.text(st.sampled_from("aZ_19$é😀\xa0"), max_size=5).map(lambda tail: "é" + tail),
    TEXT.map(lambda text: '"x' + text.replace('"', '""') + '"'),
    st.sampled_from(["atomic", "begin", "e", "u", "x", "n.e", "t.end", "t.case", 'U&"x;"']),
)
CONTINUATIONS = st.sampled_from(["\n", " \r", " -- c'\n", "\t--\n\n -- d;\n ", "\v\n\f"])


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def dollar_quoted(tag: str, text: str) -> str:
    assume(f"${tag}$" not in f"{text}$"[: len(text) + 1] and not text.endswith("$"))
    return f"${tag}${text}${tag}$"


LITERALS = st.one_of(
    TEXT.map(lambda text: "'" + text.replace("'", "''") + "'"),
    TEXT.map(lambda text: "N'" + text.replace("'", "''") + "'"),
    TEXT.map(lambda text: "U&'" + text.replace("'", "''").replace("\\", "\\\\") + "'"),
    TEXT.map(lambda text: "E'" + escaped(text) + "'"),
    st.builds(lambda a, way, b: f"e'{escaped(a)}'{way}'{escaped(b)}'", TEXT, CONTINUATIONS, TEXT),
    st.builds(dollar_quoted, TAGS, TEXT),
    st.sampled_from(["1", "1.5e3", "$1", "B'01'", "x'1f'", "'\\'", "''", "E'\\\\'", "1_000", "0x1F", ".5"]),
)
COMMENTS = st.one_of(
    st.recursive(TEXT, lambda part: st.lists(part, max_size=3).map(lambda parts: f"/*{';'.join(parts)}*/"))
    .map(lambda text: f"/*{text}*/"),
    TEXT.map(lambda text: "--" + text.replace("\r", "").replace("\n", "") + "\n"),
    st.sampled_from([" ", "\n", "\r\n", " /**/ ", "/***/", "/*/**/*/", "--\r", "\v"]),
)  # fmt: skip
EXPRESSIONS = st.recursive(
    LITERALS | IDENTIFIERS,
    lambda part: st.one_of(
        st.builds("CASE WHEN {} THEN {} END".format, part, part),
        st.builds("({}{}+{}{})".format, part, COMMENTS, COMMENTS, part),
        st.builds("f({}, {})".format, part, part),
        st.builds("({} <@/**/{})".format, part, part),
    ),
    max_leaves=5,
)
QUERIES = st.builds("SELECT {}{}{}AS end, {}".format, COMMENTS, EXPRESSIONS, COMMENTS, EXPRESSIONS)
ROUTINES = st.recursive(
    QUERIES | st.just("COMMIT") | st.just("SELECT 1 end"),
    lambda part: st.builds(
        "CREATE {} {}() BEGIN{}ATOMIC {} END".format,
        st.sampled_from(["FUNCTION", "OR REPLACE PROCEDURE"]),
        IDENTIFIERS.filter(lambda name: name not in {"e", "x", "u"}),
        COMMENTS,
        st.lists(st.builds("{}{};".format, part, COMMENTS), max_size=3).map("".join),
    ),
    max_leaves=4,
)
RULES = st.builds("CREATE RULE r AS ON INSERT TO t DO ALSO ({};{};{})".format, QUERIES, COMMENTS, QUERIES)
SCRIPTS = st.lists(
    st.builds("{}{}{};".format, COMMENTS, QUERIES | ROUTINES | RULES | COMMENTS, COMMENTS), max_size=3
).map("".join)


@given(SCRIPTS, st.sampled_from(["", "SELECT 1", "-- c", " COPY t FROM STDIN /* ; */ "]))
@settings(max_examples=400, deadline=None)
def test_scripts_are_split_as_postgresql_splits_them(script: str, rest: str) -> None:
    assert boundaries(script + rest) == postgres_boundaries(script + rest)


# Scripts that nobody would write: most are refused by the parser too, which is the other half of the claim.
FRAGMENTS = [
    "'", "''", "'a'", '"', '"b"', "$$", "$a$", "$é$", "$", "a$b$c", "$1", "/*", "*/", "/", "*", "--", "-", "+", "\n",
    "\r", "\v", " ", ";", "; ", "(", ")", "E'", "e'a'", "U&'", 'U&"', "B'", "N'", "\\", "\\'", "1", ".", ",", "é", "😀",
    "a", "as", "end", "case", "end;", "begin atomic", "SELECT 1", "SELECT ", "values ('", "select 1;", " from t",
    "CREATE FUNCTION f() RETURNS int ", "CREATE FUNCTION f() BEGIN ATOMIC ", "SELECT CASE WHEN a THEN ",
    "CREATE RULE r AS ON INSERT TO t DO ALSO (",
]  # fmt: skip


# Whole ones among them keep the parser's approval within reach.
WHOLE = [
    "SELECT 1;", "SELECT 'a;b', E'\\';', $a$;$a$", "SELECT /*;/*;*/;*/ 1;", " -- ';\n", ";\r", ", 2",
    "SELECT E'a'\n'b\\';';",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN b END end; END;", ' AS "x;"', " FROM é$a$;",
    "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2);", "SELECT begin atomic, t.end FROM t;", "/*;*/",
]  # fmt: skip


@given(st.lists(st.one_of(*[st.sampled_from(WHOLE)] * 3, st.sampled_from(FRAGMENTS)), max_size=7).map("".join))
@settings(max_examples=2000, deadline=None)
@example("SELECT 1 end;")
def test_no_script_is_split_otherwise_than_postgresql_does(script: str) -> None:
    try:
        expected = postgres_boundaries(script)
    except pglast.Error:
        return
    assert boundaries(script) == expected


@given(st.lists(st.sampled_from([f.encode() for f in FRAGMENTS]) | st.binary(max_size=3), max_size=14).map(b"".join))
@settings(max_examples=500, deadline=None)
def test_any_bytes_are_split_into_statements_that_are_read_again_alike(script: bytes) -> None:
    """Whatever the bytes, nothing but UnreadableScript is raised, and nothing but blanks is left out."""
    assume(b"\xef\xbb\xbf" not in script)
    done = 0
    for statement in readable(script):
        assert done <= statement.start < statement.end <= statement.stop
        assert list(readable(script[done : statement.start])) == []
        (again,) = readable(script[statement.start : statement.stop])
        assert (again.start, again.tokens) == (0, statement.tokens)
        done = statement.stop


def readable(script: bytes) -> Iterator[Statement]:
    with suppress(UnreadableScript):
        yield from split(script)
