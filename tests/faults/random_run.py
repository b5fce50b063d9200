"""One random run: a schedule is carried out, what was answered is judged, and it is run again until it is done."""

import contextlib
import heapq
import itertools
import queue
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import psycopg

from tests.faults import snapshot
from tests.faults.bench import Bench, Prepared, Tally, deploy
from tests.faults.judge import Answer, judge_answer, judge_claims, judge_own_work
from tests.faults.runners import Ended
from tests.faults.schedule import Act, Deed, Schedule
from tests.faults.snapshot import Session, Snapshot
from tests.fixtures.fault_proxy import FaultProxy

_ANSWER_LIMIT_S = 45.0
_LATE_S = 2.0
"""Two processors are shared with the server, and with the other runners."""
_LOCKS: Mapping[Act, bytes] = {
    Act.LOCK_TABLE: b"LOCK TABLE item IN ROW EXCLUSIVE MODE",
    Act.LOCK_ROW: b"UPDATE counter SET n = -1",
}
_END_SESSION: Mapping[Act, bytes] = {
    act: f"SELECT count({function}(pid)) FROM pg_stat_activity WHERE datname = current_database() "
    "AND application_name LIKE 'mig/%'".encode()
    for act, function in ((Act.TERMINATE, "pg_terminate_backend"), (Act.CANCEL, "pg_cancel_backend"))
}
_SIGNALS: Mapping[Act, signal.Signals] = {
    Act.KILL: signal.SIGKILL,
    Act.TERM: signal.SIGTERM,
    Act.STOP: signal.SIGSTOP,
    Act.CONTINUE: signal.SIGCONT,
}


def random_run(bench: Bench, schedule: Schedule) -> Tally:
    """Carry a schedule out. A violation names its seed."""
    prepared = bench.prepare(schedule.scenario)
    with bench.database(prepared):
        pass
    course = _Course(bench, prepared, schedule)
    with contextlib.closing(course):
        course.run()
    course.tally.violations = [f"{each}\n{schedule}" for each in dict.fromkeys(course.tally.violations)]
    return course.tally


