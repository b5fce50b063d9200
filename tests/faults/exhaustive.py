"""Every place of a run: the connection is cut before and behind each message of a recorded clean run."""

import itertools
import re
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from tests.faults import snapshot
from tests.faults.bench import QUIET_LIMIT_S, Bench, Prepared, Tally, deploy
from tests.faults.judge import Answer, judge_answer
from tests.faults.scenarios import ROUTINE, Scenario
from tests.faults.snapshot import Snapshot
from tests.fixtures.fault_proxy import Fault, FaultProxy, Harm, Point, Seen, Way

# A statement of which nobody can know, without its answer, whether it was carried out.
_WRITES = re.compile(rb"COMMIT|INSERT|UPDATE|CREATE|DELETE|DROP|ALTER|REINDEX|DETACH|VACUUM|ROLLBACK", re.IGNORECASE)
_CHANGES = re.compile(rb"COMMIT|INSERT|UPDATE|CREATE|DELETE|DROP|ALTER|REINDEX|VACUUM")  # command tags
_TIMES_S = (60.0, 20.0)
_SHORT_TIMES_S = (4.0, 3.0)
"""What a run is given, and the reserve at the end of it."""

_ROUTINE_COUNTS = 2

Choice = Callable[[tuple[Seen, ...]], Iterable[Point]]


def record(bench: Bench, prepared: Prepared) -> tuple[Seen, ...]:
    """The messages of a clean run."""
    with bench.database(prepared):
        proxy = FaultProxy(bench.server)
        try:
            answer = deploy(proxy.url(prepared.database), prepared.directory)
        finally:
            proxy.close()
        assert answer.is_done, answer
        return tuple(proxy.seen)


def every_point(seen: tuple[Seen, ...]) -> Iterator[Point]:
    """Before and behind every message of both ways; behind an answer is before the next one, if there is one."""
    for question, *answers in _bursts(seen):
        yield Point(*question[:3])
        yield Point(*question[:3], None)
        yield from (Point(*each[:3]) for each in answers)
        yield from (Point(*each[:3], None) for each in answers[-1:])


