"""Who holds the advisory lock, and whether it is a dead runner's session that may be ended."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import NamedTuple

from lambda_fn.domain.application_name import deadline_of, run_of
from lambda_fn.domain.event import Level, Sentence


@dataclass(frozen=True, slots=True)
class LockHolder:
    """A session that holds the advisory lock.

    `pid` is None for a prepared transaction. `state` and `age_s`, the seconds since its transaction or its state
    began, are None where they are not visible to us. `seen_at_epoch_s` is when it was seen, by the server's clock.
    """

    pid: int | None
    application: str
    user: str
    state: str | None
    age_s: int | None
    seen_at_epoch_s: float

    @property
    def description(self) -> str:
        """Who it is, for people."""
        if self.pid is None:
            return "a prepared transaction (see pg_prepared_xacts)"
        state = self.state or "state not visible"
        since = "" if self.age_s is None else f" for {self.age_s} s"
        return f"backend {self.pid} ({self.application or 'no application name'}, user {self.user}, {state}{since})"

    @property
    def overdue_s(self) -> float | None:
        """Seconds since its run's deadline, negative before; None where it is not a run's, or has no deadline."""
        deadline = deadline_of(self.application)
        return None if deadline is None else self.seen_at_epoch_s - deadline


class Orphanhood(Enum):
    """Why a session that holds the lock may be ended."""

    OVERDUE = "its run's deadline has passed"
    FORMER = "it is our own, from before the connection was lost"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an orphan is left alone: behind its deadline, for clocks that differ; and a former session of ours."""

    grace_s: float
    former_s: float


def orphanhood(
    holder: LockHolder, patience: Patience, *, waited_s: float, own_name: str, former_pids: Collection[int]
) -> Orphanhood | None:
    """Why the holder may be ended, after a wait of `waited_s`; None where it may not.

    `own_name` is the name of our sessions, and `former_pids` their backends from before the connection was lost.
    """
    if holder.overdue_s is not None and holder.overdue_s > patience.grace_s:
        return Orphanhood.OVERDUE
    # Two names of one run may differ in the deadline, which was made from the clock each time.
    is_ours = run_of(holder.application) is not None and run_of(holder.application) == run_of(own_name)
    if holder.pid in former_pids and is_ours and waited_s >= patience.former_s:
        return Orphanhood.FORMER
    return None


class OrphanEnded(NamedTuple):
    """A dead runner's session held the advisory lock, and was ended."""

    holder: LockHolder
    why: Orphanhood

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Which session it was, and why it was ended."""
        return (Sentence(f"Ended {_orphan(self.holder, self.why)}", Level.WARNING),)


class OrphanKept(NamedTuple):
    """A dead runner's session holds the advisory lock, and the server does not let us end it.

    `user` is who we are, and `refusal` what the server said to it, as a sentence.
    """

    holder: LockHolder
    why: Orphanhood
    user: str
    refusal: str

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Which session it is, and what would let us end it."""
        quoted = '"' + self.user.replace('"', '""') + '"'
        text = (
            f"Cannot end {_orphan(self.holder, self.why)} {self.refusal} Run migrations always as the same user, or "
            f"run: GRANT pg_signal_backend TO {quoted}. Waiting for it to end by itself."
        )
        return (Sentence(text, Level.WARNING),)


def _orphan(holder: LockHolder, why: Orphanhood) -> str:
    held = (
        f"backend {holder.pid} of run {run_of(holder.application)} (user {holder.user}), which held the advisory lock"
    )
    deadline = deadline_of(holder.application)
    if why is Orphanhood.FORMER or deadline is None or holder.overdue_s is None:
        return f"{held}: it was this run's own until the connection was lost."
    passed_at = datetime.fromtimestamp(deadline, UTC)
    return f"{held}: its deadline passed at {passed_at:%Y-%m-%d %H:%M:%S} UTC, {holder.overdue_s:.0f} s ago."
