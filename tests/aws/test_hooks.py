"""CodeDeploy's hooks from end to end: the event in, the status at CodeDeploy."""

import threading

import pytest

from local.invocation import Invocation
from tests.fixtures.aws_wire import AwsError
from tests.fixtures.custom_resources import Event, event_of
from tests.fixtures.functions import A, B, BreakImports, Planted, Start, errors, messages, metrics, refusal
from tests.fixtures.results import DeploymentServices

C = "20240103000000_c"
RESERVE_S = "5"
LATER = "eyJlbmNyeXB0ZWREYXRhIjoibGF0ZXIifQ=="


def event(execution: str | None = None) -> Event:
    """The event of a hook; of another execution of it, where one is given."""
    of_file = event_of("codedeploy-hook.json")
    return of_file if execution is None else {**of_file, "LifecycleEventHookExecutionId": execution}


def statuses(services: DeploymentServices) -> list[str]:
    """What CodeDeploy was told so far, of the hook in the event and of no other deployment."""
    assert {told.operation for told in services.requests} <= {"PutLifecycleEventHookExecutionStatus"}
    assert {told.parameters["deploymentId"] for told in services.requests} <= {event()["DeploymentId"]}
    return [told.parameters["status"] for told in services.requests]


def located_errors(invocation: Invocation) -> list[str]:
    """The errors in the log; each names where the log is."""
    told = errors(invocation)
    assert all("Logs: /aws/lambda/migrate local/[$LATEST]" in message for message in told)
    return told


def test_without_a_setting_a_hook_looks_whether_anything_is_pending_and_changes_nothing(
    led: Start, planted: Planted, services: DeploymentServices
) -> None:
    function = led()

    pending = function.invoke(event())
    before = planted.project.tables_with_history()
    planted.project.run()
    done = function.invoke(event(LATER))

    assert before == set()
    assert statuses(services) == ["Failed", "Succeeded"]
    assert [told.parameters["lifecycleEventHookExecutionId"] for told in services.requests] == [
        event()["LifecycleEventHookExecutionId"],
        LATER,
    ]
    assert (pending.payload, done.payload) == ({"status": "Failed"}, {"status": "Succeeded"})
    assert (pending.error, done.error) == (None, None), "Lambda would run the event again"
    assert [message[:4] for message in located_errors(pending)] == ["M503"]
    assert located_errors(done) == []


def test_by_the_setting_a_hook_deploys(led: Start, planted: Planted, services: DeploymentServices) -> None:
    invocation = led(MIGRATE_HOOK_ACTION="deploy").invoke(event())

    assert statuses(services) == ["Succeeded"]
    assert invocation.payload == {"status": "Succeeded"}
    assert planted.project.tables() == {"a", "b"}
    assert (metrics(invocation)[0]["action"], metrics(invocation)[0]["Applied"]) == ("deploy", [2])


def test_a_migration_that_fails_fails_the_hook_and_the_log_says_why(
    led: Start, planted: Planted, services: DeploymentServices
) -> None:
    planted.project.write(B, "CREATE TABLE b (id int);\nALTER TABLE nowhere ADD COLUMN c int;")

    invocation = led(MIGRATE_HOOK_ACTION="deploy").invoke(event())

    assert statuses(services) == ["Failed"]
    [message] = located_errors(invocation)
    assert message.startswith(f"P3018 Migration {B} failed to apply: ERROR 42P01 ")
    assert "line 2, column 1" in message
    assert "ALTER TABLE nowhere ADD COLUMN c int;" in message
    assert (invocation.error, planted.project.tables()) == (None, {"a"})


SET_UP_WRONG: dict[str, tuple[dict[str, str], str]] = {
    "an action that a hook has not": ({"MIGRATE_HOOK_ACTION": "resolve"}, "M201"),
    "a secret that is not there": ({"MIGRATE_SECRET_ID": "nowhere"}, "M204"),
}


@pytest.mark.parametrize(("variables", "code"), SET_UP_WRONG.values(), ids=SET_UP_WRONG)
def test_a_set_up_that_is_wrong_fails_the_hook(
    led: Start, planted: Planted, services: DeploymentServices, variables: dict[str, str], code: str
) -> None:
    invocation = led(**variables).invoke(event())

    assert statuses(services) == ["Failed"]
    assert [message.split(" ")[0] for message in located_errors(invocation)] == [code]
    assert invocation.error is None
    assert planted.project.tables_with_history() == set()


