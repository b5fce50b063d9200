"""Where in a script an error is, and the line with a caret that people see."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fn.domain.location import at_offset, of_error, offset_after, offset_of
from lambda_fn.errors import Whereabouts

NAME = "20240101000000_a"
MARGIN = len("    1 | ")


def located(script: str, at: str, *, sqlstate: str = "42601") -> Whereabouts:
    """The place of an error that the server points at where `at` begins."""
    text = script.encode()
    return of_error(NAME, text, offset=text.index(at.encode()), sqlstate=sqlstate)


def shown(where: Whereabouts) -> tuple[str, int]:
    """The line of the excerpt, and the column that its caret stands under."""
    assert where.excerpt is not None
    line, caret = where.excerpt.split("\n")
    assert caret.strip() == "^"
    return line[MARGIN:], caret.index("^") - MARGIN + 1


def test_statement_line_and_column_count_from_one() -> None:
    where = located("SELECT 1;\nSELECT 2; SELECT oops;\n", "oops")

    assert where == Whereabouts(NAME, "42601", 3, 2, 18, "    2 | SELECT 2; SELECT oops;\n" + " " * 25 + "^")


@pytest.mark.parametrize("line_ending", ["\n", "\r\n"])
def test_a_line_ends_as_editors_see_it(line_ending: str) -> None:
    where = located(line_ending.join(["SELECT 1;", "", "SELECT oops;", ""]), "oops")

    assert (where.line, where.column) == (3, 8)
    assert shown(where) == ("SELECT oops;", 8)


def test_columns_count_characters_and_not_bytes() -> None:
    where = located("SELECT 'żółw 🐢', oops;", "oops")

    assert where.column == 18
    assert shown(where) == ("SELECT 'żółw 🐢', oops;", 18)


def test_tabs_become_blanks_so_that_the_caret_stands_right() -> None:
    where = located("\t\tSELECT\toops;", "oops")

    assert shown(where) == ("  SELECT oops;", 10)


@pytest.mark.parametrize("before", [0, 60, 80, 500])
@pytest.mark.parametrize("behind", [0, 100, 5000])
def test_a_long_line_is_cut_round_the_error(before: int, behind: int) -> None:
    where = located("x" * before + "oops" + "y" * behind, "oops")

    line, caret = shown(where)
    assert len(line) <= 160
    assert line[caret - 1 :].startswith("oops")
    assert where.column == before + 1


def test_without_a_position_the_error_is_where_its_statement_begins() -> None:
    text = b"SELECT 1;\n-- a comment\n  SELECT 1/0;\nSELECT 3;"

    where = of_error(NAME, text, offset=offset_after(text, 1), sqlstate="22012")

    assert (where.statement, where.line, where.column) == (2, 3, 3)
    assert shown(where) == ("  SELECT 1/0;", 3)


def test_the_authors_own_begin_and_commit_are_numbered_but_were_not_executed() -> None:
    text = b"BEGIN;\nSELECT 1;\nCOMMIT;\nSELECT 1/0;"

    where = of_error(NAME, text, offset=offset_after(text, 1), sqlstate="22012")

    assert (where.statement, where.line) == (4, 4)


@pytest.mark.parametrize("text", [b"", b"-- nothing", b"SELECT 1;"])
def test_behind_the_last_statement_there_is_no_place(text: bytes) -> None:
    """Such an error is of a deferred constraint, told when the transaction ends."""
    assert of_error(NAME, text, offset=offset_after(text, 1), sqlstate="23503") == Whereabouts(NAME, "23503")


def test_an_error_at_the_end_of_a_file_is_shown_behind_its_last_character() -> None:
    text = b"SELECT * FROM"

    where = of_error(NAME, text, offset=len(text), sqlstate="42601")

    assert (where.statement, where.column) == (1, 14)
    assert shown(where) == ("SELECT * FROM", 14)


def test_a_place_in_a_script_that_cannot_be_split_is_told_without_its_statement() -> None:
    text = b"SELECT 1; SELECT 'open"

    where = of_error(NAME, text, offset=17, sqlstate="42601")

    assert (where.statement, where.line, where.column) == (None, 1, 18)


def test_a_byte_order_mark_takes_no_column() -> None:
    assert at_offset(NAME, b"\xef\xbb\xbfoops", 3).column == 1


@pytest.mark.parametrize(
    ("text", "position", "offset"),
    [
        ("SELECT", 1, 0),
        ("żółw x", 6, 8),
        ("🐢x", 2, 4),
        ("ab", 3, None),
        ("ab", 99, None),
        ("ab", 0, None),
        ("", 1, None),
    ],
)
def test_a_position_of_the_server_counts_characters(text: str, position: int, offset: int | None) -> None:
    assert offset_of(text.encode(), position) == offset


SECRET = "hunter2hunter2"
SECRETS = {
    "a password": (f"CREATE ROLE a PASSWORD '{SECRET}' oops", "oops"),
    "an escaped password": (rf"ALTER USER a PASSWORD E'it\'s {SECRET}' oops", "oops"),
    "a dollar-quoted password": (f"ALTER ROLE a PASSWORD $x${SECRET}$x$ oops", "oops"),
    "a user mapping": (f"CREATE USER MAPPING FOR a SERVER s OPTIONS (password '{SECRET}') oops", "oops"),
    "a server": (f"CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (x '{SECRET}') oops", "oops"),
    "a literal over two lines": (f"CREATE SUBSCRIPTION s CONNECTION 'host=h\n password={SECRET}' oops", "oops"),
    "a literal over three lines": (f"CREATE SUBSCRIPTION s CONNECTION 'host=h\n {SECRET}\n' oops", f" {SECRET}"),
    "a dollar quote over two lines": (f"ALTER ROLE a PASSWORD $$x\n{SECRET}$$ oops", "oops"),
    "in the statement before": (f"ALTER ROLE a PASSWORD '{SECRET}'; oops;", "oops"),
    "in the statement behind": (f"oops; ALTER ROLE a PASSWORD '{SECRET}';", "oops"),
    "two statements before": (f"ALTER ROLE a PASSWORD '{SECRET}'; SELECT 1; oops;", "oops"),
    "begun in the line before": (f"ALTER ROLE a\nPASSWORD '{SECRET}'; oops;", "oops"),
}


@pytest.mark.parametrize(("script", "at"), SECRETS.values(), ids=SECRETS)
def test_a_password_is_not_shown_whichever_statement_of_its_line_fails(script: str, at: str) -> None:
    where = located(script, at)

    assert SECRET not in (where.excerpt or "")
    assert (where.line, where.column) != (None, None)


def test_what_stands_before_a_password_is_shown() -> None:
    where = located(f"ALTER ROLE nobody PASSWORD '{SECRET}';", "nobody")

    line, caret = shown(where)
    assert line.startswith("ALTER ROLE nobody PASSWORD *")
    assert line[caret - 1 :].startswith("nobody")
    assert where.hides_literals


def test_the_literals_of_other_statements_are_shown() -> None:
    assert shown(located("SELECT 'Zoë', oops;", "oops"))[0] == "SELECT 'Zoë', oops;"


@given(st.text(), st.data())
def test_any_place_of_any_text_can_be_shown(text: str, data: st.DataObject) -> None:
    script = text.encode("utf-8", "replace")
    offset = data.draw(st.integers(0, len(script)))

    where = of_error(NAME, script, offset=offset, sqlstate="42601")

    assert (where.migration, where.sqlstate) == (NAME, "42601")
    assert where.line == script.count(b"\n", 0, offset) + 1
    assert where.column is not None
    assert where.column >= 1


def test_the_excerpt_of_a_statement_whose_password_is_in_a_later_line_is_one_line() -> None:
    where = located(f"ALTER ROLE a\nLOGIN\nPASSWORD '{SECRET}';", "ALTER")

    assert shown(where) == ("ALTER ROLE a", 1)


def test_a_line_as_long_as_a_script_is_masked_where_it_is_shown() -> None:
    secret = f"ALTER ROLE a PASSWORD '{SECRET}';"
    script = "SELECT 'ü';" * 1000 + secret + " oops;" + secret + "SELECT 'ü';" * 1000

    where = located(script, "oops")

    line, caret = shown(where)
    assert line[caret - 1 :].startswith("oops;ALTER ROLE a PASSWORD ***")
    assert line[: caret - 1].endswith("PASSWORD ***" + " " * len(SECRET[1:]) + "; "), (
        "the mask is as wide as what it hides"
    )
    assert (len(line), where.statement, where.column) == (160, 1002, len(script[: script.index("oops")]) + 1)


def test_a_long_line_of_wide_characters_is_shown_as_widely_as_any() -> None:
    line, caret = shown(located(f"oops{'🐢' * 300}", "oops"))

    assert (len(line), caret) == (160, 1)


SUSPICIOUS = [
    *("passw", "secret", "Credential", "API_KEY", "apikey", "token", "DbLink(", "options  (x", "conninfo", "program "),
    *("x://a:b@c", "create  role", "ALTER\nuser", "create group", "alter server", "CREATE\tsubscription"),
]


@pytest.mark.parametrize("word", SUSPICIOUS)
@pytest.mark.parametrize("before", [0, 2**16 - 12, 2**16 - 5, 2**16, 3 * 2**16 - 7])
def test_the_constants_of_a_statement_with_a_suspicious_word_are_not_shown_however_large_it_is(
    word: str, before: int
) -> None:
    head, tail = "INSERT INTO a SELECT '", f" {word}', '{SECRET}', oops"
    script = f"{head}{'.' * max(0, before - len(head))}{tail}"

    where = of_error("a", script.encode(), offset=script.index("oops"), sqlstate="42703")

    assert where.hides_literals
    assert SECRET not in (where.excerpt or "")


def test_the_constants_of_a_large_statement_without_such_a_word_are_shown() -> None:
    script = f"INSERT INTO a SELECT '{'.' * 2**17} oper', 'grams', oops"

    where = of_error("a", script.encode(), offset=script.index("oops"), sqlstate="42703")

    assert not where.hides_literals
    assert "'grams', oops" in (where.excerpt or "")


@pytest.mark.parametrize("shift", range(4))
def test_the_caret_stands_right_far_behind_in_a_line_of_long_characters(shift: int) -> None:
    line, column = shown(located(f"SELECT '{'x' * shift}{'😀' * 900}', oops", at="oops"))

    assert line[column - 1 :] == "oops"
    assert set(line[: column - 4]) == {"😀"}
