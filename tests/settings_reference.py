"""Writes `docs/settings.md` from the table of settings: `python -m tests.settings_reference`."""

from pathlib import Path

from lambda_fn.domain.variable import Variable
from lambda_fn.domain.variables import VARIABLES

REFERENCE = Path(__file__).parents[1] / "docs" / "settings.md"

_HEAD = """\
<!-- Written by `python -m tests.settings_reference`; change VARIABLES in lambda_fn/domain/variables.py instead. -->
# Settings

Environment variables of the function, the container or the terminal. An empty one counts as absent. A wrong value is
refused by the variable's name ([M201](errors.md#m201)) before anything else happens.

On a terminal they may stand in the `.env` files of a Prisma project too: beside the nearest package.json, and beside
the schema (that is, beside the migrations, else in `prisma/`), read as Prisma 6 reads them. The environment wins, and
the first file over the second. Where the environment or an option names a database, nothing that the files say of
theirs counts. A Lambda function reads no file.

A request may say some of them for one run, by the key in the second column; for CloudFormation the key begins with a
capital letter (`LockWaitS`). A request with a `secretId` of its own means another database: MIGRATE_HOST,
PGHOSTADDR, MIGRATE_PORT, MIGRATE_DBNAME, MIGRATE_USER and DATABASE_URL do not count for it.

| Variable | Request key | Default | Unit | Example | Meaning |
| --- | --- | --- | --- | --- | --- |
"""

_FOOT = """
AWS's own variables mean what they mean everywhere: credentials, `AWS_ENDPOINT_URL_SECRETS_MANAGER`,
`SSL_CERT_FILE`, `HTTPS_PROXY` and `NO_PROXY` (for Secrets Manager and for the answer to CloudFormation). So do those of
Powertools, for example `POWERTOOLS_LOG_LEVEL`.

libpq reads variables of its own, which the connection gets where the settings, the URL or the secret say nothing
else: `PGPASSWORD` and `PGPASSFILE` give a password to a URL that has none, `PGOPTIONS` and `PGSERVICE` parameters of
the session. Leave them unset, but for `PGHOSTADDR` in the table. `PGHOST`, `PGPORT`, `PGDATABASE` and `PGSSLMODE` have
no effect: host, port, database and sslmode are always given, the last by MIGRATE_SSLMODE or its default.
"""


def reference() -> str:
    """The text of `docs/settings.md`."""
    return _HEAD + "".join(f"{_row(variable)}\n" for variable in VARIABLES) + _FOOT


def _row(variable: Variable) -> str:
    key = f"`{variable.request_key}`" if variable.request_key else ""
    cells = (
        f"`{variable.name}`",
        key,
        variable.default or "none",
        variable.unit,
        f"`{variable.example}`",
        variable.meaning,
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    REFERENCE.write_text(reference(), encoding="utf-8")