def inside_messages(seen: tuple[Seen, ...]) -> Iterator[Point]:
    """In the middle of every question and one byte before its end, and in the middle of its last answers."""
    for question, *answers in _bursts(seen):
        yield Point(*question[:3], _length(question) // 2)
        yield Point(*question[:3], _length(question) - 1)
        yield from (Point(*each[:3], _length(each) // 2) for each in answers[-2:])


def _length(seen: Seen) -> int:
    return len(seen.content) + (5 if len(seen.type) == 1 else 4)


def telling_points(seen: tuple[Seen, ...]) -> Iterator[Point]:
    """Where a cut can come to something else than a few messages before: around what changes something.

    That is before and behind such a message, before its last command tag, and around the end of its answers; of
    what only reads, before it and before its first answer.
    """
    for question, *answers in _bursts(seen):
        yield Point(*question[:3])
        yield from (Point(*each[:3]) for each in answers[:1])
        if answers and any(_CHANGES.match(each.content) for each in answers if each.type == "C"):
            yield Point(*question[:3], None)
            yield from (Point(*each[:3]) for each in answers[-2:])
            yield Point(*answers[-1][:3], None)


def changing_points(seen: tuple[Seen, ...]) -> Iterator[Point]:
    """Before and behind what commits; each takes seconds."""
    for question, *answers in _bursts(seen):
        if any(_CHANGES.match(each.content) for each in answers if each.type == "C"):
            yield Point(*question[:3])
            yield Point(*question[:3], None)


def _bursts(seen: tuple[Seen, ...]) -> Iterator[list[Seen]]:
    """Each message to the server with its answers."""
    burst: list[Seen] = []
    for each in seen:
        if each.way is Way.TO_SERVER and burst:
            yield burst
            burst = []
        burst.append(each)
    yield burst


def cut_everywhere(bench: Bench, scenario: Scenario, choose: Choice, *harms: Harm, down_s: float = 0.0) -> Tally:
    """Harm a scenario's run at every chosen point, by each kind in turn, and run it again until it is done.

    `down_s` is how long nobody can connect behind a cut; the run has little time then.
    """
    prepared = bench.prepare(scenario)
    seen = record(bench, prepared)
    tally = Tally()
    for point, harm in zip(dict.fromkeys(choose(seen)), itertools.cycle(harms), strict=False):
        tally.add(try_fault(bench, prepared, Fault(point, harm, down_s), may_be_unknown=_is_written(seen, point)))
    return tally


def _is_written(seen: tuple[Seen, ...], point: Point) -> bool:
    """Whether what was last sent, up to a point, may have been carried out without an answer to it."""
    place = next(number for number, each in enumerate(seen) if each[:3] == point[:3])
    # Whoever got the last answer may ask the next question before it notices that the connection is gone.
    place += point.passed_bytes is None
    questions = [each for each in seen[: place + 1] if each.way is Way.TO_SERVER]
    return bool(questions) and bool(_WRITES.search(questions[-1].content))


def try_fault(bench: Bench, prepared: Prepared, fault: Fault, *, may_be_unknown: bool) -> Tally:
    """One run with one fault, then runs without until it is done."""
    tally = Tally(runs=1)
    with bench.database(prepared) as session:
        proxy = FaultProxy(bench.server, [fault])
        try:
            answer = _deploy_with(bench, prepared, fault, proxy)
        finally:
            proxy.close()
        tally.take_proxy(proxy)
        tally.take_answer(answer)
        tally.missed += not proxy.struck
        seen, wrong = bench.look(session, prepared)
        if answer is not None:
            wrong += judge_answer(answer, seen, prepared.oracle)
            wrong += _judge_first(answer, seen, prepared, may_be_unknown=may_be_unknown)
        wrong += bench.run_until_done(session, prepared)
    tally.violations += [f"{prepared.scenario}, {fault}: {each}\n  (the first answer: {answer})" for each in wrong]
    return tally


def cut_routine(bench: Bench, harm: Harm) -> Tally:
    """Cut the one kind of script that may need a person: it is never run twice, and what is said of it is so."""
    prepared, tally = bench.prepare(ROUTINE), Tally()
    for point in telling_points(record(bench, prepared)):
        tally.runs += 1
        with bench.database(prepared) as session:
            proxy = FaultProxy(bench.server, [Fault(point, harm)])
            try:
                tally.take_answer(_deploy_with(bench, prepared, Fault(point, harm), proxy))
            finally:
                proxy.close()
            for _ in range(2):
                left = snapshot.await_quiet(session, QUIET_LIMIT_S)
                answer = deploy(bench.server.url(prepared.database), prepared.directory)
            tally.take_answer(answer)
            [[count]] = session.execute("SELECT n FROM counter")
            fits = count == _ROUTINE_COUNTS if answer.is_done else count in (0, 1, _ROUTINE_COUNTS)
            if not fits or not (answer.is_done or answer.error_class == "HistoryBlocked") or left:
                tally.violations.append(f"{point}, {harm}: it has counted to {count} {left}: {answer}")
    return tally


def run_beside_lock(bench: Bench, scenario: Scenario, lock: str, for_s: float) -> Tally:
    """A run while somebody else holds a lock for a short time: it waits, tries again, and needs no second run."""
    prepared, tally = bench.prepare(scenario), Tally(runs=1)
    with bench.database(prepared) as session, bench.connect(prepared.database) as other:
        other.execute("BEGIN")
        other.execute(lock.encode())
        timer = threading.Timer(for_s, other.execute, [b"ROLLBACK"])
        timer.start()
        answer = deploy(bench.server.url(prepared.database), prepared.directory)
        timer.join()
        tally.take_answer(answer)
        if not answer.is_done:
            tally.violations.append(f"{scenario}: a lock of {for_s:g} s made the run fail: {answer}")
        tally.violations += bench.run_until_done(session, prepared)
    return tally


def _deploy_with(bench: Bench, prepared: Prepared, fault: Fault, proxy: FaultProxy) -> Answer | None:
    """The answer of a run that meets a fault; None where it was killed.

    Silence, and a server that stays away, need a run with little time.
    """
    url = proxy.url(prepared.database)
    if fault.harm is not Harm.KILL:
        remaining_s, reserve_s = _SHORT_TIMES_S if fault.harm is Harm.SILENCE or fault.seconds else _TIMES_S
        return deploy(url, prepared.directory, remaining_s=remaining_s, reserve_s=reserve_s)
    runner = bench.runners.new_id()
    proxy.kill = partial(bench.runners.send_signal, runner, signal.SIGKILL)
    bench.runners.start(runner, url, prepared.directory, *_TIMES_S)
    return bench.runners.ended.get().answer


def _judge_first(answer: Answer, seen: Snapshot, prepared: Prepared, *, may_be_unknown: bool) -> Iterator[str]:
    """What only the answer of a first run on an untouched database can be held to."""
    if answer.status == "unknown" and not may_be_unknown:
        yield "'unknown' was answered, and nothing had been sent that could have committed"
    untouched = prepared.oracle.stages[len(answer.applied)][0] if answer.pending else seen.facts
    if answer.says_it_has_begun and answer.pending[:1] != seen.started[:1]:
        yield "it was answered that a migration is recorded as started, and it is not"
    if answer.says_nothing_was_done and seen.facts != untouched:
        yield "it was answered that nothing was done of what is pending, and something is"
