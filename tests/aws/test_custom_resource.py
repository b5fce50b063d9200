"""A custom resource from end to end: the event in, the answer in CloudFormation's bucket."""

import json
import threading

import pytest

from local.invocation import Invocation
from local.secrets_manager import LocalSecretsManager
from tests.fixtures.custom_resources import DATA_KEYS, event_of
from tests.fixtures.functions import (
    SECRET_ID,
    A,
    B,
    BreakImports,
    Planted,
    messages,
    metrics,
    refusal,
    wait_until,
)
from tests.fixtures.planted import SIGNATURE
from tests.fixtures.stacks import NewStack, Stack, checked

C = "20240103000000_c"
UNREACHABLE = {"DATABASE_URL": "postgresql://app:hunter2@127.0.0.1:1/shop"}


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

    answers = [checked(event, json.loads(request.body)) for request in stacks[0].bucket.requests]

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
    first, *more = answer["Reason"].splitlines()
    sentence, logs = first.split(" Logs: ")
    assert sentence == (
        f"P3018 Migration {B} failed to apply: ERROR 42P01 in statement 2 (line 2, column 1): "
        'relation "nowhere" does not exist. Nothing of it is in the database. '
        "Correct the file and deploy again; no resolve is needed."
    )
    assert logs.startswith("/aws/lambda/migrate ")
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


WRONG = {
    "an unknown log level": {"POWERTOOLS_LOG_LEVEL": "verbose"},
    "a sample rate that is no number": {"POWERTOOLS_LOGGER_SAMPLE_RATE": "half"},
    "a flag that is none": {"POWERTOOLS_DEV": "maybe"},
}


@pytest.mark.parametrize("variables", WRONG.values(), ids=WRONG)
def test_a_variable_that_powertools_cannot_read_is_no_reason_not_to_answer(
    new_stack: NewStack, planted: Planted, variables: dict[str, str]
) -> None:
    stack = new_stack(DATABASE_URL=planted.url, **variables)

    created, (invocation, deleted) = stack.answer("create"), stack.send(stack.event("delete"))

    assert (created["Status"], created["Data"]["AppliedCount"]) == ("SUCCESS", "2")
    assert deleted["Status"] == "SUCCESS"
    assert messages(invocation)[0].startswith("Powertools cannot be used (")


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
    assert " Logs: /aws/lambda/migrate " in message.splitlines()[0]
    assert stack.bucket.requests == ()
    wait_until(lambda: planted.project.held_advisory_locks() == 0)
