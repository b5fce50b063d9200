"""Every setting, read once from the environment, with what the request asks for. Nothing else reads the environment."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lambda_fn.domain import variable
from lambda_fn.domain.lock_ladder import BUDGET_S
from lambda_fn.domain.request import Request
from lambda_fn.domain.target import Auth, Overrides, SslMode
from lambda_fn.domain.variable import Variable
from lambda_fn.errors import MigrateError

LOCK_WAIT_S = 600.0
CONCURRENT_LOCK_TIMEOUT_S = 300.0
RESERVE_S = 20.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How this function or process is set up; `VARIABLES` says what each field means.

    `database_url` and `secret_id` say which database, at most one of them. `lock_wait_s` None is until
    `reserve_s` before the deadline, and 600 s when there is none.
    """

    database_url: str | None = field(default=None, repr=False)
    secret_id: str | None = None
    host: str | None = None
    hostaddr: str | None = None
    port: int | None = None
    dbname: str | None = None
    user: str | None = None
    auth: Auth = Auth.PASSWORD
    sslmode: SslMode | None = None
    sslrootcert: str | None = None
    region: str | None = None
    connect_timeout_s: int | None = None
    directory: str | None = None
    schema: str | None = None
    owner_role: str | None = None
    strict: bool = False
    lock_wait_s: float | None = None
    lock_budget_s: float = BUDGET_S
    concurrent_lock_timeout_s: float = CONCURRENT_LOCK_TIMEOUT_S
    concurrent_statement_timeout_s: float | None = None
    reserve_s: float = RESERVE_S
    metrics_namespace: str = "MigrateLambda"
    service: str = "migrate-lambda"

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings from the process's environment, or from a mapping like it.

        An empty value counts as absent: CloudFormation cannot leave a variable out.
        Raises: SettingsInvalid M201 for a value of the wrong kind.
        """
        return cls._read(VARIABLES, environment)

    @classmethod
    def labels_from_env(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Only what records and metrics are labelled with, also where another setting is wrong. Raises nothing."""
        labels = [each for each in VARIABLES if each.field in ("metrics_namespace", "service")]
        try:
            return cls._read(labels, environment)
        except MigrateError:
            return cls()

    @classmethod
    def region_from_env(cls, environment: Mapping[str, str] | None = None) -> str | None:
        """Only the region, for what needs no other setting. Raises nothing."""
        return cls._read([each for each in VARIABLES if each.field == "region"], environment).region

    @classmethod
    def _read(cls, variables: Iterable[Variable], environment: Mapping[str, str] | None) -> "Settings":
        given = os.environ if environment is None else environment
        values = {each.field: each.value(given) for each in variables}
        return cls(**{name: value for name, value in values.items() if value is not None})

    def for_request(self, request: Request) -> "Settings":
        """With what the request asks for in the place of what is set.

        A request's own secret is another database: where the set one lies and whose it is does not count for it.
        """
        asked: dict[str, Any] = {
            "schema": request.schema,
            "owner_role": request.owner_role,
            "strict": request.strict,
            "lock_wait_s": request.lock_wait_s,
            "lock_budget_s": request.lock_budget_s,
            "secret_id": request.secret_id,
            "dbname": request.dbname,
        }
        elsewhere = request.secret_id not in (None, self.secret_id)
        base = self.elsewhere() if elsewhere else self
        return replace(base, **{name: value for name, value in asked.items() if value is not None})

    def elsewhere(self, database_url: str | None = None) -> "Settings":
        """For another database: nothing of where the set one lies and whose it is counts for it."""
        return replace(self, database_url=database_url, secret_id=None, host=None, port=None, dbname=None, user=None)

    @property
    def overrides(self) -> Overrides:
        """What stands in the place of a secret's or a URL's own values."""
        return Overrides(self.host, self.port, self.dbname, self.user, self.connect_timeout_s)

    def lock_wait_within(self, work_left_s: float) -> float:
        """Seconds to wait for the advisory lock, out of those that are left for work."""
        wished_s = LOCK_WAIT_S if self.lock_wait_s is None else self.lock_wait_s
        return max(0.0, min(wished_s, work_left_s))


