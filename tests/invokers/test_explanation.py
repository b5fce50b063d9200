"""Text within a limit: what is kept, and what goes."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_fn.errors import MigrationFailed
from lambda_fn.invokers.explanation import as_json, cut, explain, json_bytes, located
from lambda_fn.invokers.invoker import Function
from tests.fixtures.custom_resources import ANY_TEXT, FUNCTION, JSON, LOGS, LONG_TEXT, readable

ERROR = MigrationFailed("P3018", "It failed.", "Mend it.", lines=("DETAIL: d", "HINT: h"))


def size(text: str) -> int:
    """What the text takes up in a JSON string, measured on the whole."""
    return len(as_json(text)) - len('""')


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "ab…"),
        ("abcdef", 3, "…"),
        ("abcdef", 2, ""),
        ("abcdef", 0, ""),
        ("abcdef", -1, ""),
        ("", 5, ""),
        ("ab", 2, "ab"),
        ("ä€😀ä€", 14, "ä€😀ä€"),
        ("ä€😀ä€", 13, "ä€😀…"),
        ("ä€😀ä€", 12, "ä€😀…"),
        ("ä€😀ä€", 11, "ä€…"),
        ('""""""', 9, '"""…'),
        ("a\0b\0c", 12, "a\0b…"),
    ],
)
def test_a_text_is_cut_at_the_end_and_between_characters(text: str, limit: int, expected: str) -> None:
    assert cut(text, limit) == expected


@settings(deadline=None)
@given(text=LONG_TEXT, limit=st.integers(-5, 3000))
def test_what_is_cut_is_a_beginning_within_the_limit_and_no_more_than_needed_goes(text: str, limit: int) -> None:
    short = cut(text, limit)

    assert size(short) <= max(0, limit)
    if short == text:
        return
    assert size(text) > limit or limit <= 0
    kept = short.removesuffix("…")
    assert text.startswith(kept)
    if short:
        assert size(text[: len(kept) + 1]) + size("…") > limit


@settings(deadline=None)
@given(ANY_TEXT)
def test_the_bytes_of_a_text_are_the_sum_of_those_of_its_characters(text: str) -> None:
    assert sum(map(json_bytes, text)) == size(text)
    assert all(json_bytes(character) >= 1 for character in text)


@settings(deadline=None)
@given(JSON)
def test_any_json_value_is_written_as_valid_utf_8_and_read_back(value: object) -> None:
    assert repr(json.loads(as_json(value).decode("utf-8"))) == repr(value)


def test_the_first_line_says_where_the_log_is_and_is_the_same_for_everybody() -> None:
    whole = located(ERROR, FUNCTION)

    assert type(whole) is MigrationFailed
    assert whole.text == f"P3018 It failed. Mend it. {LOGS}\nDETAIL: d\nHINT: h"
    assert whole.text.splitlines()[0] == explain(ERROR, FUNCTION, 1000).splitlines()[0]


def test_a_text_fits_into_what_step_functions_takes_for_a_cause() -> None:
    error = MigrationFailed("P3018", "It failed.", "Mend it.", lines=('\0"' * 50_000,))
    cause = json.dumps({"errorMessage": located(error, FUNCTION).text, "errorType": "MigrationFailed"})

    assert len(cause) < 32_768


def test_headline_logs_and_further_lines_are_told_in_this_order() -> None:
    assert explain(ERROR, FUNCTION, 1000) == f"P3018 It failed. Mend it. {LOGS}\nDETAIL: d\nHINT: h"


def test_further_lines_go_first_and_from_their_end() -> None:
    error = MigrationFailed("P3018", "It failed, and " * 20, "Mend it.", lines=("DETAIL: d", "HINT: h"))
    first_two = f"{error.headline} {LOGS}"
    room = size(f"{first_two}\n")

    assert explain(error, FUNCTION, room + size("DETAIL…")) == f"{first_two}\nDETAIL…"
    assert explain(error, FUNCTION, room) == first_two


def test_a_headline_that_does_not_fit_is_cut_and_the_log_is_still_named() -> None:
    error = MigrationFailed("P3018", "x" * 5000, "Mend it.", lines=("DETAIL: d",))

    told = explain(error, FUNCTION, 300)

    assert told.startswith("P3018 xxx")
    assert told.endswith(f"x… {LOGS}")
    assert size(told) == 300


@pytest.mark.parametrize("limit", range(300, 320))
def test_behind_a_headline_that_was_cut_nothing_follows_but_the_log(limit: int) -> None:
    error = MigrationFailed("P3018", "\0" * 5000, "Mend it.", lines=("DETAIL: d",))

    assert explain(error, FUNCTION, limit).endswith(f"… {LOGS}")


def test_a_lone_surrogate_is_told_as_a_question_mark_because_readers_of_json_may_fail_at_it() -> None:
    error = MigrationFailed("P3018", "a\ud800b\udc00.", "Mend it.", lines=("c\udfff",))
    function = Function("migrate", "g\ud800", "s")

    assert explain(error, function, 1000) == "P3018 a?b?. Mend it. Logs: g? s\nc?"


def test_the_name_of_a_log_takes_half_the_room_at_most() -> None:
    function = Function("migrate", "/aws/lambda/" + "g" * 500, "s" * 500)

    headline, logs = explain(MigrationFailed("P3018", "x" * 5000, "."), function, 300).split(" Logs: ")

    assert headline.startswith("P3018 xxx")
    assert logs.startswith("/aws/lambda/ggg")
    assert size(f"Logs: {logs}") <= 150


@settings(deadline=None)
@given(problem=LONG_TEXT, lines=st.lists(LONG_TEXT, max_size=3), limit=st.integers(-5, 4096))
def test_an_explanation_is_within_any_limit(problem: str, lines: list[str], limit: int) -> None:
    error = MigrationFailed("P3018", problem, "Mend it.", lines=tuple(lines))

    told = explain(error, FUNCTION, limit)

    assert size(told) <= max(0, limit)
    if size(readable(error.headline)) + size(LOGS) + 10 <= limit and size(LOGS) < limit // 2:
        assert told.startswith(f"{readable(error.headline)} {LOGS}")
