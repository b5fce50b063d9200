"""Who blocks us, in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fn.domain.blocker import WAITING_LIMIT, Blocker, BlockerReport, query_head

PSQL = Blocker(123, "psql", "app", "idle in transaction", 42.4, "UPDATE a SET b = ?")


def blocker(pid: int) -> Blocker:
    return Blocker(pid, "", "app", "active", None, None)


def test_a_blocker_is_named_with_what_it_does() -> None:
    assert BlockerReport((PSQL,), 7).sentence == (
        "blocked by backend 123 (application psql, user app, idle in transaction, transaction open for 42 s, "
        "last query: UPDATE a SET b = ?); 7 sessions wait behind us"
    )


def test_the_query_of_an_active_session_is_not_its_last() -> None:
    active = Blocker(7, "", "", "active", 3.0, "autovacuum: VACUUM public.a")

    assert BlockerReport((active,)).sentence == (
        "blocked by backend 7 (no application name, active, transaction open for 3 s, "
        "query: autovacuum: VACUUM public.a)"
    )


def test_a_prepared_transaction_is_no_backend() -> None:
    prepared = Blocker(0, "", "", None, None, None)

    assert BlockerReport((prepared,), 1).sentence == (
        "blocked by a prepared transaction (see pg_prepared_xacts); 1 session waits behind us"
    )


def test_what_is_hidden_is_said_with_what_to_grant() -> None:
    hidden = Blocker(5, "psql", "other", None, None, None)

    assert BlockerReport((hidden,), 0, hidden_from='a"b').sentence == (
        'blocked by backend 5 (application psql, user other); what others do is not visible to user a"b: '
        'GRANT pg_monitor TO "a""b"'
    )


def test_of_many_blockers_the_first_are_named() -> None:
    sentence = BlockerReport(tuple(map(blocker, range(1, 7)))).sentence

    assert "backend 3 (" in sentence
    assert "backend 4" not in sentence
    assert sentence.endswith(" and 3 more")


def test_a_number_that_may_be_larger_is_told_as_such() -> None:
    assert BlockerReport((PSQL,), WAITING_LIMIT).sentence.endswith("; at least 100 sessions wait behind us")


@pytest.mark.parametrize(
    ("query", "head"),
    [
        ("", ""),
        ("SELECT 1", "SELECT ?"),
        ("UPDATE t2024 SET a = 1.5e3, b = -.5", "UPDATE t2024 SET a = ?, b = -.?"),
        ("SELECT $1, $2 FROM a$b$ WHERE c = $$secret$$", "SELECT $1, $2 FROM a$b$ WHERE c = ?"),
        ("INSERT INTO a\n\tVALUES ('it''s',\r\n E'\\'s', B'01', U&'x', N'n')", "INSERT INTO a VALUES (?, ?, ?, ?, ?)"),
        ("ALTER ROLE app PASSWORD 'hunter2'", "ALTER ROLE app PASSWORD ?"),
        ("DO $do$ BEGIN PERFORM $$x$$; END $do$; COMMIT", "DO ?; COMMIT"),
        ('SELECT "O\'Hara", "a""\'b" FROM c', 'SELECT "O\'Hara", "a""\'b" FROM c'),
        ("/* it's /* nested */ secret */ SELECT a -- it's secret\n FROM b", "SELECT a FROM b"),
        ("SELECT DATE'2020-01-01', xe'a'", "SELECT DATE?, xe?"),
        ("SELECT '--', '/*', a", "SELECT ?, ?, a"),
        ("SELECT a \x1b[31m b", "SELECT a [? b"),
    ],
)
def test_constants_and_comments_are_not_shown(query: str, head: str) -> None:
    assert query_head(query) == head


@pytest.mark.parametrize(
    ("query", "head"),
    [
        ("SELECT a, 'sec", "SELECT a, ? …"),
        ("SELECT a, 'sec''", "SELECT a, ? …"),
        ("SELECT a, E'sec\\'", "SELECT a, ? …"),
        ("SELECT a, $x$sec$x", "SELECT a, ? …"),
        ("SELECT a, $$sec$", "SELECT a, ? …"),
        ("SELECT a /* sec", "SELECT a …"),
        ("SELECT a /* /* sec */", "SELECT a …"),
        ("SELECT a -- sec", "SELECT a"),
        ("SELECT 12", "SELECT ?"),
    ],
)
def test_a_query_that_the_server_cut_inside_of_a_constant_shows_nothing_of_it(query: str, head: str) -> None:
    assert query_head(query) == head


@pytest.mark.parametrize("query", [r"SELECT 'a\' secret '", r"SELECT E'a' " + "\n" + r" 'b\' secret ' c'"])
def test_where_a_string_ends_depends_on_the_other_session_so_nothing_behind_it_is_shown(query: str) -> None:
    assert "secret" not in query_head(query)


def test_a_backslash_that_changes_nothing_hides_nothing() -> None:
    assert query_head(r"SELECT a ~ '\d+' FROM b") == "SELECT a ~ ? FROM b"


def test_a_long_query_is_cut() -> None:
    head = query_head("SELECT " + ", ".join(f"column_{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"))

    assert len(head) <= 80
    assert head.startswith("SELECT column_a, column_b")
    assert head.endswith("…")


def test_a_long_constant_does_not_take_the_place_of_what_follows() -> None:
    assert query_head(f"INSERT INTO a VALUES ('{'x' * 900}') RETURNING b") == "INSERT INTO a VALUES (?) RETURNING b"


SECRET = "ZQ7"  # of which no keyword and no name below holds a letter or digit
INSIDE = st.text(SECRET + ' \n-/*;$"', max_size=8)
CONSTANTS = st.one_of(
    INSIDE.map(lambda text: f"'{text}'"),
    INSIDE.map(lambda text: f"'{text}''{text}'"),
    INSIDE.map(lambda text: f"E'{text}\\'{text}'"),
    INSIDE.map(lambda text: f"'{text}\\'"),
    INSIDE.map(lambda text: f"U&'{text}'"),
    INSIDE.map(lambda text: f"$tag$'{text.replace('$', '')}'$tag$"),
    INSIDE.map(lambda text: f"$${text.replace('$', '')}'$$"),
    INSIDE.map(lambda text: f"/* {text.replace('*', '').replace('/', '')}' */"),
    INSIDE.map(lambda text: "-- '{}\n".format(text.replace("\n", ""))),
    st.just("77.77"),
)
PLAIN = st.sampled_from(["SELECT", "a", '"b\'"', "(", ")", ",", "=", "$1", "e", "FROM", "\n", ";", "||", "x1"])


@given(st.lists(st.one_of(PLAIN, CONSTANTS), max_size=12), st.integers(0, 200))
def test_no_letter_of_a_constant_is_shown_wherever_the_server_cuts(parts: list[str], cut: int) -> None:
    query = " ".join(parts)

    assert not set(query_head(query[:cut], limit=1000)) & set(SECRET)
    assert not set(query_head(query)) & set(SECRET)
