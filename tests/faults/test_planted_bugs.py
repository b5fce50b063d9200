"""Runners that are made wrong on purpose: the harness must notice."""

import sys
from collections.abc import Iterable
from typing import Any

import pytest

from lambda_fn.domain.directive import Mode
from lambda_fn.domain.execution import Execution
from lambda_fn.domain.migration import Migration
from lambda_fn.errors import DatabaseUnreachable
from lambda_fn.postgres import recovery, sql
from lambda_fn.postgres.attempts import Attempts
from lambda_fn.postgres.connection import Connection
from lambda_fn.postgres.message import Work
from lambda_fn.postgres.simple_query import Completion
from lambda_fn.postgres.transaction import Transactions
from tests.faults.bench import Bench, Tally
from tests.faults.exhaustive import cut_everywhere, run_beside_lock, telling_points
from tests.faults.scenarios import (
    BASE,
    CONCURRENT_INDEX,
    INCREMENT,
    INCREMENTS,
    SESSION_STATE,
    File,
    Scenario,
)
from tests.fixtures.fault_proxy import Harm, Point, Seen

HOSTILE = Scenario(
    "hostile", (File("20240102000000_hostile", ("CREATE TABLE tag (id int);",), ending="\nROLLBACK;"),), (BASE,)
)
NO_STATE_FITS = "the database is in no state that fits it"


def says(tally: Tally, text: str) -> bool:
    """Whether a violation holds the text."""
    return any(text in violation for violation in tally.violations)


def behind_the_login(seen: tuple[Seen, ...]) -> Iterable[Point]:
    """The telling points of what a run does once it is connected."""
    first = next(place for place, each in enumerate(seen) if each.type == "Q")
    return telling_points(seen[first:])


@pytest.fixture
def without_lexer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every script is run atomically, as if nothing in it were odd."""

    def blindly(migration: Migration, **_: object) -> Execution:
        return Execution(Mode.ATOMIC, migration.text, statements=1, chunks=((0, len(migration.text)),))

    for module in [each for name, each in sys.modules.items() if name.startswith("lambda_fn.")]:
        monkeypatch.setattr(module, "plan_execution", blindly, raising=False)


@pytest.mark.usefixtures("without_lexer")
def test_a_runner_without_the_fence_is_caught(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.prepare(HOSTILE)
    with_fence = run_beside_lock(bench, HOSTILE, "SELECT 1", 0)
    assert not says(with_fence, NO_STATE_FITS)

    monkeypatch.setattr(sql, "CHECK_FENCE", "SELECT {word}, {locked}")
    without = run_beside_lock(bench, HOSTILE, "SELECT 1", 0)

    assert says(without, NO_STATE_FITS)


def test_a_runner_that_records_the_start_too_late_is_caught(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind the statement that runs outside of a transaction instead of before it."""
    send, send_script = Connection.send, Connection.send_script
    held: list[bytes] = []

    def send_without_row(connection: Connection, statements: Iterable[bytes]) -> Completion:
        given = list(statements)
        held.extend(each for each in given if b'"_prisma_migrations"' in each)
        return send(connection, [each for each in given if each not in held])

    def send_script_first(connection: Connection, *arguments: Any) -> Completion:
        completion = send_script(connection, *arguments)
        send(connection, held)
        held.clear()
        return completion

    bench.prepare(CONCURRENT_INDEX)
    monkeypatch.setattr(recovery, "_GOES_ON", 0)
    monkeypatch.setattr(Connection, "send", send_without_row)
    monkeypatch.setattr(Connection, "send_script", send_script_first)

    tally = cut_everywhere(bench, CONCURRENT_INDEX, behind_the_login, Harm.FIN)

    assert says(tally, "are in the database, and no row of the history says so")


def test_a_runner_that_says_failed_before_it_is_known_is_caught(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def settle(_: Transactions, work: Work, *__: object) -> bool:
        raise DatabaseUnreachable("P1017", f"The connection was lost while applying {work.migration}.", "Try again.")

    monkeypatch.setattr(Transactions, "_settle", settle)

    tally = cut_everywhere(bench, INCREMENT, behind_the_login, Harm.FIN)

    assert says(tally, "'failed' was answered, and 20240102000000_increment is applied")


def test_a_runner_that_tries_again_from_a_session_in_use_is_caught(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.prepare(SESSION_STATE)
    monkeypatch.setattr(sql, "CLEAN_SESSION", ("RESET ROLE", "RESET row_security", sql.DEFAULT_SEARCH_PATH))

    beside_lock = run_beside_lock(bench, SESSION_STATE, "LOCK TABLE item IN ACCESS SHARE MODE", 0.4)
    alone = run_beside_lock(bench, SESSION_STATE, "SELECT 1", 0)

    assert says(beside_lock, "made the run fail")
    assert says(alone, NO_STATE_FITS), "rows have gone into another file's temporary table"


def test_a_runner_that_does_not_enter_its_steps_is_caught(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    entered = Attempts.entered

    def only_the_last(attempts: Attempts, attempt: Any, journal: Any, fence: Any) -> list[bytes]:
        return entered(attempts, attempt, journal, fence) if journal.done == journal.steps else []

    monkeypatch.setattr(Attempts, "entered", only_the_last)

    tally = cut_everywhere(bench, INCREMENTS, behind_the_login, Harm.FIN)

    assert says(tally, NO_STATE_FITS), "a step was run twice"
