"""Prisma's checks of the checksum of a script."""

import itertools

import pytest

from lambda_fn.domain.checksum import checksum_of, matches_checksum

VARIANTS = (
    (b"ab\ncd\nef\ngh\rab", b"ab\r\ncd\r\nef\r\ngh\rab"),
    (b"ab\ncd\nef\ngh\rab\n", b"ab\r\ncd\r\nef\r\ngh\rab\r\n"),
)


@pytest.mark.conformance("checksum", "format_checksum_does_not_strip_zeros")
def test_every_byte_of_a_checksum_has_two_digits() -> None:
    """The hash of `hello` has bytes below 16 in it."""
    assert checksum_of(b"hello") == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert len(checksum_of(b"abcd")) == 64


@pytest.mark.conformance("checksum", "script_matches_checksum_is_line_ending_agnostic")
@pytest.mark.parametrize("variants", VARIANTS)
def test_line_endings_do_not_matter_but_a_lone_carriage_return_stays(variants: tuple[bytes, bytes]) -> None:
    for script, other in itertools.product(variants, repeat=2):
        assert matches_checksum(script, checksum_of(other))
    assert not matches_checksum(variants[0], checksum_of(variants[0].replace(b"\rab", b"\nab")))


@pytest.mark.conformance("checksum", "script_matches_checksum_negative")
def test_another_text_does_not_match() -> None:
    assert not matches_checksum(b"abc", checksum_of(b"abcd"))
    assert not matches_checksum(b"abc\n", checksum_of(b"abc"))
