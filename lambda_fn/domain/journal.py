"""The journal of a migration that is run step by step: one line of JSON at the end of its row's `logs`."""

import json
from dataclasses import dataclass
from typing import Self

from lambda_fn.errors.classes import Stayed

OURS = "migrateLambda"
LINE_PATTERN = (
    r'(^|\n)\{"' + OURS + r'": \{"attempts": \d+, "run": [^\n]*, "steps": \d+, "done": \d+, "chain": [^\n]*\}\}\s*$'
)
"""Logs that end with a line as `Journal.line` writes it, for PostgreSQL and for Python alike."""


@dataclass(frozen=True, slots=True)
class Journal:
    """How far an unfinished migration has come.

    The first `done` of its `steps` are in the database; `chain` is their hash. `begun` is the number of the next step
    where it was sent outside of a transaction and nothing is known of its end; `before` is what there was before it to
    be told from what it makes, and `begun_chain` its hash. `attempts` counts those that failed.
    """

    steps: int
    done: int = 0
    chain: str = ""
    begun: int | None = None
    before: str = ""
    attempts: int = 0
    begun_chain: str = ""

    @property
    def stayed(self) -> Stayed:
        """What of the migration is in the database."""
        return Stayed(self.done, self.steps, in_doubt=self.begun is not None)

    def line(self, run_id: str) -> str:
        """The line of JSON; it names the run that wrote it."""
        values = {
            "attempts": self.attempts,
            "run": run_id,
            "steps": self.steps,
            "done": self.done,
            "chain": self.chain,
            "begun": self.begun,
            "before": self.before,
            "begunChain": self.begun_chain,
        }
        return json.dumps({OURS: values})

    @classmethod
    def read(cls, logs: str | None) -> Self | None:
        """The journal at the end of a row's logs; None where there is none."""
        values = ours_in(logs)
        try:
            journal = cls(
                steps=_count(values["steps"]),
                done=_count(values["done"]),
                chain=str(values["chain"]),
                begun=None if values["begun"] is None else _count(values["begun"]),
                before=_oid(values["before"]),
                attempts=_count(values["attempts"]),
                begun_chain=str(values["begunChain"]),
            )
        except (KeyError, ValueError):
            return None
        return journal if journal.done <= journal.steps and journal.begun in (None, journal.done + 1) else None


def ours_in(logs: str | None) -> dict[str, object]:
    """What the last line of a row's logs says in our own form; empty where it is not ours."""
    last = (logs or "").rstrip().rpartition("\n")[2]
    try:
        values = json.loads(last)
        found = values[OURS]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _oid(value: object) -> str:
    if not isinstance(value, str) or not (value == "" or (value.isascii() and value.isdigit())):
        raise ValueError(value)
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(value)
    return value
