"""`python -m lambda_fn` and `migrate-lambda`: the actions on a database, and what one does with a deployed function."""

from lambda_fn.cli.exit_codes import exit_code
from lambda_fn.cli.program import main, migrate_lambda

__all__ = ["exit_code", "main", "migrate_lambda"]
