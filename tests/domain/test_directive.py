"""What a migration may ask for in its leading comment, and what is no such wish."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fn.domain.directive import BadDirective, Directives, Mode, read_directives

NOTHING = Directives()
LONGEST_MS = 2**31 - 1


def read(script: str) -> Directives:
    return read_directives(script.encode())


def refusal(script: str) -> BadDirective:
    with pytest.raises(BadDirective) as refused:
        read(script)
    return refused.value


@pytest.mark.parametrize(
    ("wish", "directives"),
    [
        ("stepwise", Directives(Mode.STEPWISE)),
        ("atomic", Directives(Mode.ATOMIC)),
        ("atomic atomic", Directives(Mode.ATOMIC)),
        ("lock_timeout=5s", Directives(lock_timeout_ms=5000)),
        ("statement_timeout=10min", Directives(statement_timeout_ms=600_000)),
        ("  stepwise\tlock_timeout=250ms  statement_timeout=2h ", Directives(Mode.STEPWISE, 250, 7_200_000)),
        ("statement_timeout=1s atomic", Directives(Mode.ATOMIC, None, 1000)),
        ("lock_timeout=1s lock_timeout=1000ms", Directives(lock_timeout_ms=1000)),
    ],
)
def test_what_is_asked_for_is_read(wish: str, directives: Directives) -> None:
    assert read(f"-- migrate: {wish}\nSELECT 1;") == directives


@pytest.mark.parametrize(
    ("duration", "expected_ms"),
    [
        ("0", 0), ("0s", 0), ("1", 1), ("007", 7), ("1ms", 1), ("1s", 1000), ("1min", 60_000), ("1h", 3_600_000),
        ("596h", 2_145_600_000), ("35791min", 2_147_460_000), ("2147483s", 2_147_483_000), ("999999999ms", 999_999_999),
    ],
)  # fmt: skip
def test_a_duration_has_the_units_of_postgresql_and_0_stays_0(duration: str, expected_ms: int) -> None:
    read_ms = read(f"-- migrate: lock_timeout={duration}").lock_timeout_ms

    assert (read_ms, read_ms is not None and read_ms <= LONGEST_MS) == (expected_ms, True)


@pytest.mark.parametrize(
    "duration",
    [
        "", "s", "-1", "-1s", "+1s", "1.5s", "5S", "5sec", "1d", "5us", "1e3", "0x10", "5s,", "'5s'", "5s=5s",
        "597h", "35792min", "2147484s", "999999999s", "9999999999", "\N{ARABIC-INDIC DIGIT FIVE}s",
    ],
)  # fmt: skip
def test_what_is_no_duration_or_too_long_for_postgresql_is_refused(duration: str) -> None:
    error = refusal(f"-- migrate: statement_timeout={duration}\nSELECT 1;")

    assert error.problem == f"it asks for `statement_timeout={duration}`, which is no duration."
    assert error.next_step == "Write statement_timeout=500ms, 5s, 10min or 1h."
    assert error.offset == 0


@pytest.mark.parametrize(
    ("wish", "named"),
    [
        ("", ""),
        ("sideways", "sideways"),
        ("alone", "alone"),
        ("Stepwise", "Stepwise"),
        ("stepwise;", "stepwise;"),
        ("stepwise -- please", "--"),
        ("stepwise=1", "stepwise=1"),
        ("=5s", "=5s"),
        ("lock_timeout", "lock_timeout"),
        ("lock_timeout = 5s", "lock_timeout"),
        ("LOCK_TIMEOUT=5s", "LOCK_TIMEOUT=5s"),
        ("lock_timeout_ms=5", "lock_timeout_ms=5"),
    ],
)
def test_a_wish_that_does_not_exist_is_refused_by_its_name(wish: str, named: str) -> None:
    error = refusal(f"-- migrate: {wish}\nSELECT 1;")

    assert error.problem == f"it asks for `migrate: {named}`, which does not exist."
    assert "`-- migrate: stepwise` or `-- migrate: atomic`" in error.next_step


@pytest.mark.parametrize("script", ["-- migrate: atomic stepwise", "-- migrate: stepwise\n--migrate:atomic\nSELECT 1;"])
def test_both_modes_are_refused(script: str) -> None:
    assert "both `migrate: atomic` and `migrate: stepwise`" in refusal(script).problem


@pytest.mark.parametrize("name", ["lock_timeout", "statement_timeout"])
@pytest.mark.parametrize("between", [" ", "\n-- migrate: "])
def test_two_values_of_one_timeout_are_refused(name: str, between: str) -> None:
    assert f"two different values of {name}" in refusal(f"-- migrate: {name}=5s{between}{name}=0").problem


@pytest.mark.parametrize(
    "head",
    [
        "", "\n", "\r\n", " \t\n", "\f\v\n", "-- AddColumn\n", "-- AddColumn\r\n\r\n", "--\n--\n\n", "\r", "-- ü\n",
        "--migrate users first\n", "-- /* no */\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("ending", ["\nSELECT 1;", "\r\nSELECT 1;", "\n\n-- more\nSELECT 1;", "", "\n", "\rSELECT 1;"])
def test_it_stands_anywhere_among_the_first_comments_and_blank_lines(head: str, ending: str) -> None:
    assert read(f"{head}--migrate: stepwise{ending}") == Directives(Mode.STEPWISE)


def test_what_several_comments_ask_for_is_taken_together() -> None:
    script = "-- migrate: stepwise\n-- why\n\n-- migrate: lock_timeout=1s\r\n--migrate:statement_timeout=0\nSELECT 1;"

    assert read(script) == Directives(Mode.STEPWISE, 1000, 0)


@pytest.mark.parametrize(
    "script",
    [
        "",
        "-- migrate",
        "-- migrate stepwise",
        "-- how to migrate: stepwise",
        "-- Migrate: stepwise",
        "-- `-- migrate: stepwise` would be for later",
        "-- see docs -- migrate: sideways",
        "--- migrate: stepwise",
        "SELECT 1;\n-- migrate: stepwise",
        "SELECT 1 -- migrate: stepwise\n;",
        "SELECT '\n-- migrate: stepwise\n';",
        ";\n-- migrate: stepwise",
        "# migrate: stepwise",
        "/* migrate: stepwise */",
    ],
)
def test_what_only_looks_like_a_directive_asks_for_nothing(script: str) -> None:
    assert read(script) == NOTHING


@pytest.mark.parametrize(
    ("head", "offset"), [("", 0), ("\n", 1), ("-- ü\n\n", 7), ("-- migrate: atomic\r\n  ", 22), ("\r\n\r\n", 4)]
)
def test_a_refusal_says_at_which_byte_the_comment_begins(head: str, offset: int) -> None:
    assert refusal(f"{head}--  migrate: sideways\nSELECT 1;").offset == offset


def test_bytes_that_are_no_text_are_no_wish() -> None:
    with pytest.raises(BadDirective) as refused:
        read_directives(b"-- migrate: \xff\nSELECT 1;")

    assert "`migrate: \N{REPLACEMENT CHARACTER}`" in refused.value.problem


@given(
    st.lists(
        st.sampled_from(["--", " ", "\n", "\r", "migrate:", "stepwise", "atomic", "lock_timeout=", "5s", "0", "x"])
    )
)
def test_whatever_stands_there_is_read_or_refused_at_a_comment(words: list[str]) -> None:
    script, offset = "".join(words), None
    try:
        read(script)
    except BadDirective as error:
        offset = error.offset

    assert offset is None or script[offset:].startswith("--")
