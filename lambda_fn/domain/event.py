"""What happens during a run, and the sentences that people search their logs for."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from lambda_fn.domain.request import Action

if TYPE_CHECKING:
    from lambda_fn.domain.outcome import AppliedMigration
    from lambda_fn.domain.plan import Diagnostic
    from lambda_fn.errors import MigrateError

NAMES_LIMIT = 100  # in one sentence
NOTICE_LIMIT = 100  # a migration; a flood of notices must not fill the log


class Level(StrEnum):
    """How loud a sentence is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Sentence(NamedTuple):
    """One record of a log, one line of a terminal."""

    text: str
    level: Level = Level.INFO


class Event(Protocol):
    """Something that happened. Its sentences are in Prisma's wording wherever Prisma has one."""

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """What to tell people, in order; may be nothing."""


class RunStarted(NamedTuple):
    """The run begins."""

    action: Action
    continues: str | None = None

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """The banner of a deploy, and which run it goes on with."""
        banner = (Sentence("Running Database Migrations"),) if self.action is Action.DEPLOY else ()
        return (*banner, Sentence(f"Going on with the work of run {self.continues}")) if self.continues else banner


class DirectoryRead(NamedTuple):
    """The migrations directory was read."""

    path: str
    migrations: int

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """How many migrations there are, and where."""
        return (Sentence(f"{self.migrations} migration{_s(self.migrations)} found in {self.path}"),)


class LockAwaited(NamedTuple):
    """Another runner holds the advisory lock; told once, then now and then."""

    holder: str
    waited_ms: int

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Who holds it."""
        return (Sentence(f"Waiting for the advisory lock for {self.waited_ms} ms: {self.holder}", Level.WARNING),)


class ApplyStarted(NamedTuple):
    """A migration is about to be applied, as the `number`th `of` so many; 0 is not known."""

    name: str
    number: int = 0
    of: int = 0

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Its name."""
        return (Sentence(f"Applying migration `{self.name}`"),)


class Noticed(NamedTuple):
    """The server said something while a migration ran."""

    name: str
    severity: str
    message: str

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """What it said."""
        return (Sentence(f"{self.name}: {self.severity}: {self.message}"),)


class Applied(NamedTuple):
    """A migration is in the database and in the history."""

    migration: AppliedMigration

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Its name, and how long it took."""
        return (Sentence(f"Applied migration `{self.migration.name}` in {self.migration.elapsed_ms} ms"),)


class Resolved(NamedTuple):
    """A migration was marked."""

    name: str
    applied: bool

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Its name, and as what."""
        return (Sentence(f"Migration {self.name} marked as {'applied' if self.applied else 'rolled back'}."),)


class Warned(NamedTuple):
    """Directory and history disagree in some way that is allowed."""

    diagnostic: Diagnostic

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """How they disagree."""
        return (Sentence(f"{self.diagnostic.code} {self.diagnostic.message}", Level.WARNING),)


class Diagnosed(NamedTuple):
    """What is pending and what has failed is known; nothing was changed."""

    pending: tuple[str, ...]
    failed: tuple[str, ...]

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Their names; failed ones are told also where something is pending, which Prisma does not."""
        found = (
            *_named(self.pending, "not yet been applied", Level.INFO),
            *_named(self.failed, "failed", Level.ERROR),
            *(Sentence(_ways_out(name), Level.ERROR) for name in self.failed[:1]),
        )
        return found or (Sentence("Database schema is up to date!"),)


class Planned(NamedTuple):
    """How a pending migration would be run is decided."""

    name: str
    mode: str
    statements: int

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Its name, and how."""
        return (Sentence(f"Would apply `{self.name}`: {self.mode}, {self.statements} statement{_s(self.statements)}"),)


class DeployFinished(NamedTuple):
    """Deploy came to its end without an error."""

    applied: tuple[AppliedMigration, ...]

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """What was applied, in Prisma's wording since 5.9 and in the one before: people search for either."""
        done = Sentence("Migrations completed successfully")
        if not self.applied:
            return Sentence("No pending migrations to apply."), done
        names = [migration.name for migration in self.applied]
        return (
            Sentence("The following migration(s) have been applied:\n" + _tree(names)),
            Sentence(f"The following migrations have been applied: {', '.join(_at_most(names))}"),
            Sentence("All migrations have been successfully applied."),
            done,
        )


class RunFailed(NamedTuple):
    """The run ends with an error; with `comes_back` its invoker goes on in another invocation."""

    error: MigrateError
    comes_back: bool = False

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """The whole error, as one record; for who comes back, with the word that nobody has to act."""
        if not self.comes_back:
            return (Sentence(self.error.text, Level.ERROR),)
        going_on = "The invoker comes back, and the next invocation goes on from here: there is nothing to do."
        return (Sentence(f"{self.error.text}\n{going_on}", Level.WARNING),)


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _named(names: tuple[str, ...], what: str, level: Level) -> tuple[Sentence, ...]:
    if not names:
        return ()
    names = tuple(dict.fromkeys(names))
    return (Sentence("\n".join([f"Following migration{_s(len(names))} have {what}:", *_at_most(names)]), level),)


def _ways_out(name: str) -> str:
    return (
        f"If its changes are not in the database: migrate-lambda resolve --rolled-back {name}\n"
        f"If they are: migrate-lambda resolve --applied {name}"
    )


def _tree(names: list[str]) -> str:
    directories = [f"  └─ {name}/\n    └─ migration.sql" for name in names]
    return "\n".join(["migrations/", *_at_most(directories)])


def _at_most(lines: Sequence[str]) -> list[str]:
    """The first lines, and how many more there are: a record of a log has a limit."""
    rest = len(lines) - NAMES_LIMIT
    return [*lines[:NAMES_LIMIT], *([f"… and {rest} more"] if rest > 0 else [])]
