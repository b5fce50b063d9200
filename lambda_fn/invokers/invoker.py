"""What every invoker's protocol comes down to."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from lambda_fn.domain.outcome import Outcome
from lambda_fn.domain.reply import Reply
from lambda_fn.domain.request import Request


class Function(NamedTuple):
    """The function that was invoked: its name, and where its log is."""

    name: str
    log_group: str
    log_stream: str


@dataclass(frozen=True, slots=True)
class AsSet:
    """The event does not say what it asks for: the setting MIGRATE_HOOK_ACTION does."""


class Skip(NamedTuple):
    """There is nothing to do, and why; no database, secret or setting is needed to say so."""

    reason: str


class Invoker(Protocol):
    """One event, in its invoker's protocol. Pure: what it replies is data."""

    def request(self) -> Request | Skip | AsSet:
        """What the event asks for. Raises: RequestInvalid."""

    def reply(self, outcome: Outcome) -> Reply:
        """What the invoker is to be told of an outcome; the outcome of an error or of a Skip too."""
