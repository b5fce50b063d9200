"""What people are told of the destructive statements of a plan."""

from typing import NamedTuple

from lambda_fn.domain.destructive import Destructive
from lambda_fn.domain.event import NAMES_LIMIT, Level, Sentence


class FoundDestructive(NamedTuple):
    """A pending migration was looked at for what it destroys; nothing was run."""

    migration: str
    found: tuple[Destructive, ...]

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Each, where it stands and what is safer; the first ones, and how many more there are."""
        told = [self._sentence(each) for each in self.found[:NAMES_LIMIT]]
        if rest := len(self.found) - len(told):
            told.append(Sentence(f"{self.migration}: {rest} more that are destructive", Level.WARNING))
        return tuple(told)

    def _sentence(self, found: Destructive) -> Sentence:
        text = f"{self.migration}, line {found.line}: {found.operation} {found.object} ({found.kind}). {found.message}"
        return Sentence(text, Level.WARNING)
