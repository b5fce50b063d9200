"""The splitting of scripts, trap by trap, and the positions in them."""

import tracemalloc
from collections.abc import Iterator
from contextlib import suppress

import pglast
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_fn.domain.statements import (
    MAX_TOKENS,
    Position,
    Statement,
    UnreadableScript,
    offset_of_character,
    position_of,
    split,
)

# What each trap consists of: PostgreSQL accepts all of these as one statement.
ONE_STATEMENT = {
    "a semicolon inside a string": "SELECT 'a;b'",
    "a doubled quote": "SELECT 'it''s;'",
    "a backslash in a plain string": r"SELECT '\', 1",
    "an escaped quote": r"SELECT E'it\'s;'",
    "an escaped backslash before the closing quote": r"SELECT E'\\', ';'",
    "an escaping string in lower case": r"SELECT e'\';'",
    "an escaping string that goes on in the next line": "SELECT E'a'\n'b\\';'",
    "an escaping string that goes on behind a comment": "SELECT E'a' -- c\n -- d\n\t'b\\';'",
    "an escaping string that goes on behind a carriage return": "SELECT E'a'\r'b\\';'",
    "an identifier that ends with e before a string": r"SELECT DATE'\', 1",
    "a unicode string": r"SELECT U&'\0041;''' UESCAPE '!'",
    "a unicode identifier": r'SELECT U&"a;""b"',
    "a bit string": "SELECT B'01', X'1F', N'a;'",
    "a quoted identifier": 'SELECT ";""--/*$$"',
    "a dollar-quoted string": "SELECT $$;'\"--/*$$",
    "a tagged dollar-quoted string": "SELECT $a$;$$;$b$;$A$;$a$",
    "a tag with letters beyond ASCII": "SELECT $é1_$;$é$;$é1_$",
    "a dollar quote that ends in another one's delimiter": "SELECT $a$;$b$a$",
    "an identifier that holds dollars": "SELECT a$b$c, é$$, d$b$",
    "a parameter before a dollar": "SELECT $1, $2",
    "a nested comment": "SELECT /* ; /* ; */ ; /*/ ; */ ; */ 1",
    "a comment of stars": "SELECT /***;***/ 1",
    "a line comment": "SELECT 1 -- ; ' /*\n + 1",
    "a line comment ended by a carriage return": "SELECT 1 -- ;'\r + 1",
    "a comment behind an operator": "SELECT 1 +/* ; */ 1 *-- ;\n 2 <@/**/ 3",
    "an operator before a comment that looks closed": "SELECT 1 */* ; */ 2",
    "a rule with several commands": "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT (2); SELECT 3)",
    "an SQL body": "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END",
    "a procedure that is replaced": "CREATE OR REPLACE PROCEDURE p() BEGIN/**/ATOMIC ;; END",
    "a CASE in an SQL body": "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN CASE b"
    " WHEN c THEN d END END; SELECT (CASE WHEN a THEN b END); END",
    "columns called end and case in an SQL body": "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC"
    ' SELECT t.end, t.case, 1 AS end, 2 AS case, 3 end, "end" FROM t; SELECT 1 end; SELECT 1 case; END',
    "an SQL body within an SQL body": "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC"
    " CREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT 1; END; SELECT begin atomic; COMMIT; END",
    "an SQL body behind many options": "CREATE FUNCTION f() RETURNS int " + "COST 1 " * 80 + "BEGIN ATOMIC ; END",
    "a RETURN that holds a CASE": "CREATE FUNCTION f() RETURNS int RETURN CASE WHEN a THEN b END",
    "columns called begin and atomic": "SELECT begin atomic FROM begin, atomic WHERE begin.atomic",
    "a function called begin": "CREATE FUNCTION begin.atomic() RETURNS begin LANGUAGE sql AS ';'",
    "a statement of many tokens": "SELECT " + "1," * 200 + "';', \";\", $$;$$, (2), E'\\';', ((((4)))) /*;*/ /4",
    "deep parentheses": "SELECT " + "(" * 500 + "';', /*;)*/ $$;)$$" + ")" * 500,
}


def texts(script: str) -> list[str]:
    data = script.encode()
    return [data[statement.start : statement.end].decode() for statement in split(data)]


def readable(script: bytes) -> Iterator[Statement]:
    with suppress(UnreadableScript):
        yield from split(script)


