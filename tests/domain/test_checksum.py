"""The checksum, as Prisma writes and compares it."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fn.domain.checksum import as_prisma_reads, checksum_of, matches_checksum

SCRIPT = b"CREATE TABLE a (id int);\nCREATE TABLE b (id int);\n"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_checksum_is_the_padded_lower_case_sha_256_of_the_bytes() -> None:
    assert checksum_of(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert checksum_of(SCRIPT) == sha256(SCRIPT)


def test_line_endings_count_when_written_and_not_when_compared() -> None:
    with_crlf = SCRIPT.replace(b"\n", b"\r\n")

    assert checksum_of(with_crlf) != checksum_of(SCRIPT)
    assert matches_checksum(SCRIPT, checksum_of(with_crlf))
    assert matches_checksum(with_crlf, checksum_of(SCRIPT))


@pytest.mark.parametrize("changed", [SCRIPT + b" ", SCRIPT[:-1], SCRIPT.upper(), b"", SCRIPT.replace(b"\n", b"\r")])
def test_any_other_change_is_a_change(changed: bytes) -> None:
    assert not matches_checksum(changed, checksum_of(SCRIPT))


def test_bytes_that_are_not_utf_8_are_replaced_before_they_are_summed() -> None:
    latin_1 = "SELECT 'Zoë';".encode("latin-1")

    assert as_prisma_reads(latin_1) == "SELECT 'Zo\N{REPLACEMENT CHARACTER}';".encode()
    assert checksum_of(latin_1) == sha256(as_prisma_reads(latin_1))
    assert matches_checksum(latin_1, checksum_of(latin_1))


def test_a_byte_order_mark_belongs_to_the_checksum() -> None:
    marked = b"\xef\xbb\xbf" + SCRIPT

    assert as_prisma_reads(marked) == marked
    assert checksum_of(marked) == sha256(marked)
    assert not matches_checksum(marked, checksum_of(SCRIPT))


def test_the_hex_of_old_engines_which_did_not_pad_is_recognised() -> None:
    unpadded = "".join(f"{byte:x}" for byte in hashlib.sha256(SCRIPT).digest())

    assert len(unpadded) < 64, "the example needs a byte below 0x10"
    assert matches_checksum(SCRIPT, unpadded)
    assert matches_checksum(SCRIPT.replace(b"\n", b"\r\n"), unpadded)
    assert not matches_checksum(SCRIPT + b"x", unpadded)


@pytest.mark.parametrize("stored", ["", "0", "x" * 64, "x" * 500])
def test_a_stored_value_that_is_no_checksum_matches_nothing(stored: str) -> None:
    assert not matches_checksum(SCRIPT, stored)


def test_upper_case_hex_is_another_value_as_for_prisma() -> None:
    assert not matches_checksum(SCRIPT, checksum_of(SCRIPT).upper())


@given(st.binary())
def test_every_script_matches_its_own_checksum(script: bytes) -> None:
    assert matches_checksum(script, checksum_of(script))
    assert as_prisma_reads(script).decode() == script.decode(errors="replace")


# A large script is read in pieces of about a mebibyte: what lies across their edges counts as anywhere else.
LARGE = b"SELECT 1;\r\n" * 200_000


@pytest.mark.parametrize("shift", range(11))
def test_the_line_endings_of_a_large_script_do_not_count_when_compared(shift: int) -> None:
    script = b"x" * shift + LARGE
    with_lf = script.replace(b"\r\n", b"\n")

    assert matches_checksum(script, sha256(with_lf))
    assert matches_checksum(with_lf, sha256(script))
    assert not matches_checksum(script + b"\r", sha256(with_lf))


@pytest.mark.parametrize("shift", range(4))
def test_a_large_script_that_is_not_utf_8_is_read_as_a_small_one(shift: int) -> None:
    script = b"x" * shift + "😀".encode() * 300_000 + b"\xe4\xf0\x9f"

    assert as_prisma_reads(script) == script.decode(errors="replace").encode()
