"""What a script sets for its session, as far as it still matters to the statements behind it.

A statement that fails when it is run again would keep a migration from ever being finished: SET ROLE of a role that was
dropped meanwhile, PREPARE for a table that has another name now. So what a later statement replaces is not repeated. In
doubt it is: repeated in its order, it does what it did.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lambda_fn.domain.statements import Statement

_ROLE: Final = "role"
_AUTHORIZATION: Final = "session_authorization"
_IDENTITY: Final = (_ROLE, _AUTHORIZATION)
_ALL: Final = "ALL"  # names of settings are in lower case
_PARTIAL: Final = "datestyle"  # 'ISO' leaves the order of day and month as it is, 'DMY' the style
_LONGEST_NAME_BYTES: Final = 63  # the server cuts longer ones

EVERYONE_SETS: Final = frozenset(
    {
        "bytea_output", "check_function_bodies", "client_encoding", "client_min_messages", "constraint_exclusion",
        "datestyle", "default_table_access_method", "default_tablespace", "default_text_search_config",
        "default_transaction_isolation", "default_transaction_read_only", "enable_seqscan", "escape_string_warning",
        "extra_float_digits", "idle_in_transaction_session_timeout", "idle_session_timeout", "intervalstyle",
        "jit", "lock_timeout", "maintenance_work_mem", "max_parallel_maintenance_workers", "row_security",
        "search_path", "standard_conforming_strings", "statement_timeout", "synchronous_commit", "timezone",
        "transaction_timeout", "work_mem", "xmloption",
    }
)  # fmt: skip
"""Settings that need no right; any other one may need the role that was set before it."""


@dataclass(frozen=True, slots=True)
class SetConfig:
    """`SELECT set_config('name', 'value', …)` with constants only, which can be repeated as SET can."""

    name: str
    is_local: bool


@dataclass(frozen=True, slots=True)
class _Held:
    """A statement from byte `start` to `stop`: of a setting, of a prepared statement, or of neither.

    A later one with the same `key` replaces it, and so does the RESET of its setting.
    """

    start: int
    stop: int
    setting: str | None = None
    key: str | None = None
    prepared: str | None = None  # of a PREPARE, its name; "" in doubt


class SessionState:
    """Takes the session statements of a script in their order, and knows which of them still hold.

    A RESET is held, too: what a session begins with here is not what RESET goes back to, which is neither the
    schema's search_path nor the owner's role. DEALLOCATE is not, for a clean session has nothing that it could remove.
    """

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._held: list[_Held] = []
        self._ranges: tuple[tuple[int, int], ...] | None = ()

    @property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """The statements that hold so far; the same tuple until another one is taken."""
        if self._ranges is None:
            self._held = _compacted(self._held)
            self._ranges = tuple((held.start, held.stop) for held in self._held)
        return self._ranges

    def add(self, statement: Statement) -> None:
        """Take a statement that sets the session's state."""
        self._ranges = None
        if statement.tokens[0] == "DEALLOCATE":
            self._deallocate(statement)
        else:
            self._held.append(_held(self._text, statement))

    def _deallocate(self, statement: Statement) -> None:
        word = statement.tokens[-1]
        name = _name((word,))
        self._held = [
            held for held in self._held if held.prepared is None or not (word == _ALL or held.prepared == name)
        ]


def _compacted(statements: list[_Held]) -> list[_Held]:
    """Those that still matter, found from the last one to the first."""
    kept: list[_Held] = []
    replaced: set[str] = set()
    for held in reversed(statements):
        if held.setting is None or held.key is None:
            # A PREPARE is read with the search_path and the rights of its moment.
            replaced.clear()
        elif held.setting in replaced or held.key in replaced or (_ALL in replaced and held.setting not in _IDENTITY):
            continue
        else:
            _replace(replaced, held.setting, held.key)
        kept.append(held)
    return kept[::-1]


def _replace(replaced: set[str], setting: str, key: str) -> None:
    replaced.add(key)
    if setting == _AUTHORIZATION:
        replaced.add(_ROLE)  # it resets the role
    elif setting not in EVERYONE_SETS | {_ALL, _ROLE}:
        replaced.difference_update(_IDENTITY)


