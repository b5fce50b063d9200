"""The checksum of a migration script, written and compared as Prisma does it."""

from codecs import getincrementaldecoder
from collections.abc import Iterator
from hashlib import sha256

_HEX_LENGTH = 64
_PIECE_BYTES = 1 << 20


def as_prisma_reads(script: bytes) -> bytes:
    """The script with invalid UTF-8 replaced by U+FFFD, as Node's readFile('utf-8') has done since 6.6.

    Observed: the stored checksum of a Latin-1 file is that of the replaced text. A byte order mark stays.
    """
    return script if _is_utf8(script) else script.decode(errors="replace").encode()


def _is_utf8(script: bytes) -> bool:
    """Whether the whole script is UTF-8; in pieces, so that a large one is not there twice."""
    decoder = getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(script), _PIECE_BYTES):
            decoder.decode(script[start : start + _PIECE_BYTES])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


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
    yield sha256(text.replace(b"\r\n", b"\n")).digest()
    # As Prisma does it: CRLF becomes CR CR LF here, which the first variant makes harmless.
    yield sha256(text.replace(b"\n", b"\r\n")).digest()


def _unpadded_hex(digest: bytes) -> str:
    return "".join(f"{byte:x}" for byte in digest)
