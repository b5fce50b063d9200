"""Prisma's advisory lock, polled.

Never awaited with the blocking function: a blocked waiter holds a snapshot, and a CREATE INDEX CONCURRENTLY of
the lock's holder would wait for it; the two deadlock (observed, as in flyway issue 1654).

While it waits, a dead runner's session that holds the lock is ended; see orphans.
"""

import random
import time

from lambda_fn.domain.event import LockAwaited
from lambda_fn.errors import connection as connection_errors
from lambda_fn.errors import deadline as deadline_errors
from lambda_fn.ports import Reporter
from lambda_fn.postgres import sql
from lambda_fn.postgres.connection import Connection
from lambda_fn.postgres.orphans import Orphans
from lambda_fn.postgres.simple_query import Row

_FIRST_SLEEP_S = 0.02
_LONGEST_SLEEP_S = 0.5
_LOOK_EVERY_S = 2.0
_REPORT_EVERY_S = 10.0
_DOING = "waiting for the advisory lock"


class PolledAdvisoryLock:
    """Session lock 72707369 on the run's connection; closing the connection releases it.

    `former_pids` are backends that this run had before its connection was lost: one that still holds the lock after a
    few seconds is ended.
    """

    def __init__(self, connection: Connection, reporter: Reporter) -> None:
        self._connection = connection
        self._reporter = reporter
        self._orphans = Orphans(connection, reporter)
        self.former_pids: set[int] = set()

    def acquire(self, wait_s: float) -> int:
        """Take the lock; see ports.AdvisoryLock. Dead runners that hold it are ended, also with a wait of 0."""
        started = time.monotonic()
        sleep_s, look_at_s, report_at_s = _FIRST_SLEEP_S, 0.0, 0.0
        state = self._connection.clean_state
        while not self._try(state):
            state = ()  # it lasts
            waited_s = time.monotonic() - started
            if self._connection.deadline.interruption.requested:
                raise deadline_errors.during(_DOING)
            if waited_s >= look_at_s:
                look_at_s = waited_s + _LOOK_EVERY_S
                if self._orphan_ended(waited_s):
                    continue
            if waited_s >= wait_s:
                raise connection_errors.advisory_lock_timeout(wait_s, self._holder())
            if waited_s >= report_at_s:
                self._reporter.report(LockAwaited(self._holder(), round(waited_s * 1000)))
                report_at_s = waited_s + _REPORT_EVERY_S
            # Jitter, so that many waiters do not ask in step.
            time.sleep(min(random.uniform(0.5, 1.0) * sleep_s, wait_s - waited_s))  # noqa: S311  # no secret
            sleep_s = min(sleep_s * 2, _LONGEST_SLEEP_S)
        return round((time.monotonic() - started) * 1000)

    def _try(self, state: tuple[bytes, ...]) -> bool:
        statement = self._connection.compose(sql.TRY_LOCK, key=sql.ADVISORY_LOCK_KEY)
        [[taken]] = self._connection.fetch([*state, statement], doing=_DOING)
        return taken == "1"

    def _orphan_ended(self, waited_s: float) -> bool:
        holder = self._orphans.holder()
        return holder is not None and self._orphans.end(holder, waited_s=waited_s, former_pids=self.former_pids)

    def _holder(self) -> str:
        holder = self._orphans.holder()
        return holder.description if holder else "it has just been released"


def describe_holder(row: Row) -> str:
    """Who holds the lock, of a row of sql.LOCK_HOLDER."""
    pid, application, state, age_s, user = row
    return f"backend {pid} ({application or 'no application name'}, user {user}, {state} for {age_s} s)"
