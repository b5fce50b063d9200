"""What is passed on from one invocation to the next by an invoker that comes back until the work is done."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lambda_fn.domain.outcome import Outcome
from lambda_fn.domain.request import Action, Request

_LONGEST_ID = 128
# In a row. Behind a runner that needs an hour one comes in the end; behind a session that nobody ends, nobody would.
_MOST_WAITS = 4


@dataclass(frozen=True, slots=True)
class Continuation:
    """The run so far: its first invocation's id, how many migrations were applied, how often in a row none was.

    What is left to do stands in the history, so that nothing is lost where this is.
    """

    run_id: str | None = None
    applied: int = 0
    waits: int = 0

    def of(self, request: Request) -> Request:
        """The request as one of an invoker that comes back; only a deploy is worth it."""
        if request.action is not Action.DEPLOY:
            return request
        # Whoever says how long to wait for the lock wants no more than that.
        waits_on = request.lock_wait_s is None and self.waits < _MOST_WAITS
        return replace(request, comes_back=True, waits_on=waits_on, continues=self.run_id)

    def after(self, outcome: Outcome) -> "Continuation":
        """With what one invocation came to."""
        progressed = outcome.applied or (outcome.error is not None and outcome.error.progressed)
        waits = 0 if progressed else self.waits + 1
        return Continuation(self.run_id or outcome.run_id, self.applied + len(outcome.applied), waits)

    def to_json(self) -> dict[str, object]:
        """As JSON values."""
        return {"runId": self.run_id, "appliedCount": self.applied, "waits": self.waits}


def continuation_of(value: object) -> Continuation:
    """What was passed on; none where it is not ours. Raises nothing: it may have been through other hands."""
    given = value if isinstance(value, Mapping) else {}
    run_id = given.get("runId")
    known = run_id[:_LONGEST_ID] if isinstance(run_id, str) and run_id else None
    return Continuation(known, _count(given.get("appliedCount")), _count(given.get("waits")))


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0
