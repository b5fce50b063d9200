"""Text of others, such as a server's, made harmless for the terminal that shows it."""

import re
from typing import Final

# What moves the cursor, recolours, renames the window or turns the direction of what follows; no newline and no tab.
_CONTROL: Final = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
_BREAKS: Final = str.maketrans({"\n": r"\n", "\t": r"\t"})
_BYTE: Final = 0xFF


def printable(text: str) -> str:
    """The text with its control characters as escapes (`\\x1b`); newlines and tabs stay. Twice is as once."""
    return re.sub(_CONTROL, _escape, text)


def in_one_line(text: str) -> str:
    """The same with newlines and tabs as escapes too: for a cell of a table, or a line that is drawn anew."""
    return printable(text).translate(_BREAKS)


def _escape(found: re.Match[str]) -> str:
    if found[0] == "\r":
        return r"\r"
    code = ord(found[0])
    return f"\\x{code:02x}" if code <= _BYTE else f"\\u{code:04x}"
