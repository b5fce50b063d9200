"""What doctor looks at, in the world: the settings, the network, the database."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from lambda_fn import network
from lambda_fn.commands.draft import Draft
from lambda_fn.credentials import SettingsCredentials
from lambda_fn.deadline import NO_DEADLINE, Deadline, bounded
from lambda_fn.directory import find_directory, read_directory
from lambda_fn.domain.check import CheckName, Doubt, Finding, NotLookedAt, NotNeeded
from lambda_fn.domain.execution import refusals
from lambda_fn.domain.forwarding import of_port
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.plan import check_plan, check_schema_empty, make_plan
from lambda_fn.domain.reply import Service
from lambda_fn.domain.resumption import plan_script
from lambda_fn.domain.target import DEFAULT_SCHEMA, SslMode, Target
from lambda_fn.domain.tls import weakness
from lambda_fn.domain.url import target_from_url
from lambda_fn.errors import DatabaseUnreachable, DeadlineExceeded, MigrateError, SettingsInvalid
from lambda_fn.errors import doctor as doctor_errors
from lambda_fn.errors import settings as settings_errors
from lambda_fn.settings import Settings

if TYPE_CHECKING:
    from lambda_fn.postgres.examination import Examination

SECRET_LIMIT_S = 20.0  # reading a secret ends sooner by itself, but for a look-up of the endpoint's name
_CERTIFICATE_S = 14 * 24 * 3600.0  # what a certificate should hold at least
_SAID_OVER_TLS = ("P1000", "P1003", "P1010", "M301")
"""Codes for what a server says once the connection is encrypted, where that is demanded."""

_TIME_UP = Doubt("not looked at: the invocation's time was up.", "Give the function more time (Timeout).")
_VERIFIED = {
    SslMode.VERIFY_FULL: "its certificate and name verified",
    SslMode.VERIFY_CA: "its certificate verified, its name not",
}


class SettingsProbes:
    """Probes of what the settings name, for one run; see ports.Probes. What becomes known goes into the draft.

    `clock` gives the seconds since the epoch. Close it in the end.
    """

    def __init__(
        self,
        draft: Draft,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        deadline: Deadline = NO_DEADLINE,
    ) -> None:
        self._draft, self._settings = draft, settings
        self._clock, self._deadline = clock, deadline
        self._credentials = SettingsCredentials(settings)
        self._migrations: tuple[Migration, ...] = ()
        self._target: Target | None = None
        self._addresses: tuple[str, ...] = ()
        self._attempt: Examination | Exception | None = None
        self._looks: dict[CheckName, Callable[[], Finding]] = {
            CheckName.DIRECTORY: self._directory,
            CheckName.SECRET: self._secret,
            CheckName.DNS: self._dns,
            CheckName.PORT: self._port,
            CheckName.TLS: self._tls,
            CheckName.LOGIN: self._login,
            CheckName.SERVER_VERSION: self._on_session(lambda examination: examination.server_version()),
            CheckName.WRITER: self._on_session(lambda examination: examination.writer()),
            CheckName.POOLER: self._on_session(lambda examination: examination.pooler()),
            CheckName.CLOCK: self._on_session(lambda examination: examination.clock()),
            CheckName.OWNER_ROLE: self._on_session(lambda examination: examination.owner_role()),
            CheckName.RIGHTS: self._as_owner(lambda examination: examination.rights()),
            CheckName.ROW_SECURITY: self._as_owner(lambda examination: examination.row_security()),
            CheckName.HISTORY: self._as_owner(self._history),
            CheckName.LOCK: self._on_session(lambda examination: examination.lock()),
        }
        if settings.hook_action is not None:
            self._looks[CheckName.CODE_DEPLOY] = self._code_deploy

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the session, if there is one."""
        if self._attempt is not None and not isinstance(self._attempt, Exception):
            self._attempt.close()

    def look(self, name: CheckName) -> Finding:
        """See ports.Probes."""
        if name not in self._looks:
            return NotNeeded()
        if self._deadline.passed:
            return _TIME_UP
        try:
            return self._looks[name]()
        except DeadlineExceeded as error:
            return Doubt(error.problem, error.next_step)

    def _directory(self) -> Finding:
        if self._settings.directory is None and not self._settings.finds_directory:
            return Doubt("none is named.", "Give --migrations DIR, or set MIGRATE_DIR, to have it looked at too.")
        directory = read_directory(find_directory(self._settings.directory))
        self._migrations = directory.migrations
        self._draft.directory, self._draft.migrations = directory.path, len(directory.migrations)
        found = f"{_migrations(len(directory.migrations))} in {directory.path}"
        refused = list(refusals(directory.migrations, max_statement_mib=self._settings.max_statement_mib))
        if not refused:
            return f"{found}, all of which can be run"
        # In doubt only: a migration that is applied is not run again, and `history` knows which are.
        more = f" {len(refused) - 1} more cannot be run either." if refused[1:] else ""
        error = refused[0]
        return Doubt(f"{found}. {error.code} {error.problem}{more}", f"Unless it is applied: {error.next_step}")

    def _secret(self) -> Finding:
        try:
            target = bounded(self._credentials.target, self._within(SECRET_LIMIT_S))
        except TimeoutError:
            raise self._no_answer() from None
        self._target, self._draft.database = target, str(target)
        self._draft.schema = self._settings.schema or target.schema or DEFAULT_SCHEMA
        return f"user {target.user or 'of this process'} with {self._proof(target)}, for {target}"

    def _no_answer(self) -> MigrateError:
        reason, next_step = "no answer came", "Check the DNS and the routes of the function's subnets."
        if self._settings.secret_id is None:
            return settings_errors.token_not_made(reason, next_step)
        return settings_errors.secret_unreadable(self._settings.secret_id, reason, next_step)

    def _proof(self, target: Target) -> str:
        """What the login is made with, and where it is from; nothing of the secret itself."""
        secret_id = self._settings.secret_id
        source = f" of the secret {secret_id}" if secret_id else " of the URL" if self._settings.database_url else ""
        if target.iam:
            return f"an IAM token, by the settings{f' and the secret {secret_id}' if secret_id else ''}"
        return f"the password{source}" if target.password else f"no password{source}"

    def _place(self) -> tuple[str, int | None] | None:
        """Where the connection goes; as far as that is known without the secret, where it could not be read."""
        target, settings = self._target, self._settings
        if target is None and settings.database_url and not settings.secret_id:
            with suppress(SettingsInvalid):
                target = target_from_url(settings.database_url).overridden(settings.overrides)
        place = settings.through if target is None else target.connects_to
        if place is not None:
            return place.host, place.port
        return (settings.host, settings.port) if settings.host else None

    def _dns(self) -> Finding:
        place = self._place()
        if place is None:
            return NotLookedAt((CheckName.SECRET,))
        target = self._target
        forwarded = f"{target.host} is reached through {target.through}; " if target and target.through else ""
        return f"{forwarded}{self._looked_up(place[0])}"

    def _looked_up(self, host: str) -> str:
        if hostaddr := self._settings.hostaddr:
            self._addresses = (hostaddr,)
            return f"{host} is {hostaddr}, as PGHOSTADDR says"
        self._addresses = network.look_up(host, limit_s=self._within(network.LIMIT_S))
        if self._addresses == (host,):
            return f"{host} needs no look-up"
        return f"{host} is {', '.join(map(network.describe_address, self._addresses))}"

    def _port(self) -> Finding:
        _, port = self._place() or ("", None)
        if port is None:
            return NotLookedAt((CheckName.SECRET,))
        try:
            address = network.connect(self._addresses, port, limit_s=self._within(network.LIMIT_S))
        except DatabaseUnreachable as error:
            raise of_port(self._target, error) from None
        return f"{address} takes connections"

    def _tls(self) -> Finding:
        target = self._target
        if target is None:
            return NotLookedAt((CheckName.SECRET,))
        mode = SslMode(target.parameters["sslmode"])
        described = _encryption(self._logged_in(), mode)
        if described is None:
            return Doubt("not known: the connection failed for another reason.", "See login.")
        if weak := weakness(target):
            return Doubt(f"{described or 'none'}. {weak.code} {weak.message}")
        if not described:
            return f"none, which is right within this machine; a tunnel that begins at {target.host} has to encrypt"
        return self._until(f"{described}, {_VERIFIED.get(mode, 'nothing of the server verified')}", target, mode)

    def _until(self, described: str, target: Target, mode: SslMode) -> Finding:
        """With the end of the certificate, which matters where it is looked at."""
        ends_at = mode.verifies and network.certificate_ends_at(
            self._addresses[0],
            target.connects_to.port,
            name=target.host,
            authorities=target.parameters.get("sslrootcert"),
        )
        if not ends_at:
            return described
        found = f"{described} and valid until {datetime.fromtimestamp(ends_at, UTC).date()}"
        if ends_at - self._clock() < _CERTIFICATE_S:
            return Doubt(f"{found}.", "Renew the server's certificate: without it no deploy will connect.")
        return found

    def _login(self) -> Finding:
        attempt = self._logged_in()
        if isinstance(attempt, Exception):
            raise attempt
        self._draft.server_version = attempt.version
        return f"user {attempt.target.user} in database {attempt.target.dbname}"

    def _history(self, examination: "Examination") -> Finding:
        history, migrations = examination.history(), self._migrations
        plan = make_plan(migrations, history)
        check_plan(plan, strict=self._settings.strict)
        if not migrations:
            return Doubt("nothing in it has failed; what is pending depends on the directory.", "See directory.")
        check_schema_empty(history, examination.schema, migrations)
        for migration in plan.pending:
            halfway = plan.halfway_of(migration.name)
            plan_script(migration, halfway, max_statement_mib=self._settings.max_statement_mib)
        found = f"{len(plan.pending)} of {_migrations(len(migrations))} pending"
        warnings = [f"{warning.code} {warning.message}" for warning in plan.warnings]
        return Doubt(" ".join([f"{found}.", *warnings])) if warnings else found

    def _code_deploy(self) -> Finding:
        # Imported here: only who has hooks pays for boto3 (about 0.3 s).
        from lambda_fn.aws.endpoint import endpoint_of

        endpoint = endpoint_of(Service.CODE_DEPLOY, self._settings.region)
        if isinstance(endpoint, Doubt):
            return endpoint
        try:
            address = network.reach(endpoint.host, endpoint.port, left_s=lambda: self._deadline.work_left_s)
        except DatabaseUnreachable as error:
            raise doctor_errors.code_deploy_not_reached(str(endpoint), error.problem) from None
        return f"{endpoint.host} takes connections at {address}" if address else _TIME_UP

    def _on_session(self, look: "Callable[[Examination], Finding]") -> Callable[[], Finding]:
        def looked() -> Finding:
            attempt = self._logged_in()
            if isinstance(attempt, Exception):
                return NotLookedAt((CheckName.LOGIN,))
            if attempt.lost:
                return Doubt("not looked at: the connection was lost.", "Run doctor again.")
            return look(attempt)

        return looked

    def _as_owner(self, look: "Callable[[Examination], Finding]") -> Callable[[], Finding]:
        def looked(examination: "Examination") -> Finding:
            return NotLookedAt((CheckName.OWNER_ROLE,)) if examination.role_refusal else look(examination)

        return self._on_session(looked)

    def _logged_in(self) -> "Examination | Exception":
        """The session, or why there is none; tried once."""
        if self._attempt is None:
            try:
                self._attempt = self._opened()
            except Exception as error:  # noqa: BLE001  # `login` raises it
                self._attempt = error
        return self._attempt

    def _opened(self) -> "Examination":
        # Imported here, so that everything else is told also where psycopg cannot be imported.
        from lambda_fn.postgres.examination import Examination

        return Examination(
            self._credentials,
            schema=self._settings.schema,
            owner_role=self._settings.owner_role,
            run_id=self._draft.run_id,
            clock=self._clock,
            deadline=self._deadline,
        )

    def _within(self, limit_s: float) -> float:
        return min(limit_s, self._deadline.work_left_s)


def _encryption(attempt: "Examination | Exception", mode: SslMode) -> str | None:
    """How the connection is encrypted, "" where it is not; None where that is not known. Raises P1011."""
    if not isinstance(attempt, Exception):
        return (attempt.tls() or "TLS, which ends before the server") if attempt.encrypted else ""
    code = attempt.code if isinstance(attempt, MigrateError) else None
    if code == "P1011":
        raise attempt
    return "TLS" if mode.encrypts and code in _SAID_OVER_TLS else None


def _migrations(count: int) -> str:
    return f"{count} migration{'' if count == 1 else 's'}"
