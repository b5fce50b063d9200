"""When a run's connection is lost: connect anew, take the lock again, and go on if what became of it is certain."""

import contextlib
import time
from collections.abc import Callable

from lambda_fn.errors import MigrateError, Whereabouts
from lambda_fn.errors import connection as connection_errors
from lambda_fn.errors import deadline as deadline_errors
from lambda_fn.errors.classes import Stayed
from lambda_fn.postgres import sql
from lambda_fn.postgres.advisory_lock import PolledAdvisoryLock
from lambda_fn.postgres.connection import Connection, closed
from lambda_fn.postgres.simple_query import ConnectionLost, QueryFailed

_VERDICT_WAIT_S = 15.0
_RECONNECT_PAUSE_S = 0.5
_ROTATION_PAUSE_S = 2.5  # between looks at a secret whose password the server does not take
_LOGIN_REFUSED = "P1000"
_GOES_ON = 3  # times that a run goes on after a lost connection: a script may be what makes the server break


class Recovery:
    """The run's connection, had anew.

    `reconnected` says that it was since `begin`: the lock was free for a while, so that the plan may be another.
    """

    def __init__(self, connection: Connection, advisory_lock: PolledAdvisoryLock) -> None:
        self._connection = connection
        self._advisory_lock = advisory_lock
        self._left = _GOES_ON
        self.reconnected = False

    def begin(self) -> None:
        """A migration begins."""
        self.reconnected = False

    def connect_anew(self, unknown: MigrateError) -> None:
        """Connect again and take the lock again, by which the old backend is known to be done; else raise `unknown`."""
        self._advisory_lock.former_pids.add(self._connection.backend_pid)
        try:
            self._reconnect()
            self._advisory_lock.acquire(self._verdict_wait_s)
        except MigrateError as error:
            raise unknown from error
        self.reconnected = True

    def answer(self, ask: Callable[[], bool], unknown: MigrateError) -> bool:
        """What the answer to a question is. Raises: `unknown`, when there is none."""
        try:
            return ask()
        except MigrateError as error:
            raise unknown from error

    def ensure_open(self, unknown: MigrateError) -> None:
        """Connect anew unless the connection can still be used."""
        if not self._connection.is_idle:
            self.connect_anew(unknown)

    def go_on(self, lost: MigrateError) -> None:
        """Go on after a connection that was lost with nothing unknown about it. Raises: `lost`, if not.

        A failover or a restart of the server is over in seconds; what happens again and again is for people.
        """
        if self._left == 0 or self._connection.deadline.passed:
            raise lost
        self._left -= 1
        self.ensure_open(lost)

    def roll_back(self, migration: str, stayed: Stayed, *, ended: bool) -> None:
        """Confirm the rollback. `ended` says that the script had ended our transaction, so that it is not all.

        Raises: DatabaseUnreachable P1017, DeadlineExceeded.
        """
        doing = f"rolling back {migration}"
        try:
            # A cancel that comes late may hit it.
            with contextlib.suppress(QueryFailed):
                self._connection.send([sql.ROLLBACK.encode()])
            if not self._connection.is_idle:
                self._connection.send([sql.ROLLBACK.encode()])
        except QueryFailed as failed:
            raise connection_errors.connection_closed(doing, failed.error.message, unknown=True) from failed
        except ConnectionLost as lost:
            if not ended:
                # The error was answered before, so the transaction had been aborted by then.
                raise self.lost(doing, lost, unknown=False, migration=migration, stayed=stayed) from lost
            self.connect_anew(self.lost(doing, lost, unknown=True, migration=migration, stayed=stayed))
        if not self._connection.is_idle:
            raise connection_errors.connection_closed(doing, "a transaction is still open", unknown=True)

    def lost(self, doing: str, lost: ConnectionLost, *, unknown: bool, migration: str, stayed: Stayed) -> MigrateError:
        """What a lost connection means; the server itself ends a transaction that outlives the deadline."""
        if not unknown and (lost.given_up or self._connection.deadline.passed):
            return deadline_errors.during_migration(Whereabouts(migration=migration), stayed)
        return closed(doing, lost, unknown=unknown, stayed=stayed)

    def _reconnect(self) -> None:
        give_up_at_s = time.monotonic() + self._verdict_wait_s
        while True:
            try:
                self._connection.reopen()
            except MigrateError as error:
                if time.monotonic() >= give_up_at_s:
                    raise
                if error.code == _LOGIN_REFUSED:
                    self._await_another_login(error, give_up_at_s)
                else:
                    # A standby too: in a failover the name leads to the old writer for a while.
                    time.sleep(_RECONNECT_PAUSE_S)
            else:
                return

    def _await_another_login(self, refused: MigrateError, give_up_at_s: float) -> None:
        """In a rotation the secret follows the database; the same login again would count towards a lock-out."""
        while time.monotonic() + _ROTATION_PAUSE_S < give_up_at_s:
            time.sleep(_ROTATION_PAUSE_S)
            if self._connection.renew_login():
                return
        raise refused

    @property
    def _verdict_wait_s(self) -> float:
        return min(_VERDICT_WAIT_S, self._connection.deadline.verdict_left_s)
