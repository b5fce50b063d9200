"""The exit codes: public, and the same whether a run was here or in the function."""

from lambda_fn.domain.outcome import Outcome
from lambda_fn.domain.request import Action
from lambda_fn.errors import HistoryBlocked
from lambda_fn.errors.history import NOT_READY

EXPLAINED = """\
exit codes: 0 done or up to date; 1 status or verify found something pending;
2 command line, request or settings; 3 database or AWS unreachable, or locked,
try again; 4 the history is blocked; 5 a migration failed; 6 deadline; 70 a bug;
126 applied, but what stands behind deploy -- could not be started;
129, 130, 143 interrupted. doctor exits with the code of the first check that
failed, explain with 1 for a stack that failed, subnets with 1 where something
is missing, url check with 2 for a URL that cannot be read."""

FOUND = 1
INTERRUPTED = 130


def exit_code(outcome: Outcome) -> int:
    """The exit code of an outcome; for status and verify, 1 says that something is pending.

    That of doctor is the one of its first failed check.
    """
    if outcome.error is not None:
        return FOUND if outcome.error.code in NOT_READY else outcome.error.exit_code
    if outcome.action is Action.DOCTOR:
        return next((check.error.exit_code for check in outcome.checks if check.error), 0)
    if outcome.failed and outcome.action is not Action.RESOLVE:
        return HistoryBlocked.exit_code
    return FOUND if outcome.action is Action.STATUS and outcome.pending else 0