def test_a_package_that_cannot_be_imported_fails_the_hook(
    led: Start, services: DeploymentServices, broken_imports: BreakImports
) -> None:
    invocation = led(MIGRATE_HOOK_ACTION="deploy", PYTHONPATH=broken_imports("psycopg")).invoke(event())

    assert statuses(services) == ["Failed"]
    assert len(located_errors(invocation)) == 1


def test_the_hook_of_several_functions_at_the_same_time_is_applied_once_and_succeeds_each_time(
    led: Start, planted: Planted, services: DeploymentServices
) -> None:
    """One of them tells CodeDeploy what it knows already: both were sent the same event."""
    planted.project.write(C, "CREATE TABLE c (id int); SELECT pg_sleep(1);")
    functions = [led(MIGRATE_HOOK_ACTION="deploy") for _ in range(2)]
    invocations: list[Invocation] = []
    for function in functions:  # their processes are started by this thread, with which they end
        function.invoke({"action": "plan"})
    threads = [
        threading.Thread(target=lambda each=each: invocations.append(each.invoke(event()))) for each in functions
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses(services) == ["Succeeded", "Succeeded"]
    assert [invocation.payload for invocation in invocations] == [{"status": "Succeeded"}] * 2
    assert sorted(metrics(invocation)[0]["Applied"] for invocation in invocations) == [[0], [3]]
    known = [sum("has a result already" in message for message in messages(each)) for each in invocations]
    assert sorted(known) == [0, 1], "the log of the second says that it was not told"
    assert [row["migration_name"] for row in planted.project.rows()] == [A, B, C]


def test_a_run_that_does_not_fit_the_time_is_cancelled_and_told_before_its_end(
    led: Start, planted: Planted, services: DeploymentServices
) -> None:
    planted.project.write(C, "CREATE TABLE c (id int); SELECT pg_sleep(60);")

    invocation = led(MIGRATE_HOOK_ACTION="deploy", MIGRATE_RESERVE_S=RESERVE_S).invoke(event(), timeout_s=8.0)

    assert statuses(services) == ["Failed"]
    assert [message[:4] for message in located_errors(invocation)] == ["M606"]
    assert invocation.error is None
    assert invocation.elapsed_ms < 8_000
    assert planted.project.tables() == {"a", "b"}


def test_a_result_that_is_not_taken_fails_the_invocation_and_what_was_applied_stays(
    led: Start, planted: Planted, services: DeploymentServices
) -> None:
    function = led(MIGRATE_HOOK_ACTION="deploy")
    services.behave(
        AwsError("AccessDeniedException", "User is not authorized to perform this action"),
        AwsError("DeploymentDoesNotExistException", "The deployment does not exist."),
    )

    denied, gone, taken = (function.invoke(event()) for _ in range(3))  # as Lambda does

    assert "codedeploy:PutLifecycleEventHookExecutionStatus" in refusal(denied, "SettingsInvalid", "M703")
    assert "DeploymentDoesNotExistException" in refusal(gone, "RequestInvalid", "M704")
    assert [messages(each)[-1][:4] for each in (denied, gone)] == ["M703", "M704"]
    assert statuses(services) == ["Succeeded"] * 3
    assert taken.payload == {"status": "Succeeded"}
    assert [metrics(each)[0]["Applied"] for each in (denied, gone, taken)] == [[2], [0], [0]]
    assert planted.project.tables() == {"a", "b"}


def test_where_nothing_leads_to_codedeploy_the_invocation_fails_and_what_was_applied_stays(
    led: Start, planted: Planted, services: DeploymentServices
) -> None:
    nowhere = {"AWS_ENDPOINT_URL_CODEDEPLOY": "http://127.0.0.1:1"}

    invocation = led(MIGRATE_HOOK_ACTION="deploy", **nowhere).invoke(event())

    assert "interface endpoint" in refusal(invocation, "SettingsInvalid", "M703")
    assert planted.project.tables() == {"a", "b"}
    assert services.requests == ()


def test_a_codedeploy_that_is_silent_does_not_hold_the_function_until_lambda_kills_it(
    led: Start, planted: Planted, services: DeploymentServices
) -> None:
    services.behave("stall", "stall", "stall")

    invocation = led(MIGRATE_HOOK_ACTION="deploy", MIGRATE_RESERVE_S=RESERVE_S).invoke(event(), timeout_s=6.5)

    assert "no answer in time" in refusal(invocation, "SettingsInvalid", "M703")
    assert invocation.elapsed_ms < 6_500
    assert planted.project.tables() == {"a", "b"}
