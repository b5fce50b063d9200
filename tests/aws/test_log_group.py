"""CloudWatch Logs, over HTTP."""

import time

import pytest

from lambda_fn.aws.client import Account
from lambda_fn.aws.logs import LogGroup
from lambda_fn.errors import AwsUnavailable
from tests.fixtures.aws_stand_in import LOG_GROUP, Asked, StandIn


def test_a_service_that_stays_silent_is_given_up_after_the_patience_that_there_is(aws: StandIn) -> None:
    """Somebody waits for the answer of the function meanwhile."""

    def silent(_: Asked) -> None:
        aws.released.wait(60)

    aws.answer("FilterLogEvents", silent)

    with pytest.raises(AwsUnavailable, match="M804 CloudWatch Logs could not be asked: ReadTimeoutError"):
        list(LogGroup(LOG_GROUP, Account(), patience_s=0.2).events(0))

    assert len(aws.of("FilterLogEvents")) == 1


def test_what_comes_in_late_is_given_once_and_not_missed(aws: StandIn) -> None:
    """Events of several streams come in neither at once nor in the order of their time."""
    watch = LogGroup(LOG_GROUP, Account()).watch(round((time.time() - 60) * 1000))
    aws.logged("now")
    first = [event.message for event in watch.new()]
    aws.logged("late", age_s=20)

    assert (first, [event.message for event in watch.new()]) == (["now"], ["late"])
