"""The words of a statement, taken one after the other, and the names among them as they are written."""

from collections import deque
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count, islice, takewhile
from typing import Final

from lambda_fn.domain.statements import MAX_TOKENS, Statement
from lambda_fn.domain.tokens import Lexeme, flat_lexemes, lexeme_at, text_of

SHOWN_CHARACTERS: Final = 140
"""Of a name as written: schema and table of 63 bytes each."""

Word = tuple[str, int]
"""A token as text_of gives it, and which one of its source it is."""
_PARENTHESES: Final = {"open_group": "(", "close": ")"}


class _Source:
    """A text in lexemes, read no further than they are asked for."""

    __slots__ = ("_lexemes", "_read", "text")

    def __init__(self, text: bytes, lexemes: Iterator[Lexeme]) -> None:
        self.text = text
        self._lexemes = lexemes
        self._read: list[Lexeme] = []

    def lexeme(self, place: int) -> Lexeme | None:
        """The lexeme at a place; None behind the last."""
        self._read.extend(islice(self._lexemes, max(place + 1 - len(self._read), 0)))
        return self._read[place] if place < len(self._read) else None

    def span(self, place: int) -> tuple[int, int]:
        """Where the lexeme at a place begins and ends."""
        lexeme = self.lexeme(place)
        assert lexeme is not None, "a word was made of it"
        return lexeme[1:]

    def words(self, first: int = 0) -> Iterator[Word]:
        """The words from a place on."""
        for place in count(first):
            if (lexeme := self.lexeme(place)) is None:
                return
            yield _PARENTHESES.get(lexeme[0]) or text_of(self.text, lexeme), place


@dataclass(frozen=True, slots=True)
class Name:
    """A name, its parts as the server compares them."""

    parts: tuple[str, ...]
    _places: tuple[int, ...] = field(repr=False)
    _source: _Source = field(repr=False, compare=False)

    @property
    def written(self) -> str:
        """As it stands in the script, without comments and cut where it is very long."""
        spans = map(self._source.span, self._places)
        written = ".".join(self._source.text[start:end].decode("utf-8", "replace") for start, end in spans)
        return written if len(written) <= SHOWN_CHARACTERS else written[:SHOWN_CHARACTERS] + "…"

    @property
    def root(self) -> "Name":
        """Its first part alone."""
        return Name(self.parts[:1], self._places[:1], self._source)


