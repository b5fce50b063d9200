"""Looking at a server for doctor: one short read-only transaction for each thing, whatever the others came to."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, LiteralString

from psycopg import pq

from lambda_fn.deadline import NO_DEADLINE, Deadline
from lambda_fn.domain.check import Doubt, Finding
from lambda_fn.domain.history import History
from lambda_fn.domain.target import Target
from lambda_fn.errors import MigrateError
from lambda_fn.errors import connection as connection_errors
from lambda_fn.errors import doctor as doctor_errors
from lambda_fn.ports import Credentials
from lambda_fn.postgres import sql
from lambda_fn.postgres.advisory_lock import describe_holder
from lambda_fn.postgres.connection import OLDEST_SERVER_VERSION
from lambda_fn.postgres.migrations_table import PostgresMigrationsTable
from lambda_fn.postgres.read_only import ReadOnlyConnection
from lambda_fn.postgres.simple_query import Row

CLOCK_LIMIT_S = 60.0
_READER_ENDPOINTS = (".cluster-ro-", ".cluster-custom-")
_PROXY_ENDPOINT = ".proxy-"

_TLS: Final = "SELECT ssl::int, version, cipher FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()"

_CLOCK: Final = "SELECT extract(epoch FROM pg_catalog.clock_timestamp())"

_FOREIGN_OWNERS: Final = """
SELECT pg_catalog.pg_get_userbyid(owner), pg_catalog.count(*)
  FROM (SELECT c.relowner, 'pg_class'::regclass, c.oid
          FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = {schema} AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
           AND c.relname <> '_prisma_migrations'
         UNION ALL
        SELECT t.typowner, 'pg_type'::regclass, t.oid
          FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
         WHERE n.nspname = {schema} AND t.typtype IN ('d', 'e', 'r')
         UNION ALL
        SELECT p.proowner, 'pg_proc'::regclass, p.oid
          FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname = {schema}) AS object (owner, catalog, id)
 WHERE NOT pg_catalog.pg_has_role(owner, 'USAGE')
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d
                    WHERE d.classid = object.catalog AND d.objid = object.id AND d.deptype = 'e')
 GROUP BY owner ORDER BY 2 DESC, 1
"""
"""Who owns what we may not alter; what came with an extension is nobody's to alter, and so is the history."""

_RIGHTS: Final = """
SELECT (n.oid IS NOT NULL)::int, (c.oid IS NOT NULL)::int,
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')::int,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE')::int, pg_catalog.has_schema_privilege(n.oid, 'CREATE')::int,
       pg_catalog.has_table_privilege(c.oid, 'SELECT')::int, pg_catalog.has_table_privilege(c.oid, 'INSERT')::int,
       pg_catalog.has_table_privilege(c.oid, 'UPDATE')::int, pg_catalog.has_table_privilege(c.oid, 'DELETE')::int
  FROM (SELECT 1) AS one
  LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = {schema}
  LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = '_prisma_migrations' AND c.relkind = 'r'
"""

_ROW_SECURITY: Final = """
SELECT c.relrowsecurity::int, pg_catalog.row_security_active(c.oid)::int
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = {schema} AND c.relname = '_prisma_migrations' AND c.relkind = 'r'
"""


@dataclass(frozen=True, slots=True)
class _Rights:
    """What the role may do, in the order of the columns of _RIGHTS."""

    schema_exists: bool
    table_exists: bool
    create_in_database: bool
    use_schema: bool
    create_in_schema: bool
    select: bool
    insert: bool
    update: bool
    delete: bool

    def missing(self, schema: str, dbname: str) -> list[str]:
        """The rights that a deploy needs and the role lacks, as GRANT spells them."""
        if not self.schema_exists:
            return [] if self.create_in_database else [f'CREATE ON DATABASE "{dbname}"']
        of_schema = {"USAGE": self.use_schema, "CREATE": self.create_in_schema or self.table_exists}
        of_table = {"SELECT": self.select, "INSERT": self.insert, "UPDATE": self.update, "DELETE": self.delete}
        on_table = _lacking(of_table, f'"{schema}"._prisma_migrations') if self.table_exists else []
        return _lacking(of_schema, f'SCHEMA "{schema}"') + on_table


