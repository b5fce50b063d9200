"""The error classes: what a program tells apart."""

from dataclasses import dataclass
from typing import ClassVar, Self


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where in the migrations an error happened; what is not known is None.

    `statement` counts from 1; `line` and `column` count from 1, the column in characters.
    `excerpt` is the line of the script, its number before it and a caret under the column.
    `hides_literals` is True where the statement's string constants are secrets, which no text may repeat.
    """

    migration: str | None = None
    sqlstate: str | None = None
    statement: int | None = None
    line: int | None = None
    column: int | None = None
    excerpt: str | None = None
    hides_literals: bool = False

    @property
    def place(self) -> str:
        """` in statement 2 (line 3, column 1)`, as far as it is known; it begins with a blank, or is empty."""
        at = f"line {self.line}" + (f", column {self.column}" if self.column else "") if self.line else ""
        if self.statement:
            return f" in statement {self.statement}" + (f" ({at})" if at else "")
        return f" at {at}" if at else ""


@dataclass(frozen=True, slots=True)
class Stayed:
    """How much of a migration is in the database: the first `done` of its `steps`.

    `in_doubt` says that an earlier run began the next one, and that it is not known yet what became of that.
    """

    done: int = 0
    steps: int = 1
    in_doubt: bool = False

    @property
    def sentence(self) -> str:
        """One sentence."""
        if self.in_doubt:
            return f"What became of its step {self.done + 1} of {self.steps} is for the next run to find out."
        if self.done == 0:
            return "Nothing of it is in the database."
        first = "first" if self.done == 1 else f"first {self.done}"
        verb = "is" if self.done == 1 else "are"
        return f"The {first} of its {self.steps} steps {verb} in the database and in the history."


NOTHING_STAYED = Stayed()


class MigrateError(Exception):
    """An error with a code, what happened and what to do next; complete in its first line.

    `next_step` is "" for an error that a function raised, of which only the whole text is known here.
    `lines` are further lines for people: the server's detail and hint, a context.
    `unknown` is True when the server's answer to a commit is not in, so that nobody may say "failed".
    `progressed` is True when steps of the migration were done before, in the same run.
    """

    exit_code: ClassVar[int] = 70

    def __init__(
        self,
        code: str,
        problem: str,
        next_step: str,
        *,
        where: Whereabouts | None = None,
        lines: tuple[str, ...] = (),
        unknown: bool = False,
    ) -> None:
        self.code = code
        self.problem = problem
        self.next_step = next_step
        self.where = where or Whereabouts()
        self.lines = lines
        self.unknown = unknown
        self.progressed = False
        self._words: str | None = None
        super().__init__(self.headline)

    def __str__(self) -> str:
        return self.text

    @property
    def headline(self) -> str:
        """The first line, complete by itself."""
        return " ".join(f"{self.code} {self.problem} {self.next_step}".splitlines()).rstrip()

    @property
    def text(self) -> str:
        """The whole message: headline, excerpt, further lines."""
        if self._words is not None:
            return self._words
        return "\n".join([self.headline, *self._excerpt_lines(), *self.lines])

    def in_words(self, text: str) -> Self:
        """The same error with `text` as its whole message, for an invoker that takes only so much."""
        copy = type(self)(
            self.code, self.problem, self.next_step, where=self.where, lines=self.lines, unknown=self.unknown
        )
        copy.progressed = self.progressed
        copy._words = text
        return copy

    def _excerpt_lines(self) -> list[str]:
        return [self.where.excerpt] if self.where.excerpt else []


class RequestInvalid(MigrateError):
    """The event or the command line is wrong. Mend it; trying again changes nothing."""

    exit_code = 2


class SettingsInvalid(MigrateError):
    """A setting, the secret, the URL or the migrations directory is wrong. Nothing was run."""

    exit_code = 2


class DatabaseUnreachable(MigrateError):
    """The database could not be reached, or was lost. Trying again may help."""

    exit_code = 3


class AwsUnavailable(MigrateError):
    """On a terminal only: AWS could not be reached, was too busy, or its answer was lost. Trying again may help."""

    exit_code = 3


class LockTimeout(MigrateError):
    """Another runner, or a blocker, held a lock for too long. Trying again may help."""

    exit_code = 3


class HistoryBlocked(MigrateError):
    """The history does not allow it; a person resolves. Nothing was applied."""

    exit_code = 4


class MigrationFailed(MigrateError):
    """A migration failed to apply. What was applied before it stands in the outcome."""

    exit_code = 5


class DeadlineExceeded(MigrateError):
    """The time that the invoker gave ran out."""

    exit_code = 6


class InternalError(MigrateError):
    """A bug of ours."""

    exit_code = 70
