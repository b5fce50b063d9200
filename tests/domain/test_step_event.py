"""What is told of migrations that are run step by step, and of those that wait for a lock."""

import pytest

from lambda_fn.domain.blocker import Blocker, BlockerReport
from lambda_fn.domain.event import Event, Level
from lambda_fn.domain.lock_event import LockContended
from lambda_fn.domain.step_event import (
    FellBack,
    HalfDone,
    LeftoverRemoved,
    StatementRetried,
    WaiterCancelled,
    WentOn,
)

A = "20240101000000_a"
PSQL = BlockerReport((Blocker(123, "psql", "app", "active", 42.0, None),))

SENTENCES: list[tuple[Event, Level, str]] = [
    (
        LeftoverRemoved(A, "DROP INDEX CONCURRENTLY IF EXISTS public.i"),
        Level.WARNING,
        f"{A}: an interrupted attempt had left something invalid, removed by: DROP INDEX CONCURRENTLY IF EXISTS "
        "public.i",
    ),
    (
        StatementRetried(A, "deadlock detected", "40P01"),
        Level.WARNING,
        f"{A}: tried again after deadlock detected (SQLSTATE 40P01); nothing of it stayed",
    ),
    (
        WaiterCancelled(A, "4711", 12),
        Level.WARNING,
        f"{A}: cancelled backend 4711, for which it would have waited for ever: that waited for the advisory lock for "
        "more than 12 s, where Prisma has given up after 10 s",
    ),
    (
        FellBack(A, 'unsafe use of new value "b"', "55P04"),
        Level.WARNING,
        f'{A} does not work in one transaction: unsafe use of new value "b" (SQLSTATE 55P04); it was rolled back and '
        "is now run step by step. `-- migrate: stepwise` in its first line says so from the start.",
    ),
    (WentOn(A, 2, 7), Level.INFO, f"{A} goes on behind step 2 of 7"),
    (
        HalfDone(A, 2, 7, None),
        Level.WARNING,
        f"{A} is half done or under way: 2 of its 7 steps are in the database. Deploy goes on behind them; Prisma "
        "Migrate waits with P3009 until it is finished.",
    ),
    (
        HalfDone(A, 0, 1, "ERROR: no (SQLSTATE 22012)"),
        Level.WARNING,
        f"{A} is half done or under way: 0 of its 1 steps are in the database. It stopped at: ERROR: no (SQLSTATE "
        "22012). Deploy goes on behind them; Prisma Migrate waits with P3009 until it is finished.",
    ),
    (LockContended(A, 1500, None), Level.WARNING, f"{A} has waited for a lock for 1500 ms"),
    (
        LockContended(A, 1500, PSQL),
        Level.WARNING,
        f"{A} has waited for a lock for 1500 ms: blocked by backend 123 (application psql, user app, active, "
        "transaction open for 42 s)",
    ),
]


@pytest.mark.parametrize(("event", "level", "text"), SENTENCES)
def test_each_is_one_sentence_that_names_the_migration(event: Event, level: Level, text: str) -> None:
    [sentence] = event.sentences

    assert (sentence.text, sentence.level) == (text, level)
