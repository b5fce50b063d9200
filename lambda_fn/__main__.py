"""`python -m lambda_fn`: the program `migrate-lambda`, where it is not on the path."""

import sys

from lambda_fn.cli import migrate_lambda

if __name__ == "__main__":
    sys.exit(migrate_lambda(program="python -m lambda_fn"))
