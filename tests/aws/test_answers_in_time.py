"""Custom resources are answered in time and whatever the bucket does, and the URL of the answer is told nowhere."""

import pytest

from tests.fixtures.functions import (
    B,
    Planted,
    messages,
    refusal,
)
from tests.fixtures.planted import SIGNATURE
from tests.fixtures.sessions import open_session
from tests.fixtures.stacks import NewStack, Stack

C = "20240103000000_c"


def test_an_answer_that_the_bucket_takes_only_later_is_put_again(stack: Stack) -> None:
    stack.bucket.behave(500, "drop")

    invocation = stack.function.invoke(stack.event("delete"))

    assert invocation.error is None
    assert len(stack.bucket.requests) == 3
    assert len({request.body for request in stack.bucket.requests}) == 1


@pytest.mark.parametrize(("behaviours", "attempts"), [((403,), 1), ((500, 500, 500), 3)])
def test_an_answer_that_cannot_be_delivered_fails_the_invocation_so_that_lambda_tries_again(
    stack: Stack, planted: Planted, behaviours: tuple[int, ...], attempts: int
) -> None:
    stack.bucket.behave(*behaviours)
    event = stack.event("create")

    failed = stack.function.invoke(event)
    _, answer = stack.send(event)

    message = refusal(failed, "SettingsInvalid", "M701")
    assert "S3 gateway endpoint" in message
    assert len(stack.bucket.requests) == attempts + 1
    assert messages(failed)[-1] == message
    assert (answer["Status"], answer["Data"]["AppliedCount"]) == ("SUCCESS", "0")
    assert planted.project.tables() == {"a", "b"}


def test_a_bucket_that_never_answers_does_not_hold_the_function_until_lambda_kills_it(stack: Stack) -> None:
    stack.bucket.behave("stall", "stall", "stall")

    invocation = stack.function.invoke(stack.event("delete"), timeout_s=9.0)

    refusal(invocation, "SettingsInvalid", "M701")
    assert invocation.elapsed_ms < 9_000


def test_a_run_that_does_not_fit_the_time_is_cancelled_and_answered_in_time(
    new_stack: NewStack, planted: Planted
) -> None:
    planted.project.write(C, "CREATE TABLE c (id int); SELECT pg_sleep(60);")
    stack = new_stack(DATABASE_URL=planted.url, MIGRATE_RESERVE_S="5")

    invocation, answer = stack.send(stack.event("create"), timeout_s=8.0)

    assert (answer["Status"], answer["Reason"].split(" ")[0]) == ("FAILED", "M606")
    assert answer["Data"]["AppliedCount"] == "2"
    assert invocation.error is None
    assert planted.project.tables() == {"a", "b"}


def test_a_function_with_too_little_time_says_so_at_once(stack: Stack, planted: Planted) -> None:
    """Lambda's default is 3 s."""
    _, answer = stack.send(stack.event("create"), timeout_s=3.0)

    assert (answer["Status"], answer["Reason"].split(" ")[0]) == ("FAILED", "M605")
    assert planted.project.tables_with_history() == set()


def test_a_lock_that_others_hold_is_answered_in_time(stack: Stack, planted: Planted) -> None:
    with open_session(planted.project):
        invocation, answer = stack.send(stack.event("create"), timeout_s=22.0)

    assert (answer["Status"], answer["Reason"].split(" ")[0]) == ("FAILED", "P1002")
    assert invocation.elapsed_ms < 10_000


def test_the_url_of_the_answer_is_nowhere_told(stack: Stack, planted: Planted) -> None:
    """`check_said` looks for the signature in all that a function says; here it also had every reason to say it."""
    planted.project.write(B, "SELECT 1/0;")
    stack.bucket.behave(500, 403, 403)
    event = stack.event("create")

    invocation = stack.function.invoke(event)

    told = invocation.log + str(invocation.payload) + str(invocation.error)
    assert "During handling of the above exception" not in told
    assert SIGNATURE in event["ResponseURL"]
    assert SIGNATURE not in told
    assert "%7CMigrations%7C" not in told
    refusal(invocation, "SettingsInvalid", "M701")
