"""A migration waits for a lock of somebody else's."""

from typing import NamedTuple

from lambda_fn.domain.blocker import BlockerReport
from lambda_fn.domain.event import Level, Sentence


class LockContended(NamedTuple):
    """A migration did not get a lock yet and tries again; told now and then."""

    migration: str
    waited_ms: int
    blockers: BlockerReport | None

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """For how long, and who has it."""
        by = f": {self.blockers.sentence}" if self.blockers else ""
        return (Sentence(f"{self.migration} has waited for a lock for {self.waited_ms} ms{by}", Level.WARNING),)
