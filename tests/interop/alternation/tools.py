"""The two tools, asked the same."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from lambda_fn import wiring
from lambda_fn.domain.outcome import Outcome, to_json
from lambda_fn.domain.request import parse_request
from lambda_fn.settings import Settings
from tests.fixtures.planted import check_said
from tests.fixtures.prisma_engine import EngineError, LiveEngine
from tests.fixtures.projects import RecordingReporter
from tests.interop.alternation.place import Place

DONE = "done"
UNCODED = "an error without a code"


class Who(StrEnum):
    """One of the two."""

    OURS = "ours"
    PRISMA = "Prisma"

    @property
    def other(self) -> "Who":
        """The other one."""
        return Who.PRISMA if self is Who.OURS else Who.OURS


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a command came to: `done`, or the code of its error; `sqlstate` where a script failed."""

    code: str = DONE
    sqlstate: str = ""
    message: str = field(default="", compare=False)

    @property
    def is_done(self) -> bool:
        """Whether it did what it was to do."""
        return self.code == DONE

    def __str__(self) -> str:
        return " ".join(filter(None, (self.code, self.sqlstate)))


@dataclass(frozen=True, slots=True)
class Reading:
    """What a tool makes of directory and history; `code` is the error instead of it. `told` are warnings of ours."""

    pending: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    edited: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    code: str = DONE
    told: tuple[tuple[str, frozenset[str]], ...] = ()

    @property
    def is_up_to_date(self) -> bool:
        """Whether there is nothing to do and nothing in the way."""
        return self.code == DONE and not self.pending and not self.failed


class Tool(Protocol):
    """What either tool can do."""

    who: Who

    def deploy(self, place: Place) -> Verdict:
        """Apply what is pending."""
        ...

    def resolve_applied(self, place: Place, name: str) -> Verdict:
        """`resolve --applied`."""
        ...

    def resolve_rolled_back(self, place: Place, name: str) -> Verdict:
        """`resolve --rolled-back`."""
        ...

    def read(self, place: Place) -> Reading:
        """What it says of the state."""
        ...


class Prisma:
    """Prisma's own engine."""

    who = Who.PRISMA

    def __init__(self, engine: LiveEngine) -> None:
        self._engine = engine

    def deploy(self, place: Place) -> Verdict:
        """`prisma migrate deploy`."""
        try:
            self._engine.deploy(place.url, place.directory)
        except EngineError as error:
            return _verdict(error)
        return Verdict()

    def resolve_applied(self, place: Place, name: str) -> Verdict:
        """`prisma migrate resolve --applied`."""
        try:
            self._engine.mark_applied(place.url, place.directory, name)
        except EngineError as error:
            return _verdict(error)
        return Verdict()

    def resolve_rolled_back(self, place: Place, name: str) -> Verdict:
        """`prisma migrate resolve --rolled-back`."""
        try:
            self._engine.mark_rolled_back(place.url, name)
        except EngineError as error:
            return _verdict(error)
        return Verdict()

    def read(self, place: Place) -> Reading:
        """What `prisma migrate status` is made from."""
        try:
            found = self._engine.diagnose(place.url, place.directory)
        except EngineError as error:
            return Reading(code=_verdict(error).code)
        return Reading(found.pending, found.failed, frozenset(found.edited), frozenset(found.missing))


def _verdict(error: EngineError) -> Verdict:
    check_said(error.message)
    sqlstate = error.message.partition("Database error code: ")[2][:5]
    return Verdict(error.code or UNCODED, sqlstate, error.message)


class Ours:
    """The product, in this process."""

    who = Who.OURS

    def deploy(self, place: Place) -> Verdict:
        """`deploy`."""
        return _told(self.run(place, "deploy"))

    def resolve_applied(self, place: Place, name: str) -> Verdict:
        """`resolve --applied`."""
        return _told(self.run(place, "resolve", applied=[name]))

    def resolve_rolled_back(self, place: Place, name: str) -> Verdict:
        """`resolve --rolled-back`."""
        return _told(self.run(place, "resolve", rolledBack=[name]))

    def baseline(self, place: Place, to: str) -> Verdict:
        """`baseline --to`."""
        return _told(self.run(place, "baseline", to=to))

    def read(self, place: Place) -> Reading:
        """`status`."""
        outcome = self.run(place, "status")
        if outcome.error is not None:
            return Reading(code=outcome.error.code)
        told = {warning.code: frozenset(warning.migrations) for warning in outcome.warnings}
        return Reading(
            tuple(migration.name for migration in outcome.pending),
            outcome.failed,
            told.get("M510", frozenset()),
            told.get("M513", frozenset()),
            told=tuple(sorted(told.items())),
        )

    def run(self, place: Place, action: str, **options: object) -> Outcome:
        """Any action, with its options by their JSON keys."""
        settings = Settings(database_url=place.url, directory=str(place.directory))
        reporter = RecordingReporter()
        request = parse_request({"action": action, **options})
        outcome = wiring.run(request, settings, reporter, run_id="alternation")
        check_said(to_json(outcome), outcome.error, *reporter.lines)
        return outcome


def _told(outcome: Outcome) -> Verdict:
    error = outcome.error
    if error is None:
        return Verdict()
    return Verdict(error.code, error.where.sqlstate or "", error.headline)