def _lacking(rights: dict[str, bool], on: str) -> list[str]:
    names = [name for name, given in rights.items() if not given]
    return [f"{', '.join(names)} ON {on}"] if names else []


class Examination:
    """A session on a server that is looked at. It can go on after whatever fails, but for a lost connection.

    `clock` gives the seconds since the epoch here. Opening it raises what connecting raises.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        schema: str | None,
        owner_role: str | None,
        run_id: str,
        clock: Callable[[], float],
        deadline: Deadline = NO_DEADLINE,
    ) -> None:
        self._clock = clock
        self._connection = ReadOnlyConnection(
            credentials, schema=schema, owner_role=owner_role, run_id=run_id, deadline=deadline
        )
        try:
            [[pid, in_recovery]] = self._fetch(sql.PREFLIGHT, doing="looking at the server")
            self._pooled, self._in_recovery = pid != str(self._connection.libpq.backend_pid), in_recovery == "1"
            self._limit_session()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the session."""
        self._connection.close()

    @property
    def target(self) -> Target:
        """Where and as whom the session is."""
        return self._connection.target

    @property
    def version(self) -> str:
        """The server's version, for people."""
        return self._connection.server_version

    @property
    def lost(self) -> bool:
        """Whether the connection is gone."""
        return self._connection.libpq.status == pq.ConnStatus.BAD

    @property
    def encrypted(self) -> bool:
        """Whether the connection itself goes through TLS."""
        return bool(self._connection.libpq.ssl_in_use)

    def tls(self) -> str | None:
        """TLS version and cipher, for people; None where the server knows of no TLS."""
        [[in_use, version, cipher]] = self._fetch(_TLS, doing="looking at TLS")
        return f"{version} with {cipher}" if in_use == "1" else None

    def server_version(self) -> Finding:
        """Whether it is new enough."""
        if self._connection.libpq.server_version < OLDEST_SERVER_VERSION:
            raise connection_errors.server_too_old(self.version)
        return f"PostgreSQL {self.version}"

    def writer(self) -> Finding:
        """Whether it is the writer, and its endpoint that of the writer."""
        target = self.target
        if self._in_recovery:
            raise connection_errors.standby(target.address)
        if any(part in target.host for part in _READER_ENDPOINTS):
            return Doubt(
                f"the writer, just now: {target.host} may lead to a reader another time.",
                "Use the cluster endpoint, which always leads to the writer.",
            )
        return "no standby"

    def pooler(self) -> Finding:
        """Whether the backend is the one that was announced, and the endpoint no RDS Proxy."""
        target = self.target
        if self._pooled:
            raise connection_errors.transaction_pooler(target.address)
        if _PROXY_ENDPOINT in target.host:
            return Doubt(
                f"{target.host} is an RDS Proxy: it may end a session that waits, and hides who holds a lock.",
                "Use the endpoint of the instance or cluster itself.",
            )
        return "none: the backend is the one that took the connection"

    def clock(self) -> Finding:
        """How far our clock is from the server's, half of the round trip taken off."""
        before_s = self._clock()
        [[server_s]] = self._fetch(_CLOCK, doing="reading the server's clock")
        ahead_s = (before_s + self._clock()) / 2 - float(server_s or 0)
        if abs(ahead_s) > CLOCK_LIMIT_S:
            raise doctor_errors.clock_differs(ahead_s, CLOCK_LIMIT_S)
        return f"{abs(ahead_s):.2f} s from the server's"

    @cached_property
    def role_refusal(self) -> MigrateError | None:
        """Why the owner's role cannot be assumed; None where it can, or where there is none to assume."""
        try:
            self._connection.assume_owner_role()
        except MigrateError as error:
            return error
        return None

    def owner_role(self) -> Finding:
        """Whether the role that is to own what is made can be assumed, and may alter what is there."""
        if self.role_refusal:
            raise self.role_refusal
        found = self._fetch_as_owner(_FOREIGN_OWNERS, doing="looking for objects of other owners")
        owners = [(owner or "", int(count or 0)) for owner, count in found]
        if owners:
            raise doctor_errors.foreign_owners(self._connection.schema, self._role, owners)
        user = self.target.user
        return f"{user} owns what it makes" if self._role == user else f"{user} can act as {self._role}"

    def rights(self) -> Finding:
        """Whether the role may keep the history, or make it."""
        schema, role = self._connection.schema, self._role
        [row] = self._fetch_as_owner(_RIGHTS, doing="looking at rights")
        rights = _Rights(*(value == "1" for value in row))
        if missing := rights.missing(schema, self.target.dbname):
            raise connection_errors.permission(
                "keeping the history",
                f"{role} lacks {' and '.join(missing)}",
                " ".join(f'Run: GRANT {each} TO "{role}";' for each in missing)
                + " or set ownerRole (MIGRATE_OWNER_ROLE) to the role that owns it.",
            )
        if rights.table_exists and not rights.create_in_schema:
            return Doubt(
                f'{role} may keep the history, but make nothing new in schema "{schema}".',
                f'Where migrations create tables, run: GRANT CREATE ON SCHEMA "{schema}" TO "{role}".',
            )
        return f"{role} may {'keep' if rights.table_exists else 'make'} the history in schema {schema}"

    def row_security(self) -> Finding:
        """Whether row-level security would hide rows of the history."""
        schema = self._connection.schema
        rows = self._fetch_as_owner(_ROW_SECURITY, doing="looking at row-level security")
        if not rows:
            return "there is no history yet"
        [[is_on, applies]] = rows
        if applies == "1":
            raise connection_errors.permission(
                "reading the history",
                f'row-level security of "{schema}"._prisma_migrations applies to {self._role}',
                f'Run: ALTER TABLE "{schema}"._prisma_migrations DISABLE ROW LEVEL SECURITY; or set ownerRole '
                "(MIGRATE_OWNER_ROLE) to the role that owns it.",
            )
        return f"on, but not for {self._role}" if is_on == "1" else "off"

    def history(self) -> History:
        """The history, read as a run reads it. Raises: HistoryBlocked M505, SettingsInvalid M307."""
        return PostgresMigrationsTable(self._connection).read()

    def lock(self) -> Finding:
        """Whether anybody holds the advisory lock; it is not taken."""
        rows = self._fetch(sql.LOCK_HOLDER, doing="looking at the advisory lock", key=sql.ADVISORY_LOCK_KEY)
        if rows:
            raise doctor_errors.lock_held(describe_holder(rows[0]))
        return "free"

    @property
    def schema(self) -> str:
        """The schema of the history."""
        return self._connection.schema

    @property
    def _role(self) -> str:
        return self._connection.owner_role or self.target.user

    def _limit_session(self) -> None:
        """A session whose client was killed must end soon. Behind a pooler it would be somebody else's next."""
        if not self._pooled and self._connection.libpq.server_version >= OLDEST_SERVER_VERSION:
            self._connection.fetch([limit.encode() for limit in sql.LIMITS], doing="limiting the session")

    def _fetch(self, statement: LiteralString, *, doing: str, **values: str | int) -> list[Row]:
        return self._connection.fetch([self._connection.compose(statement, **values)], doing=doing)

    def _fetch_as_owner(self, statement: LiteralString, *, doing: str) -> list[Row]:
        composed = self._connection.compose(statement, schema=self.schema)
        return self._connection.fetch([*self._connection.as_owner, composed], doing=doing)
