"""The handler as Lambda runs it: AWS's own runtime client, Secrets Manager over HTTP, a real PostgreSQL."""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import pytest

from local.invocation import Invocation
from local.runtime_api import LambdaSandbox
from local.secrets_manager import LocalSecretsManager
from tests.fixtures.projects import ROOT, Project, check_outcome
from tests.fixtures.sessions import open_session

pytest.importorskip("awslambdaric", reason="AWS's runtime client is not installed")

A, B = "20240101000000_a", "20240102000000_b"
PASSWORD = "hunter2#^+!@:/?[]%41"
SECRET_ID = "shop/database"


class Planted:
    """A login whose password is nowhere to appear, and the places in which it could."""

    def __init__(self, project: Project, user: str) -> None:
        self.project = project
        self.user = user

    @property
    def url(self) -> str:
        """The URL with the password percent-encoded."""
        address = self.project.server.address
        login = f"{self.user}:{quote(PASSWORD, safe='')}"
        return f"postgresql://{login}@{address.host}:{address.port}/{self.project.database}"

    @property
    def secret(self) -> dict[str, Any]:
        """The secret as Amazon RDS writes it."""
        address = self.project.server.address
        return {
            "engine": "postgres",
            "username": self.user,
            "password": PASSWORD,
            "host": address.host,
            "port": address.port,
            "dbname": self.project.database,
        }


@pytest.fixture
def planted(one_project: Project) -> Iterator[Planted]:
    """A role with the planted password, and a project of two migrations."""
    user = f"app_{secrets.token_hex(4)}"
    one_project.query(f"CREATE ROLE {user} LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
    one_project.write(A, "CREATE TABLE a (id int);")
    one_project.write(B, "CREATE TABLE b (id int);")
    yield Planted(one_project, user)
    one_project.query(f"DROP OWNED BY {user} CASCADE")
    one_project.query(f"DROP ROLE {user}")


@pytest.fixture
def manager() -> Iterator[LocalSecretsManager]:
    """A Secrets Manager without a secret in it."""
    with LocalSecretsManager() as running:
        yield running


class Start(Protocol):
    """Starts a function with more variables in its environment than those that lead it to the stand-ins."""

    def __call__(self, **variables: str) -> LambdaSandbox: ...


@pytest.fixture
def start(planted: Planted, manager: LocalSecretsManager) -> Iterator[Start]:
    """Sandboxes of the function, ended with the test. Afterwards no session may be left in the database."""
    with ExitStack() as stack:

        def started(**variables: str) -> LambdaSandbox:
            environment = {**manager.environment, "MIGRATE_DIR": str(planted.project.directory), **variables}
            return stack.enter_context(LambdaSandbox(environment))

        yield started
        wait_until(lambda: sessions_of_runs(planted.project) == 0)


@pytest.fixture
def function(start: Start, planted: Planted, manager: LocalSecretsManager) -> LambdaSandbox:
    """The function as it is set up in AWS: with a secret."""
    manager.put(SECRET_ID, planted.secret)
    return start(MIGRATE_SECRET_ID=SECRET_ID)


def sessions_of_runs(project: Project) -> int:
    statement = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'mig/%%' AND datname = %s"
    return int(project.value(statement, project.database))


def wait_until(condition: Callable[[], bool], limit_s: float = 5.0) -> None:
    give_up_at = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < give_up_at, "it did not come to be"
        time.sleep(0.02)


def records(invocation: Invocation) -> list[dict[str, Any]]:
    """The JSON records of the log."""
    return [json.loads(line) for line in invocation.log.splitlines() if line.startswith("{")]


def messages(invocation: Invocation) -> list[str]:
    return [record["message"] for record in records(invocation)]


def outcome_of(invocation: Invocation) -> dict[str, Any]:
    """What the function returned, checked against the published schema; nothing of it is secret."""
    assert invocation.error is None
    assert "hunter2" not in invocation.log + str(invocation.payload)
    check_outcome(invocation.payload)
    outcome: dict[str, Any] = invocation.payload
    return outcome


def refusal(invocation: Invocation, error_type: str, code: str) -> str:
    """The error's text; it names what it should, and nothing of the invocation is secret."""
    assert invocation.payload is None
    assert invocation.error is not None
    message: str = invocation.error["errorMessage"]
    assert (invocation.error_type, message.split(" ", maxsplit=1)[0]) == (error_type, code)
    assert "hunter2" not in invocation.log + str(invocation.error)
    assert quote(PASSWORD, safe="") not in invocation.log + str(invocation.error)
    return message


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
        assert {record["level"] for record in records(invocation)} == {"INFO"}
        assert len(messages(invocation)) == len(set(messages(invocation)))
        assert len(messages(invocation)) == len(invocation.log.splitlines()), "nothing else is logged"


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
    assert first_line == (
        f"P3018 Migration {B} failed to apply: ERROR 22012 at line 2, column 1: division by zero. "
        "Nothing of it is in the database. Correct the file and deploy again; no resolve is needed."
    )
    [told] = [record for record in records(failed) if record["level"] == "ERROR"]
    assert told["message"].splitlines()[0] == first_line
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
    ("hunter2", "is not a JSON object"),
    ("", "is not a JSON object"),
    ('["hunter2"]', "is not a JSON object"),
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
        invocation = function.invoke({}, timeout_s=20.5)

    refusal(invocation, "LockTimeout", "P1002")
    assert invocation.elapsed_ms < 5_000


def test_a_package_without_psycopg_is_told_so(start: Start, planted: Planted, tmp_path: Path) -> None:
    """As when it was built for another architecture."""
    (tmp_path / "psycopg.py").write_text("raise ImportError('no pq wrapper available', name='psycopg')")
    function = start(DATABASE_URL=planted.url, PYTHONPATH=f"{tmp_path}:{ROOT}")

    message = refusal(function.invoke({}), "InternalError", "M902")

    assert "psycopg cannot be imported" in message
