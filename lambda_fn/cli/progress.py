"""What a run is at, in one line: which migration of how many, and what it waits for."""

from dataclasses import dataclass

from lambda_fn.domain.event import Applied, ApplyStarted, DeployFinished, Event, LockAwaited, RunFailed
from lambda_fn.domain.index_progress import IndexBuildProgressed
from lambda_fn.domain.lock_event import LockContended


@dataclass(frozen=True, slots=True)
class Progress:
    """What a run is at; `doing` is "" while there is nothing to say. `since_s` is when that began, by any clock."""

    doing: str = ""
    detail: str = ""
    since_s: float = 0.0

    def after(self, event: Event, now_s: float) -> "Progress":
        """What it is at once something has happened."""
        match event:
            case ApplyStarted():
                return Progress(f"Applying {event.number} of {event.of}: {event.name}", since_s=now_s)
            case LockAwaited():
                return self._waiting("Waiting for the advisory lock", event.holder, now_s)
            case LockContended():
                who = event.blockers.sentence if event.blockers else ""
                return Progress(self.doing, f"waits for a lock{f': {who}' if who else ''}", self.since_s)
            case IndexBuildProgressed():
                return Progress(self.doing, event.progress.text, self.since_s)
            case Applied() | DeployFinished() | RunFailed():
                return Progress()
            case _:
                return self

    def line(self, now_s: float) -> str:
        """For people; "" where there is nothing to say."""
        if not self.doing:
            return ""
        return f"{self.doing}, {_elapsed(now_s - self.since_s)}{f' — {self.detail}' if self.detail else ''}"

    def _waiting(self, doing: str, detail: str, now_s: float) -> "Progress":
        return Progress(doing, detail, self.since_s if self.doing == doing else now_s)


def _elapsed(elapsed_s: float) -> str:
    minutes, seconds = divmod(int(elapsed_s), 60)
    return f"{minutes}:{seconds:02} min" if minutes else f"{seconds} s"
