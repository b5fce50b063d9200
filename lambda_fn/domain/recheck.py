"""How to find out afterwards whether a statement was done that cannot share a transaction with its entry.

Such a statement (CREATE INDEX CONCURRENTLY, VACUUM, …) is run first and entered behind it; a crash between the two
leaves a gap, in which only what the statement leaves in the catalogs can tell.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import Final

from lambda_fn.domain.statements import Statement
from lambda_fn.domain.tokens import lexeme_at

_WORDS: Final = 32
"""More than stand before the end of the last name in any statement that is recognised here."""

NO_NAME: Final = "an index without a name cannot be recognised after a crash: give it one"
_PUBLICATIONS: Final = (
    "adding or dropping a publication leaves nothing by which a second time can be told from the first"
)
_NOT_RECOGNISED: Final = "nothing is known about how to recognise that this statement was done"
_ESCAPES: Final = 'names with Unicode escapes (U&"…") are not read here: write the characters themselves'
_TOO_MANY_PARTS: Final = "a name of more than two parts is not read here: leave the database's name out"


class ReindexTarget(StrEnum):
    """What REINDEX … CONCURRENTLY rebuilds: one index, or all of a table, a schema or the database."""

    INDEX = "INDEX"
    TABLE = "TABLE"
    SCHEMA = "SCHEMA"
    DATABASE = "DATABASE"


class Catalog(StrEnum):
    """The catalogs in which an object is found by its name alone."""

    DATABASE = "pg_database"
    TABLESPACE = "pg_tablespace"
    SUBSCRIPTION = "pg_subscription"


@dataclass(frozen=True, slots=True)
class IndexCreated:
    """CREATE INDEX CONCURRENTLY: an index of this name on this table, and valid."""

    index: str
    table: str
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class IndexDropped:
    """DROP INDEX CONCURRENTLY: no index of this name."""

    index: str


@dataclass(frozen=True, slots=True)
class Reindexed:
    """REINDEX … CONCURRENTLY: nothing half-built left; `name` is None where the statement names no database."""

    target: ReindexTarget
    name: str | None


@dataclass(frozen=True, slots=True)
class PartitionDetached:
    """ALTER TABLE … DETACH PARTITION … CONCURRENTLY: the one is no partition of the other."""

    parent: str
    partition: str


@dataclass(frozen=True, slots=True)
class ObjectCreated:
    """CREATE DATABASE, TABLESPACE or SUBSCRIPTION: the catalog has the name."""

    catalog: Catalog
    name: str


@dataclass(frozen=True, slots=True)
class ObjectDropped:
    """DROP DATABASE, TABLESPACE or SUBSCRIPTION: the catalog does not have the name."""

    catalog: Catalog
    name: str


@dataclass(frozen=True, slots=True)
class Repeatable:
    """VACUUM and its like: run again, it does no harm."""


@dataclass(frozen=True, slots=True)
class Unknowable:
    """It cannot be found out; `reason` says to people why. `concurrent` as is_concurrent says it."""

    reason: str
    concurrent: bool = False


Recheck = (
    IndexCreated
    | IndexDropped
    | Reindexed
    | PartitionDetached
    | ObjectCreated
    | ObjectDropped
    | Repeatable
    | Unknowable
)
"""Names are as the script writes them, quotes and case kept, comments and white space between their parts left out:
to_regclass() and parse_ident() read them as the statement itself does."""


def recheck_of(text: bytes, statement: Statement) -> Recheck:
    """How to find out about a statement of the script `text`; Unknowable for whatever is not recognised."""
    try:
        return _read(_Words(text, statement.start, statement.end))
    except _Unread as unread:
        return Unknowable(str(unread), concurrent="CONCURRENTLY" in statement.tokens)


def is_concurrent(recheck: Recheck) -> bool:
    """Whether the statement waits for other transactions, minutes perhaps, and can leave something half-done."""
    if isinstance(recheck, Unknowable):
        return recheck.concurrent
    return isinstance(recheck, IndexCreated | IndexDropped | Reindexed | PartitionDetached)


class _Unread(Exception):
    """The statement is not one of those whose names are read here; why, for people."""


class _Words:
    """The first lexemes of a statement as they are written, taken one after the other."""

    def __init__(self, text: bytes, start: int, end: int) -> None:
        self._words = list(islice(_written(text, start, end), _WORDS))

    def take(self, *words: str) -> bool:
        """Take these words if they come next."""
        found = [word.upper() for word in self._words[: len(words)]] == list(words)
        if found:
            del self._words[: len(words)]
        return found

    def expect(self, *words: str) -> None:
        """Take these words, which have to come next. Raises: _Unread."""
        if not self.take(*words):
            raise _Unread(_NOT_RECOGNISED)

    def comes(self, word: str) -> bool:
        """Whether this word comes next."""
        return self._words[:1] != [] and self._words[0].upper() == word

    def options(self) -> set[str]:
        """Take a group of options if one comes next: whatever words stand in it, in upper case."""
        group = self._group()
        return {word.strip("\"'").upper() for word in group._words} if group else set()

    def identifier(self) -> str:
        """Take a name of one part. Raises: _Unread."""
        if not self._words or not _begins_identifier(self._words[0]):
            raise _Unread(_NOT_RECOGNISED)
        if self._words[0][:2].upper() == "U&":
            raise _Unread(_ESCAPES)
        return self._words.pop(0)

    def name(self) -> str:
        """Take a name of one part or two. Raises: _Unread."""
        parts = [self.identifier()]
        while self.take("."):
            parts.append(self.identifier())
        if len(parts) > 2:  # noqa: PLR2004  # schema and name
            raise _Unread(_TOO_MANY_PARTS)
        return ".".join(parts)

    def table(self) -> str:
        """Take a table as it may stand behind ON or ALTER TABLE: `t`, `ONLY t`, `ONLY (t)` or `t *`."""
        group = self._group() if self.take("ONLY") else None
        table = (group or self).name()
        self.take("*")
        return table

    def at_end(self) -> bool:
        """Whether all has been taken."""
        return not self._words

    def _group(self) -> "_Words | None":
        if not self._words or not self._words[0].startswith("("):
            return None
        content = self._words.pop(0)[1:-1].encode()
        return _Words(content, 0, len(content))


def _written(text: bytes, start: int, end: int) -> Iterator[str]:
    while start < end:
        kind, first, start = lexeme_at(text, start)
        if kind in {"end", "semicolon"}:
            return
        yield text[first:start].decode("utf-8", "replace")


def _begins_identifier(word: str) -> bool:
    return word[0] in '"_' or word[0].isalpha() or ord(word[0]) >= 0x80  # noqa: PLR2004  # the first that is not ASCII


def _read(words: _Words) -> Recheck:
    for beginning, read in _READERS:
        if words.take(*beginning):
            return read(words)
    raise _Unread(_NOT_RECOGNISED)


def _index_created(words: _Words) -> Recheck:
    words.expect("CONCURRENTLY")
    if_not_exists = words.take("IF", "NOT", "EXISTS")
    if words.comes("ON"):
        raise _Unread(NO_NAME)
    index = words.identifier()
    words.expect("ON")
    return IndexCreated(index, words.table(), if_not_exists)


def _index_dropped(words: _Words) -> Recheck:
    words.expect("CONCURRENTLY")
    words.take("IF", "EXISTS")
    return IndexDropped(words.name())


def _reindexed(words: _Words) -> Recheck:
    # `CONCURRENTLY off` passes for concurrent here: then nothing half-built is found, and it is run again all the same.
    concurrently = "CONCURRENTLY" in words.options()
    target = next((target for target in ReindexTarget if words.take(target.value)), None)
    concurrently = words.take("CONCURRENTLY") or concurrently
    if not concurrently or target is None:
        return Repeatable()
    if target is ReindexTarget.DATABASE and words.at_end():
        return Reindexed(target, None)
    return Reindexed(target, words.name())


def _partition_detached(words: _Words) -> Recheck:
    words.take("IF", "EXISTS")
    parent = words.table()
    words.expect("DETACH", "PARTITION")
    partition = words.name()
    words.expect("CONCURRENTLY")
    return PartitionDetached(parent, partition)


def _object_created(catalog: Catalog, words: _Words) -> Recheck:
    return ObjectCreated(catalog, words.identifier())


def _object_dropped(catalog: Catalog, words: _Words) -> Recheck:
    words.take("IF", "EXISTS")
    return ObjectDropped(catalog, words.identifier())


def _repeatable(_: _Words) -> Recheck:
    return Repeatable()


def _database_moved(words: _Words) -> Recheck:
    words.identifier()
    words.expect("SET", "TABLESPACE")
    return Repeatable()


def _subscription_altered(words: _Words) -> Recheck:
    words.identifier()
    if words.comes("REFRESH") or words.comes("SET"):
        return Repeatable()
    raise _Unread(_PUBLICATIONS if words.comes("ADD") or words.comes("DROP") else _NOT_RECOGNISED)


_READERS: Final[tuple[tuple[tuple[str, ...], Callable[[_Words], Recheck]], ...]] = (
    (("CREATE", "INDEX"), _index_created),
    (("CREATE", "UNIQUE", "INDEX"), _index_created),
    (("DROP", "INDEX"), _index_dropped),
    (("REINDEX",), _reindexed),
    (("ALTER", "TABLE"), _partition_detached),
    *((("CREATE", catalog.name), partial(_object_created, catalog)) for catalog in Catalog),
    *((("DROP", catalog.name), partial(_object_dropped, catalog)) for catalog in Catalog),
    (("VACUUM",), _repeatable),
    (("CLUSTER",), _repeatable),
    (("ALTER", "SYSTEM"), _repeatable),
    (("ALTER", "DATABASE"), _database_moved),
    (("ALTER", "SUBSCRIPTION"), _subscription_altered),
)
"""By the words with which a statement begins."""
