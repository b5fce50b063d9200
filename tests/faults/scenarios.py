"""What is migrated while faults are injected: every kind of script, with data that tells how often it was run."""

from dataclasses import dataclass
from pathlib import Path

from tests.fixtures.projects import LOCK_FILE

STEPWISE = "-- migrate: stepwise\n"


@dataclass(frozen=True, slots=True)
class File:
    """A migration. Each of its `steps` is in the database as a whole or not at all, in their order.

    An atomic file is one step; what else there is may be found half-done where a run was stopped.
    """

    name: str
    steps: tuple[str, ...]
    directive: str = ""
    ending: str = ""
    """What the script has behind its steps that a careful person would not run."""

    @property
    def script(self) -> str:
        """The content of migration.sql."""
        return self.directive + "\n".join(self.steps) + self.ending + "\n"

    @property
    def is_atomic(self) -> bool:
        """Whether it must never be found half-done, nor done and not recorded."""
        return len(self.steps) == 1 and "CONCURRENTLY" not in self.script


@dataclass(frozen=True, slots=True)
class Scenario:
    """Files that are to be deployed onto a database to which `before` has been applied."""

    name: str
    files: tuple[File, ...]
    before: tuple[File, ...] = ()

    def __str__(self) -> str:
        return self.name

    @property
    def all_files(self) -> tuple[File, ...]:
        """Every file of the directory."""
        return self.before + self.files

    def write(self, directory: Path) -> Path:
        """Write the migrations directory, and return it."""
        return write_files(directory, self.all_files)


def write_files(directory: Path, files: tuple[File, ...]) -> Path:
    """Write a migrations directory, and return it."""
    directory.mkdir(parents=True)
    (directory / "migration_lock.toml").write_text(LOCK_FILE)
    for file in files:
        (directory / file.name).mkdir()
        (directory / file.name / "migration.sql").write_text(file.script)
    return directory


JOURNAL = """
CREATE TABLE journal (step text, run text DEFAULT current_setting('application_name'));
CREATE TABLE counter (n int NOT NULL);
INSERT INTO counter VALUES (0);
"""
"""`journal` says which run did what; a column `run` is no part of the final state."""

ITEMS = """
CREATE TYPE kind AS ENUM ('a', 'b');
CREATE TABLE item (id int PRIMARY KEY, kind kind NOT NULL DEFAULT 'a', note text);
INSERT INTO item SELECT number, 'a', 'note ' || number FROM generate_series(1, 300) AS number;
CREATE INDEX item_note ON item (note);
"""

BASE = File("20240101000000_base", (JOURNAL + ITEMS,))


def count(file: str, number: int = 1) -> str:
    """A statement that must be run exactly once; it says in the journal of which file it is, and who ran it."""
    return (
        "WITH once AS (UPDATE counter SET n = n + 1 RETURNING n) "
        f"INSERT INTO journal SELECT '{file}:{number} as the ' || n || 'th' FROM once;"
    )


def _scenario(name: str, *steps: str, directive: str = "") -> Scenario:
    return Scenario(name, (File(f"20240102000000_{name}", steps, directive),), (BASE,))


ATOMIC = Scenario(
    "atomic",
    (
        File(
            "20240101000000_atomic",
            (JOURNAL + ITEMS + "CREATE TABLE tag (id int);\n" + count("20240101000000_atomic"),),
        ),
    ),
)
OWN_TRANSACTION = _scenario(
    "own_transaction",
    "BEGIN;\nCREATE TYPE kind_new AS ENUM ('a', 'c');\n"
    "ALTER TABLE item ALTER kind DROP DEFAULT, ALTER kind TYPE kind_new USING kind::text::kind_new;\n"
    "ALTER TYPE kind RENAME TO kind_old;\nALTER TYPE kind_new RENAME TO kind;\nDROP TYPE kind_old;\n"
    f"{count('20240102000000_own_transaction')}\nCOMMIT;",
)
INCREMENT = _scenario(
    "increment", "UPDATE counter SET n = n + 1;\nUPDATE counter SET n = n + 1;\nUPDATE item SET note = note || '!';"
)
SESSION_STATE = Scenario(
    "session_state",
    (
        File(
            "20240102000000_prepared",
            (
                "CREATE TABLE shadow (id int);\nPREPARE p AS SELECT 1;\nALTER TABLE item ADD COLUMN c int;\n"
                + count("20240102000000_prepared"),
            ),
        ),
        File(
            "20240103000000_temporary",
            (
                "CREATE TEMP TABLE shadow (id int);\nINSERT INTO shadow VALUES (1);\n"
                "ALTER TABLE item ADD COLUMN d int;\n" + count("20240103000000_temporary"),
            ),
        ),
        File("20240104000000_shadow", ("INSERT INTO shadow VALUES (2);\n" + count("20240104000000_shadow"),)),
    ),
    (BASE,),
)
"""What stays in a session behind a rollback, or a commit, must not reach the next attempt or the next file."""

