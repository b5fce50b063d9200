"""Sessions of dead runners that still hold the advisory lock."""

from collections.abc import Collection
from typing import Final

from lambda_fn.domain.application_name import application_name
from lambda_fn.domain.orphan import LockHolder, OrphanEnded, OrphanKept, Patience, orphanhood
from lambda_fn.domain.server_error import ServerError
from lambda_fn.errors import MigrateError, SettingsInvalid
from lambda_fn.errors import connection as connection_errors
from lambda_fn.ports import Reporter
from lambda_fn.postgres import activity_sql, sql
from lambda_fn.postgres.connection import Connection
from lambda_fn.postgres.simple_query import Row

GRACE_S: Final = 10.0
"""How long behind its deadline a runner's session is left alone, for clocks that differ."""

FORMER_S: Final = 5.0
"""How long a session that was our own may need to notice that its connection is lost."""

_ENDING_MS = 1000  # a backend needs a moment to end
_DOING = "looking who holds the advisory lock"
_ENDING = "ending a dead runner's session"


class Orphans:
    """Finds who holds the lock, and ends it where it is a dead runner's; each is told of once."""

    def __init__(self, connection: Connection, reporter: Reporter) -> None:
        self._connection = connection
        self._reporter = reporter
        self._told: set[tuple[type[OrphanEnded | OrphanKept], int | None]] = set()

    def holder(self) -> LockHolder | None:
        """Who holds the lock; None where it has just been released. Raises: MigrateError."""
        look = self._connection.compose(activity_sql.LOCK_HOLDER, key=sql.ADVISORY_LOCK_KEY)
        rows = self._connection.fetch([activity_sql.AS_LOGIN.encode(), look], doing=_DOING)
        return _holder(rows[0]) if rows else None

    def end(self, holder: LockHolder, *, waited_s: float, former_pids: Collection[int]) -> bool:
        """Whether the holder was a dead runner's session and was told to end, which it then mostly has.

        Where the server does not let us, that is told, and it is left alone. Raises: MigrateError.
        """
        why = orphanhood(
            holder, Patience(GRACE_S, FORMER_S), waited_s=waited_s, own_name=self._own_name, former_pids=former_pids
        )
        if why is None:
            return False
        try:
            ended = self._terminate(holder)
        except SettingsInvalid as denied:
            self._tell_once(OrphanKept(holder, why, self._connection.target.user, denied.problem))
            return False
        if ended:
            self._tell_once(OrphanEnded(holder, why))
        return ended

    def _terminate(self, holder: LockHolder) -> bool:
        """Whether it was still there to be ended. Raises: SettingsInvalid M307 where we may not, other MigrateError."""
        statement = self._connection.compose(
            activity_sql.END_LOCK_HOLDER,
            pid=holder.pid,
            application=holder.application,
            patience_ms=_ENDING_MS,
            key=sql.ADVISORY_LOCK_KEY,
        )
        return bool(self._connection.fetch([activity_sql.AS_LOGIN.encode(), statement], doing=_ENDING, refused=_denied))

    def _tell_once(self, event: OrphanEnded | OrphanKept) -> None:
        key = type(event), event.holder.pid
        if key not in self._told:
            self._told.add(key)
            self._reporter.report(event)

    @property
    def _own_name(self) -> str:
        return application_name(self._connection.run_id, self._connection.deadline.ends_at_epoch_s)


def _denied(error: ServerError) -> MigrateError:
    reason = error.message if error.detail is None else f"{error.message} ({error.detail.rstrip('.')})"
    return connection_errors.permission(_ENDING, reason, "")


def _holder(row: Row) -> LockHolder:
    pid, application, user, state, age_s, seen_at = row
    return LockHolder(
        None if pid is None else int(pid),
        application or "",
        user or "",
        state,
        None if age_s is None else int(age_s),
        float(seen_at or 0),
    )
