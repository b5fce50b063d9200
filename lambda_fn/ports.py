"""What the commands need from the world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lambda_fn.domain.check import CheckName, Finding
    from lambda_fn.domain.event import Event
    from lambda_fn.domain.execution import Execution
    from lambda_fn.domain.history import History
    from lambda_fn.domain.migration import Migration
    from lambda_fn.domain.outcome import AppliedMigration
    from lambda_fn.domain.resolution import Resolution
    from lambda_fn.domain.resumption import Resumption
    from lambda_fn.domain.row import RowFilter, Rows
    from lambda_fn.domain.target import Target


class Reporter(Protocol):
    """Is told what happens; never raises."""

    def report(self, event: Event) -> None:
        """Make the event known: a log record, a line of a terminal."""


class Credentials(Protocol):
    """Where to connect and as whom."""

    def target(self) -> Target:
        """The login for the next connection. Raises: SettingsInvalid."""

    def renewed(self) -> Target | None:
        """After the server refused the login: another one, or None where there is none. Raises: SettingsInvalid."""


class MigrationsTable(Protocol):
    """`_prisma_migrations` in the schema of the run."""

    @property
    def schema(self) -> str:
        """The schema that holds the table and the objects."""

    def read(self) -> History:
        """Read the history in one query. Raises HistoryBlocked M505, SettingsInvalid M307."""

    def is_occupied(self) -> bool:
        """Whether the schema holds other tables than the history, as P3005 counts them."""

    def read_rows(self, wanted: RowFilter) -> Rows:
        """Read whole rows in one query, for people. Raises: as `read`."""

    def create(self) -> None:
        """Create the table, and the schema if it is absent. Call it under the advisory lock only."""

    def resolve(self, *resolutions: Resolution) -> None:
        """Carry resolutions out, all in one transaction; times are the server's."""


class AdvisoryLock(Protocol):
    """Prisma's own lock, so that either runner waits for the other."""

    def acquire(self, wait_s: float) -> int:
        """Take the lock and return the milliseconds waited. It is held until the connection closes.

        Raises: LockTimeout P1002, which names the holder, after `wait_s` seconds.
        """


class ScriptRunner(Protocol):
    """Runs scripts; a migration ends in the database and in the history, or in neither.

    Of one that is run step by step every step is, and the next run goes on behind the last. Except for a routine that
    commits by itself and an index without a name: what they leave when they fail is for a person to see.
    """

    def apply(
        self, migration: Migration, execution: Execution, resumption: Resumption | None = None
    ) -> AppliedMigration | None:
        """Apply one migration and record it, or go on with one that is half done.

        None when the connection was lost and had anew before it was applied: the plan is to be made anew.
        Raises: MigrationFailed after the server confirmed the rollback and the attempt is recorded;
        DatabaseUnreachable P1017 when the connection was lost; LockTimeout M306 when the advisory lock was, M329, M330
        when another lock was not to be had; DeadlineExceeded.
        """


class Probes(Protocol):
    """Looks at what a deploy needs, one thing at a time; takes no lock and writes nothing."""

    def look(self, name: CheckName) -> Finding:
        """What there is to say of a check. Each is asked for at most once, in their order.

        Raises: MigrateError where it would keep a deploy from succeeding.
        """


class Database(Protocol):
    """The adapters of one connection, each made when it is first asked for: not every run needs all."""

    @property
    def table(self) -> MigrationsTable:
        """The history."""

    @property
    def advisory_lock(self) -> AdvisoryLock:
        """The lock that other runners wait for."""

    @property
    def runner(self) -> ScriptRunner:
        """What runs scripts."""
