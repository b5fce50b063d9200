"""A deployed function: how long its answer is waited for."""

from lambda_fn.aws.client import Account
from lambda_fn.aws.function import DeployedFunction
from tests.fixtures.aws_stand_in import REGION

LONGEST_RUN_S, COLD_START_S = 900, 10


def test_an_answer_is_waited_for_longer_than_a_function_can_run_and_asked_for_once() -> None:
    """By the configuration of the client: what lasts 15 minutes is not tried in a test."""
    function = DeployedFunction("migrate", Account(REGION))

    config = function._client_for_one_request().meta.config

    assert config.read_timeout >= LONGEST_RUN_S + COLD_START_S
    assert config.retries["total_max_attempts"] == 1
