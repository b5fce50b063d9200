"""What is pending, what blocks, what is warned of: the directory and the history in, a plan out."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fn.domain.checksum import checksum_of
from lambda_fn.domain.history import History, MigrationRecord, MigrationState
from lambda_fn.domain.journal import Journal
from lambda_fn.domain.migration import Migration, sort_key
from lambda_fn.domain.plan import Plan, check_plan, check_schema_empty, make_plan
from lambda_fn.errors import HistoryBlocked, RequestInvalid

A, B, C = "20240101000000_a", "20240102000000_b", "20240103000000_c"
B_TWIN = "20240102000000_twin"
SCRIPT = b"SELECT 1;\n"
APPLIED, FAILED, ROLLED_BACK, HALFWAY = "applied", "failed", "rolled back", "halfway"
LOGS = "It failed.\n\nDatabase error code: 42P07\n\nDatabase error:\nERROR: a exists\n\nPosition:\n  PASSWORD 'hunter2'"
JOURNAL = Journal(3, 1, "0" * 32)


def row(name: str, state: str, checksum: str = checksum_of(SCRIPT)) -> MigrationRecord:
    return MigrationRecord(
        f"{name}-{state}",
        name,
        checksum,
        finished=state == APPLIED,
        rolled_back=state == ROLLED_BACK,
        started_at="2024-01-01 00:00:00.000" if state in (FAILED, HALFWAY) else None,
        logs={FAILED: LOGS, HALFWAY: f"{LOGS}\n\n{JOURNAL.line('r')}"}.get(state),
    )


def directory(*names: str) -> tuple[Migration, ...]:
    return tuple(Migration(name, SCRIPT) for name in names)


def history(*rows: MigrationRecord) -> History:
    return History(exists=True, records=rows)


@dataclass(frozen=True)
class Case:
    """A directory and rows, and the plan that must come of them."""

    names: tuple[str, ...]
    rows: tuple[MigrationRecord, ...]
    pending: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    halfway: tuple[str, ...] = ()
    warnings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    to: str | None = None


CASES = {
    "nothing was ever applied": Case((A, B, C), (), pending=(A, B, C)),
    "everything is applied": Case((A, B), (row(A, APPLIED), row(B, APPLIED))),
    "one is new": Case((A, B, C), (row(A, APPLIED), row(B, APPLIED)), pending=(C,)),
    "rolled back is pending again": Case((A,), (row(A, ROLLED_BACK),), pending=(A,)),
    "rolled back and then applied is applied": Case((A,), (row(A, ROLLED_BACK), row(A, APPLIED))),
    "applied and then rolled back is applied": Case((A,), (row(A, APPLIED), row(A, ROLLED_BACK))),
    "failed is not pending": Case((A, B), (row(A, FAILED),), pending=(B,), failed=(A,)),
    "failed without its directory": Case((A,), (row(A, APPLIED), row(B, FAILED)), failed=(B,)),
    "failed twice": Case((A,), (row(A, FAILED), row(A, FAILED)), failed=(A, A)),
    "applied and once more failed": Case((A,), (row(A, APPLIED), row(A, FAILED)), failed=(A,)),
    "edited": Case((A, B), (row(A, APPLIED, "0" * 64), row(B, APPLIED)), warnings={"M510": (A,)}),
    "edited in its line endings only": Case((A,), (row(A, APPLIED, checksum_of(b"SELECT 1;\r\n")),)),
    "edited after it was rolled back": Case((A,), (row(A, ROLLED_BACK, "0" * 64),), pending=(A,)),
    "edited, but the newest row is right": Case((A,), (row(A, APPLIED, "0" * 64), row(A, APPLIED))),
    "edited and blank checksum": Case((A,), (row(A, APPLIED, ""),), warnings={"M510": (A,)}),
    "failed and edited": Case((A,), (row(A, FAILED, "0" * 64),), failed=(A,)),
    "out of order": Case((A, B, C), (row(A, APPLIED), row(C, APPLIED)), pending=(B,), warnings={"M511": (B,)}),
    "out of order behind one that the directory lacks": Case(
        (A, B), (row(A, APPLIED), row(C, APPLIED)), pending=(B,), warnings={"M511": (B,)}
    ),
    "not out of order behind one that was rolled back": Case(
        (A, B), (row(A, APPLIED), row(C, ROLLED_BACK)), pending=(B,)
    ),
    "timestamps shared, one pending": Case(
        (A, B, B_TWIN), (row(A, APPLIED), row(B, APPLIED)), pending=(B_TWIN,), warnings={"M512": (B, B_TWIN)}
    ),
    "timestamps shared, both pending": Case((B, B_TWIN), (), pending=(B, B_TWIN), warnings={"M512": (B, B_TWIN)}),
    "timestamps shared, both applied": Case((B, B_TWIN), (row(B, APPLIED), row(B_TWIN, APPLIED))),
    "names without timestamps share none": Case(("a", "b"), (), pending=("a", "b")),
    "missing below the newest": Case((A, C), (row(A, APPLIED), row(B, APPLIED)), (C,), warnings={"M513": (B,)}),
    "missing and rolled back": Case((A, C), (row(A, APPLIED), row(B, ROLLED_BACK)), pending=(C,)),
    "the database is ahead of the directory": Case((A,), (row(A, APPLIED), row(B, APPLIED), row(C, APPLIED))),
    "to the middle": Case((A, B, C), (), pending=(A, B), to=B),
    "to the first": Case((A, B, C), (), pending=(A,), to=A),
    "to one that is applied": Case((A, B, C), (row(A, APPLIED), row(B, APPLIED)), to=B),
    "to leaves failed rows behind it failed": Case((A, B), (row(B, FAILED),), pending=(A,), failed=(B,), to=A),
    "to one of twins": Case((B, B_TWIN), (), pending=(B,), to=B, warnings={"M512": (B, B_TWIN)}),
    "an empty history table": Case((A,), (), pending=(A,)),
    "halfway is pending": Case((A, B), (row(A, HALFWAY),), pending=(A, B), halfway=(A,)),
    "halfway and edited": Case((A,), (row(A, HALFWAY, "0" * 64),), pending=(A,), halfway=(A,)),
    "halfway in its place among others": Case(
        (A, B, C), (row(A, APPLIED), row(B, HALFWAY)), pending=(B, C), halfway=(B,)
    ),
    "two of them are halfway": Case((A, B), (row(A, HALFWAY), row(B, HALFWAY)), pending=(A, B), halfway=(A, B)),
    "halfway twice": Case((A,), (row(A, HALFWAY), row(A, HALFWAY)), failed=(A, A)),
    "halfway and failed": Case((A,), (row(A, HALFWAY), row(A, FAILED)), failed=(A, A)),
    "halfway after it was rolled back": Case((A,), (row(A, ROLLED_BACK), row(A, HALFWAY)), pending=(A,), halfway=(A,)),
    "halfway and applied": Case((A,), (row(A, HALFWAY), row(A, APPLIED)), failed=(A,)),
    "applied and halfway": Case((A,), (row(A, APPLIED), row(A, HALFWAY)), failed=(A,)),
    "halfway ahead of the directory": Case((A,), (row(A, APPLIED), row(B, HALFWAY)), warnings={"M514": (B,)}),
    "halfway ahead, with something pending": Case((A,), (row(B, HALFWAY),), pending=(A,), failed=(B,)),
    "halfway ahead, with something pending beyond what is wanted": Case(
        (A, B), (row(A, APPLIED), row(C, HALFWAY)), to=A, warnings={"M514": (C,)}
    ),
    "halfway ahead, and failed": Case((A,), (row(A, APPLIED), row(B, HALFWAY), row(B, FAILED)), failed=(B, B)),
    "halfway ahead, and another failed": Case(
        (A,), (row(A, APPLIED), row(B, HALFWAY), row(C, FAILED)), failed=(C,), warnings={"M514": (B,)}
    ),
    "halfway and missing below the newest": Case(
        (A, C), (row(A, APPLIED), row(B, HALFWAY), row(C, APPLIED)), failed=(B,)
    ),
    "halfway beyond what is wanted": Case((A, B), (row(B, HALFWAY),), pending=(A,), failed=(B,), to=A),
    "to one that is halfway": Case((A, B), (row(A, HALFWAY),), pending=(A,), halfway=(A,), to=A),
    "one is halfway, another has failed": Case(
        (A, B), (row(A, HALFWAY), row(B, FAILED)), pending=(A,), failed=(B,), halfway=(A,)
    ),
    "halfway out of order": Case(
        (A, B), (row(A, HALFWAY), row(B, APPLIED)), pending=(A,), halfway=(A,), warnings={"M511": (A,)}
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_plan_follows_from_directory_and_history(case: Case) -> None:
    plan = make_plan(directory(*case.names), history(*case.rows), to=case.to)

    assert tuple(migration.name for migration in plan.pending) == case.pending
    assert tuple(record.name for record in plan.failed) == case.failed
    assert tuple(record.name for record in plan.halfway) == case.halfway
    assert {warning.code: warning.migrations for warning in plan.warnings} == case.warnings


def test_without_a_history_all_is_pending() -> None:
    assert len(make_plan(directory(A, B), History(exists=False)).pending) == 2


@pytest.mark.parametrize("to", ["20240102000000", "20249999999999_z", "b", "20240102000000_B"])
def test_to_has_to_name_a_migration_of_the_directory(to: str) -> None:
    with pytest.raises(RequestInvalid) as refused:
        make_plan(directory(A, B), history(row(A, APPLIED)), to=to)

    assert refused.value.code == "M106"
    assert to in refused.value.problem


def test_a_warning_shows_five_names_and_counts_the_rest() -> None:
    names = [f"{20240101000000 + number}_m" for number in range(9)]
    rows = [row(name, APPLIED, "0" * 64) for name in names]

    [warning] = make_plan(directory(*names), history(*rows)).warnings

    assert warning.migrations == tuple(names)
    assert warning.message == f"Edited after it was applied, and not run again: {', '.join(names[:5])} and 4 more."


def test_a_database_that_is_ahead_is_no_error_for_the_strict_either() -> None:
    ahead = make_plan(directory(A), history(row(A, APPLIED), row(B, HALFWAY)))
    edited = make_plan(directory(A), history(row(A, APPLIED, "0" * 64), row(B, HALFWAY)))

    check_plan(ahead, strict=True)
    with pytest.raises(HistoryBlocked) as refused:
        check_plan(edited, strict=True)

    assert [warning.code for warning in ahead.warnings] == ["M514"]
    assert refused.value.code == "M502"
    assert "Half done" not in refused.value.text


def test_warnings_are_sentences() -> None:
    rows = [row(A, APPLIED, "0" * 64), row("20240101500000_gone", APPLIED), row(C, APPLIED)]

    warnings = make_plan(directory(A, B, B_TWIN, C), history(*rows)).warnings

    assert [warning.code for warning in warnings] == ["M510", "M511", "M512", "M513"]
    assert [warning.message for warning in warnings] == [
        f"Edited after it was applied, and not run again: {A}.",
        f"Pending, though a newer migration is already applied: {B}, {B_TWIN}.",
        f"These share a timestamp, so that other tools may order them differently: {B}, {B_TWIN}.",
        "Applied in the database, but missing from the migrations directory: 20240101500000_gone.",
    ]


def test_a_failed_row_blocks_and_every_one_is_named() -> None:
    plan = make_plan(directory(A, B), history(row(A, FAILED), row(B, FAILED)))

    for strict in (False, True):
        with pytest.raises(HistoryBlocked) as blocked:
            check_plan(plan, strict=strict)
        assert blocked.value.code == "P3009"
        for name in (A, B):
            assert f"The `{name}` migration started at 2024-01-01 00:00:00.000 UTC failed." in blocked.value.headline
        assert blocked.value.lines == tuple(f"{name}: ERROR: a exists (SQLSTATE 42P07)" for name in (A, B))
        assert blocked.value.where.migration == A


def test_a_warning_is_an_error_in_strict_mode_only() -> None:
    plan = make_plan(directory(A), history(row(A, APPLIED, "0" * 64)))

    check_plan(plan, strict=False)
    with pytest.raises(HistoryBlocked, match="Edited after it was applied") as blocked:
        check_plan(plan, strict=True)
    assert blocked.value.code == "M502"


def test_strict_is_content_where_nothing_is_wrong() -> None:
    check_plan(make_plan(directory(A, B), history(row(A, APPLIED))), strict=True)
    check_plan(Plan(), strict=True)


@pytest.mark.parametrize(
    ("exists", "occupied", "blocked"),
    [(False, False, False), (False, True, True), (True, True, False), (True, False, False)],
)
def test_tables_without_a_history_are_p3005(exists: bool, occupied: bool, blocked: bool) -> None:
    found = History(exists=exists, occupied=occupied)
    if not blocked:
        check_schema_empty(found, "app", directory(A, B))
        return
    with pytest.raises(HistoryBlocked) as refused:
        check_schema_empty(found, "app", directory(A, B))
    assert refused.value.code == "P3005"
    assert '"app"' in refused.value.problem
    assert f"baseline --to {A}" in refused.value.next_step


def test_the_row_of_a_halfway_migration_is_found_by_its_name() -> None:
    plan = make_plan(directory(A, B), history(row(A, APPLIED), row(B, HALFWAY)))

    found = plan.halfway_of(B)
    assert found is not None
    assert (found.name, found.journal) == (B, JOURNAL)
    assert plan.halfway_of(A) is None
    assert plan.latest == A


def test_a_halfway_migration_blocks_nothing() -> None:
    check_plan(make_plan(directory(A, B), history(row(A, HALFWAY))), strict=True)


def test_a_halfway_migration_that_blocks_is_told_like_a_failed_one() -> None:
    with pytest.raises(HistoryBlocked) as blocked:
        check_plan(make_plan(directory(A), history(row(B, HALFWAY))), strict=False)

    assert blocked.value.code == "P3009"
    assert blocked.value.lines == (
        f"{B}: half done, 1 of 3 steps, stopped at ERROR: a exists (SQLSTATE 42P07). A deploy from a directory that "
        "has it, and not of an older `to`, goes on with it",
    )


NAMES = st.sampled_from([A, B, B_TWIN, C, "init", "20240101500000_d", "é", "20240102000000_B"])
ROWS = st.lists(
    st.builds(
        row,
        NAMES,
        st.sampled_from([APPLIED, FAILED, ROLLED_BACK, HALFWAY]),
        st.sampled_from(["0" * 64, checksum_of(SCRIPT)]),
    )
)


@given(names=st.sets(NAMES, min_size=1), rows=ROWS, data=st.data())
def test_whatever_is_found_a_plan_keeps_its_promises(
    names: set[str], rows: list[MigrationRecord], data: st.DataObject
) -> None:
    migrations = directory(*sorted(names, key=sort_key))
    to = data.draw(st.none() | st.sampled_from(sorted(names)))

    plan = make_plan(migrations, history(*rows), to=to)

    pending = [migration.name for migration in plan.pending]
    assert pending == sorted(pending, key=sort_key)
    halfway = {record.name for record in plan.halfway}
    recorded = {record.name for record in rows if record.state is not MigrationState.ROLLED_BACK} - halfway
    assert set(pending) == {name for name in names - recorded if to is None or sort_key(name) <= sort_key(to)}
    blocking = [record for record in rows if record.state is MigrationState.FAILED]
    ahead = {name for warning in plan.warnings if warning.code == "M514" for name in warning.migrations}
    assert [record for record in blocking if record.name not in halfway | ahead] == list(plan.failed)
    assert not ahead or not pending
    assert all(name not in names and sort_key(name) > max(map(sort_key, names)) for name in ahead)
    assert [record for record in blocking if record.name in halfway] == list(plan.halfway)
    assert len(halfway) == len(plan.halfway), "of each there is one row"
    assert halfway <= set(pending)
    known = names | {record.name for record in rows}
    assert all(warning.migrations and set(warning.migrations) <= known for warning in plan.warnings)
    assert len({warning.code for warning in plan.warnings}) == len(plan.warnings)


@given(names=st.sets(NAMES, min_size=1), rows=ROWS)
def test_what_is_applied_is_never_pending_again(names: set[str], rows: list[MigrationRecord]) -> None:
    migrations = directory(*sorted(names, key=sort_key))
    plan = make_plan(migrations, history(*rows))
    others = [record for record in rows if record not in plan.halfway]  # deploy finishes those rows

    after = make_plan(migrations, history(*others, *(row(migration.name, APPLIED) for migration in plan.pending)))

    assert after.pending == ()
