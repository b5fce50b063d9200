"""What happens to migrations that are run step by step."""

from typing import NamedTuple

from lambda_fn.domain.event import Level, Sentence


class LeftoverRemoved(NamedTuple):
    """What an interrupted concurrent statement had left was removed, by this statement."""

    migration: str
    statement: str

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """How it was removed."""
        text = f"{self.migration}: an interrupted attempt had left something invalid, removed by: {self.statement}"
        return (Sentence(text, Level.WARNING),)


class StatementRetried(NamedTuple):
    """A concurrent statement failed because of somebody else, left nothing, and is sent again."""

    migration: str
    message: str
    sqlstate: str

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Why it failed."""
        text = f"{self.migration}: tried again after {self.message} (SQLSTATE {self.sqlstate}); nothing of it stayed"
        return (Sentence(text, Level.WARNING),)


class WaiterCancelled(NamedTuple):
    """A session that waited for the advisory lock stood in the way of a concurrent statement, and was cancelled."""

    migration: str
    pid: str
    waited_s: int

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Which one, and why that harms nobody."""
        text = (
            f"{self.migration}: cancelled backend {self.pid}, for which it would have waited for ever: that waited for "
            f"the advisory lock for more than {self.waited_s} s, where Prisma has given up after 10 s"
        )
        return (Sentence(text, Level.WARNING),)


class FellBack(NamedTuple):
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


class WentOn(NamedTuple):
    """A run goes on with a migration that was half done."""

    migration: str
    done: int
    steps: int

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Behind which step."""
        return (Sentence(f"{self.migration} goes on behind step {self.done} of {self.steps}"),)


class HalfDone(NamedTuple):
    """A migration is half done; nothing was changed. `reason` is why it stopped, where the server said so."""

    migration: str
    done: int
    steps: int
    reason: str | None

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """How far it has come, and what goes on with it."""
        why = f" It stopped at: {self.reason}." if self.reason else ""
        text = (
            f"{self.migration} is half done or under way: {self.done} of its {self.steps} steps are in the database."
            f"{why} Deploy goes on behind them; Prisma Migrate waits with P3009 until it is finished."
        )
        return (Sentence(text, Level.WARNING),)