def tokens(script: str) -> tuple[str, ...]:
    (statement,) = split(script.encode())
    return statement.tokens


@pytest.mark.parametrize("script", ONE_STATEMENT.values(), ids=ONE_STATEMENT)
def test_is_read_as_part_of_the_statement_and_ends_with_it(script: str) -> None:
    assert texts(f"{script};SELECT 2") == [script, "SELECT 2"]
    assert len(pglast.parse_sql(f"{script};SELECT 2")) == 2, "PostgreSQL says so, too"


@pytest.mark.parametrize("script", ["", " \n", ";;", "-- only this", "/* ; */ ; -- ;\n;", "\ufeff", "\ufeff;"])
def test_what_holds_no_statement_yields_nothing(script: str) -> None:
    assert texts(script) == []


def test_offsets_are_bytes_and_leave_out_what_is_around_the_statement() -> None:
    script = "\ufeff-- é\n /* 😀 */ SELECT 'é' -- c\n ;;  SELECT 2 /* d */ ".encode()
    first, second = split(script)
    assert first == Statement(script.index(b"SELECT"), script.index(b" -- c"), 40, ("SELECT", "'é'"))
    assert script[:40].endswith(b" -- c\n ;")
    assert second == Statement(script.index(b"SELECT 2"), script.index(b" /* d"), len(script), ("SELECT", "2"))


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("alter table Only_This.é*", ("ALTER", "TABLE", "ONLY_THIS", ".", "é", "*")),
        ('select "x y", "a""b", U&"c"', ("SELECT", '"x y"', ",", '"a""b"', ",", '"c"')),
        ("x = 'it''s'", ("X", "=", "'it's'")),
        (r"E'a\'b\\' B'1' U&'c' n'd'", (r"'a'b\'", "'1'", "'c'", "'d'")),
        ("$$a$$ $t$b$t$", ("'a'", "'b'")),
        ("f(a, (b), 'c;') + (1) (/* */)", ("F", "()", "+", "()", "()")),
        ("a 12 1.5 $1", ("A", "12", "1.5", "$1")),
        ("CREATE FUNCTION BEGIN ATOMIC COMMIT; END x", ("CREATE", "FUNCTION", "BEGIN", "ATOMIC", "END", "X")),
    ],
)
def test_tokens_are_what_a_statement_is_classified_by(script: str, expected: tuple[str, ...]) -> None:
    assert tokens(script) == expected


def test_a_statement_keeps_no_more_than_its_first_tokens_and_no_more_than_the_beginning_of_a_long_one() -> None:
    kept = tokens("SELECT '" + "a" * 10_000 + "', " + "b, " * 1000 + "c")
    assert len(kept) == MAX_TOKENS
    assert kept[:4] == ("SELECT", f"'{'a' * 256}'", ",", "B")


def test_options_are_kept_where_they_decide_about_the_transaction() -> None:
    script = b"REINDEX (VERBOSE, concurrently off) TABLE t (x); INSERT INTO t (a) VALUES (1)"
    assert [s.options for s in split(script)] == [("VERBOSE", ",", "CONCURRENTLY", "OFF"), ()]


