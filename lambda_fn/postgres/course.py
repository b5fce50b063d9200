"""A migration on its way through its steps."""

from dataclasses import dataclass, replace

from lambda_fn.domain.journal import Journal
from lambda_fn.domain.steps import Step, Steps
from lambda_fn.postgres.attempts import Attempt


@dataclass(slots=True)
class Course:
    """An attempt at a migration in steps, and how far it has come.

    `is_recorded` says that its row is there, `in_doubt` that an earlier run began the next step, and that it was not
    yet found out what became of that.
    """

    attempt: Attempt
    steps: Steps
    journal: Journal
    is_recorded: bool
    in_doubt: bool = False

    def done_with(self, step: Step) -> Journal:
        """The journal once a step is done."""
        return replace(self.journal, done=step.number, chain=step.chain, begun=None, before="", begun_chain="")

    def begun_with(self, step: Step, before: str) -> Journal:
        """The journal when a step is about to be sent outside of a transaction."""
        return replace(self.journal, begun=step.number, before=before, begun_chain=step.chain)

    @property
    def not_begun(self) -> Journal:
        """The journal when it is known that of the step under way nothing is in the database."""
        return replace(self.journal, begun=None, before="", begun_chain="")
