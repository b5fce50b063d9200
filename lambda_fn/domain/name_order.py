"""Where Prisma applies migrations in another order: it sorts names as a dictionary would (localeCompare)."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import accumulate, takewhile

# Signs come before digits, digits before letters, as in the root collation of Unicode. Observed of Node 20.
_ASCENDING = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789abcdefghijklmnopqrstuvwxyz"
_RANKS = {character: rank for rank, character in enumerate(_ASCENDING)}
_BEHIND_ALL = len(_ASCENDING)
_MARK = "Mn"  # the category of the accent of é

LocaleKey = tuple[tuple[int, ...], tuple[int, ...]]
"""What decides: the letters of the whole name, then where it is in upper case."""

_FIRST: LocaleKey = ((), ())
_LAST: LocaleKey = ((_BEHIND_ALL + 1,), ())


def ordered_otherwise(names: Sequence[str], pending: AbstractSet[str]) -> Iterator[str]:
    """Those that Prisma may apply on the other side of another one than we do, where one of the two is pending.

    `names` are in our order. Where only accents or other than Latin letters decide, Prisma's order is not known here.
    """
    bounds = [_bounds(name) for name in names]
    counting = [bound if name in pending else (_LAST, _FIRST) for name, bound in zip(names, bounds, strict=True)]
    of_all, of_pending = list(_beside(bounds)), list(_beside(counting))
    for position, (name, (lowest, highest)) in enumerate(zip(names, bounds, strict=True)):
        before, behind = (of_all if name in pending else of_pending)[position]
        if before >= lowest or behind <= highest:
            yield name


def _bounds(name: str) -> tuple[LocaleKey, LocaleKey]:
    """The lowest and the highest key that Prisma may sort by; the same for a name in ASCII."""
    characters = unicodedata.normalize("NFD", name)
    letters = [character for character in characters if unicodedata.category(character) != _MARK]
    ranks = tuple(_RANKS[letter.lower()] for letter in takewhile(lambda letter: letter.lower() in _RANKS, letters))
    if len(ranks) < len(letters):
        return (ranks, (0,)), ((*ranks, _BEHIND_ALL), ())
    cases = tuple(int(letter.isupper()) for letter in letters)
    return ((ranks, cases), (ranks, cases)) if len(letters) == len(characters) else ((ranks, (0,)), (ranks, (2,)))


def _beside(bounds: Sequence[tuple[LocaleKey, LocaleKey]]) -> Iterable[tuple[LocaleKey, LocaleKey]]:
    """For each position the highest key of all before it, and the lowest of all behind it."""
    before = accumulate((highest for _, highest in bounds), max, initial=_FIRST)
    behind = accumulate((lowest for lowest, _ in reversed(bounds)), min, initial=_LAST)
    return zip(list(before)[:-1], list(behind)[-2::-1], strict=True)
