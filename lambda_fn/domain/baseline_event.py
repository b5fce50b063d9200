"""What `baseline` came to."""

from typing import NamedTuple

from lambda_fn.domain.event import Sentence


class Baselined(NamedTuple):
    """So many migrations up to `last` were marked as applied, none where they were so before; so many are pending."""

    marked: int
    last: str
    pending: int

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """What was marked, and what is left to deploy."""
        return (Sentence(f"{self._done} {self._left}"),)

    @property
    def _done(self) -> str:
        if self.marked == 0:
            return f"Nothing to mark: every migration up to {self.last} is applied already."
        return f"Baselined: {self.marked} migration{_s(self.marked)} marked as applied, up to {self.last}."

    @property
    def _left(self) -> str:
        match self.pending:
            case 0:
                return "Nothing is pending."
            case 1:
                return "1 is pending: deploy applies it."
            case _:
                return f"{self.pending} are pending: deploy applies them."


def _s(count: int) -> str:
    return "" if count == 1 else "s"
