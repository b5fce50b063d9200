"""Every setting, read once from the environment, with what the request asks for. Nothing else reads the environment."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from lambda_fn.domain.hook import HookAction
from lambda_fn.domain.lock_ladder import BUDGET_S
from lambda_fn.domain.request import Action, Request
from lambda_fn.domain.statement_limit import MAX_STATEMENT_MIB
from lambda_fn.domain.target import Auth, Overrides, Place, SslMode
from lambda_fn.domain.variable import Variable
from lambda_fn.domain.variables import VARIABLES
from lambda_fn.errors import MigrateError

LOCK_WAIT_S = 600.0
CONCURRENT_LOCK_TIMEOUT_S = 300.0
RESERVE_S = 20.0
NOTHING: Mapping[str, str] = MappingProxyType({})
_DATABASES = ("DATABASE_URL", "MIGRATE_SECRET_ID")
OF_A_DATABASE = (*_DATABASES, "MIGRATE_HOST", "PGHOSTADDR", "MIGRATE_PORT", "MIGRATE_DBNAME", "MIGRATE_USER")


@dataclass(frozen=True, slots=True)
class Settings:
    """How this function or process is set up; `VARIABLES` says what each field means.

    `database_url` and `secret_id` say which database, at most one of them. `lock_wait_s` None is until
    `reserve_s` before the deadline, and 600 s when there is none. `hook_action` None is that nothing was said of hooks.
    `profile` is of the AWS configuration, and `through` a forwarded port; both are of a terminal only. Without
    `finds_directory`, as on a terminal, no directory is looked for beside the program where `directory` names none.
    """

    database_url: str | None = field(default=None, repr=False)
    secret_id: str | None = None
    host: str | None = None
    hostaddr: str | None = None
    port: int | None = None
    through: Place | None = None
    dbname: str | None = None
    user: str | None = None
    auth: Auth = Auth.PASSWORD
    sslmode: SslMode | None = None
    sslrootcert: str | None = None
    region: str | None = None
    profile: str | None = None
    connect_timeout_s: int | None = None
    directory: str | None = None
    finds_directory: bool = True
    schema: str | None = None
    owner_role: str | None = None
    strict: bool = False
    lock_wait_s: float | None = None
    lock_budget_s: float = BUDGET_S
    concurrent_lock_timeout_s: float = CONCURRENT_LOCK_TIMEOUT_S
    concurrent_statement_timeout_s: float | None = None
    max_statement_mib: int = MAX_STATEMENT_MIB
    hook_action: HookAction | None = None
    reserve_s: float = RESERVE_S
    metrics_namespace: str = "MigrateLambda"
    service: str = "migrate-lambda"

    @classmethod
    def from_env(
        cls,
        environment: Mapping[str, str] | None = None,
        *,
        defaults: Mapping[str, str] = NOTHING,
        files: Mapping[str, str] = NOTHING,
    ) -> "Settings":
        """Read the settings from the process's environment, or from a mapping like it.

        An empty value counts as absent: CloudFormation cannot leave a variable out. `defaults` are variables for
        where the environment has none; where it names a database, nothing that they say of theirs counts. `files`
        are the names of the files that say them.
        Raises: SettingsInvalid M201 for a value of the wrong kind.
        """
        given = process_environment() if environment is None else environment
        return cls._read(VARIABLES, given, defaults_that_count(defaults, given), files)

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
    def directory_from(cls, defaults: Mapping[str, str], files: Mapping[str, str]) -> str | None:
        """Only the migrations directory, for what needs no other setting. Raises: SettingsInvalid M201."""
        given = process_environment()
        only = [each for each in VARIABLES if each.field == "directory"]
        return cls._read(only, given, defaults_that_count(defaults, given), files).directory

    @classmethod
    def _read(
        cls,
        variables: Iterable[Variable],
        environment: Mapping[str, str] | None,
        defaults: Mapping[str, str] = NOTHING,
        files: Mapping[str, str] = NOTHING,
    ) -> "Settings":
        given = process_environment() if environment is None else environment
        values = {
            each.field: each.value(defaults, files.get(each.name)) if each.name in defaults else each.value(given)
            for each in variables
        }
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
        nowhere = replace(self, host=None, hostaddr=None, port=None, through=None, dbname=None, user=None)
        return replace(nowhere, database_url=database_url, secret_id=None)

    @property
    def hook_request(self) -> Request:
        """What a hook asks for that does not say it."""
        return Request(Action(self.hook_action or HookAction.VERIFY))

    @property
    def overrides(self) -> Overrides:
        """What stands in the place of a secret's or a URL's own values."""
        return Overrides(self.host, self.port, self.dbname, self.user, self.connect_timeout_s, self.through)

    def lock_wait_within(self, work_left_s: float) -> float:
        """Seconds to wait for the advisory lock, out of those that are left for work."""
        wished_s = LOCK_WAIT_S if self.lock_wait_s is None else self.lock_wait_s
        return max(0.0, min(wished_s, work_left_s))


def runs_unattended(environment: Mapping[str, str] | None = None) -> bool:
    """Whether a pipeline says that nobody looks on (CI=true), or the terminal that it can show lines only."""
    given = process_environment() if environment is None else environment
    return given.get("CI", "").lower() not in ("", "0", "false") or given.get("TERM") == "dumb"


def process_environment() -> Mapping[str, str]:
    """The environment of the process, to be looked at only."""
    return MappingProxyType(os.environ)


def defaults_that_count(defaults: Mapping[str, str], environment: Mapping[str, str]) -> Mapping[str, str]:
    """Those that say something, of what the environment does not say, and of no other database than its own."""
    given = {name for name in environment if environment[name].strip()}
    others = OF_A_DATABASE if given.intersection(_DATABASES) else ()
    return {name: value for name, value in defaults.items() if value.strip() and name not in given.union(others)}
