"""What happens to statements that run outside of a transaction."""

from dataclasses import dataclass

from lambda_fn.domain.event import Level, Sentence


@dataclass(frozen=True, slots=True)
class LeftoverRemoved:
    """What an interrupted concurrent statement had left was removed, by this statement."""

    migration: str
    statement: str

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """How it was removed."""
        text = f"{self.migration}: an interrupted attempt had left something invalid, removed by: {self.statement}"
        return (Sentence(text, Level.WARNING),)


@dataclass(frozen=True, slots=True)
class StatementRetried:
    """A concurrent statement failed because of somebody else, left nothing, and is sent again."""

    migration: str
    message: str
    sqlstate: str

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Why it failed."""
        text = f"{self.migration}: tried again after {self.message} (SQLSTATE {self.sqlstate}); nothing of it stayed"
        return (Sentence(text, Level.WARNING),)


@dataclass(frozen=True, slots=True)
class FellBack:
    """A file that cannot work in one transaction is run step by step."""

    migration: str
    message: str
    sqlstate: str

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Why, and how not to be told again."""
        text = (
            f"{self.migration} does not work in one transaction: {self.message} (SQLSTATE {self.sqlstate}); it was "
            "rolled back and is now run step by step. `-- migrate: stepwise` in its first line says so from the start."
        )
        return (Sentence(text, Level.WARNING),)


@dataclass(frozen=True, slots=True)
class WentOn:
    """A run goes on with a migration that was half done."""

    migration: str
    done: int
    steps: int

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Behind which step."""
        return (Sentence(f"{self.migration} goes on behind step {self.done} of {self.steps}"),)
