"""What every way of running a migration works with."""

from dataclasses import dataclass, field

from lambda_fn.domain.lock_ladder import BUDGET_S
from lambda_fn.ports import Reporter
from lambda_fn.postgres.attempts import Attempts
from lambda_fn.postgres.connection import Connection
from lambda_fn.postgres.recovery import Recovery
from lambda_fn.settings import CONCURRENT_LOCK_TIMEOUT_S


@dataclass(frozen=True, slots=True)
class RunnerLimits:
    """How long a transaction tries to get its locks, how long a concurrent statement waits for one, and may take.

    None is no limit but the time that the invoker gives.
    """

    lock_budget_s: float = BUDGET_S
    concurrent_lock_timeout_s: float = CONCURRENT_LOCK_TIMEOUT_S
    concurrent_statement_timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class RunContext:
    """The run's connection and all that goes with it."""

    connection: Connection
    recovery: Recovery
    attempts: Attempts
    reporter: Reporter
    limits: RunnerLimits = field(default_factory=RunnerLimits)
