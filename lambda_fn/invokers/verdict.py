"""What an outcome comes to for an invoker that knows only success and failure, and its values by name."""

from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.errors import MigrateError
from lambda_fn.errors import answer as answer_errors
from lambda_fn.invokers.explanation import cut, printable

_SUCCESSES = frozenset({Status.APPLIED, Status.UP_TO_DATE, Status.PASSED, Status.SKIPPED})
# PostgreSQL's VARCHAR(255) holds no longer name: 255 characters of 4 bytes.
_MIGRATION_LIMIT = 1024  # bytes
_RUN_ID_LIMIT = 128  # bytes


def data_of(outcome: Outcome) -> dict[str, str]:
    """Attributes of a resource, variables of an action: always all of them, as one that is missing fails a stack."""
    return {
        "Status": outcome.status.value,
        "AppliedCount": str(len(outcome.applied)),
        "LatestMigration": cut(printable(outcome.latest or "unknown"), _MIGRATION_LIMIT),
        "ElapsedMs": str(outcome.elapsed_ms),
        "RunId": cut(printable(outcome.run_id), _RUN_ID_LIMIT),
    }


def error_of(outcome: Outcome) -> MigrateError | None:
    """Why the outcome is no success; None when it is one."""
    if outcome.error is not None:
        return outcome.error
    return None if outcome.status in _SUCCESSES else answer_errors.no_success(outcome.status)
