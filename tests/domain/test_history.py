"""What the rows of `_prisma_migrations` say."""

import pytest

from lambda_fn.domain.failure import logs_text
from lambda_fn.domain.history import History, MigrationRecord, MigrationState
from lambda_fn.domain.server_error import ServerError
from lambda_fn.errors import Whereabouts


def record(record_id: str, name: str, *, finished: bool, rolled_back: bool) -> MigrationRecord:
    return MigrationRecord(record_id, name, "checksum", finished=finished, rolled_back=rolled_back)


@pytest.mark.parametrize(
    ("finished", "rolled_back", "state"),
    [
        (True, False, MigrationState.APPLIED),
        (False, False, MigrationState.FAILED),
        (False, True, MigrationState.ROLLED_BACK),
        (True, True, MigrationState.ROLLED_BACK),
    ],
)
def test_the_state_of_a_row_follows_from_two_columns(finished: bool, rolled_back: bool, state: MigrationState) -> None:
    assert record("1", "a", finished=finished, rolled_back=rolled_back).state is state


def test_the_rows_of_a_migration_stay_in_order() -> None:
    first = record("1", "a", finished=False, rolled_back=True)
    other = record("2", "b", finished=True, rolled_back=False)
    second = record("3", "a", finished=True, rolled_back=False)

    history = History(exists=True, records=(first, other, second))

    assert history.of("a") == (first, second)
    assert history.of("A") == ()


def test_failed_are_all_rows_that_are_neither_finished_nor_rolled_back() -> None:
    open_rows = [record(str(number), name, finished=False, rolled_back=False) for number, name in enumerate("aab")]
    closed = [record("8", "a", finished=True, rolled_back=False), record("9", "c", finished=False, rolled_back=True)]

    assert History(exists=True, records=(*closed, *open_rows)).failed == tuple(open_rows)


def test_the_logs_of_a_row_are_not_in_its_repr() -> None:
    assert "hunter2" not in repr(MigrationRecord("1", "a", "", finished=False, rolled_back=False, logs="hunter2"))


OURS = logs_text(ServerError("22012", "division by zero"), Whereabouts("a", excerpt="hunter2"), attempts=1, run_id="r")
PRISMAS = (
    "A migration failed to apply.\n\nMigration name: a\n\nDatabase error code: 42601\n\nDatabase error:\n"
    "ERROR: syntax error at or near \"x\"\n\nPosition:\n  0\n  1 CREATE ROLE app PASSWORD 'hunter2' x;\n\nDbError { … }"
)


@pytest.mark.parametrize(
    ("logs", "reason"),
    [
        (OURS, "ERROR: division by zero (SQLSTATE 22012)"),
        (PRISMAS, 'ERROR: syntax error at or near "x" (SQLSTATE 42601)'),
        ("hunter2", None),
        ("", None),
        (None, None),
    ],
    ids=["ours", "Prisma's", "another's", "empty", "none"],
)
def test_of_the_logs_of_a_failed_row_only_the_servers_reason_is_told(logs: str | None, reason: str | None) -> None:
    failed = MigrationRecord("1", "a", "", finished=False, rolled_back=False, logs=logs)

    assert failed.reason == reason
