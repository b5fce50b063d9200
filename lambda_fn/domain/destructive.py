"""What a statement of a migration can destroy: rows, code that still runs, or the time of whoever writes.

An aid for who reads a plan, never a guarantee: it is read off the text of the statements alone.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any


class Harm(StrEnum):
    """What is destroyed; public API."""

    DATA_LOSS = "dataLoss"
    """Rows, columns or values are gone behind it."""
    TABLE_REWRITE = "tableRewrite"
    """The whole table is written anew, while nobody reads or writes it."""
    TABLE_SCAN = "tableScan"
    """The whole table is read, while nobody reads or writes it; a row that does not fit makes it fail."""
    BLOCKS_WRITES = "blocksWrites"
    """The whole table is read, while nobody writes it."""
    FAILS_ON_ROWS = "failsOnRows"
    """It fails as soon as the table holds a row."""
    BREAKS_RUNNING_CODE = "breaksRunningCode"
    """Code that was written for the schema before it fails, or does something else."""


@dataclass(frozen=True, slots=True)
class Destructive:
    """A destructive operation of a script, as people and programs are told of it.

    `statement` and `line` are counted from 1; `object` is the name as the script writes it.
    """

    statement: int
    line: int
    kind: Harm
    operation: str
    object: str
    message: str

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {name: str(value) if isinstance(value, Harm) else value for name, value in asdict(self).items()}


def from_json(content: Mapping[str, Any]) -> Destructive:
    """What to_json made. Raises: KeyError, TypeError and ValueError for anything else."""
    values = {field.name: content[field.name] for field in fields(Destructive)}
    return Destructive(**{**values, "kind": Harm(content["kind"])})
