"""What one of the two left failed or half done, or has to baseline, the other one sees and can resolve.

Prisma is asked as its engine, but where the words of its command line matter.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from lambda_fn.domain.outcome import Status
from lambda_fn.postgres.outside import OutsideSteps
from tests.fixtures.prisma import Prisma
from tests.fixtures.prisma_engine import EngineError, LiveEngine
from tests.fixtures.projects import Project
from tests.interop.each_other import (
    TABLE_A,
    TABLE_B,
    A,
    B,
    C,
    assert_both_up_to_date,
    code_of,
    copy_of,
    error_of,
    facts,
    fail_with_prisma,
    is_there,
    kill_ours,
    kill_prisma,
    resolve_with_ours,
    resolve_with_prisma,
    write,
)

HALF = f"-- migrate: stepwise\n{TABLE_B}\nSELECT 1/0;\nCREATE TABLE b2 (id int);"
WHOLE = HALF.replace("1/0", "1")


@dataclass(frozen=True)
class Failure:
    """A script that fails with Prisma, what it leaves besides its row, and how a person takes that back."""

    script: str
    leaves: tuple[str, ...] = ()
    undo: str = "SELECT"


FAILURES = {
    "several statements": Failure(f"{TABLE_B} SELECT 1/0;"),
    "a concurrent index": Failure("CREATE UNIQUE INDEX CONCURRENTLY i ON a (id);", ("i",), "DROP INDEX i"),
    "half committed": Failure(f"BEGIN; {TABLE_B} COMMIT; SELECT 1/0;", ("b",), "DROP TABLE b"),
    # Its backend goes on, and commits.
    "an engine that was killed": Failure(f"{TABLE_B} SELECT pg_sleep(1);", ("b",), "DROP TABLE b"),
}
WAYS = ("rolledBack", "applied")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_what_failed_with_prisma_blocks_ours_and_is_resolved_by_it_as_by_prisma(
    one_project: Project, prisma_engine: LiveEngine, tmp_path: Path, failure: Failure, way: str
) -> None:
    """Column by column; behind what ours resolved Prisma goes on, and the other way round."""
    write(one_project, failure.script)
    if "pg_sleep" in failure.script:
        kill_prisma(one_project, tmp_path)
    else:
        fail_with_prisma(one_project, prisma_engine)
    assert [is_there(one_project, name) for name in failure.leaves] == [True] * len(failure.leaves)

    before = one_project.rows()
    error = error_of(one_project)
    assert (error.code, error.where.migration) == ("P3009", B)
    assert [f"`migrate-lambda resolve --{flag} {B}`" in error.next_step for flag in ("applied", "rolled-back")] == [
        1,
        1,
    ]
    assert one_project.run("status").failed == (B,)
    assert one_project.rows() == before

    with copy_of(one_project) as copy:
        resolve_with_ours(one_project, way, B)
        resolve_with_prisma(copy, prisma_engine, way, B)
        assert facts(one_project, before) == facts(copy, before)

        behind: tuple[str, ...] = (C,)
        if way == "rolledBack":
            one_project.query(failure.undo)
            copy.query(failure.undo)
            one_project.write(B, TABLE_B)
            behind = (B, C)
        assert prisma_engine.deploy(one_project.url, one_project.directory) == behind
        assert tuple(migration.name for migration in copy.run().applied) == behind
        for project in (one_project, copy):
            assert_both_up_to_date(project, prisma_engine)
        assert one_project.tables() == copy.tables()


def test_the_invalid_index_that_prisma_left_is_built_anew_by_ours(
    one_project: Project, prisma_engine: LiveEngine
) -> None:
    """Prisma finds the name taken (42P07) until somebody drops it."""
    write(one_project, "CREATE UNIQUE INDEX CONCURRENTLY i ON a (id);")
    fail_with_prisma(one_project, prisma_engine)
    one_project.query("TRUNCATE a")
    resolve_with_ours(one_project, "rolledBack", B)
    with copy_of(one_project) as copy, pytest.raises(EngineError, match="42P07"):
        prisma_engine.deploy(copy.url, copy.directory)

    assert one_project.run().status is Status.APPLIED
    assert one_project.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass")
    assert_both_up_to_date(one_project, prisma_engine)


@pytest.mark.parametrize("way", WAYS)
def test_what_failed_with_ours_is_rolled_back_to_prisma_and_either_may_mark_it(
    one_project: Project, prisma_engine: LiveEngine, way: str
) -> None:
    """Rolled back it is already: marking it so again changes nothing, with neither."""
    write(one_project, f"{TABLE_B} SELECT 1/0;")
    assert error_of(one_project).code == "P3018"
    before = one_project.rows()
    diagnosis = prisma_engine.diagnose(one_project.url, one_project.directory)
    assert (diagnosis.pending, diagnosis.failed) == ((B, C), ())

    with copy_of(one_project) as copy:
        resolve_with_ours(one_project, way, B)
        resolve_with_prisma(copy, prisma_engine, way, B)

        assert facts(one_project, before) == facts(copy, before)
        assert (one_project.rows() == before) is (way == "rolledBack")
        one_project.write(B, TABLE_B)
        behind = (B, C) if way == "rolledBack" else (C,)
        assert prisma_engine.deploy(one_project.url, one_project.directory) == behind
        assert tuple(migration.name for migration in copy.run().applied) == behind


def test_what_was_killed_within_its_transaction_is_pending_to_prisma_and_not_there(
    one_project: Project, prisma_engine: LiveEngine
) -> None:
    write(one_project, f"{TABLE_B} SELECT pg_sleep(30);")
    kill_ours(one_project)

    assert [row["migration_name"] for row in one_project.rows()] == [A]
    assert one_project.tables() == {"a"}
    assert prisma_engine.diagnose(one_project.url, one_project.directory).pending == (B, C)
    assert code_of(prisma_engine.mark_rolled_back, one_project.url, B) == "P3011"
    one_project.write(B, TABLE_B)
    assert prisma_engine.deploy(one_project.url, one_project.directory) == (B, C)


def test_what_was_killed_between_its_steps_has_failed_to_prisma_until_ours_has_finished_it(
    one_project: Project, prisma_engine: LiveEngine
) -> None:
    write(one_project, WHOLE.replace("SELECT 1", "SELECT pg_sleep(30)"))
    kill_ours(one_project)
    one_project.write(B, WHOLE)

    assert code_of(prisma_engine.deploy, one_project.url, one_project.directory) == "P3009"
    diagnosis = prisma_engine.diagnose(one_project.url, one_project.directory)
    assert (diagnosis.pending, diagnosis.failed) == ((C,), (B,))
    assert one_project.run().status is Status.APPLIED
    assert_both_up_to_date(one_project, prisma_engine)


def test_what_is_half_done_and_marked_as_applied_by_prisma_is_so_to_both(
    one_project: Project, prisma: Prisma, prisma_engine: LiveEngine
) -> None:
    """As a person means it who has done the rest by hand."""
    write(one_project, HALF)
    assert error_of(one_project).code == "P3018"
    before = one_project.rows()
    with copy_of(one_project) as copy:
        resolve_with_ours(copy, "applied", B)
        resolved = prisma.resolve(one_project.url, one_project.directory, "--applied", B)
        assert (resolved.exit_code, f"Migration {B} marked as applied." in resolved.text) == (0, True), resolved.text
        assert facts(one_project, before) == facts(copy, before)

    assert [migration.name for migration in one_project.run().applied] == [C]
    assert_both_up_to_date(one_project, prisma_engine)


def test_what_is_half_done_and_marked_as_rolled_back_by_prisma_is_begun_anew_by_ours(
    one_project: Project, prisma: Prisma, prisma_engine: LiveEngine
) -> None:
    """Who marked it has said that nothing of it is there: if it is, the first step says so and does nothing."""
    write(one_project, HALF)
    assert error_of(one_project).code == "P3018"
    one_project.write(B, WHOLE)
    before = one_project.rows()
    with copy_of(one_project) as copy:
        resolve_with_ours(copy, "rolledBack", B)
        resolved = prisma.resolve(one_project.url, one_project.directory, "--rolled-back", B)
        assert (resolved.exit_code, f"Migration {B} marked as rolled back." in resolved.text) == (0, True), (
            resolved.text
        )
        assert facts(one_project, before) == facts(copy, before)

    error = error_of(one_project)
    assert (error.code, error.where.sqlstate, error.where.statement) == ("P3018", "42P07", 1)
    assert one_project.tables() == {"a", "b"}
    one_project.query("DROP TABLE b")
    assert [migration.name for migration in one_project.run().applied] == [B, C]
    assert_both_up_to_date(one_project, prisma_engine)


@pytest.mark.parametrize("way", WAYS)
def test_of_what_nobody_can_know_a_person_tells_with_either(
    one_project: Project, prisma_engine: LiveEngine, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """A routine that commits by itself, and a run that was killed before its entry."""
    write(one_project, "INSERT INTO a VALUES (2);\nDO $$ BEGIN INSERT INTO a VALUES (3); COMMIT; END $$;")

    def killed(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(OutsideSteps, "_enter", killed)
        with pytest.raises(KeyboardInterrupt):
            one_project.run()
    assert error_of(one_project).code == "M507"
    assert code_of(prisma_engine.deploy, one_project.url, one_project.directory) == "P3009"
    before = one_project.rows()

    with copy_of(one_project) as copy:
        resolve_with_ours(copy, way, B)
        resolve_with_prisma(one_project, prisma_engine, way, B)
        assert facts(one_project, before) == facts(copy, before)
    applied = [migration.name for migration in one_project.run().applied]
    assert applied == ([C] if way == "applied" else [B, C])
    assert one_project.value("SELECT count(*) FROM a WHERE id = 3") == (1 if way == "applied" else 2)
    assert_both_up_to_date(one_project, prisma_engine)


@pytest.mark.parametrize("table", ["absent", "empty"])
def test_a_baseline_by_either_leaves_the_same_rows_and_the_other_goes_on(
    one_project: Project, prisma_engine: LiveEngine, table: str
) -> None:
    one_project.query(f"{TABLE_A} {TABLE_B}")
    write(one_project, TABLE_B)
    assert code_of(prisma_engine.deploy, one_project.url, one_project.directory) == "P3005"
    assert error_of(one_project).code == "P3005"
    with copy_of(one_project) as copy:
        if table == "empty":
            for project in (one_project, copy):
                prisma_engine.mark_applied(project.url, project.directory, C)
                project.query("DELETE FROM _prisma_migrations")

        assert one_project.run("baseline", to=B).resolved == (A, B)
        resolve_with_prisma(copy, prisma_engine, "applied", A, B)

        assert facts(one_project, []) == facts(copy, [])
        assert code_of(prisma_engine.mark_applied, one_project.url, one_project.directory, B) == "P3008"
        again = copy.run("baseline", to=B)
        assert (again.error, again.resolved) == (None, ()), "there is nothing left to mark"
        assert prisma_engine.deploy(one_project.url, one_project.directory) == (C,)
        assert [migration.name for migration in copy.run().applied] == [C]
        for project in (one_project, copy):
            assert_both_up_to_date(project, prisma_engine)


def test_a_baseline_that_prisma_has_begun_is_gone_on_with_by_resolve(
    one_project: Project, prisma_engine: LiveEngine
) -> None:
    one_project.query(f"{TABLE_A} {TABLE_B}")
    write(one_project, TABLE_B)
    prisma_engine.mark_applied(one_project.url, one_project.directory, A)

    outcome = one_project.run("baseline", to=B)
    assert outcome.error is not None
    assert (outcome.error.code, "migrate-lambda resolve --applied" in outcome.error.next_step) == ("M508", True)
    resolve_with_ours(one_project, "applied", B)

    assert prisma_engine.deploy(one_project.url, one_project.directory) == (C,)
    assert_both_up_to_date(one_project, prisma_engine)
