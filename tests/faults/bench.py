"""Where faults are tried: databases made of a template, runs of the product on them, and the verdict."""

import contextlib
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import psycopg

from lambda_fn import wiring
from lambda_fn.domain.outcome import to_json
from lambda_fn.domain.request import parse_request
from lambda_fn.settings import Settings
from local.postgres import PostgresServer
from tests.faults import snapshot
from tests.faults.judge import Answer, judge_answer, judge_end, judge_state
from tests.faults.oracle import Oracle, consult
from tests.faults.runners import Runners
from tests.faults.scenarios import Scenario, write_files
from tests.faults.snapshot import Session, Snapshot
from tests.fixtures.fault_proxy import FaultProxy
from tests.fixtures.planted import check_said
from tests.fixtures.projects import RecordingReporter

QUIET_LIMIT_S = 10.0
"""A session whose client is gone is noticed by its server every 2 s."""
MOST_RUNS = 4

StateHook = Callable[[str, Path, Snapshot], None]

_END_OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


@dataclass(slots=True)
class Tally:
    """What has been tried so far, and what came of it."""

    runs: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    reconnections: int = 0
    retries: int = 0
    """How often a lock was not had in time, and the transaction tried again or given up."""
    missed: int = 0
    """Faults whose point was never reached."""
    violations: list[str] = field(default_factory=list)

    def take_answer(self, answer: Answer | None) -> None:
        """Count the answer of a run with faults, None for one that was killed before it gave one."""
        if answer is None:
            self.answers["none"] += 1
        else:
            self.answers[" ".join(filter(None, (answer.status, answer.code)))] += 1
            self.events.update(answer.events)

    def take_proxy(self, proxy: FaultProxy) -> None:
        """Count what happened on the way of a run."""
        self.faults.update(str(fault.harm) for fault in proxy.struck)
        self.reconnections += max(0, proxy.links - 1)
        self.retries += proxy.lock_refusals

    def add(self, other: "Tally") -> None:
        """Count what another one has counted."""
        self.runs += other.runs
        self.faults += other.faults
        self.answers += other.answers
        self.events += other.events
        self.reconnections += other.reconnections
        self.retries += other.retries
        self.missed += other.missed
        self.violations += other.violations


@dataclass(frozen=True, slots=True)
class Prepared:
    """A scenario with its directory, its database, and what may come of it.

    `reset` makes that database as it is before the scenario's files: a new one would take 200 ms.
    """

    scenario: Scenario
    directory: Path
    database: str
    reset: bytes
    oracle: Oracle


class Bench:
    """A server, and scenarios on it. `home` takes the migrations directories.

    `on_state` is called with the URL of a database, the migrations directory and what is seen there, once for each
    distinct state, half-done ones among them, while nothing else uses the database.
    """

    def __init__(self, server: PostgresServer, home: Path, on_state: StateHook | None = None) -> None:
        self.server = server
        self._home = home
        self._on_state = on_state
        self._states: set[tuple[str, Snapshot]] = set()
        self._prepared: dict[str, Prepared] = {}
        self._prefix = uuid.uuid4().hex[:8]
        self._runners: Runners | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._runners is not None:
            self._runners.__exit__(*exception)
        for prepared in self._prepared.values():
            self.server.drop_database(prepared.database)

    @property
    def runners(self) -> Runners:
        """Runners that are processes; what starts them is started when it is first asked for."""
        if self._runners is None:
            self._runners = Runners(self._home / "answers")
        return self._runners

    def prepare(self, scenario: Scenario) -> Prepared:
        """A scenario made ready; the migrations before it are applied by a run without faults."""
        if scenario.name not in self._prepared:
            database = f"faults_{self._prefix}_{scenario.name}"
            oracle = consult(self.server, scenario, f"{database}_oracle")
            self.server.create_database(database)
            directory = scenario.write(self._home / scenario.name / "migrations")
            reset = self._way_back(scenario, database)
            self._prepared[scenario.name] = Prepared(scenario, directory, database, reset, oracle)
        return self._prepared[scenario.name]

    def _way_back(self, scenario: Scenario, database: str) -> bytes:
        """What brings a database back to where the scenario begins, with the history as a run of ours wrote it."""
        statements = ["DROP SCHEMA public CASCADE", "CREATE SCHEMA public"]
        if scenario.before:
            answer = deploy(
                self.server.url(database), write_files(self._home / scenario.name / "before", scenario.before)
            )
            assert answer.is_done, answer
            statements += [file.script for file in scenario.before]
            with self.connect(database) as session:
                statements += snapshot.statements_of_history(session)
        return ";\n".join(statements).encode()

    @contextlib.contextmanager
    def database(self, prepared: Prepared) -> Iterator[Session]:
        """A session on the scenario's database, as it is before the scenario."""
        with self.connect(prepared.database) as session:
            session.execute(_END_OTHERS)
            session.execute(prepared.reset)
            yield session

    def look(self, session: Session, prepared: Prepared) -> tuple[Snapshot, list[str]]:
        """The database, once no session of ours is left, and what is wrong with it as it stands."""
        left = snapshot.await_quiet(session, QUIET_LIMIT_S)
        seen = snapshot.take(session)
        self._meet(seen, prepared)
        return seen, [f"left behind: {each}" for each in left] + list(judge_state(seen, prepared.oracle))

    def run_until_done(self, session: Session, prepared: Prepared) -> list[str]:
        """Deploy without faults until it says that nothing is left to do; what is wrong then, or on the way there."""
        violations = []
        answer = None
        for _ in range(MOST_RUNS):
            answer = deploy(self.server.url(prepared.database), prepared.directory)
            seen, wrong = self.look(session, prepared)
            violations += wrong + list(judge_answer(answer, seen, prepared.oracle))
            if answer.is_done:
                return violations + list(judge_end(seen, prepared.oracle, snapshot.residue(session)))
        return [*violations, f"not done after {MOST_RUNS} runs without faults: {answer}"]

    def connect(self, database: str) -> Session:
        """A session to look with."""
        return psycopg.connect(
            self.server.url(database), autocommit=True, application_name="judge", prepare_threshold=None
        )

    def _meet(self, seen: Snapshot, prepared: Prepared) -> None:
        state = (prepared.scenario.name, seen.without_reasons)
        if self._on_state is not None and state not in self._states:
            self._states.add(state)
            self._on_state(self.server.url(prepared.database), prepared.directory, seen)


def deploy(url: str, directory: Path, *, remaining_s: float | None = 60.0, reserve_s: float = 20.0) -> Answer:
    """Deploy in this process, and check that no secret is said."""
    settings = Settings(database_url=url, directory=str(directory), reserve_s=reserve_s)
    reporter = RecordingReporter()
    run_id = uuid.uuid4().hex[:12]
    outcome = wiring.run(parse_request({}), settings, reporter, run_id=run_id, remaining_s=remaining_s)
    answer = Answer(to_json(outcome), tuple(type(event).__name__ for event in reporter.events))
    check_said(answer, *reporter.lines)
    return answer