def test_options_that_no_server_takes_are_kept_as_they_are() -> None:
    assert [s.options for s in split(b"REINDEX (VERBOSE;) TABLE t")] == [("VERBOSE", ";")]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("\\restrict abc\nSELECT 1;", ["\\restrict abc", "SELECT 1"]),
        ("X;\n\\set x 'it''s\n\\echo ) it's \r\nY", ["X", "\\set x 'it''s", "\\echo ) it's", "Y"]),
        ("SELECT (1, '' \\gx\n;SELECT 2", ["SELECT (1, '' \\gx", "SELECT 2"]),
        ("CREATE FUNCTION f() BEGIN ATOMIC \\d t", ["CREATE FUNCTION f() BEGIN ATOMIC \\d t"]),
        ("SELECT " + "a," * 100 + "\\g", ["SELECT " + "a," * 100 + "\\g"]),
    ],
)  # fmt: skip
def test_a_meta_command_comes_out_as_a_statement_that_ends_with_its_line(script: str, expected: list[str]) -> None:
    assert texts(script) == expected
    for statement in split(script.encode()):
        meta = "\\" in script[statement.start : statement.end]
        assert (statement.tokens[-1] == "\\", len(statement.tokens) <= MAX_TOKENS) == (meta, True)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("SELECT ^'a;", "the string that begins here is never closed"),
        (r"SELECT ^E'a\';", "the string that begins here is never closed"),
        ("SELECT ^E'a'\n'b\\';", "the string that begins here is never closed"),
        ('SELECT ^"a;', "the quoted identifier that begins here is never closed"),
        ("SELECT ^$a$;$$ $A$", "the dollar-quoted string that begins here is never closed"),
        ("^/* ; /* ; */", "the comment that begins here is never closed"),
        ("SELECT ^(a, (b);", "the parenthesis that opens here is never closed"),
        ("SELECT (a)^);", "this closing parenthesis has no opening one"),
        ("SELECT (a, ^'b);", "the string that begins here is never closed"),
        ("CREATE FUNCTION BEGIN ^ATOMIC x END; CASE;", "the body that begins with this ATOMIC has no END"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_where_it_begins(script: str, reason: str) -> None:
    statements = split(("SELECT 'é';" + script.replace("^", "")).encode())
    assert next(statements).tokens == ("SELECT", "'é'")
    with pytest.raises(UnreadableScript, match=reason) as refused:
        list(statements)
    assert (refused.value.reason, refused.value.offset) == (reason, 12 + script.index("^"))


def test_a_large_script_is_split_in_the_memory_of_one_statement() -> None:
    script = b"INSERT INTO t (a, b) VALUES (1, 'x;y');\n" * 20_000 + b"SELECT '" + b"a''" * 1_000_000 + b"';"
    tracemalloc.start()
    count = sum(1 for _ in split(script))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (count, peak < 100_000) == (20_001, True)


@pytest.mark.parametrize(
    "script",
    ["(" * 300_000, "((a " * 100_000, "SELECT E''\n" * 50_000, "/*" * 300_000, "$a$ (" * 100_000, "'' (" * 100_000,
     "begin atomic;" * 50_000, "CREATE FUNCTION f() BEGIN ATOMIC " * 20_000, "a " * 300_000 + "'", "\\ (\n" * 50_000,
     "-- \n" * 100_000 + ")", "E'\\' (" * 100_000, "$" * 200_001, "(/**/" * 100_000, "\0" * 200_000],
    ids=lambda script: script[:12],
)  # fmt: skip
@pytest.mark.timeout(5)
def test_a_hostile_script_takes_no_more_than_linear_time(script: str) -> None:
    assert all(statement.start < statement.end <= statement.stop for statement in readable(script.encode()))


def test_positions_count_characters_from_one_and_leave_out_the_byte_order_mark() -> None:
    script = "\ufeffé😀x\r\nab\n".encode()
    offsets = [script.index(b"x"), script.index(b"a"), script.index(b"b"), len(script), 0, 3]
    assert [position_of(script, offset) for offset in offsets] == [
        Position(1, 3), Position(2, 1), Position(2, 2), Position(3, 1), Position(1, 1), Position(1, 1),
    ]  # fmt: skip


PIECES = [
    b"a",
    b"\n",
    b"\xc3",
    b"\xa9",
    b"\xe2\x82",
    b"\xac",
    b"\xf0\x9f",
    b"\xed\xa0",
    b"\xf4\x90",
    b"\xc0",
    "é😀€".encode(),
]


@given(st.lists(st.sampled_from(PIECES)).map(b"".join), st.sampled_from([1, 70_000]))
@settings(max_examples=200, deadline=None)
def test_characters_are_counted_as_decoding_counts_them(part: bytes, repeat: int) -> None:
    """Up to the offset found, then, the script decodes to just so many characters."""
    script = part * (repeat // max(1, len(part)) or 1)
    text = script.decode("utf-8", "replace")
    for character in {0, 1, len(text) // 2, len(text) - 1} & set(range(len(text))):
        offset = offset_of_character(script, character)
        assert len(script[:offset].decode("utf-8", "replace")) == character
        assert script[offset:].decode("utf-8", "replace") == text[character:]
    assert offset_of_character(script, len(text)) == len(script)


@pytest.mark.parametrize("shift", range(4))
def test_a_column_far_behind_in_a_long_line_is_counted_in_characters(shift: int) -> None:
    line = "x" * shift + "é😀," * 40_000 + "end"
    script = f"SELECT 1;\n{line}\n".encode()

    assert position_of(script, script.index(b"end")) == Position(2, len(line) - 2)