class Words:
    """Words that are taken from the first on."""

    __slots__ = ("_ahead", "_rest", "_source")

    def __init__(self, source: _Source, words: Iterable[Word]) -> None:
        self._source = source
        self._rest = iter(words)
        self._ahead: deque[Word] = deque()

    @classmethod
    def of(cls, text: bytes, statement: Statement) -> "Words":
        """The words of a statement; a parenthesised group is one."""
        source = _Source(text, _lexemes(text, statement.start, statement.end))
        return cls(source, _words_of(source, statement))

    @classmethod
    def flat(cls, text: bytes, start: int, end: int) -> "Words":
        """The words between two offsets, those in parentheses too, and the parentheses."""
        source = _Source(text, flat_lexemes(text, start, end))
        return cls(source, source.words())

    @classmethod
    def between(cls, text: bytes, start: int, end: int) -> "Words":
        """The words between two offsets, of which every parenthesis is closed; a parenthesised group is one."""
        source = _Source(text, _lexemes(text, start, end))
        return cls(source, source.words())

    @property
    def offset(self) -> int | None:
        """Where the word that comes next begins; None at the end."""
        return self._source.span(self._ahead[0][1])[0] if self.next else None

    @property
    def next(self) -> str:
        """The word that comes next; "" at the end."""
        return self._ahead[0][0] if self._ahead or self._look(1) else ""

    def take(self, *words: str) -> bool:
        """Take these words if they come next."""
        if self.next != words[0]:
            return False
        if len(words) > 1:
            self._look(len(words))
            if tuple(found for found, _ in islice(self._ahead, len(words))) != words:
                return False
        for _ in words:
            self._ahead.popleft()
        return True

    def take_any(self, words: Container[str]) -> str:
        """Take whichever of these words comes next, and say which; "" for none."""
        return self._ahead.popleft()[0] if self.next in words else ""

    def skip_to(self, *words: str) -> str:
        """Take all words up to the first of these and say which; "" where none comes."""
        while self.next:
            word = self._ahead.popleft()[0]
            if word in words:
                return word
        return ""

    def name(self) -> Name | None:
        """Take a name, of one part or more; None where none comes."""
        parts: list[Word] = []
        while _begins_identifier(self.next):
            parts.append(self._ahead.popleft())
            if not self.take("."):
                break
        if not parts:
            return None
        return Name(tuple(_folded(token) for token, _ in parts), tuple(place for _, place in parts), self._source)

    def table(self) -> Name | None:
        """Take a table as it may stand behind ALTER TABLE or FROM: `t`, `ONLY t`, `ONLY (t)` or `t *`."""
        group = self.group() if self.take("ONLY") else None
        name = (group or self).name()
        self.take("*")
        return name

    def names(self) -> list[Name]:
        """Take a list of names, each with its arguments; what is no name ends it."""
        found = []
        while name := self.table():
            found.append(name)
            self.group()
            if not self.take(","):
                break
        return found

    def group(self) -> "Words | None":
        """Take a parenthesised group if one comes next: the words in it."""
        if self.next != "()":
            return None
        start, end = self._source.span(self._ahead.popleft()[1])
        content = self._source.text[start + 1 : end - 1]
        return Words.between(content, 0, len(content))

    def left(self) -> list[str]:
        """Take all that is left."""
        words = [word for word, _ in (*self._ahead, *self._rest)]
        self._ahead.clear()
        return words

    def actions(self) -> Iterator["Words"]:
        """Take all that is left, in parts between the commas."""
        part: list[Word] = []
        depth = 0
        while self.next:
            word = self._ahead.popleft()
            depth += (word[0] == "[") - (word[0] == "]")  # ARRAY['a', 'b'] holds commas
            if word[0] == "," and depth <= 0:
                yield Words(self._source, part)
                part, depth = [], 0
            else:
                part.append(word)
        yield Words(self._source, part)

    def behind(self, word: str, until: frozenset[str]) -> list[str]:
        """The words behind this one and before any of `until`, those in parentheses too; nothing is taken."""
        self._ahead.extend(self._rest)
        words = iter(self._ahead)
        if not any(found == word for found, _ in words):
            return []
        part = [place for _, place in takewhile(lambda found: found[0] not in until, words)]
        if not part:
            return []
        start, end = self._source.span(part[0])[0], self._source.span(part[-1])[1]
        return Words.flat(self._source.text, start, end).left()

    def _look(self, number: int) -> bool:
        missing = number - len(self._ahead)
        if missing > 0:
            self._ahead.extend(islice(self._rest, missing))
        return len(self._ahead) >= number


def _words_of(source: _Source, statement: Statement) -> Iterable[Word]:
    """Those that the statement knows itself, which spares reading them again, and the others."""
    known = zip(statement.tokens, count(), strict=False)
    return known if len(statement.tokens) < MAX_TOKENS else _and_more(source, known)


def _and_more(source: _Source, known: Iterable[Word]) -> Iterator[Word]:
    yield from known
    yield from source.words(MAX_TOKENS)


def _lexemes(text: bytes, start: int, end: int) -> Iterator[Lexeme]:
    while start < end:
        lexeme = lexeme_at(text, start)
        start = lexeme[2]
        if lexeme[0] in {"end", "semicolon"}:
            return
        yield lexeme


def _begins_identifier(token: str) -> bool:
    return token != "" and (token[0] in '"_' or token[0].isalpha() or ord(token[0]) >= 0x80)  # noqa: PLR2004  # beyond ASCII


def _folded(token: str) -> str:
    """The name that the server looks for: of an unquoted one, in lower case."""
    return token[1:-1].replace('""', '"') if token.startswith('"') else token.lower()
