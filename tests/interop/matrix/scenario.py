"""What a scenario of the matrix is, and what a listed difference."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.interop.matrix.sides import Side


@dataclass(frozen=True, slots=True)
class Difference:
    """An intended difference, as docs/prisma-compatibility.md lists it.

    `shown_by` is the test that shows it where no scenario does.
    """

    what: str
    prisma: str
    here: str
    why: str
    shown_by: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Plays the same on either side. `differs` has every line in which the two differ, by the reason for it."""

    play: Callable[["Side"], None]
    differs: Mapping[Difference, str] = field(default_factory=dict)
    also_with_6: bool = False

    @property
    def name(self) -> str:
        """What it is called in tests and in the document."""
        return self.play.__name__.replace("_", " ")

    @property
    def title(self) -> str:
        """Its name, and that Prisma 6 is asked too."""
        return f"{self.name} (also with the CLI of 6)" if self.also_with_6 else self.name

    @property
    def declared(self) -> list[str]:
        """The lines in which the two differ."""
        return [line.strip() for lines in self.differs.values() for line in lines.strip().splitlines()]
