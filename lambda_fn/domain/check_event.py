"""What doctor found, as people are told."""

from typing import NamedTuple

from lambda_fn.domain.check import Check, Result
from lambda_fn.domain.event import Level, Sentence

_LEVELS = {Result.PASSED: Level.INFO, Result.UNKNOWN: Level.WARNING, Result.FAILED: Level.ERROR}


class Checked(NamedTuple):
    """Doctor knows the result of a check."""

    check: Check

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """The check, and what to do."""
        return (Sentence(self.check.sentence, _LEVELS[self.check.result]),)