VARIABLES = (
    Variable(
        "MIGRATE_SECRET_ID",
        "secret_id",
        variable.text,
        "Name or ARN of the Secrets Manager secret with the credentials, in any form that RDS writes, or a URL.",
        "shop/database",
        request_key="secretId",
    ),
    Variable(
        "DATABASE_URL",
        "database_url",
        variable.text,
        "The database as a URL, read by Prisma's rules, instead of a secret.",
        "postgresql://app:secret@db.internal:5432/shop?schema=public",
    ),
    Variable(
        "MIGRATE_AUTH",
        "auth",
        variable.auth,
        "`iam` logs in with an RDS IAM token, made without any call, instead of the password.",
        "iam",
        default="password",
    ),
    Variable(
        "MIGRATE_HOST",
        "host",
        variable.text,
        "Host in the place of the secret's or URL's; needed with a secret that RDS manages, which has none.",
        "shop.cluster-c1a2b3c4d5e6.eu-central-1.rds.amazonaws.com",
    ),
    Variable(
        "PGHOSTADDR",
        "hostaddr",
        variable.address,
        "Address to connect to in place of looking the host up; the name is still the one that TLS checks.",
        "10.0.1.7",
    ),
    Variable(
        "MIGRATE_PORT",
        "port",
        variable.port,
        "Port in the place of the secret's or URL's.",
        "5432",
        default="the secret's or URL's, else 5432",
    ),
    Variable(
        "MIGRATE_DBNAME",
        "dbname",
        variable.text,
        "Database in the place of the secret's or URL's; needed where the secret has none.",
        "shop",
        request_key="dbname",
    ),
    Variable(
        "MIGRATE_USER",
        "user",
        variable.text,
        "User in the place of the secret's or URL's; with `iam`, the user to log in as.",
        "migrator",
    ),
    Variable(
        "MIGRATE_SSLMODE",
        "sslmode",
        variable.sslmode,
        "libpq's sslmode. Anything weaker than verify-full is warned of in every run.",
        "require",
        default="verify-full; on loopback prefer",
    ),
    Variable(
        "MIGRATE_SSLROOTCERT",
        "sslrootcert",
        variable.text,
        "File of the certificate authorities to trust instead of those of Amazon RDS; `system` for the system's.",
        "/opt/ca.pem",
        default="the Amazon RDS bundle in the package",
    ),
    Variable(
        "AWS_REGION",
        "region",
        variable.text,
        "Region of the secret where it is named without an ARN, and of the database for an IAM token; Lambda sets it.",
        "eu-central-1",
        default="boto3's: AWS_DEFAULT_REGION, the profile's",
    ),
    Variable(
        "MIGRATE_CONNECT_TIMEOUT_S",
        "connect_timeout_s",
        variable.whole_seconds,
        "How long to wait for the server to take a connection; a paused Aurora Serverless needs about 15.",
        "30",
        default="the URL's, else 20",
        unit="s",
    ),
    Variable(
        "MIGRATE_DIR",
        "directory",
        variable.text,
        "The migrations directory.",
        "/opt/migrations",
        default="/opt/migrations, /opt, or migrations/ in the package: the one that is there",
    ),
    Variable(
        "MIGRATE_SCHEMA",
        "schema",
        variable.text,
        "Schema of the history, and search_path of the scripts.",
        "app",
        default="the URL's, else public",
        request_key="schema",
    ),
    Variable(
        "MIGRATE_OWNER_ROLE",
        "owner_role",
        variable.text,
        "Role that is to own what is made (SET ROLE): needed where a rotation alternates between two users.",
        "app_owner",
        default="the user",
        request_key="ownerRole",
    ),
    Variable(
        "MIGRATE_STRICT",
        "strict",
        variable.flag,
        "Warnings about the history are errors.",
        "true",
        default="false",
        request_key="strict",
    ),
    Variable(
        "MIGRATE_LOCK_WAIT_S",
        "lock_wait_s",
        variable.seconds,
        "How long to wait for another runner that holds the advisory lock.",
        "60",
        default="what the invocation's time allows; 600 without a limit",
        unit="s",
        request_key="lockWaitS",
    ),
    Variable(
        "MIGRATE_LOCK_BUDGET_S",
        "lock_budget_s",
        variable.seconds,
        "How long a migration tries again and again to get the locks on what it changes; each try waits for "
        "milliseconds at first, so that readers do not queue up behind it.",
        "120",
        default="60",
        unit="s",
        request_key="lockBudgetS",
    ),
    Variable(
        "MIGRATE_CONCURRENT_LOCK_TIMEOUT_S",
        "concurrent_lock_timeout_s",
        variable.seconds,
        "lock_timeout of CREATE, DROP and REINDEX INDEX CONCURRENTLY and of DETACH PARTITION CONCURRENTLY, which wait "
        "for transactions of others without blocking anybody; 0 is none.",
        "900",
        default="300",
        unit="s",
    ),
    Variable(
        "MIGRATE_CONCURRENT_STATEMENT_TIMEOUT_S",
        "concurrent_statement_timeout_s",
        variable.seconds,
        "statement_timeout of these statements; 0 is none.",
        "3600",
        default="what the invocation's time allows",
        unit="s",
    ),
    Variable(
        "MIGRATE_RESERVE_S",
        "reserve_s",
        variable.reserve,
        "Time kept back at the end of an invocation, to stop what is running and to answer; 5 at least.",
        "30",
        default="20",
        unit="s",
    ),
    Variable(
        "POWERTOOLS_METRICS_NAMESPACE",
        "metrics_namespace",
        variable.text,
        "CloudWatch namespace of the metrics.",
        "Shop/Migrations",
        default="MigrateLambda",
    ),
    Variable(
        "POWERTOOLS_SERVICE_NAME",
        "service",
        variable.text,
        "`service` in every log record, and the dimension of the metrics.",
        "shop-migrations",
        default="migrate-lambda",
    ),
)
"""What can be set. `docs/settings.md` is made of it."""
