"""The operations that are called destructive: what each does, and what is safer.

What is said of locks, of rewriting and of reading a table was seen on servers: tests/postgres/test_destructive.py.
"""

from dataclasses import dataclass
from typing import Final

from lambda_fn.domain.destructive import Harm


@dataclass(frozen=True, slots=True)
class Operation:
    """A kind of statement, or of an action of ALTER TABLE: its words, its harm, what happens and what is safer."""

    words: str
    harm: Harm
    message: str


CASCADES: Final = " CASCADE drops what depends on it too, which is not named here."

_LOSS, _REWRITE, _SCAN = Harm.DATA_LOSS, Harm.TABLE_REWRITE, Harm.TABLE_SCAN
_WRITES, _BREAKS = Harm.BLOCKS_WRITES, Harm.BREAKS_RUNNING_CODE
_IN_TWO = "Safer: let a release go ahead that no longer uses it."
_NEW_COLUMN = "Safer: add a new column, fill it in parts, and drop the old one in a later release."

DROP_TABLE: Final = Operation(
    "DROP TABLE", _LOSS, f"The table goes with all its rows. {_IN_TWO} Take a snapshot before."
)
DROP_COLUMN: Final = Operation(
    "DROP COLUMN", _LOSS, f"The column goes with all its values. {_IN_TWO} Take a snapshot before."
)
DROP_ATTRIBUTE: Final = Operation("DROP ATTRIBUTE", _LOSS, f"The attribute goes with all its values. {_IN_TWO}")
DROP_MATERIALIZED_VIEW: Final = Operation(
    "DROP MATERIALIZED VIEW", _LOSS, f"Its rows go, which only its query can make again. {_IN_TWO}"
)
DROP_SEQUENCE: Final = Operation("DROP SEQUENCE", _LOSS, f"How far it had counted is gone. {_IN_TWO}")
DROP_DATABASE: Final = Operation("DROP DATABASE", _LOSS, "The database goes with all that it holds.")
DROP_OWNED: Final = Operation(
    "DROP OWNED", _LOSS, "All that the role owns in this database goes, tables with their rows. Safer: REASSIGN OWNED."
)
DROP_SCHEMA_CASCADE: Final = Operation("DROP SCHEMA", _LOSS, "The schema goes with all that is in it, rows too.")
DROP_TYPE_CASCADE: Final = Operation("DROP TYPE", _LOSS, "Columns of this type go with all their values.")
TRUNCATE: Final = Operation("TRUNCATE", _LOSS, "All rows of the table go. Take a snapshot before.")
DELETE_ALL: Final = Operation(
    "DELETE without WHERE", _LOSS, "All rows of the table go. Take a snapshot before, or add a WHERE."
)
UPDATE_ALL: Final = Operation(
    "UPDATE without WHERE",
    _LOSS,
    "Every row is written anew and what it held is gone; each stays locked until the end. Safer: a WHERE, and parts.",
)

CHANGE_TYPE: Final = Operation(
    "ALTER COLUMN TYPE",
    _REWRITE,
    "May write the whole table anew while nobody reads or writes it, and fails on a value that does not convert. "
    + _NEW_COLUMN,
)
ADD_VOLATILE: Final = Operation(
    "ADD COLUMN with a volatile default",
    _REWRITE,
    "Writes the whole table anew while nobody reads or writes it. Safer: add the column without, set the default, and "
    "fill the rows in parts.",
)
ADD_UNKNOWN_DEFAULT: Final = Operation(
    "ADD COLUMN with a function as default",
    _REWRITE,
    "Where the function is volatile, writes the whole table anew while nobody reads or writes it. Safer: add the "
    "column without, set the default, and fill the rows in parts.",
)
ADD_SERIAL: Final = Operation(
    "ADD COLUMN with a sequence", _REWRITE, "Writes the whole table anew while nobody reads or writes it, to number it."
)
ADD_STORED: Final = Operation(
    "ADD COLUMN GENERATED … STORED",
    _REWRITE,
    "Writes the whole table anew while nobody reads or writes it. Safer: a plain column, a trigger, and parts.",
)
SET_EXPRESSION: Final = Operation(
    "SET EXPRESSION", _REWRITE, f"Writes the whole table anew while nobody reads or writes it. {_NEW_COLUMN}"
)
SET_LOGGED: Final = Operation(
    "SET LOGGED or UNLOGGED", _REWRITE, "Writes the whole table anew while nobody reads or writes it."
)
SET_ACCESS_METHOD: Final = Operation(
    "SET ACCESS METHOD", _REWRITE, "Writes the whole table anew while nobody reads or writes it."
)
SET_TABLESPACE: Final = Operation("SET TABLESPACE", _REWRITE, "Copies the whole table while nobody reads or writes it.")
CLUSTER: Final = Operation(
    "CLUSTER", _REWRITE, "Writes the whole table anew while nobody reads or writes it. Safer: pg_repack."
)
VACUUM_FULL: Final = Operation(
    "VACUUM FULL", _REWRITE, "Writes the whole table anew while nobody reads or writes it. Safer: VACUUM, or pg_repack."
)
REFRESH: Final = Operation(
    "REFRESH MATERIALIZED VIEW",
    _REWRITE,
    "Makes all rows anew while nobody reads them. Safer: CONCURRENTLY, which needs a unique index.",
)

