"""The handler as Lambda runs it: AWS's own runtime client, Secrets Manager over HTTP, a real PostgreSQL."""

import pytest

from local.runtime_api import LambdaSandbox
from local.secrets_manager import LocalSecretsManager
from tests.fixtures.custom_resources import event_of
from tests.fixtures.examined import ALWAYS
from tests.fixtures.functions import (
    SECRET_ID,
    A,
    B,
    BreakImports,
    Planted,
    Start,
    errors,
    messages,
    metrics,
    outcome_of,
    records,
    refusal,
)
from tests.fixtures.planted import PASSWORD
from tests.fixtures.sessions import open_session


def test_a_deploy_with_a_secret_applies_and_a_warm_one_finds_nothing_to_do(
    function: LambdaSandbox, planted: Planted, manager: LocalSecretsManager
) -> None:
    first, second = function.invoke({"action": "deploy"}), function.invoke(None)

    outcome = outcome_of(first)
    assert (outcome["status"], outcome["runId"]) == ("applied", first.request_id)
    assert [migration["name"] for migration in outcome["applied"]] == [A, B]
    assert outcome_of(second)["status"] == "upToDate"
    assert (first.cold, second.cold) == (True, False)
    assert planted.project.tables() == {"a", "b"}
    assert set(manager.operations) == {"GetSecretValue"}


def test_the_log_holds_the_sentences_people_search_for_one_a_record_each_with_the_run(
    function: LambdaSandbox,
) -> None:
    first, second = function.invoke({}), function.invoke({})

    assert messages(first)[0] == "Running Database Migrations"
    assert messages(first)[-1] == "Migrations completed successfully"
    assert any(message.startswith("The following migration(s) have been applied:\n") for message in messages(first))
    assert f"The following migrations have been applied: {A}, {B}" in messages(first)
    assert "All migrations have been successfully applied." in messages(first)
    assert messages(second)[0] == "Running Database Migrations"
    assert messages(second)[-2:] == ["No pending migrations to apply.", "Migrations completed successfully"]
    for invocation in (first, second):
        assert {record["run_id"] for record in records(invocation)} == {invocation.request_id}
        assert {record["function_request_id"] for record in records(invocation)} == {invocation.request_id}
        assert {record["service"] for record in records(invocation)} == {"migrate-lambda"}
        assert {record["level"] for record in records(invocation)} == {"INFO"}
        assert len(messages(invocation)) == len(set(messages(invocation)))
        assert len(messages(invocation)) + len(metrics(invocation)) == len(invocation.log.splitlines()), (
            "nothing else is logged"
        )


def test_a_url_with_the_password_percent_encoded_does_as_well_and_needs_no_secret(
    start: Start, planted: Planted, manager: LocalSecretsManager
) -> None:
    outcome = outcome_of(start(DATABASE_URL=planted.url).invoke({}))

    assert outcome["status"] == "applied"
    assert planted.user not in str(outcome)
    assert manager.request_count == 0


def test_a_failure_raises_an_error_whose_first_line_is_complete_and_the_warm_function_goes_on(
    function: LambdaSandbox, planted: Planted
) -> None:
    planted.project.write(B, f"CREATE ROLE {planted.user}_b PASSWORD '{PASSWORD}';\nSELECT 1/0;")
    failed = function.invoke({})

    first_line = refusal(failed, "MigrationFailed", "P3018").splitlines()[0]
    sentence, logs = first_line.split(" Logs: ")
    assert logs.startswith("/aws/lambda/migrate ")
    assert sentence == (
        f"P3018 Migration {B} failed to apply: ERROR 22012 in statement 2 (line 2, column 1): division by zero. "
        "Nothing of it is in the database. Correct the file and deploy again; no resolve is needed."
    )
    [told] = errors(failed)
    assert told.splitlines()[0] == first_line
    assert planted.project.tables() == {"a"}

    planted.project.write(B, "CREATE TABLE b (id int);")
    mended = function.invoke({})

    assert [migration["name"] for migration in outcome_of(mended)["applied"]] == [B]
    assert not mended.cold
    assert {record["run_id"] for record in records(mended)} == {mended.request_id}


def test_an_event_that_is_not_understood_is_refused_and_changes_nothing(
    function: LambdaSandbox, planted: Planted, manager: LocalSecretsManager
) -> None:
    events: tuple[object, ...] = ({"action": "reset"}, {"acton": "deploy"}, ["deploy"], {"lockWaitS": "hunter2"})

    invocations = [function.invoke(event) for event in events]

    assert [invocation.error_type for invocation in invocations] == ["RequestInvalid"] * len(events)
    assert not any("hunter2" in invocation.log + str(invocation.error) for invocation in invocations)
    assert planted.project.tables_with_history() == set()
    assert manager.request_count == 0


def test_looking_changes_nothing(function: LambdaSandbox, planted: Planted) -> None:
    status, plan, verify = (function.invoke({"action": action}) for action in ("status", "plan", "verify"))

    assert (outcome_of(status)["status"], outcome_of(plan)["status"]) == ("pending", "pending")
    refusal(verify, "HistoryBlocked", "M503")
    assert planted.project.tables_with_history() == set()