class _Course:
    """A schedule while it is carried out; everything happens in one thread, in the order of time."""

    def __init__(self, bench: Bench, prepared: Prepared, schedule: Schedule) -> None:
        self._bench = bench
        self._prepared = prepared
        self._schedule = schedule
        self._proxies = [FaultProxy(bench.server, runner.faults, runner.cancels) for runner in schedule.runners]
        self._names: dict[int, str] = {}
        self._alive: set[str] = set()
        self._stopped: set[str] = set()
        self._answers: dict[str, Answer] = {}
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._session: Session | None = None
        self.tally = Tally(runs=1)

    def close(self) -> None:
        """Leave nothing open."""
        for proxy in self._proxies:
            proxy.close()
        if self._session is not None:
            self._session.close()

    def run(self) -> None:
        """Everything of a run, with the verdict."""
        for number, runner in enumerate(self._schedule.runners):
            self._plan(runner.starts_at_s, partial(self._start, number))
        for deed in self._schedule.deeds:
            self._plan(deed.at_s, partial(self._do, deed))
        self._carry_out()
        self._count_harm()
        silent = [runner.stays_silent and runner.falls_silent for runner in self._schedule.runners]
        for proxy, stays_silent in zip(self._proxies, silent, strict=True):
            if not stays_silent:
                proxy.heal()
        if any(silent):
            self._recover_beside_the_silent()
        self._judge_and_recover()

    def _plan(self, at_s: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (at_s, next(self._order), act))

    def _carry_out(self) -> None:
        assert self._bench.runners.ended.empty(), "a runner of another run"  # also starts what starts them
        began_s = time.monotonic()
        while self._agenda or self._alive:
            now_s = time.monotonic() - began_s
            if now_s > _ANSWER_LIMIT_S:
                self._give_up()
                return
            if self._agenda and self._agenda[0][0] <= now_s:
                heapq.heappop(self._agenda)[2]()
                continue
            next_s = self._agenda[0][0] if self._agenda else _ANSWER_LIMIT_S
            with contextlib.suppress(queue.Empty):
                self._meet_end(self._bench.runners.ended.get(timeout=max(0.001, next_s - now_s)))

    def _give_up(self) -> None:
        self.tally.violations.append(f"{len(self._alive)} runners have not answered after {_ANSWER_LIMIT_S:g} s")
        for name in self._alive:
            self._bench.runners.send_signal(name, signal.SIGKILL)
        while self._alive:
            self._alive.discard(self._bench.runners.ended.get().runner)

    def _start(self, number: int) -> None:
        runner = self._schedule.runners[number]
        name = self._names[number] = self._bench.runners.new_id()
        proxy = self._proxies[number]
        proxy.kill = partial(self._bench.runners.send_signal, name, signal.SIGKILL)
        url = proxy.url(self._prepared.database)
        self._bench.runners.start(name, url, self._prepared.directory, runner.remaining_s, runner.reserve_s)
        self._alive.add(name)

    def _meet_end(self, ended: Ended) -> None:
        """Judge an answer as soon as it is there."""
        self._alive.discard(ended.runner)
        number = next(number for number, name in self._names.items() if name == ended.runner)
        if not self._schedule.runners[number].stays_silent:
            self._proxies[number].heal()
        if ended.answer is None:
            self.tally.take_answer(None)
            if ended.exit_code not in (-signal.SIGKILL, -signal.SIGTERM):
                self.tally.violations.append(f"a runner ended with {ended.exit_code} and without an answer")
            return
        answer = self._answers[ended.runner] = ended.answer
        self.tally.take_answer(answer)
        self.tally.violations += judge_claims(answer, self._look_at_once(), self._prepared.oracle)
        allowed_ms = (self._schedule.runners[number].remaining_s + _LATE_S) * 1000
        if answer.elapsed_ms > allowed_ms and ended.runner not in self._stopped:
            self.tally.violations.append(f"answered after {answer.elapsed_ms} ms: {answer}")

    def _do(self, deed: Deed) -> None:
        match deed.act:
            case Act.KILL | Act.TERM | Act.STOP | Act.CONTINUE:
                self._send_signal(deed)
            case Act.TERMINATE | Act.CANCEL:
                [[count]] = self._look_with().execute(_END_SESSION[deed.act])
                self.tally.faults[deed.act] += count
            case Act.LOCK_TABLE | Act.LOCK_ROW:
                self._lock(deed)
            case Act.RESTART:
                self._bench.server.stop("immediate")
                self._bench.server.start()
                self.tally.faults[deed.act] += 1

    def _send_signal(self, deed: Deed) -> None:
        name = self._names.get(deed.runner)
        if name is None and deed.act is not Act.CONTINUE:  # it has not been started yet
            self._plan(self._schedule.runners[deed.runner].starts_at_s + deed.at_s, partial(self._do, deed))
        elif name in self._alive:
            if deed.act is Act.STOP:
                self._stopped.add(name)
            self._bench.runners.send_signal(name, _SIGNALS[deed.act])
            self.tally.faults[deed.act] += 1

    def _lock(self, deed: Deed) -> None:
        """A lock of somebody else, who changes nothing in the end; given up where it cannot be had at once."""
        with contextlib.suppress(psycopg.Error):
            other = psycopg.connect(self._bench.server.url(self._prepared.database), application_name="other")
            try:
                other.execute("SET LOCAL lock_timeout = '100ms'")
                other.execute(_LOCKS[deed.act])
            except psycopg.Error:
                other.close()
                return
            self.tally.faults[deed.act] += 1
            self._plan(deed.at_s + deed.for_s, other.close)

    def _count_harm(self) -> None:
        for runner, proxy in zip(self._schedule.runners, self._proxies, strict=True):
            self.tally.take_proxy(proxy)
            if proxy.cancel_requests and runner.cancels.lost:
                self.tally.faults["lost cancel"] += proxy.cancel_requests
            elif proxy.cancel_requests and runner.cancels.late_s:
                self.tally.faults["late cancel"] += proxy.cancel_requests
        self.tally.faults["deadline"] += sum(a.error_class == "DeadlineExceeded" for a in self._answers.values())

    def _recover_beside_the_silent(self) -> None:
        """What a silent connection has left behind must not keep the next run from its work."""
        answer = deploy(self._bench.server.url(self._prepared.database), self._prepared.directory)
        self.tally.violations += judge_claims(answer, self._look_at_once(), self._prepared.oracle)
        if not answer.is_done:
            self.tally.violations.append(f"a run beside a silent connection came to {answer}")
        for proxy in self._proxies:
            proxy.heal()

    def _judge_and_recover(self) -> None:
        session = self._look_with()
        seen, wrong = self._bench.look(session, self._prepared)
        self.tally.violations += wrong
        self.tally.violations += self._judge_answers(session, seen)
        self.tally.violations += self._bench.run_until_done(session, self._prepared)
        self.tally.violations += self._judge_answers(session, None)

    def _judge_answers(self, session: Session, seen: Snapshot | None) -> Iterator[str]:
        """What was answered must be so when all is quiet, and what a run said of its own work for ever."""
        work = snapshot.own_work(session)
        for name, answer in self._answers.items():
            yield from judge_own_work(answer, work.get(name, frozenset()), self._prepared.oracle)
            if seen is not None and len(self._schedule.runners) == 1:
                yield from judge_answer(answer, seen, self._prepared.oracle)

    def _look_at_once(self) -> Snapshot:
        return snapshot.take(self._look_with())

    def _look_with(self) -> Session:
        """A session to look with, a new one after the server was stopped."""
        if self._session is not None:
            with contextlib.suppress(psycopg.Error):
                self._session.execute("SELECT 1")
                return self._session
            self._session.close()
        self._session = self._bench.connect(self._prepared.database)
        return self._session
