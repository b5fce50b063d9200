"""Looking on from a second connection while the first one works: who blocks it, how far it is.

Each look is a short transaction in a thread of its own, so that a slow one never delays the run, and a failed one
never harms it.
"""

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Self, TypeVar

from lambda_fn.deadline import Deadline
from lambda_fn.domain.application_name import watch_name
from lambda_fn.domain.blocker import QUERY_LIMIT, WAITING_LIMIT, Blocker, BlockerReport, query_head
from lambda_fn.domain.index_progress import IndexProgress, Share
from lambda_fn.domain.target import Target
from lambda_fn.errors import MigrateError
from lambda_fn.ports import Credentials
from lambda_fn.postgres import activity_sql, simple_query
from lambda_fn.postgres.connection import Connection
from lambda_fn.postgres.login import Session, log_in
from lambda_fn.postgres.simple_query import Channel, Row

_T = TypeVar("_T")

_LOGIN_LIMIT_S = 5.0
_JOIN_LIMIT_S = 1.0


@dataclass(frozen=True, slots=True)
class Look(Generic[_T]):
    """A query, and what to make of its rows: None where there is nothing to tell."""

    query: bytes
    read: Callable[[list[Row]], _T | None]


class Watch(Generic[_T]):
    """Looks now and then, from `first_after_s` after the beginning of a `with` block until its end.

    Nothing is connected before the first look. Every report goes to `on_report`, in the watch's thread, and the last
    one stays in `report`. Whatever goes wrong ends the watch and nothing else; `error` says what it was.
    """

    def __init__(
        self,
        credentials: Credentials,
        application_name: str,
        look: Look[_T],
        *,
        first_after_s: float,
        every_s: float,
        on_report: Callable[[_T], None] = lambda _: None,
    ) -> None:
        self.report: _T | None = None
        self.error: str | None = None
        self._credentials = _OneLogin(credentials)
        self._application_name = application_name
        self._look = look
        self._first_after_s = first_after_s
        self._every_s = every_s
        self._on_report = on_report
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=application_name, daemon=True)

    def __enter__(self) -> Self:
        try:
            self._thread.start()
        except RuntimeError as error:  # no more threads are to be had
            self.error = str(error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            # One that is just connecting may take longer, and closes its connection then.
            self._thread.join(_JOIN_LIMIT_S)

    def _run(self) -> None:
        if self._stop.wait(self._first_after_s):
            return
        try:
            session, _ = log_in(self._credentials, self._application_name, Deadline.within(_LOGIN_LIMIT_S, 0.0))
            with closing(session):
                self._look_until_stopped(session)
        except _Stopped:
            return
        except Exception as error:  # noqa: BLE001  # a watch must not harm what it watches
            self.error = error.headline if isinstance(error, MigrateError) else str(error)

    def _look_until_stopped(self, session: Session) -> None:
        channel = Channel(session.pgconn, self._leave_if_stopped)
        simple_query.fetch(channel, ";".join(activity_sql.WATCH_STATE).encode())
        while not self._stop.is_set():
            report = self._look.read(simple_query.fetch(channel, self._look.query))
            if report is not None:
                self.report = report
                self._on_report(report)
            self._stop.wait(self._every_s)

    def _leave_if_stopped(self) -> None:
        if self._stop.is_set():
            raise _Stopped


class _Stopped(Exception):
    """The block has ended while the server was still answering."""


class _OneLogin:
    """Credentials of which a refused login is not renewed: that is the run's to do, and refusals are counted."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def target(self) -> Target:
        """The login for the next connection."""
        return self._credentials.target()

    def renewed(self) -> Target | None:
        """None: there is no other."""
        return None


def watch_blockers(connection: Connection, *, first_after_s: float = 0.2, every_s: float = 0.2) -> Watch[BlockerReport]:
    """A watch whose `report` is who blocked the connection when it was last seen to be blocked."""
    user = connection.target.user
    query = connection.compose(
        activity_sql.ROOT_BLOCKERS, pid=connection.backend_pid, limit=WAITING_LIMIT, query_limit=QUERY_LIMIT
    )
    look = Look(query, lambda rows: _blocker_report(rows, user))
    return Watch(
        connection.credentials, watch_name(connection.run_id), look, first_after_s=first_after_s, every_s=every_s
    )


def watch_index_build(
    connection: Connection, on_progress: Callable[[IndexProgress], None], *, first_after_s: float, every_s: float
) -> Watch[IndexProgress]:
    """A watch that tells `on_progress` again and again how far the index build of the connection is."""
    look = Look(connection.compose(activity_sql.INDEX_PROGRESS, pid=connection.backend_pid), _index_progress)
    return Watch(
        connection.credentials,
        watch_name(connection.run_id),
        look,
        first_after_s=first_after_s,
        every_s=every_s,
        on_report=on_progress,
    )


def _blocker_report(rows: list[Row], user: str) -> BlockerReport | None:
    if not rows:
        return None
    hidden = any(row[5] == activity_sql.HIDDEN for row in rows)
    return BlockerReport(tuple(map(_blocker, rows)), int(rows[0][6] or 0), user if hidden else None)


def _blocker(row: Row) -> Blocker:
    pid, application, user, state, age_s, query, _ = row
    return Blocker(
        int(pid or 0),
        application or "",
        user or "",
        state,
        None if age_s is None else float(age_s),
        None if query is None or query == activity_sql.HIDDEN else query_head(query),
    )


def _index_progress(rows: list[Row]) -> IndexProgress | None:
    if not rows:
        return None
    command, phase, *counts = rows[0]
    numbers = [int(count or 0) for count in counts]
    return IndexProgress(
        command or "",
        phase or "",
        lockers=Share(*numbers[0:2]),
        current_locker_pid=numbers[2],
        blocks=Share(*numbers[3:5]),
        tuples=Share(*numbers[5:7]),
        partitions=Share(*numbers[7:9]),
    )
