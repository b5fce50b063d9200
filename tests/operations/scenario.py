"""What a block of the documents is made of."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.operations.place import Place


def nothing() -> None:
    """Nothing is missing."""
    return


@dataclass(frozen=True, slots=True)
class Scenario:
    """Sets up a place and runs the program in it. `missing` says why that cannot be done here, or nothing."""

    play: Callable[[Place], None]
    missing: Callable[[], str | None] = nothing

    @property
    def name(self) -> str:
        """What the block is called in the document."""
        return self.play.__name__.replace("_", "-")
