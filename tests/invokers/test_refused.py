"""Senders that this function does not work for: each is told why and what to do, in the way that it can hear."""

import json
from typing import Any

import pytest

from lambda_fn.domain.reply import Put, Raise, Return
from lambda_fn.errors import RequestInvalid
from lambda_fn.invokers.invoker import Invoker, Skip
from lambda_fn.invokers.recognition import recognise
from lambda_fn.invokers.refused import CustomResourceOfTopic, Refused
from tests.fixtures.custom_resources import EVENTS, FUNCTION, LOGS, event_of, failed, files_of, skipped

WHAT_TO_DO = {
    "refused-sns.json": ("SNS", "invoke the function itself"),
    "refused-sns-cloudformation-create.json": ("SNS", "ServiceToken is the function's own ARN"),
    "refused-sqs.json": ('"aws:sqs"', "Remove the trigger"),
    "refused-function-url.json": ("HTTP", "lambda:InvokeFunction"),
    "refused-durable.json": ("durable", "DurableConfig"),
}


def refusal(event: dict[str, Any]) -> tuple[Invoker, RequestInvalid]:
    invoker = recognise(event, FUNCTION)
    with pytest.raises(RequestInvalid) as raised:
        invoker.request()
    return invoker, raised.value


def from_topic(message: object) -> dict[str, Any]:
    """What SNS sends a function of a message."""
    text = message if isinstance(message, str) else json.dumps(message)
    return {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": text}}]}


@pytest.mark.parametrize(("file", "words"), WHAT_TO_DO.items(), ids=WHAT_TO_DO)
def test_a_refusal_says_what_came_and_what_to_do(file: str, words: tuple[str, str]) -> None:
    _, error = refusal(event_of(file))

    assert error.code == "M111"
    assert words[0] in error.problem
    assert words[1] in error.next_step


def test_every_refused_event_file_is_tried() -> None:
    assert files_of("refused") == set(WHAT_TO_DO)
    assert EVENTS.is_dir()


@pytest.mark.parametrize("file", ["refused-sns.json", "refused-sqs.json"])
def test_a_batch_fails_the_invocation(file: str) -> None:
    invoker, error = refusal(event_of(file))

    reply = invoker.reply(failed(error))

    assert isinstance(reply, Raise)
    assert str(reply.error) == f"{error.headline} {LOGS}"


def test_a_durable_execution_fails_as_its_protocol_says_and_is_not_begun_again() -> None:
    invoker, error = refusal(event_of("refused-durable.json"))

    about = {"ErrorType": "RequestInvalid", "ErrorMessage": f"{error.headline} {LOGS}"}
    assert invoker.reply(failed(error)) == Return({"Status": "FAILED", "Error": about})


@pytest.mark.parametrize(
    "context",
    [{"http": {"method": "GET"}}, {"httpMethod": "GET"}, {"elb": {"targetGroupArn": "arn"}}, {"routeKey": "$connect"}],
    ids=["function-url", "rest-api", "load-balancer", "websocket"],
)
def test_whoever_comes_over_http_learns_nothing(context: dict[str, Any]) -> None:
    invoker, error = refusal({"requestContext": context, "body": '{"action": "deploy"}'})

    reply = invoker.reply(failed(error))

    assert isinstance(reply, Return)
    assert reply.payload["statusCode"] == 403
    assert reply.payload["body"] == "Forbidden\n"


@pytest.mark.parametrize(
    "message", ["", "{", "[]", "null", {"action": "deploy"}, {"RequestType": "Create"}, "[" * 100_000]
)
def test_a_topic_that_carries_no_custom_resource_is_refused(message: object) -> None:
    invoker, _ = refusal(from_topic(message))

    assert type(invoker) is Refused


@pytest.mark.parametrize("record", [{"EventSource": "aws:sns"}, {"EventSource": "aws:sns", "Sns": "text"}, {"a": 1}])
def test_records_of_any_form_are_refused(record: dict[str, Any]) -> None:
    invoker, _ = refusal({"Records": [record]})

    assert type(invoker) is Refused


@pytest.mark.parametrize(
    ("record", "sender"),
    [({"eventSource": "aws:s3"}, '"aws:s3"'), ({"EventSource": "aws:new"}, '"aws:new"'), ({"cf": {}}, '"somebody"')],
)
def test_a_batch_is_told_as_its_senders(record: dict[str, Any], sender: str) -> None:
    _, error = refusal({"Records": [record]})

    assert sender in error.problem
    assert "SNS" not in error.text


@pytest.mark.parametrize("records", [None, [], "text", [5], {}])
def test_records_that_are_none_are_an_unknown_key(records: object) -> None:
    _, error = refusal({"Records": records})

    assert error.code == "M103"


def test_cloudformation_behind_a_topic_is_told_that_it_failed() -> None:
    invoker, error = refusal(event_of("refused-sns-cloudformation-create.json"))

    reply = invoker.reply(failed(error))

    assert isinstance(reply, Put)
    assert reply.payload["Status"] == "FAILED"
    assert reply.payload["Reason"] == f"{error.headline} {LOGS}"


def test_the_delete_of_such_a_resource_succeeds_so_that_the_stack_can_go() -> None:
    create = json.loads(event_of("refused-sns-cloudformation-create.json")["Records"][0]["Sns"]["Message"])
    invoker = recognise(from_topic({**create, "RequestType": "Delete", "PhysicalResourceId": "x"}), FUNCTION)

    assert type(invoker) is CustomResourceOfTopic
    assert isinstance(invoker.request(), Skip)
    reply = invoker.reply(skipped())
    assert isinstance(reply, Put)
    assert reply.payload["Status"] == "SUCCESS"
