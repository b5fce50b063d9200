"""What an invoker that comes back passes on, and for how long it waits for another runner."""

from dataclasses import replace

import pytest

from lambda_fn.domain.outcome import Status
from lambda_fn.domain.request import Action, Request
from lambda_fn.errors import LockTimeout
from lambda_fn.invokers.continuation import Continuation, continuation_of
from tests.fixtures.custom_resources import applied, failed

HELD = replace(failed(LockTimeout("P1002", "Held.", "Wait.")), status=Status.INCOMPLETE)


def test_a_deploy_comes_back_and_says_which_run_it_goes_on_with() -> None:
    wanted = Request(to="b", comes_back=True, waits_on=True, continues="run-1")

    assert Continuation("run-1", 3).of(Request(to="b")) == wanted


@pytest.mark.parametrize("action", [Action.VERIFY, Action.PLAN])
def test_what_only_looks_has_nothing_to_come_back_for(action: Action) -> None:
    assert Continuation("run-1").of(Request(action)) == Request(action)


def test_another_runner_is_waited_for_four_times_in_a_row_and_anew_after_some_progress() -> None:
    so_far, waits_on = Continuation(), []
    for outcome in (HELD, HELD, HELD, HELD, applied(), HELD):
        waits_on.append(so_far.of(Request()).waits_on)
        so_far = so_far.after(outcome)

    assert so_far == Continuation("run-1", 1, 1)
    assert waits_on == [True, True, True, True, False, True]


def test_steps_are_progress_too() -> None:
    HELD.error.progressed = True  # type: ignore[union-attr]  # it has one
    try:
        assert Continuation(waits=3).after(HELD).waits == 0
    finally:
        HELD.error.progressed = False  # type: ignore[union-attr]  # it has one


def test_whoever_says_how_long_to_wait_for_the_lock_is_not_made_to_wait_longer() -> None:
    assert not Continuation().of(Request(lock_wait_s=60)).waits_on


@pytest.mark.parametrize("so_far", [Continuation(), Continuation("run-1", 5, 2), Continuation("r" * 128)])
def test_what_is_passed_on_comes_back(so_far: Continuation) -> None:
    assert continuation_of(so_far.to_json()) == so_far


@pytest.mark.parametrize(
    "value", [None, "", [], {}, {"runId": ""}, {"runId": 5, "appliedCount": "3", "waits": True}, {"waits": -1}]
)
def test_what_is_not_ours_is_passed_over(value: object) -> None:
    assert continuation_of(value) == Continuation()
