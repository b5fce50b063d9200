"""What happens round a run: that there is none, and what becomes of its answer and its log."""

from typing import NamedTuple

from lambda_fn.domain.event import Level, Sentence


class CutShort(NamedTuple):
    """The answer of a function leaves names out."""

    omitted: int

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """How many."""
        return (Sentence(f"… and {self.omitted} more, which the function's answer leaves out"),) if self.omitted else ()


class Skipped(NamedTuple):
    """The event asks for nothing that needs a run."""

    reason: str

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Why."""
        return (Sentence(self.reason),)


class ToldBefore(NamedTuple):
    """The invoker has a result of this event, and takes no other: `status` is the one that it was not told."""

    status: str

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """That this one was not told."""
        text = (
            "The invoker has a result already, of another run of the same event or by its own timeout: look there. It "
            f"was not told this one: {self.status}"
        )
        return (Sentence(text, Level.WARNING),)


class LoggerMissing(NamedTuple):
    """Powertools' Logger cannot be used."""

    reason: str

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """That records are plain, and where to look."""
        text = (
            f"Powertools cannot be used ({self.reason}): these are plain records, and there are no metrics. "
            "Check the package, and the POWERTOOLS_ variables."
        )
        return (Sentence(text, Level.WARNING),)
