"""How a new migration is called. The words are those that Prisma's CLI 7.10.1 makes of the same names."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from lambda_fn.domain.new_name import NewName, new_name, words_of
from lambda_fn.errors import RequestInvalid

NOW = datetime(2024, 5, 6, 7, 8, 9, 999_999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        *[
            (name, "add_users")
            for name in ("add_users", "Add users!", "AddUsers", "addUsers", " _add--users_ ", "ADD users")
        ],
        *[("../../etc/passwd", "etc_passwd"), ("a/b\\c", "a_b_c"), ("a.b\tc\nd", "a_b_c_d"), ("a\x00b", "a_b")],
        *[("Größe ändern", "groesse_aendern"), ("ÄÖÜß", "ae_oe_uess"), ("naïve café", "naive_cafe"), ("łódź", "lodz")],
        *[("æøå ÅÆ", "aeoa_aae"), ("Þór", "t_hor"), ("İstanbul", "istanbul"), ("u\u0308ber", "ueber")],
        *[("addUserID", "add_user_id"), ("addHTTPServer2", "add_http_server2"), ("HTML5 page", "html_5_page")],
        *[("URLs list", "urls_list"), ("fooAPIBar", "foo_api_bar"), ("AB12cd", "ab_12cd"), ("v2Users", "v2_users")],
        *[("don't", "dont"), ("user's list", "users_list"), ("I'M", "i_m"), ("q'tx", "q_tx"), ("x\u2019s", "x_s")],
        *[("a & b", "a_and_b"), ("a&b", "a_and_b"), ("a^b`c", "abc"), ("foo\u2013bar", "foo_bar"), ("42", "42")],
        ("20240101_x", "20240101_x"),
        ("x" * 200, "x" * 200),
    ],
)
def test_words_are_made_as_prisma_makes_them(name: str, words: str) -> None:
    assert words_of(name) == words


@pytest.mark.parametrize("name", ["", " ", "!!!", "--", "__", "🚀", "\x00", "/"])
def test_a_name_of_nothing_is_refused(name: str) -> None:
    """Prisma makes a directory that ends with its timestamp."""
    with pytest.raises(RequestInvalid, match="M113 The name of the new migration has no letter"):
        words_of(name)


@pytest.mark.parametrize(
    ("name", "letters"), [("добавить", "абвдиоть"), ("add 日本", "日本"), ("œuvre", "œ"), ("x²", "²")]
)
def test_letters_without_a_spelling_are_named_and_not_dropped(name: str, letters: str) -> None:
    with pytest.raises(RequestInvalid, match=f"M113 .* known here: {letters}\\."):
        words_of(name)


@pytest.mark.parametrize(("name", "length"), [("x" * 201, 201), ("ß" * 101, 202), ("a " * 150, 299)])
def test_a_long_name_is_refused_and_not_cut(name: str, length: int) -> None:
    with pytest.raises(RequestInvalid) as refused:
        words_of(name)

    assert (refused.value.code, str(length) in refused.value.problem) == ("P3010", True)


def test_the_moment_is_in_utc_and_whole_seconds() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=-9)))

    assert new_name("Add users", (), elsewhere) == NewName("20240506070809_add_users")


@pytest.mark.parametrize(
    "existing",
    [(), ("20240506070808_z",), ("0_init", "20230101000000_a", "12_x"), ("202405060707_short",)],
)
def test_behind_older_ones_it_is_the_moment(existing: tuple[str, ...]) -> None:
    assert new_name("a", existing, NOW) == NewName("20240506070809_a")


def test_in_the_same_second_it_is_the_next_one_without_a_word() -> None:
    assert new_name("a", ("20240506070809_b",), NOW) == NewName("20240506070810_a")


@pytest.mark.parametrize(
    ("newest", "name"),
    [
        ("20240506070810_b", "20240506070811_a"),
        ("20241231235959_b", "20250101000000_a"),
        ("20240506070859", "20240506070900_a"),
    ],
)
def test_behind_one_of_a_time_to_come_it_is_the_second_after_that(newest: str, name: str) -> None:
    made = new_name("a", (newest, "20200101000000_x"), NOW)

    assert made.name == name
    [warning] = made.warnings
    assert (warning.code, warning.migrations) == ("M221", (newest,))
    assert newest < name


@pytest.mark.parametrize(
    "newest", ["init", "20241399000000_no_month", "99991231235959_end", "٢٠٢٤٠١٠١٠٠٠٠٠٠_x", "\udcff"]
)
def test_where_it_cannot_be_behind_this_is_told(newest: str) -> None:
    made = new_name("a", ("20200101000000_x", newest), NOW)

    assert made.name == "20240506070809_a"
    [warning] = made.warnings
    assert (warning.code, warning.migrations) == ("M222", (made.name, newest))
