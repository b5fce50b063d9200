"""What has been found destructive in a script so far, and what the scripts of a plan have made themselves."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Final

from lambda_fn.domain.destructive import Destructive
from lambda_fn.domain.destructive_operations import CASCADES, Operation
from lambda_fn.domain.words import Name

Key = tuple[str, ...]
"""What tells an object from all others: its kind, its schema or table, its name."""

RELATION: Final = "relation"
COLUMN: Final = "column"
CONSTRAINT: Final = "constraint"
DEFAULT: Final = "default"
SCHEMA: Final = "SCHEMA"
TYPE: Final = "type"
TEMPORARY: Final = "pg_temp"
"""The schema of what a session makes for itself: it is empty before a script and after it."""
_OF_SCHEMA: Final = 3
"""Parts of the key of an object that lies in a schema; that of a column or of a trigger has its table too."""


class Destruction:
    """Knows the objects that are new, from script to script, and the findings of the script that is read.

    What a script undoes itself is withdrawn: a trigger that is dropped and made again is no finding.
    """

    def __init__(self, schema: str) -> None:
        self._schema = self._default_schema = schema
        self._new: set[Key] = set()
        self._parts: dict[Key, set[Key]] = {}
        self._temporary: dict[Key, bool] = {}
        self._renamed: dict[Key, tuple[Key, Name]] = {}
        self._proofs: dict[Key, Key] = {}
        self._begin(b"")

    def _begin(self, text: bytes) -> None:
        self._text = text
        self._findings: list[Destructive | None] = []
        self._by_key: dict[Key, list[int]] = {}
        self._statement, self._start = 0, 0
        self._line, self._counted_to = 1, 0
        self._temporary.clear()

    def begin(self, text: bytes) -> None:
        """A script begins."""
        self._default_schema = self._schema
        self._begin(text)

    def at(self, number: int, start: int) -> None:
        """A statement of the script begins: its number, and its first byte."""
        self._statement, self._start = number, start

    @property
    def text(self) -> bytes:
        """The script that is read."""
        return self._text

    def findings(self, behind: int = 0) -> tuple[Destructive, ...]:
        """What is destructive in the script so far, behind that many statements."""
        return tuple(found for found in self._findings if found is not None and found.statement > behind)

    def found(self, operation: Operation, written: str, *keys: Key, cascade: bool = False) -> None:
        """The statement does this to an object. It is withdrawn with any of the keys."""
        self._line += self._text.count(b"\n", self._counted_to, self._start)
        self._counted_to = self._start
        message = operation.message + CASCADES if cascade else operation.message
        for key in keys:
            self._by_key.setdefault(key, []).append(len(self._findings))
        self._findings.append(
            Destructive(self._statement, self._line, operation.harm, operation.words, written, message)
        )

    def withdraw(self, key: Key) -> None:
        """What was found under this key comes to nothing."""
        for place in self._by_key.pop(key, ()):
            self._findings[place] = None

    def key(self, kind: str, name: Name) -> Key:
        """The key of an object that lies in a schema, or of a schema."""
        if kind == SCHEMA:
            return kind, name.parts[-1]
        # What is temporary is found before all else, whatever the search path.
        temporary = (kind, TEMPORARY, name.parts[-1]) in self._temporary
        return self.key_made(kind, name, temporary=temporary)

    def key_made(self, kind: str, name: Name, *, temporary: bool = False) -> Key:
        """The key of an object that is being made: what has its name need not be what it would be taken for."""
        if kind == SCHEMA:
            return kind, name.parts[-1]
        schema = TEMPORARY if temporary else self._default_schema
        return kind, (name.parts[-2] if len(name.parts) > 1 else schema), name.parts[-1]

    def within(self, kind: str, table: Name, name: Name) -> Key:
        """The key of an object that belongs to a table."""
        return kind, *self.key(RELATION, table)[1:], name.parts[-1]

    def search_elsewhere(self) -> None:
        """The script has changed its search path: what it names without a schema is nothing known from before."""
        self._default_schema = f"{self._default_schema}\0"

    def is_new(self, key: Key) -> bool:
        """Whether the scripts so far have made it, so that nobody uses it and it holds no rows."""
        return key[1] == TEMPORARY or key in self._known(key) or (SCHEMA, key[1]) in self._new

    def made(self, key: Key, *, surely: bool = True) -> None:
        """An object was made; not `surely` where it may have been there."""
        self.withdraw(key)
        if key[1] == TEMPORARY:
            self._temporary[key] = False
        elif len(key) > _OF_SCHEMA and surely:
            self._parts.setdefault(key[1:-1], set()).add(key)
        elif surely:
            self._new.add(key)

    def gone(self, key: Key) -> None:
        """An object was dropped: with a table go the findings about it, and all that was new in it."""
        self._forget(key)
        if key[0] == RELATION:
            self._parts.pop(key[1:], None)
        self.withdraw((*key, ""))

    def ends_at_commit(self, key: Key) -> None:
        """A temporary table was made that is dropped at the end of its transaction."""
        self._temporary[key] = True

    def committed(self) -> None:
        """A transaction of the script has come to its end."""
        self._temporary = {key: ends for key, ends in self._temporary.items() if not ends}

    def discard_temporary(self) -> None:
        """All that is temporary was dropped."""
        self._temporary.clear()

    def renamed(self, old: Key, new: Key, name: Name) -> bool:
        """An object was renamed; whether it is one that was there before the plan."""
        if old[0] == RELATION:
            self._move_parts(old[1:], new[1:])
        if not self.is_new(old):
            self._forget(new)
            self._renamed[new] = old, name
            return True
        self._forget(old)
        self.made(new)
        return False

    def _known(self, key: Key) -> Container[Key]:
        return self._new if len(key) <= _OF_SCHEMA else self._parts.get(key[1:-1], ())

    def _forget(self, key: Key) -> None:
        self._temporary.pop(key, None)
        self._new.discard(key)
        self._parts.get(key[1:-1], set()).discard(key)

    def _move_parts(self, old: Key, new: Key) -> None:
        parts = self._parts.pop(old, ())
        self._parts[new] = {(kind, *new, name) for kind, *_, name in parts}

    def note(self, proof: Key, proven: Key) -> None:
        """A constraint was added that, once it is validated, proves something."""
        self._proofs[proof] = proven

    def validated(self, proof: Key) -> None:
        """A constraint was validated."""
        if proof in self._proofs:
            self.made(self._proofs[proof])

    def replaced(self, key: Key) -> Name | None:
        """Of an object that got another name to make room for a new one: the name that the new one has now."""
        old, name = self._renamed.get(key, (None, None))
        return name if old is not None and old in self._new else None


def of_table(key: Key) -> Key:
    """The key under which all findings about a table stand."""
    return *key, ""


@dataclass(frozen=True, slots=True)
class Altered:
    """A table, or another object, that is altered."""

    destruction: Destruction
    name: Name
    key: Key

    def found(self, operation: Operation, part: Name | None = None, *keys: Key, cascade: bool = False) -> None:
        """It is destroyed in some way, or a part of it is."""
        written = f"{self.name.written}.{part.written}" if part else self.name.written
        self.destruction.found(operation, written, of_table(self.key), *keys, cascade=cascade)

    def part(self, kind: str, name: Name) -> Key:
        """The key of a part of it."""
        return self.destruction.within(kind, self.name, name)

    def is_new(self, column: Name) -> bool:
        """Whether the plan itself has added the column."""
        return self.destruction.is_new(self.part(COLUMN, column))
