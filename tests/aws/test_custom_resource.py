"""A custom resource from end to end: the event in, the answer in CloudFormation's bucket."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from local.invocation import Invocation
from local.runtime_api import LambdaSandbox
from local.secrets_manager import LocalSecretsManager
from tests.fixtures.custom_resources import DATA_KEYS, Event, event_of
from tests.fixtures.functions import (
    SECRET_ID,
    A,
    B,
    BreakImports,
    Planted,
    Start,
    messages,
    metrics,
    refusal,
    wait_until,
)
from tests.fixtures.planted import SIGNATURE, check_said
from tests.fixtures.response_bucket import ResponseBucket
from tests.fixtures.sessions import open_session
from tests.fixtures.tls import ServerAuthority

C = "20240103000000_c"
_OF_THE_SHOP = ("SecretId", "OwnerRole")  # a secret and a role that the tests do not have
UNREACHABLE = {"DATABASE_URL": "postgresql://app:hunter2@127.0.0.1:1/shop"}


@pytest.fixture
def bucket(authority: ServerAuthority) -> Iterator[ResponseBucket]:
    """CloudFormation's bucket. What was put into it is looked through for secrets."""
    with ResponseBucket(authority) as running:
        yield running
        check_said(*(request.body.decode() for request in running.requests))


class Stack:
    """CloudFormation with one stack: it invokes the function, and reads what the bucket got."""

    def __init__(self, function: LambdaSandbox, bucket: ResponseBucket) -> None:
        self.function = function
        self.bucket = bucket

    def event(self, file: str, **properties: object) -> Event:
        """The event of a file in events/, to be answered in the bucket, with more properties."""
        event = event_of(f"cloudformation-{file}.json")
        own = {key: value for key, value in event["ResourceProperties"].items() if key not in _OF_THE_SHOP}
        return {**event, "ResponseURL": self.bucket.url(SIGNATURE), "ResourceProperties": {**own, **properties}}

    def send(self, event: Event, *, timeout_s: float = 60.0) -> tuple[Invocation, dict[str, Any]]:
        """Invoke with an event that is answered once; the invocation and the answer."""
        before = len(self.bucket.requests)
        invocation = self.function.invoke(event, timeout_s=timeout_s)
        [request] = self.bucket.requests[before:]
        return invocation, _checked(event, json.loads(request.body))

    def answer(self, file: str, **properties: object) -> dict[str, Any]:
        """The answer to an event of a file in events/."""
        return self.send(self.event(file, **properties))[1]


