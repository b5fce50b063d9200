"""Runs work in one transaction, again while it does not get its locks; the verdict is certain when it ends."""

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import Enum

from lambda_fn.domain.blocker import BlockerReport
from lambda_fn.domain.event import NOTICE_LIMIT, Noticed
from lambda_fn.domain.lock_event import LockContended
from lambda_fn.domain.lock_ladder import LockLadder, Rung
from lambda_fn.domain.server_error import ServerError
from lambda_fn.errors import MigrateError, Whereabouts
from lambda_fn.errors import apply as apply_errors
from lambda_fn.ports import Reporter
from lambda_fn.postgres import sql
from lambda_fn.postgres.activity import watch_blockers
from lambda_fn.postgres.connection import Notice
from lambda_fn.postgres.fence import Fence, new_fence
from lambda_fn.postgres.message import Message, Work, messages
from lambda_fn.postgres.run_context import RunContext
from lambda_fn.postgres.simple_query import Completion, ConnectionLost, QueryFailed

LOCK_NOT_AVAILABLE = "55P03"
_WORTH_TRYING_AGAIN = (LOCK_NOT_AVAILABLE, "40P01")
_QUERY_CANCELED = "57014"  # by somebody, before the script began
_REPORT_EVERY_S = 10.0


class Refusal(Enum):
    """Why work was refused; nothing of it stayed, but for ENDED."""

    SCRIPT = "the server refused a statement of the script"
    ENDED = "the script ended the transaction that it ran in"
    LOCK_LOST = "the advisory lock was gone before the script began"
    NOT_RECORDED = "the history does not keep what is written into it"
    OURS = "the server refused a statement of ours before the script"


class Refused(Exception):
    """Work was refused, and the rollback is confirmed. `offset` is the byte of the script where it failed.

    `blockers` is who held the lock that it did not get, where it waited long enough for that to be seen.
    """

    def __init__(self, why: Refusal, error: ServerError, offset: int | None = None) -> None:
        super().__init__(f"{why.value}: {error.message}")
        self.why = why
        self.error = error
        self.offset = offset
        self.blockers: BlockerReport | None = None
        self.lock_wait_s = 0.0

    @property
    def is_worth_another_try(self) -> bool:
        """Whether somebody else was in the way."""
        if self.why is Refusal.OURS:
            return self.error.sqlstate in (*_WORTH_TRYING_AGAIN, _QUERY_CANCELED)
        return self.why is Refusal.SCRIPT and self.error.sqlstate in _WORTH_TRYING_AGAIN


