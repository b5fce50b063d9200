"""The invariants: what is wrong with a database or with an answer, in sentences."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lambda_fn.domain.migration import Migration
from tests.faults.oracle import Oracle
from tests.faults.scenarios import File
from tests.faults.snapshot import Snapshot

_NOTHING_DONE = re.compile(r"[Nn]othing of it (?:was|is)")
_DONE = ("applied", "upToDate")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a run said, as its invoker reads it."""

    json: dict[str, Any]
    events: tuple[str, ...] = ()
    """What was reported meanwhile, by the names of the events' classes."""

    @property
    def status(self) -> str:
        """The outcome in one word."""
        return str(self.json["status"])

    @property
    def is_done(self) -> bool:
        """Whether it says that nothing is left to do."""
        return self.status in _DONE

    @property
    def applied(self) -> tuple[str, ...]:
        """What it says that this run applied."""
        return tuple(each["name"] for each in self.json["applied"])

    @property
    def pending(self) -> tuple[str, ...]:
        """What it says that is left."""
        return tuple(each["name"] for each in self.json["pending"])

    @property
    def error_class(self) -> str | None:
        """The class of its error."""
        return (self.json["error"] or {}).get("class")

    @property
    def code(self) -> str | None:
        """The code of its error."""
        return (self.json["error"] or {}).get("code")

    @property
    def elapsed_ms(self) -> int:
        """How long it took."""
        return int(self.json["elapsedMs"])

    @property
    def says_nothing_was_done(self) -> bool:
        """Whether its error says that nothing is in the database of the migration that it is about."""
        error = self.json["error"] or {}
        return bool(_NOTHING_DONE.search(error.get("message", "")))

    @property
    def says_it_has_begun(self) -> bool:
        """Whether its error says that the migration that it is about is recorded as started."""
        return "stays recorded as started" in (self.json["error"] or {}).get("message", "")

    def __str__(self) -> str:
        error = self.json["error"] or {}
        return " ".join(filter(None, (self.status, error.get("message"), *error.get("details", ()))))


def judge_answer(answer: Answer, seen: Snapshot, oracle: Oracle) -> Iterator[str]:
    """What an answer says that is not so. `seen` is the database right after it, with no session of ours left."""
    yield from judge_claims(answer, seen, oracle)
    if answer.status == "failed" and (there := set(answer.pending) & set(seen.applied)):
        yield f"'failed' was answered, and {_listed(there)} is applied: {answer}"


def judge_claims(answer: Answer, seen: Snapshot, oracle: Oracle) -> Iterator[str]:
    """What an answer says to be done that is not. `seen` is any look behind it, also while others are at work."""
    names = [file.name for file in oracle.scenario.all_files]
    if answer.is_done and (missing := set(names) - set(seen.applied)):
        yield f"{answer.status!r} was answered, and {_listed(missing)} is not applied"
    if missing := set(answer.applied) - set(seen.applied):
        yield f"{_listed(missing)} was answered as applied, and is not"
    if answer.error_class == "InternalError":
        yield f"a bug of ours was answered: {answer}"


def judge_own_work(answer: Answer, work: frozenset[str], oracle: Oracle) -> Iterator[str]:
    """What an answer says of the run's own work that is not so. `work` names the files that the run has worked on.

    That holds whatever other runs have done meanwhile, and does not change any more once the run's session is gone.
    """
    for file in oracle.scenario.files:
        if not file.is_atomic or "INTO journal" not in file.script:
            continue
        if file.name in answer.applied and file.name not in work:
            yield f"{file.name} was answered as applied by a run that has not applied it: {answer}"
        if answer.status == "failed" and file.name in answer.pending and file.name in work:
            yield f"'failed' was answered by a run that has applied {file.name}: {answer}"


def judge_state(seen: Snapshot, oracle: Oracle) -> Iterator[str]:
    """What is wrong with a database at any time, as long as no run is at work."""
    files = oracle.scenario.files
    names = {file.name for file in files}
    applied = [name for name in seen.applied if name in names]
    if applied != [file.name for file in files][: len(applied)]:
        yield f"applied out of order, or more than once: {_listed(applied)}"
        return
    steps_done = oracle.steps_done(seen)
    following = files[len(applied)] if len(applied) < len(files) else None
    if steps_done is None:
        yield (
            f"{_listed(applied)} is recorded as applied, and the database is in no state that fits it:\n"
            + _difference(seen, oracle, len(applied))
        )
    elif following is not None and steps_done > 0:
        yield from _judge_half_done(following, steps_done, seen)
    yield from (f"a row is not as Prisma's: {problem}" for problem in _odd_rows(seen, oracle))


def _judge_half_done(file: File, steps_done: int, seen: Snapshot) -> Iterator[str]:
    if file.is_atomic:
        yield f"{file.name} is in the database, and not in the history"
    elif file.name not in seen.started:
        yield f"{steps_done} steps of {file.name} are in the database, and no row of the history says so"


def judge_end(seen: Snapshot, oracle: Oracle, residue: list[str]) -> Iterator[str]:
    """What is wrong with a database when a run has said that everything is applied."""
    yield from judge_state(seen, oracle)
    if seen.facts != oracle.final:
        yield "the database is not as after a clean run:\n" + _difference(seen, oracle, len(oracle.stages))
    if seen.applied != tuple(sorted(file.name for file in oracle.scenario.all_files)):
        yield f"not every migration has exactly one applied row: {_listed(seen.applied)}"
    if seen.started:
        yield f"{_listed(seen.started)} is still recorded as started"
    yield from residue


def _odd_rows(seen: Snapshot, oracle: Oracle) -> Iterator[str]:
    checksums = {file.name: _checksum(file) for file in oracle.scenario.all_files}
    for row in seen.history:
        if row.is_applied and (row.logs, row.steps) != (None, 1):
            yield f"{row.name} is applied with logs {row.logs!r} and {row.steps} steps"
        if row.is_finished and row.is_rolled_back:
            yield f"{row.name} is finished and rolled back"
        if row.is_rolled_back and not row.logs:
            yield f"{row.name} is rolled back without a reason"
        if row.checksum != checksums.get(row.name):
            yield f"{row.name} has another checksum than its file"


def _checksum(file: File) -> str:
    return Migration(file.name, file.script.encode()).checksum


def _difference(seen: Snapshot, oracle: Oracle, number: int) -> str:
    """How the facts differ from the stage that they come nearest to."""
    stages = oracle.stages[number] if number < len(oracle.stages) else (oracle.final,)
    nearest = min(stages, key=lambda facts: len(set(facts) ^ set(seen.facts)))
    lines = [f"- {fact}" for fact in nearest if fact not in seen.facts]
    lines += [f"+ {fact}" for fact in seen.facts if fact not in nearest]
    return "\n".join(lines[:12])


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
