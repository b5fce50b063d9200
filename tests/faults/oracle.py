"""What a scenario's database may look like: every state that a careful person with psql would have come through."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from local.postgres import PostgresServer
from tests.faults import snapshot
from tests.faults.scenarios import File, Scenario
from tests.faults.snapshot import Session, Snapshot

Facts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Oracle:
    """The facts of a scenario: `stages[k]` holds those after 0, 1, … steps of its file number k."""

    scenario: Scenario
    stages: tuple[tuple[Facts, ...], ...]

    @property
    def final(self) -> Facts:
        """The facts when everything is applied."""
        return self.stages[-1][-1]

    def steps_done(self, seen: Snapshot) -> int | None:
        """How many steps of the first file that is not applied are done; None where no number of them fits."""
        number = len(set(seen.applied) & {file.name for file in self.scenario.files})
        if number == len(self.stages):
            return 0 if seen.facts == self.final else None
        stage = self.stages[number]
        return next((done for done, facts in enumerate(stage) if facts == seen.facts), None)


def consult(server: PostgresServer, scenario: Scenario, name: str) -> Oracle:
    """Carry the steps out one by one, by psycopg alone, in a database `name` of their own."""
    server.create_database(name)
    try:
        with psycopg.connect(server.url(name), autocommit=True, prepare_threshold=None) as session:
            _carry_out(session, scenario.before)
            return Oracle(scenario, tuple(_carry_out(session, scenario.files)))
    finally:
        server.drop_database(name)


def _carry_out(session: Session, files: tuple[File, ...]) -> list[tuple[Facts, ...]]:
    return [tuple(_stages(session, file)) for file in files]


def _stages(session: Session, file: File) -> Iterator[Facts]:
    session.execute("DISCARD ALL")  # a file must not depend on what another one has left in the session
    yield snapshot.take(session).facts
    for step in file.steps:
        session.execute(step.encode())
        yield snapshot.take(session).facts
