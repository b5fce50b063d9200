"""What can be compared of what two programs did: how each command ended, the rows of the history, and the schema."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.fixtures.projects import Row

# Prisma's sentences that people and their scripts look for; `…` stands for what is named in them.
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
    "failed to apply": r"(A m|M)igration (\S+ )?failed to apply",
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
_WARNING = re.compile(r"^WARNING: (M\d{3})\b", re.MULTILINE)
_LONG = 100
_MADE = re.compile(r"(?:CREATE|ALTER) [A-Z ]+ \S+")
_NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that ended: `deploy`, or `deploy 2` where it is the second one."""

    command: str
    exit_code: int
    text: str

    def facts(self) -> dict[str, str]:
        """Whether it succeeded, the codes of its error and its warnings, and which of the key sentences it said."""
        code = _CODE.search(self.text)
        said = [name for name, pattern in KEY_SENTENCES.items() if re.search(_HEAD + pattern, self.text, re.MULTILINE)]
        return {
            f"{self.command} exit": "succeeds" if self.exit_code == 0 else "fails",
            f"{self.command} code": code[1] if code else _NOTHING,
            f"{self.command} says": "; ".join(said) or _NOTHING,
            f"{self.command} warns": " ".join(_WARNING.findall(self.text)) or _NOTHING,
        }


@dataclass(frozen=True, slots=True)
class Facts:
    """What one program did in a scenario."""

    ended: Sequence[Ended] = field(default=())
    rows: Sequence[str] = field(default=())
    schema: Sequence[str] = field(default=())

    def of_commands(self) -> dict[str, str]:
        """The facts of all its commands."""
        return {name: fact for ended in self.ended for name, fact in ended.facts().items()}


def row_fact(row: Row) -> str:
    """A row of the history without what differs from run to run: its id and its times."""
    finished, logs = row["finished_at"], row["logs"]
    parts = (
        row["migration_name"],
        "unfinished" if finished is None else "finished at its start" if finished == row["started_at"] else "finished",
        f"steps {row['applied_steps_count']}",
        "no logs" if logs is None else "empty logs" if logs == "" else "logs",
        *(["rolled back"] if row["rolled_back_at"] is not None else []),
        f"checksum {row['checksum'][:8]}",
    )
    return ", ".join(parts)


def schema_facts(dump: str) -> list[str]:
    """The statements of a `pg_dump --schema-only`, without comments and settings of its session."""
    lines = (
        line for line in dump.splitlines() if line and not line.startswith(("--", "\\", "SET ", "SELECT pg_catalog"))
    )
    return [" ".join(statement.split()) for statement in "\n".join([*lines, ""]).split(";\n") if statement.strip()]


def differences(prisma: Facts, ours: Facts) -> list[str]:
    """Every difference as a line, `what: Prisma's | ours`."""
    theirs, here = prisma.of_commands(), ours.of_commands()
    commands = [f"{name}: {theirs[name]} | {here[name]}" for name in theirs if theirs[name] != here[name]]
    rows = _of_lists("row", prisma.rows, ours.rows)
    order = ["rows: in another order"] if not rows and list(prisma.rows) != list(ours.rows) else []
    schema = _of_lists("schema", prisma.schema, ours.schema)
    return [*commands, *rows, *order, *schema]


def _of_lists(what: str, theirs: Sequence[str], ours: Sequence[str]) -> list[str]:
    only_theirs, only_ours = Counter(theirs) - Counter(ours), Counter(ours) - Counter(theirs)
    return [
        *(f"{what}: {_shown(each)} | {_NOTHING}" for each in sorted(only_theirs.elements())),
        *(f"{what}: {_NOTHING} | {_shown(each)}" for each in sorted(only_ours.elements())),
    ]


def _shown(fact: str) -> str:
    """A long statement by what it makes; whatever else is shown whole."""
    made = _MADE.match(fact)
    return made[0] if made and len(fact) > _LONG else fact