SET_NOT_NULL: Final = Operation(
    "SET NOT NULL",
    _SCAN,
    "Reads the whole table while nobody reads or writes it, and fails on a NULL. Safer: ADD CONSTRAINT … CHECK (… IS "
    "NOT NULL) NOT VALID, VALIDATE CONSTRAINT in a later file, then SET NOT NULL.",
)
ADD_CHECK: Final = Operation(
    "ADD CHECK",
    _SCAN,
    "Reads the whole table while nobody reads or writes it, and fails on a row that does not fit. Safer: NOT VALID, "
    "and VALIDATE CONSTRAINT in a later file.",
)
ADD_UNIQUE: Final = Operation(
    "ADD UNIQUE",
    _SCAN,
    "Builds an index while nobody reads or writes the table, and fails on duplicates. Safer: CREATE UNIQUE INDEX "
    "CONCURRENTLY in a file of its own, then ADD CONSTRAINT … UNIQUE USING INDEX.",
)
ADD_PRIMARY_KEY: Final = Operation(
    "ADD PRIMARY KEY",
    _SCAN,
    "Builds an index while nobody reads or writes the table, and fails on duplicates and NULLs. Safer: CREATE UNIQUE "
    "INDEX CONCURRENTLY in a file of its own, then ADD CONSTRAINT … PRIMARY KEY USING INDEX.",
)
ADD_EXCLUDE: Final = Operation(
    "ADD EXCLUDE", _SCAN, "Builds an index while nobody reads or writes the table, and fails on rows that collide."
)
ADD_REFERENCE: Final = Operation(
    "ADD COLUMN with a default that REFERENCES",
    _SCAN,
    "Reads the whole table while nobody reads or writes it, and fails without a match. Safer: the column alone, then "
    "ADD FOREIGN KEY NOT VALID, and VALIDATE CONSTRAINT in a later file.",
)
ATTACH_PARTITION: Final = Operation(
    "ATTACH PARTITION",
    _SCAN,
    "Reads the whole partition while nobody reads or writes it, unless a valid CHECK says the same as its bounds.",
)

ADD_FOREIGN_KEY: Final = Operation(
    "ADD FOREIGN KEY",
    _WRITES,
    "Reads the whole table while nobody writes it or the table that it references, and fails on a row without a "
    "match. Safer: NOT VALID, and VALIDATE CONSTRAINT in a later file.",
)
CREATE_INDEX: Final = Operation(
    "CREATE INDEX", _WRITES, "Nobody writes the table while it is built. Safer: CONCURRENTLY, in a file of its own."
)
CREATE_UNIQUE_INDEX: Final = Operation(
    "CREATE UNIQUE INDEX",
    _WRITES,
    "Nobody writes the table while it is built, and it fails on duplicates. Safer: CONCURRENTLY, in a file of its own.",
)
REINDEX: Final = Operation(
    "REINDEX",
    _WRITES,
    "Nobody writes the table while it is built, and nobody reads by this index. Safer: CONCURRENTLY, in a file of its "
    "own.",
)

ADD_NOT_NULL: Final = Operation(
    "ADD COLUMN NOT NULL without DEFAULT",
    Harm.FAILS_ON_ROWS,
    "Fails as soon as the table holds a row, and code that leaves the column out fails behind it. Safer: a DEFAULT, or "
    "first without NOT NULL.",
)

DROP_CONSTRAINT: Final = Operation(
    "DROP CONSTRAINT",
    _BREAKS,
    "Nothing guards the rows behind it, and ON CONFLICT, ON DELETE and ON UPDATE that rest on it no longer work.",
)
DROP_DEFAULT: Final = Operation(
    "DROP DEFAULT", _BREAKS, "Code that leaves the column out gets NULL, or fails where it is NOT NULL."
)
DROP_IDENTITY: Final = Operation("DROP IDENTITY", _BREAKS, "Code that leaves the column out fails.")
RENAME: Final = Operation(
    "RENAME",
    _BREAKS,
    "Code that uses the old name fails from here on. Safer: the new one beside the old (a column, a view), and drop "
    "the old in a later release.",
)
RENAME_VALUE: Final = Operation(
    "RENAME VALUE", _BREAKS, "Code that uses the old value fails from here on. Safer: ADD VALUE, and move the rows."
)
CHANGE_ENUM: Final = Operation(
    "DROP TYPE of what it was",
    _BREAKS,
    "The type is another one: rows with a value that it does not have make the file fail, code that uses one fails.",
)
SET_SCHEMA: Final = Operation("SET SCHEMA", _BREAKS, "Code that looks for it where it was fails from here on.")
DETACH: Final = Operation(
    "DETACH PARTITION", _BREAKS, "Its rows are no longer seen in the parent; they stay in a table of their own."
)
NO_INHERIT: Final = Operation("NO INHERIT", _BREAKS, "Its rows are no longer seen in the parent; they stay in it.")
DISABLE_ROW_SECURITY: Final = Operation(
    "DISABLE ROW LEVEL SECURITY", _BREAKS, "Policies no longer hold: whoever may read the table sees all its rows."
)
ENABLE_ROW_SECURITY: Final = Operation(
    "ENABLE ROW LEVEL SECURITY", _BREAKS, "Who does not own the table sees only rows that a policy gives."
)
DISABLE_TRIGGER: Final = Operation("DISABLE TRIGGER", _BREAKS, "What it did no longer happens.")
REVOKE: Final = Operation("REVOKE", _BREAKS, "Code that runs as this role is refused from here on.")


def dropped(kind: str) -> Operation:
    """The dropping of something that holds no rows: a function, a view, a policy, …"""
    return Operation(f"DROP {kind}", _BREAKS, f"Code that uses it fails, or does something else. {_IN_TWO}")
