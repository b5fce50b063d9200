"""What can be compared of what two programs did: how each command ended, the rows of the history, and the schema."""

import hashlib
import re
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.fixtures.projects import Row

# What people and their scripts look for, as far as it holds no values; what stands behind it is advice, which differs.
KEY_SENTENCES: Mapping[str, str] = {
    "no migration found": r"No migration found in",
    "no pending migrations": r"No pending migrations to apply\.$",
    "successfully applied": r"All migrations have been successfully applied\.$",
    "up to date": r"Database schema is up to date!$",
    "have not yet been applied": r"Following migrations? have not yet been applied:$",
    "have failed": r"Following migrations? have failed:$",
    "marked as applied": r"Migration \S+ marked as applied\.$",
    "marked as rolled back": r"Migration \S+ marked as rolled back\.$",
    "history and table are different": r"Your local migration history and the migrations table",
    "database created": r"PostgreSQL database \S+ created at",
    "does not exist": r"Database `\S+` does not exist",
    "a migration failed to apply": r"A migration failed to apply\. New migrations cannot be applied before",
    "the migration failed to apply": r"Migration \S+ failed to apply: ERROR",
    "found failed migrations": r"migrate found failed migrations in the target database, new migrations will not",
    "schema is not empty": r"The database schema is not empty",
    "already recorded as applied": r"The migration `\S+` is already recorded as applied in the database",
    "was never applied": r"Migration `\S+` cannot be rolled back because it was never applied to the database",
    "not in a failed state": r"Migration `\S+` cannot be rolled back because it is not in a failed state",
    "could not be found": r"The migration \S+ could not be found\. Please make sure that the migration exists",
    "no migration file": r"Could not find the migration file at",
    "another provider": r"The datasource provider `postgresql` specified in your schema does not match",
}
_HEAD = r"^(?:Error: |ERROR: |WARNING: )?(?:[PM]\d{3,4}:? )?"
_CODE = re.compile(r"^(?:Error: |ERROR: )?([PM]\d{3,4})\b", re.MULTILINE)
_SQLSTATE = re.compile(r"(?:Database error code: |: ERROR )([0-9A-Z]{5})\b")
_WARNING = re.compile(r"^WARNING: (M\d{3})\b", re.MULTILINE)
_NOTICE = re.compile(r"\bNOTICE: ")
_FOUND = re.compile(r"^(\d+) migrations? found in", re.MULTILINE)
_NAME = re.compile(r"(?<!\w)2024\d{10}_\w+")  # all but those of examples
_OBJECT = re.compile(r"^-- Name: (.*); Type: (.*); Schema: (.*); Owner: (.*)$", re.MULTILINE)
_OF_THE_DUMP = re.compile(r"^(?:--|SET default_.*;|ALTER .* OWNER TO .*;|)\n", re.MULTILINE)
_CHECKSUM = re.compile(r"(checksum \w{8})\w+")
_STAMP = len("20240101000000_")
_LONG = 100
_NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that ended: `deploy`, or `deploy 2` where it is the second one."""

    command: str
    exit_code: int
    text: str

    def facts(self) -> dict[str, str]:
        """Whether it succeeded, and what it said: codes, key sentences, and which migrations it named."""
        said = [name for name, pattern in KEY_SENTENCES.items() if re.search(_HEAD + pattern, self.text, re.MULTILINE)]
        facts = {
            "exit": "succeeds" if self.exit_code == 0 else "fails",
            "code": self._first(_CODE),
            "SQLSTATE": self._first(_SQLSTATE),
            "says": "; ".join(said),
            "warns": " ".join(_WARNING.findall(self.text)),
            "notices": "some" if _NOTICE.search(self.text) else "",
            "names": " ".join(sorted({name[_STAMP:] for name in _NAME.findall(self.text)})),
        }
        return {f"{self.command} {name}": fact or _NOTHING for name, fact in facts.items()}

    @property
    def found(self) -> str:
        """How many migrations it said that it found; told only by what succeeded, and asked only of that."""
        return self._first(_FOUND) if self.exit_code == 0 else ""

    def _first(self, pattern: re.Pattern[str]) -> str:
        found = pattern.search(self.text)
        return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What one program did in a scenario; the last are the databases that are there besides its own."""

    ended: Sequence[Ended]
    rows: Sequence[str]
    schema: Sequence[str]
    databases: Sequence[str]

    def of_commands(self) -> dict[str, str]:
        """The facts of all its commands."""
        return {name: fact for ended in self.ended for name, fact in ended.facts().items()}