def _held(text: bytes, statement: Statement) -> _Held:
    start, stop = statement.start, statement.stop
    word = statement.tokens[0]
    if word == "PREPARE":
        return _Held(start, stop, prepared=_name(statement.tokens[1:2]) or "")
    if (setting := _setting(text, statement)) is None:
        return _Held(start, stop)
    is_part = setting == _PARTIAL and word != "RESET"
    key = f"{setting} {text[start : statement.end].decode(errors='replace')}" if is_part else setting
    return _Held(start, stop, setting, key)


def _setting(text: bytes, statement: Statement) -> str | None:
    """The name of the setting that a SET, RESET or set_config() is about; None in doubt."""
    word, *words = statement.tokens
    if word == "RESET":
        return _ALL if words == [_ALL] else _WORDED.get(" ".join(words[:2])) or _setting_name(words)
    if word == "SELECT":
        found = set_config_of(text, statement)
        return found.name if found else None
    return _setting_of_set(words) if word == "SET" else None


def _setting_of_set(words: list[str]) -> str | None:
    if words[:1] == ["SESSION"] and not _is_assigned(words):
        if words[1:2] == ["AUTHORIZATION"]:
            return _AUTHORIZATION
        words = words[1:]
    if not _is_assigned(words):
        return _WORDED.get(" ".join(words[:2])) or _WORDED.get(words[0] if words else "")
    place = next((place for place, word in enumerate(words) if word in ("=", "TO")), 0)
    return _setting_name(words[:place])


_WORDED: Final = {
    "NAMES": "client_encoding",
    "ROLE": _ROLE,
    "SCHEMA": "search_path",
    "SESSION AUTHORIZATION": _AUTHORIZATION,
    "TIME ZONE": "timezone",
    "XML OPTION": "xmloption",
}
"""What has a grammar of its own."""


def _is_assigned(words: list[str]) -> bool:
    """Whether the first word is a setting's name, or the first part of one."""
    return words[1:2] in (["="], ["TO"], ["."])


_PART: Final = re.compile(r'"[^"\\]+"|[^\W\d][\w$]*')


def _name(words: Iterable[str]) -> str | None:
    """A name as the server knows it; None in doubt, as with a quote or an escape in it."""
    parts = list(words)
    dots, names = parts[1::2], parts[::2]
    if len(parts) % 2 == 0 or any(dot != "." for dot in dots) or not all(map(_PART.fullmatch, names)):
        return None
    if any(len(name.encode()) > _LONGEST_NAME_BYTES for name in names):
        return None
    return ".".join(name.strip('"') if name.startswith('"') else _folded(name) for name in names)


def _setting_name(words: Iterable[str]) -> str | None:
    """Settings are found whatever their case, in quotes or not."""
    name = _name(words)
    return None if name is None else _folded(name)


def _folded(name: str) -> str:
    """In lower case as the server has it: ASCII letters only."""
    return name.encode().lower().decode()


_CONSTANT: Final = rb"'([^']*+(?:''[^']*+)*+)'"
_SET_CONFIG: Final = re.compile(
    rb"SELECT\s+(?:pg_catalog\s*\.\s*)?set_config\s*\(\s*"
    + rb"\s*,\s*".join([_CONSTANT, _CONSTANT, rb"(true|false)"])
    + rb"\s*\)",
    re.IGNORECASE,
)
_MENTION: Final = re.compile(rb"\bset_config\b", re.IGNORECASE)
# These do not run what they hold, and SET takes no more than constants.
_ONLY_WRITES_DOWN: Final = re.compile(
    r"(?:SET|RESET|COMMENT|CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE|VIEW|RULE|POLICY)) .*", re.DOTALL
)


def set_config_of(text: bytes, statement: Statement) -> SetConfig | None:
    """The call of set_config() that is all of a statement; None for any other statement."""
    found = _SET_CONFIG.fullmatch(text, statement.start, statement.end) if statement.tokens[0] == "SELECT" else None
    if found is None:
        return None
    return SetConfig(_folded(found[1].decode(errors="replace")), found[3].lower() == b"true")


def mentions_set_config(text: bytes) -> bool:
    """Whether any statement of a script may call set_config()."""
    return _MENTION.search(text) is not None


def may_set_config(text: bytes, statement: Statement) -> bool:
    """Whether a statement may call set_config(); one that calls a function which does so cannot be told."""
    if _MENTION.search(text, statement.start, statement.end) is None:
        return False
    return _ONLY_WRITES_DOWN.fullmatch(" ".join(statement.tokens[:4]) + " ") is None
