"""The checksum of a migration script, written and compared as Prisma does it."""

from codecs import getincrementaldecoder
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO

_HEX_LENGTH = 64
_PIECE_BYTES = 1 << 20


def as_prisma_reads(script: bytes) -> bytes:
    """The script with invalid UTF-8 replaced by U+FFFD, as Node's readFile('utf-8') has done since 6.6.

    Observed: the stored checksum of a Latin-1 file is that of the replaced text. A byte order mark stays.
    """
    if _is_utf8(script):
        return script
    text = BytesIO()
    for piece in _decoded(script, errors="replace"):
        text.write(piece.encode())
    return text.getvalue()


def _is_utf8(script: bytes) -> bool:
    """Whether the whole script is UTF-8."""
    try:
        for _ in _decoded(script, errors="strict"):
            pass
    except UnicodeDecodeError:
        return False
    return True


def _decoded(script: bytes, *, errors: str) -> Iterator[str]:
    """The text in pieces, so that a large one is not there twice. Raises: UnicodeDecodeError, where errors are."""
    decoder = getincrementaldecoder("utf-8")(errors=errors)
    for start in range(0, len(script), _PIECE_BYTES):
        yield decoder.decode(script[start : start + _PIECE_BYTES])
    yield decoder.decode(b"", final=True)


def checksum_of(script: bytes) -> str:
    """SHA-256 of the text as Prisma reads it: lower-case hex, 64 characters."""
    return sha256(as_prisma_reads(script)).hexdigest()


def matches_checksum(script: bytes, stored: str) -> bool:
    """Whether the stored checksum is the script's, whatever its line endings.

    A stored value of another length is compared with the hex of old engines, which did not pad
    each byte with a zero (prisma-engines issue 1887).
    """
    unpadded = len(stored) not in (0, _HEX_LENGTH)
    return any(
        (_unpadded_hex(digest) if unpadded else digest.hex()) == stored for digest in _digests(as_prisma_reads(script))
    )


def _digests(text: bytes) -> Iterator[bytes]:
    yield sha256(text).digest()
    yield _digest_with(text, b"\r\n", b"\n")
    # As Prisma does it: CRLF becomes CR CR LF here, which the first variant makes harmless.
    yield _digest_with(text, b"\n", b"\r\n")


def _digest_with(text: bytes, line_end: bytes, other: bytes) -> bytes:
    """The digest of the text with other line endings."""
    digest = sha256()
    for piece in pieces(text, 0, len(text)):
        digest.update(piece.replace(line_end, other))
    return digest.digest()


def pieces(text: bytes, start: int, stop: int) -> Iterator[bytes]:
    """A part of the text, cut behind ends of lines, so that a large one is not there twice."""
    while start < stop:
        end = text.find(b"\n", start + _PIECE_BYTES, stop) + 1 or stop
        yield text[start:end]
        start = end


def _unpadded_hex(digest: bytes) -> str:
    return "".join(f"{byte:x}" for byte in digest)