CONCURRENT_INDEX = _scenario("concurrent_index", "CREATE UNIQUE INDEX CONCURRENTLY item_id_note ON item (id, note);")
DROP_INDEX = _scenario("drop_index", "DROP INDEX CONCURRENTLY item_note;")
REINDEX = _scenario("reindex", "REINDEX INDEX CONCURRENTLY item_note;")
DETACH = Scenario(
    "detach",
    (File("20240103000000_detach", ("ALTER TABLE part DETACH PARTITION part_one CONCURRENTLY;",)),),
    (
        BASE,
        File(
            "20240102000000_partitions",
            (
                "CREATE TABLE part (id int) PARTITION BY LIST (id);\n"
                "CREATE TABLE part_one PARTITION OF part FOR VALUES IN (1);\nINSERT INTO part VALUES (1);",
            ),
        ),
    ),
)
MIX = _scenario(
    "mix",
    "CREATE TABLE tag (id int PRIMARY KEY, item int REFERENCES item);",
    count("20240102000000_mix"),
    "CREATE INDEX CONCURRENTLY item_kind ON item (kind);",
    "ALTER TABLE item ADD COLUMN price int NOT NULL DEFAULT 7;",
    f"BEGIN;\nINSERT INTO tag SELECT id, id FROM item;\n{count('20240102000000_mix', 2)}\nCOMMIT;",
    "DROP INDEX CONCURRENTLY item_note;",
    count("20240102000000_mix", 3),
)
ADD_VALUE = _scenario(
    "add_value",
    "ALTER TYPE kind ADD VALUE 'c';",
    "UPDATE item SET kind = 'c' WHERE id <= 10;",
    count("20240102000000_add_value"),
)
INCREMENTS = _scenario(
    "increments",
    *("UPDATE counter SET n = n + 1;", "UPDATE counter SET n = n * 2;", "UPDATE item SET note = note || '!';"),
    count("20240102000000_increments"),
    directive=STEPWISE,
)
DO_BLOCK = _scenario(
    "do_block",
    "DO $$ BEGIN UPDATE counter SET n = n + 1; CREATE TABLE made (id int); END $$;",
    "CREATE INDEX CONCURRENTLY item_kind ON item (kind);",
    count("20240102000000_do_block"),
)
SEVERAL = Scenario(
    "several",
    (
        File("20240102000000_atomic", (f"CREATE TABLE tag (id int);\n{count('20240102000000_atomic')}",)),
        File("20240103000000_index", ("CREATE INDEX CONCURRENTLY item_kind ON item (kind);",)),
        File("20240104000000_increment", (count("20240104000000_increment"),)),
        File(
            "20240105000000_mix",
            (
                count("20240105000000_mix"),
                "CREATE INDEX CONCURRENTLY item_kind_id ON item (kind, id);",
                count("20240105000000_mix", 2),
            ),
        ),
    ),
    (BASE,),
)

ROUTINE = _scenario(
    "routine", "DO $$ BEGIN UPDATE counter SET n = n + 1; COMMIT; UPDATE counter SET n = n + 1; END $$;"
)
"""Commits by itself, and leaves no trace of how far it came: stopped in the middle, a person is asked."""

TRANSACTIONAL = (ATOMIC, OWN_TRANSACTION, INCREMENT, SESSION_STATE)
CONCURRENT = (CONCURRENT_INDEX, DROP_INDEX, REINDEX, DETACH)
IN_STEPS = (MIX, ADD_VALUE, INCREMENTS, DO_BLOCK, SEVERAL)
SCENARIOS = TRANSACTIONAL + CONCURRENT + IN_STEPS
