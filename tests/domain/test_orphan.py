"""Whether a session that holds the advisory lock may be ended."""

import dataclasses

import pytest

from lambda_fn.domain.event import Level
from lambda_fn.domain.orphan import LockHolder, OrphanEnded, Orphanhood, OrphanKept, Patience, orphanhood

NOW = 1_700_000_100.0
HOLDER = LockHolder(4711, "mig/x/1700000000", "app", "idle", 3, NOW)
OWN = "mig/own/1800000000"


def why(holder: LockHolder, *, waited_s: float = 0.0, former_pids: frozenset[int] = frozenset()) -> Orphanhood | None:
    return orphanhood(holder, Patience(10.0, 5.0), waited_s=waited_s, own_name=OWN, former_pids=former_pids)


def named(application: str) -> LockHolder:
    return dataclasses.replace(HOLDER, application=application)


def test_a_run_is_dead_when_its_deadline_and_the_grace_have_passed() -> None:
    assert why(HOLDER) is Orphanhood.OVERDUE
    assert why(named("mig/x/1700000089")) is Orphanhood.OVERDUE
    assert why(named("mig/x/1700000090")) is None
    assert why(named("mig/x/1800000000")) is None


@pytest.mark.parametrize("application", ["", "prisma", "mig/x", "mig/x/1700000000junk", "mig-watch/x"])
def test_whoever_has_no_deadline_is_left_alone(application: str) -> None:
    assert why(named(application), waited_s=1000.0, former_pids=frozenset({4711})) is None


def test_our_own_session_of_before_is_given_a_few_seconds() -> None:
    former = named("mig/own/1800000001")

    assert why(former, waited_s=4.9, former_pids=frozenset({4711})) is None
    assert why(former, waited_s=5.0, former_pids=frozenset({4711})) is Orphanhood.FORMER
    assert why(named("mig/own"), waited_s=5.0, former_pids=frozenset({4711})) is Orphanhood.FORMER


def test_another_session_with_the_pid_or_the_name_is_not_ours() -> None:
    assert why(named("mig/own/1800000000"), waited_s=60.0, former_pids=frozenset({1})) is None
    assert why(named("mig/other/1800000000"), waited_s=60.0, former_pids=frozenset({4711})) is None
    assert why(named("psql"), waited_s=60.0, former_pids=frozenset({4711})) is None


def test_who_was_ended_is_told_with_its_run_and_its_deadline() -> None:
    [sentence] = OrphanEnded(HOLDER, Orphanhood.OVERDUE).sentences

    assert sentence.level is Level.WARNING
    assert sentence.text == (
        "Ended backend 4711 of run x (user app), which held the advisory lock: its deadline passed at "
        "2023-11-14 22:13:20 UTC, 100 s ago."
    )


def test_our_own_session_of_before_is_told_as_such() -> None:
    [sentence] = OrphanEnded(named("mig/own"), Orphanhood.FORMER).sentences

    assert sentence.text == (
        "Ended backend 4711 of run own (user app), which held the advisory lock: it was this run's own until the "
        "connection was lost."
    )


def test_who_could_not_be_ended_is_told_with_what_to_grant() -> None:
    [sentence] = OrphanKept(HOLDER, Orphanhood.OVERDUE, 'b"c', "Permission denied.").sentences

    assert sentence.level is Level.WARNING
    assert sentence.text.startswith("Cannot end backend 4711 of run x")
    assert 'Permission denied. Run migrations always as the same user, or run: GRANT pg_signal_backend TO "b""c".' in (
        sentence.text
    )


@pytest.mark.parametrize(
    ("holder", "description"),
    [
        (HOLDER, "backend 4711 (mig/x/1700000000, user app, idle for 3 s)"),
        (
            dataclasses.replace(HOLDER, application="", state=None, age_s=None),
            "backend 4711 (no application name, user app, state not visible)",
        ),
        (dataclasses.replace(HOLDER, pid=None), "a prepared transaction (see pg_prepared_xacts)"),
    ],
)
def test_a_holder_is_described_by_what_is_visible(holder: LockHolder, description: str) -> None:
    assert holder.description == description
