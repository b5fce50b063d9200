"""What is passed on from one invocation to the next by an invoker that comes back until the work is done."""

from collections.abc import Mapping
from dataclasses import dataclass

from lambda_fn.domain.outcome import Outcome

_LONGEST_ID = 128


@dataclass(frozen=True, slots=True)
class Continuation:
    """The run so far: its first invocation's id, and how many migrations were applied.

    For people only. What is left to do stands in the history, so that nothing depends on its being there.
    """

    run_id: str | None = None
    applied: int = 0

    def after(self, outcome: Outcome) -> "Continuation":
        """With what one invocation came to."""
        return Continuation(self.run_id or outcome.run_id, self.applied + len(outcome.applied))

    def to_json(self) -> dict[str, object]:
        """As JSON values."""
        return {"runId": self.run_id, "appliedCount": self.applied}


def continuation_of(value: object) -> Continuation:
    """What was passed on; none where it is not ours. Raises nothing: it may have been through other hands."""
    given = value if isinstance(value, Mapping) else {}
    run_id, applied = given.get("runId"), given.get("appliedCount")
    return Continuation(
        run_id[:_LONGEST_ID] if isinstance(run_id, str) else None,
        applied if isinstance(applied, int) and not isinstance(applied, bool) and applied >= 0 else 0,
    )