def _checked(event: Event, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer, after everything in it was looked at that has to be the same in each."""
    assert answer["Status"] in ("SUCCESS", "FAILED")
    assert {key: answer[key] for key in ("StackId", "RequestId", "LogicalResourceId")} == {
        key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")
    }
    assert answer["PhysicalResourceId"] == event.get("PhysicalResourceId", "shop-Migrations")
    assert set(answer["Data"]) == DATA_KEYS
    assert answer.get("Reason") or answer["Status"] == "SUCCESS"
    return answer


class NewStack:
    """Starts functions that trust the bucket."""

    def __init__(self, start: Start, bucket: ResponseBucket) -> None:
        self._start = start
        self._bucket = bucket

    def __call__(self, **variables: str) -> Stack:
        """A stack whose function has these variables."""
        return Stack(self._start(SSL_CERT_FILE=str(self._bucket.ca_file), **variables), self._bucket)


@pytest.fixture
def new_stack(start: Start, bucket: ResponseBucket) -> NewStack:
    """Starts functions for a stack."""
    return NewStack(start, bucket)


@pytest.fixture
def stack(new_stack: NewStack, planted: Planted, manager: LocalSecretsManager) -> Stack:
    """A stack whose function is set up as it should be."""
    manager.put(SECRET_ID, planted.secret)
    return new_stack(MIGRATE_SECRET_ID=SECRET_ID)


def test_a_create_applies_and_answers_with_what_was_done(stack: Stack, planted: Planted) -> None:
    invocation, answer = stack.send(stack.event("create"))

    assert answer["Status"] == "SUCCESS"
    assert (answer["Data"]["Status"], answer["Data"]["AppliedCount"]) == ("applied", "2")
    assert (answer["Data"]["LatestMigration"], answer["Data"]["RunId"]) == (B, invocation.request_id)
    assert invocation.payload == {key: answer[key] for key in ("Status", "PhysicalResourceId", "Data")}
    assert planted.project.tables() == {"a", "b"}
    [request] = stack.bucket.requests
    assert (request.method, request.header("Content-Type")) == ("PUT", [""])


def test_the_secret_may_be_named_by_the_resource(
    new_stack: NewStack, planted: Planted, manager: LocalSecretsManager
) -> None:
    stack, secret_id = new_stack(), event_of("cloudformation-create.json")["ResourceProperties"]["SecretId"]
    manager.put(secret_id, planted.secret)

    assert stack.answer("create", SecretId=secret_id)["Data"]["AppliedCount"] == "2"


def test_the_same_event_again_succeeds_with_the_same_id_and_applies_nothing(stack: Stack) -> None:
    event = stack.event("create")

    first, second = stack.send(event)[1], stack.send(event)[1]

    assert [each["Data"]["AppliedCount"] for each in (first, second)] == ["2", "0"]
    assert [each["Data"]["LatestMigration"] for each in (first, second)] == [B, B]
    assert first["PhysicalResourceId"] == second["PhysicalResourceId"]


def test_the_same_event_twice_at_the_same_time_is_applied_once_and_answered_twice(
    new_stack: NewStack, planted: Planted
) -> None:
    planted.project.write(C, "CREATE TABLE c (id int); SELECT pg_sleep(1);")
    stacks = [new_stack(DATABASE_URL=planted.url) for _ in range(2)]
    event = stacks[0].event("create")
    for each in stacks:  # their processes are started by this thread, with which they end
        each.function.invoke({"action": "plan"})
    threads = [threading.Thread(target=each.function.invoke, args=(event,)) for each in stacks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    answers = [_checked(event, json.loads(request.body)) for request in stacks[0].bucket.requests]

    assert sorted((each["Status"], each["Data"]["AppliedCount"]) for each in answers) == [
        ("SUCCESS", "0"),
        ("SUCCESS", "3"),
    ]
    assert [row["migration_name"] for row in planted.project.rows()] == [A, B, C]


def test_a_failure_is_answered_with_the_whole_story_and_not_thrown_at_lambda(stack: Stack, planted: Planted) -> None:
    """An exception would make Lambda run the event again, and the migration with it."""
    planted.project.write(B, "CREATE TABLE b (id int);\nALTER TABLE nowhere ADD COLUMN é int;")

    invocation, answer = stack.send(stack.event("create"))

    assert answer["Status"] == "FAILED"
    first, second, *more = answer["Reason"].splitlines()
    assert first == (
        f"P3018 Migration {B} failed to apply: ERROR 42P01 at line 2, column 1: "
        'relation "nowhere" does not exist. Nothing of it is in the database. '
        "Correct the file and deploy again; no resolve is needed."
    )
    assert second.startswith("Logs: /aws/lambda/migrate ")
    assert any("ALTER TABLE nowhere ADD COLUMN é int;" in line for line in more)
    assert answer["Data"]["LatestMigration"] == A
    assert (invocation.error, answer["Data"]["Status"]) == (None, "failed")
    assert planted.project.tables() == {"a"}


def test_the_update_that_mends_it_succeeds(stack: Stack, planted: Planted) -> None:
    planted.project.write(B, "SELECT 1/0;")
    assert stack.answer("create")["Status"] == "FAILED"
    planted.project.write(B, "CREATE TABLE b (id int);")

    answer = stack.answer("update")

    assert (answer["Status"], answer["Data"]["AppliedCount"]) == ("SUCCESS", "1")


def test_properties_are_the_options_of_a_request(stack: Stack, planted: Planted) -> None:
    answer = stack.answer("create", Schema="app", To=A, Strict="true", LockWaitS="30", Triggers={"anything": "x"})

    assert (answer["Status"], answer["Data"]["LatestMigration"]) == ("SUCCESS", A)
    assert planted.project.tables("app") == {"a"}


def test_a_property_that_is_misspelt_is_refused_before_anything_is_done(stack: Stack, planted: Planted) -> None:
    answer = stack.answer("create", Shcema="app")

    assert answer["Status"] == "FAILED"
    assert "Did you mean Schema?" in answer["Reason"]
    assert planted.project.tables_with_history() == set()


def test_verify_gates_a_stack_without_changing_anything(stack: Stack, planted: Planted) -> None:
    pending = stack.answer("create", Action="verify", Requires=B)
    planted.project.run()

    assert (pending["Status"], pending["Reason"][:4]) == ("FAILED", "M504")
    assert stack.answer("create", Action="verify", Requires=B)["Status"] == "SUCCESS"


BROKEN: dict[str, dict[str, str]] = {
    "no settings at all": {},
    "a secret that is not there": {"MIGRATE_SECRET_ID": "nowhere"},
    "a setting that is wrong": {"MIGRATE_STRICT": "perhaps"},
    "a database that does not answer": UNREACHABLE,
}


@pytest.mark.parametrize("variables", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("file", ["delete", "update-rollback"])
def test_delete_and_rollback_need_neither_database_nor_secret_nor_settings(
    new_stack: NewStack, manager: LocalSecretsManager, file: str, variables: dict[str, str]
) -> None:
    stack = new_stack(**variables)

    invocation, answer = stack.send(stack.event(file))

    assert (answer["Status"], answer["Data"]["Status"]) == ("SUCCESS", "skipped")
    assert (answer["Data"]["AppliedCount"], answer["Data"]["LatestMigration"]) == ("0", "unknown")
    assert invocation.elapsed_ms < 2_000
    assert manager.request_count == 0
    assert len(messages(invocation)) == 1
    assert metrics(invocation) == [], "there was no run"


@pytest.mark.parametrize("file", ["delete", "update-rollback"])
def test_delete_and_rollback_are_answered_where_nothing_can_be_imported(
    new_stack: NewStack, broken_imports: BreakImports, file: str
) -> None:
    stack = new_stack(PYTHONPATH=broken_imports("psycopg", "aws_lambda_powertools", "boto3", "botocore"))

    assert stack.answer(file)["Status"] == "SUCCESS"


def test_a_delete_with_an_id_that_cloudformation_invented_is_answered_with_it(stack: Stack) -> None:
    event = {**stack.event("delete"), "PhysicalResourceId": "shop-Migrations-1ABCDEFGHIJKL"}

    assert stack.send(event)[1]["PhysicalResourceId"] == "shop-Migrations-1ABCDEFGHIJKL"


@pytest.mark.parametrize(
    ("variables", "code"), [({}, "M202"), ({"MIGRATE_SECRET_ID": "nowhere"}, "M204"), (UNREACHABLE, "P1001")]
)
def test_what_is_wrong_with_the_set_up_is_the_reason(new_stack: NewStack, variables: dict[str, str], code: str) -> None:
    answer = new_stack(**variables).answer("create")

    assert (answer["Status"], answer["Reason"].split(" ")[0]) == ("FAILED", code)


@pytest.mark.parametrize("modules", [("psycopg",), ("psycopg", "aws_lambda_powertools"), ("boto3", "botocore")])
def test_a_create_is_answered_where_the_package_is_broken(
    new_stack: NewStack, planted: Planted, broken_imports: BreakImports, modules: tuple[str, ...]
) -> None:
    stack = new_stack(MIGRATE_SECRET_ID=SECRET_ID, PYTHONPATH=broken_imports(*modules))
    if "boto3" not in modules:
        stack = new_stack(DATABASE_URL=planted.url, PYTHONPATH=broken_imports(*modules))

    answer = stack.answer("create")

    assert (answer["Status"], answer["Reason"].split(" ")[0]) == ("FAILED", "M902")


def test_a_rollback_changes_nothing_although_the_database_is_ahead_and_holds_a_failed_row(
    stack: Stack, planted: Planted
) -> None:
    planted.project.write(C, "CREATE INDEX CONCURRENTLY nowhere ON nowhere (id);")
    failed = stack.answer("update")
    rows = planted.project.rows()
    for name in (B, C):  # the older package
        (planted.project.directory / name / "migration.sql").unlink()
        (planted.project.directory / name).rmdir()

    answer = stack.answer("update-rollback")

    assert failed["Status"] == "FAILED"
    assert [row["finished_at"] is None for row in rows] == [False, False, True], "a row that blocks every deploy"
    assert (answer["Status"], answer["Data"]["Status"]) == ("SUCCESS", "skipped")
    assert planted.project.rows() == rows


@pytest.mark.parametrize(
    ("new", "old", "status"),
    [("41", "42", "skipped"), ("43", "42", "applied"), ("42", "42", "applied"), ("main", "master", "applied")],
)
def test_a_run_token_that_goes_down_is_a_rollback(stack: Stack, new: str, old: str, status: str) -> None:
    event = {**stack.event("update", RunToken=new, MigrationsLayerArn=""), "OldResourceProperties": {"RunToken": old}}

    assert stack.send(event)[1]["Data"]["Status"] == status


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
    assert SIGNATURE in event["ResponseURL"]
    assert SIGNATURE not in told
    assert "%7CMigrations%7C" not in told
    refusal(invocation, "SettingsInvalid", "M701")


class Provider:
    """The CDK's Provider framework, which invokes the function with the events that it gets."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def invoke(self, file: str) -> Invocation:
        """Invoke with an event of a file in events/; its ResponseURL is a real one."""
        event = {**event_of(f"cdk-provider-{file}.json"), "ResponseURL": self._stack.bucket.url(SIGNATURE)}
        return self._stack.function.invoke(event)


def test_behind_the_cdks_provider_it_returns_or_raises_and_never_puts(stack: Stack, planted: Planted) -> None:
    provider = Provider(stack)

    created, updated, deleted = (provider.invoke(file) for file in ("create", "update", "delete"))
    planted.project.write(C, "SELECT 1/0; -- " + "x" * 5000)
    failed = provider.invoke("update")

    for invocation in (created, updated, deleted):
        assert invocation.payload is not None
        assert set(invocation.payload) == {"PhysicalResourceId", "Data"}
        assert set(invocation.payload["Data"]) == DATA_KEYS
    assert [each.payload["Data"]["Status"] for each in (created, updated, deleted) if each.payload] == [
        "applied",
        "upToDate",
        "skipped",
    ]
    message = refusal(failed, "MigrationFailed", "P3018")
    assert len(message) <= 1500
    assert message.splitlines()[1].startswith("Logs: /aws/lambda/migrate ")
    assert stack.bucket.requests == ()
    wait_until(lambda: planted.project.held_advisory_locks() == 0)