def row_fact(row: Row) -> str:
    """A row of the history without what differs from run to run: its id and its times."""
    parts = (
        row["migration_name"],
        _finish(row),
        f"steps {row['applied_steps_count']}",
        "no logs" if row["logs"] is None else "logs" if row["logs"] else "empty logs",
        *(["rolled back"] if row["rolled_back_at"] is not None else []),
        *(["rolled back before it began"] if (row["rolled_back_at"] or row["started_at"]) < row["started_at"] else []),
        *(["an id of another form"] if not _is_uuid4(row["id"]) else []),
        f"checksum {row['checksum']}",
    )
    return ", ".join(parts)


def _finish(row: Row) -> str:
    started, finished = row["started_at"], row["finished_at"]
    if finished is None or finished < started:
        return "unfinished" if finished is None else "finished before its start"
    # Prisma's times are milliseconds, in which it may have run a script; what it marks is finished as it starts.
    marked = row["applied_steps_count"] == 0
    return "finished at its start" if marked and finished == started else "finished"


def _is_uuid4(value: str) -> bool:
    try:
        return str(uuid.UUID(value, version=4)) == value
    except ValueError:
        return False


def schema_facts(dump: str, usual_owner: str) -> list[str]:
    """The objects of a `pg_dump --schema-only`, with their owner where it is not the usual one."""
    _, *parts = _OBJECT.split(dump.partition("-- PostgreSQL database dump complete")[0])
    found = []
    for name, kind, schema, owner, body in zip(*(parts[start::5] for start in range(5)), strict=True):
        of = "" if owner == usual_owner else f" of {owner}"
        found.append(f"{kind} {name} in {schema}{of}: {_OF_THE_DUMP.sub('', body).strip()}")
    return found


def differences(prisma: Facts, ours: Facts) -> list[str]:
    """Every difference as a line, `what: Prisma's | ours`."""
    theirs, here = prisma.of_commands(), ours.of_commands()
    commands = [f"{name}: {theirs[name]} | {here[name]}" for name in theirs if theirs[name] != here[name]]
    found = [
        f"{one.command} finds: {one.found} | {other.found}"
        for one, other in zip(prisma.ended, ours.ended, strict=True)
        if one.found and other.found and one.found != other.found
    ]
    rows = _of_lists("row", prisma.rows, ours.rows)
    order = ["rows: in another order"] if not rows and list(prisma.rows) != list(ours.rows) else []
    schema = _of_lists("schema", prisma.schema, ours.schema)
    return [*commands, *found, *rows, *order, *schema, *_of_lists("database", prisma.databases, ours.databases)]


def _of_lists(what: str, theirs: Sequence[str], ours: Sequence[str]) -> list[str]:
    only_theirs, only_ours = Counter(theirs) - Counter(ours), Counter(ours) - Counter(theirs)
    return [
        *(f"{what}: {_shown(each)} | {_NOTHING}" for each in sorted(only_theirs.elements())),
        *(f"{what}: {_NOTHING} | {_shown(each)}" for each in sorted(only_ours.elements())),
    ]


def _shown(fact: str) -> str:
    """On one line and without the rest of a checksum; of what is long its head, and a digest of all of it."""
    line = " ".join(_CHECKSUM.sub(r"\1", fact).split())
    return (
        line if len(line) <= _LONG else f"{line.partition(': ')[0]} ({hashlib.sha256(line.encode()).hexdigest()[:6]})"
    )
