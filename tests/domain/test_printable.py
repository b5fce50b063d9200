"""What others wrote cannot steer the terminal that shows it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fn.domain.printable import in_one_line, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
        ("over\rwritten", r"over\rwritten"),
        ("\x00\x7f\x9b31m", r"\x00\x7f\x9b31m"),
        ("a\u202eb\u2028c", r"a\u202eb\u2028c"),
        ("two\n\tlines", "two\n\tlines"),
        ("Ä “日本” 🙂 ─ │", "Ä “日本” 🙂 ─ │"),
    ],
)
def test_control_characters_are_shown_as_escapes_and_all_else_as_it_is(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_in_one_line_neither_a_newline_nor_a_tab_stays() -> None:
    assert in_one_line("a\n\tb\x1b") == r"a\n\tb\x1b"


@given(st.text())
def test_what_was_made_printable_stays_as_it_is(text: str) -> None:
    once = printable(text)

    assert printable(once) == once
    assert not [character for character in once if unicodedata.category(character) == "Cc" and character not in "\n\t"]
    assert "\n" not in in_one_line(text)