def test_a_secret_that_cannot_be_had_is_told_within_seconds_with_what_is_missing(
    start: Start, planted: Planted, manager: LocalSecretsManager
) -> None:
    function = start(MIGRATE_SECRET_ID=SECRET_ID)

    absent = function.invoke({})
    manager.put(SECRET_ID, planted.secret)
    manager.behave("deny")
    denied = function.invoke({})
    manager.behave("drop")
    dropped = function.invoke({})
    manager.behave("answer")

    assert "ResourceNotFoundException" in refusal(absent, "SettingsInvalid", "M204")
    assert "secretsmanager:GetSecretValue" in refusal(denied, "SettingsInvalid", "M204")
    refusal(dropped, "SettingsInvalid", "M204")
    assert max(absent.elapsed_ms, denied.elapsed_ms, dropped.elapsed_ms) < 6_000
    assert all(SECRET_ID in invocation.log for invocation in (absent, denied, dropped))
    assert outcome_of(function.invoke({}))["status"] == "applied"


SPOILT: tuple[tuple[str | dict[str, str], str], ...] = (
    ("hunter2", "is neither a JSON object nor a postgresql:// URL"),
    ("", "is neither a JSON object nor a postgresql:// URL"),
    ('["hunter2"]', "is neither a JSON object nor a postgresql:// URL"),
    ({"username": "app", "password": "hunter2"}, "lacks host, dbname"),
)


def test_a_secret_that_is_not_what_it_should_be_is_told_without_its_content(
    start: Start, manager: LocalSecretsManager
) -> None:
    function = start(MIGRATE_SECRET_ID=SECRET_ID)
    for secret, told in SPOILT:
        manager.put(SECRET_ID, secret)
        message = refusal(function.invoke({}), "SettingsInvalid", "M205")
        assert message.startswith(f"M205 The secret {SECRET_ID} {told}. ")


def test_a_secrets_manager_that_cannot_be_reached_is_told_with_the_endpoint_to_make(start: Start) -> None:
    function = start(MIGRATE_SECRET_ID=SECRET_ID, AWS_ENDPOINT_URL_SECRETS_MANAGER="http://127.0.0.1:1")

    invocation = function.invoke({})

    message = refusal(invocation, "SettingsInvalid", "M204")
    assert "com.amazonaws.<region>.secretsmanager" in message
    assert invocation.elapsed_ms < 6_000


def test_a_secrets_manager_that_never_answers_does_not_look_like_a_hang(
    start: Start, manager: LocalSecretsManager
) -> None:
    manager.behave("stall")

    invocation = start(MIGRATE_SECRET_ID=SECRET_ID).invoke({})

    assert "com.amazonaws.<region>.secretsmanager" in refusal(invocation, "SettingsInvalid", "M204")
    assert invocation.elapsed_ms < 15_000


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({}, "M202"),
        ({"MIGRATE_SECRET_ID": "x", "DATABASE_URL": "postgresql://h"}, "M203"),
        ({"MIGRATE_STRICT": "x"}, "M201"),
    ],
)
def test_settings_that_are_wrong_are_told(start: Start, variables: dict[str, str], code: str) -> None:
    assert refusal(start(**variables).invoke({}), "SettingsInvalid", code).startswith(code)


def test_a_wrong_password_is_told_without_being_repeated(
    start: Start, planted: Planted, manager: LocalSecretsManager
) -> None:
    manager.put(SECRET_ID, {**planted.secret, "password": PASSWORD + "2"})

    message = refusal(start(MIGRATE_SECRET_ID=SECRET_ID).invoke({}), "SettingsInvalid", "P1000")

    assert planted.user in message


def test_a_lock_that_others_hold_is_told_before_lambda_ends_the_function(
    function: LambdaSandbox, planted: Planted
) -> None:
    with open_session(planted.project):
        invocation = function.invoke({}, timeout_s=22.0)  # 2 s besides the reserve

    refusal(invocation, "LockTimeout", "P1002")
    assert invocation.elapsed_ms < 5_000


def test_doctor_says_of_everything_whether_it_is_there_and_changes_nothing(
    function: LambdaSandbox, planted: Planted
) -> None:
    invocation = function.invoke(event_of("direct-doctor.json"))

    outcome = outcome_of(invocation)
    assert (outcome["status"], outcome["action"]) == ("passed", "doctor")
    assert [check["name"] for check in outcome["checks"]] == list(ALWAYS)
    assert {check["result"] for check in outcome["checks"]} == {"passed"}
    assert [message.split(" ")[0] for message in messages(invocation)] == ["passed"] * len(ALWAYS)
    assert planted.project.tables_with_history() == set()


def test_doctor_returns_what_it_found_also_when_that_is_bad(function: LambdaSandbox) -> None:
    invocation = function.invoke({"action": "doctor", "secretId": "nowhere"})

    outcome = outcome_of(invocation)
    results = {check["name"]: (check["result"], check["code"]) for check in outcome["checks"]}
    assert outcome["status"] == "failed"
    assert results["secret"] == ("failed", "M204")
    assert results["login"][0] == "unknown"
    assert {record["level"] for record in records(invocation)} == {"INFO", "WARNING", "ERROR"}


def test_a_package_without_psycopg_is_told_so(start: Start, planted: Planted, broken_imports: BreakImports) -> None:
    function = start(DATABASE_URL=planted.url, PYTHONPATH=broken_imports("psycopg"))

    message = refusal(function.invoke({}), "InternalError", "M902")

    assert "psycopg cannot be imported" in message


def test_terraform_deploys_on_create_and_needs_nothing_on_delete(function: LambdaSandbox, start: Start) -> None:
    created = outcome_of(function.invoke(event_of("terraform-create.json")))
    deleted = outcome_of(start(MIGRATE_STRICT="perhaps").invoke(event_of("terraform-delete.json")))

    assert (created["status"], created["latest"]) == ("applied", B)
    assert (deleted["status"], deleted["applied"]) == ("skipped", [])