class Transactions:
    """Runs work on the run's connection."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._connection = context.connection
        self._recovery = context.recovery

    def run(self, work: Work) -> bool:
        """Commit the work. False when the connection was lost and had anew without it: the plan is to be made anew.

        Raises: Refused after the rollback was confirmed; DatabaseUnreachable P1017, DeadlineExceeded, and whatever
        Recovery raises.
        """
        climb = Climb(self._context, work)
        notices = notice_sink(work.migration, self._context.reporter)
        while True:
            try:
                with climb.attempt() as rung:
                    return self._attempt(work, rung.lock_timeout_ms, notices)
            except Refused as refused:
                if not refused.is_worth_another_try or not climb.go_on():
                    refused.blockers, refused.lock_wait_s = climb.blockers, climb.waited_s
                    raise

    def _attempt(self, work: Work, lock_timeout_ms: int, notices: Callable[[Notice], None]) -> bool:
        fence, tag = new_fence(), ""
        for message in messages(self._connection, work, fence, lock_timeout_ms):
            try:
                completion = self._connection.send_script(message.content, notices)
            except QueryFailed as failed:
                raise self._refused(work, fence, message, failed) from failed
            except ConnectionLost as lost:
                return self._settle(work, message, lost)
            tag = completion.tag
            if not message.is_last:
                self._check_part(work, fence, message, completion)
        if tag != sql.COMMIT:
            raise apply_errors.not_committed(tag, Whereabouts(migration=work.migration), work.stayed)
        return True

    def _check_part(self, work: Work, fence: Fence, message: Message, completion: Completion) -> None:
        """The next part may be sent only into our own transaction, and only if it will be read as it is meant."""
        if completion.commits or self._connection.is_idle:
            self._recovery.roll_back(work.migration, work.stayed, ended=True)
            raise Refused(Refusal.ENDED, _ENDED)
        if not self._connection.reads_as_expected:
            raise self._refused(work, fence, message, QueryFailed(_READ_OTHERWISE, completion))

    def _refused(self, work: Work, fence: Fence, message: Message, failed: QueryFailed) -> Refused:
        """Why the server refused a message; the rollback is confirmed before anything is told."""
        error = failed.error
        ended = fence.lost_transaction(error) or failed.before.commits > 0
        self._recovery.roll_back(work.migration, work.stayed, ended=ended)
        if fence.lost_lock(error):
            return Refused(Refusal.LOCK_LOST, error)
        if fence.lost_row(error):
            return Refused(Refusal.NOT_RECORDED, error)
        offset = message.offset_of(error)
        # A message is read as a whole before its first statement runs, so an error in the script may come first.
        if offset is None and 0 < failed.before.statements < message.statements_before:
            return Refused(Refusal.OURS, error)
        # Not our COMMIT, which no error can follow: the script's own.
        if ended:
            return Refused(Refusal.ENDED, _ENDED)
        return Refused(Refusal.SCRIPT, error, message.offset_behind(failed.before) if offset is None else offset)

    def _settle(self, work: Work, message: Message, lost: ConnectionLost) -> bool:
        """Find out whether a transaction was committed whose answer did not come.

        Whoever holds the lock afterwards knows that the old backend is done: its row is there, or never will be.
        """
        doing, recovery = f"applying {work.migration}", self._recovery
        not_committed = recovery.lost(doing, lost, unknown=False, migration=work.migration, stayed=work.stayed)
        if (message.is_last and lost.sent) or lost.before.commits:
            unknown = recovery.lost(doing, lost, unknown=True, migration=work.migration, stayed=work.stayed)
            recovery.connect_anew(unknown)
            if recovery.answer(work.is_recorded, unknown):
                return True
            if lost.before.commits:
                raise Refused(Refusal.ENDED, _ENDED) from lost
        recovery.go_on(not_committed)
        return False


class Climb:
    """The attempts at one transaction, as the ladder says; watches who is in the way from the second one on."""

    def __init__(self, context: RunContext, work: Work) -> None:
        self._connection = context.connection
        self._reporter = context.reporter
        self._ladder = LockLadder(context.limits.lock_budget_s, work.directives.lock_timeout_ms)
        self._migration = work.migration
        self._rung = self._ladder.first
        self._began_s = 0.0
        self._failed_s: float | None = None
        self._long_s: float | None = None
        self._report_s = 0.0
        self._told_who = False
        self.blockers: BlockerReport | None = None

    @contextlib.contextmanager
    def attempt(self) -> Iterator[Rung]:
        """One attempt, with its rung."""
        self._began_s = time.monotonic()
        if self._failed_s is None:
            yield self._rung
            return
        with watch_blockers(self._connection) as watch:
            try:
                yield self._rung
            finally:
                self.blockers = watch.report or self.blockers

    @property
    def waited_s(self) -> float:
        """Since the first attempt that did not get its lock; 0 when all did."""
        return 0.0 if self._failed_s is None else time.monotonic() - self._failed_s

    def go_on(self) -> bool:
        """Pause before the next attempt; False when there is to be none."""
        now_s = time.monotonic()
        if self._failed_s is None:
            self._failed_s = now_s
            self._ladder = replace(self._ladder, deadlock_timeout_ms=self._deadlock_timeout_ms())
        waited_s = now_s - self._failed_s
        rung = self._ladder.next(
            waited_s,
            since_long_s=None if self._long_s is None else now_s - self._long_s,
            work_ms=max(0.0, (now_s - self._began_s) * 1000 - self._rung.lock_timeout_ms),
            chance=random.random,
        )
        self._report(now_s, waited_s)
        if rung is None or rung.pause_s >= self._connection.deadline.work_left_s:
            return False
        time.sleep(rung.pause_s)
        self._rung = rung
        if rung.lock_timeout_ms >= self._ladder.long_ms:
            self._long_s = time.monotonic()
        return True

    def _report(self, now_s: float, waited_s: float) -> None:
        known = self.blockers is not None
        # Who it is, is told as soon as it is seen.
        if (now_s >= self._report_s and (known or waited_s > 1)) or (known and not self._told_who):
            self._report_s, self._told_who = now_s + _REPORT_EVERY_S, known
            self._reporter.report(LockContended(self._migration, round(waited_s * 1000), self.blockers))

    def _deadlock_timeout_ms(self) -> int:
        connection = self._connection
        look = [*connection.clean_state, sql.DEADLOCK_TIMEOUT_MS.encode()]
        with contextlib.suppress(MigrateError):  # a lost connection shows in the next attempt
            [[setting]] = connection.fetch(look, doing="looking at deadlock_timeout")
            return int(setting or 0)
        return self._ladder.deadlock_timeout_ms


def notice_sink(migration: str, reporter: Reporter) -> Callable[[Notice], None]:
    """A sink that passes the first notices on; a flood of them must not fill the log."""
    count = 0

    def sink(notice: Notice) -> None:
        nonlocal count
        count += 1
        if count <= NOTICE_LIMIT:
            reporter.report(Noticed(migration, notice.severity, notice.message))

    return sink


_READ_OTHERWISE = ServerError(
    sqlstate="0A000",
    message="a script of more than 1 MiB cannot change client_encoding or standard_conforming_strings",
)
_ENDED = ServerError(sqlstate="25P01", message="the script ended the transaction that it ran in")
