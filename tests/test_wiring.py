"""One request in, one outcome out: which settings count, and what is left afterwards."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from lambda_fn import wiring
from lambda_fn.domain.event import Applied, Event
from lambda_fn.domain.outcome import Outcome, Status, to_json
from lambda_fn.domain.request import Request, parse_request
from lambda_fn.settings import Settings
from tests.fixtures.projects import Project, RecordingReporter, check_outcome
from tests.fixtures.sessions import open_session

A, B = "20240101000000_a", "20240102000000_b"
NOWHERE = "postgresql://app:hunter2@127.0.0.1:1/shop"


@pytest.fixture
def project(one_project: Project) -> Iterator[Project]:
    """A project of one migration; no session may be left on its database."""
    one_project.write(A, "CREATE TABLE a (id int);")
    yield one_project
    assert one_project.value("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'mig/%%'") == 0


def error_code(outcome: Outcome) -> str | None:
    return outcome.error.code if outcome.error else None


def run(settings: Settings, reporter: RecordingReporter | None = None, **options: object) -> Outcome:
    outcome = wiring.run(parse_request(options), settings, reporter or RecordingReporter(), run_id="run-1")
    check_outcome(to_json(outcome))
    return outcome


def test_the_outcome_says_what_was_read_and_where_it_was_run(project: Project) -> None:
    outcome = run(project.settings)

    address = project.server.address
    assert outcome.status is Status.APPLIED
    assert (outcome.run_id, outcome.directory, outcome.migrations) == ("run-1", str(project.directory), 1)
    assert (outcome.database, outcome.schema) == (f"{address.host}:{address.port}/{project.database}", "public")
    assert (outcome.server_version or "").startswith("18.")
    assert outcome.elapsed_ms > 0


def test_the_run_is_told_from_its_beginning_to_its_end(project: Project) -> None:
    reporter = RecordingReporter()
    run(project.settings, reporter)

    assert [type(event).__name__ for event in reporter.events] == [
        "RunStarted",
        "DirectoryRead",
        "ApplyStarted",
        "Applied",
        "DeployFinished",
    ]


def test_a_failure_is_told_last_and_is_in_the_outcome(project: Project) -> None:
    project.write(A, "SELECT 1/0;")
    reporter = RecordingReporter()

    outcome = run(project.settings, reporter)

    assert (outcome.status, error_code(outcome)) == (Status.FAILED, "P3018")
    assert type(reporter.events[-1]).__name__ == "RunFailed"


def test_the_directory_is_read_before_anything_is_connected_to() -> None:
    outcome = run(Settings(database_url=NOWHERE, directory="/nowhere"))

    assert error_code(outcome) == "M206"
    assert (outcome.directory, outcome.database) == (None, None)


def test_a_database_that_is_not_there_is_named_in_the_outcome_without_its_password(project: Project) -> None:
    outcome = run(project.settings_for(NOWHERE))

    assert error_code(outcome) == "P1001"
    assert (outcome.database, outcome.migrations) == ("127.0.0.1:1/shop", 1)
    assert "hunter2" not in str(to_json(outcome))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"database_url": None}, "M202"),
        ({"secret_id": "shop/database"}, "M203"),
        ({"database_url": "mysql://u:hunter2@h/d"}, "P1013"),
    ],
)
def test_exactly_one_database_has_to_be_configured(project: Project, changes: dict[str, str | None], code: str) -> None:
    outcome = run(dataclasses.replace(project.settings, **changes))  # type: ignore[arg-type]  # each has its own type

    assert error_code(outcome) == code
    assert outcome.database is None


def test_the_schema_of_the_request_wins_over_the_settings_and_these_over_the_url(project: Project) -> None:
    from_url = project.settings_for(project.url + ("&" if "?" in project.url else "?") + "schema=of_url")
    from_settings = dataclasses.replace(from_url, schema="of_settings")

    assert run(project.settings).schema == "public"
    assert run(from_url).schema == "of_url"
    assert run(from_settings).schema == "of_settings"
    assert run(from_settings, schema="of_request").schema == "of_request"
    assert all(project.tables(schema) == {"a"} for schema in ("public", "of_url", "of_settings", "of_request"))


def test_the_owner_role_of_the_request_wins_over_the_settings(project: Project) -> None:
    settings = dataclasses.replace(project.settings, owner_role="nosuchrole")

    assert error_code(run(settings)) == "M305"
    assert run(settings, ownerRole=project.server.address.user).status is Status.APPLIED


def test_strict_of_the_request_wins_over_the_settings_both_ways(project: Project) -> None:
    run(project.settings)
    project.write(A, "SELECT 'edited';")
    strict = dataclasses.replace(project.settings, strict=True)

    assert error_code(run(strict)) == "M502"
    assert error_code(run(strict, strict=False)) is None
    assert error_code(run(project.settings, strict=True)) == "M502"
    assert error_code(run(project.settings)) is None


@pytest.mark.parametrize(
    ("set_s", "options", "remaining_s"),
    [(0.1, {}, None), (60.0, {"lockWaitS": 0.1}, None), (60.0, {"lockWaitS": 60}, 20.3)],
    ids=["as set", "as requested", "until the reserve of the invoker's time"],
)
def test_the_lock_is_waited_for_as_requested_as_set_and_within_the_invokers_time(
    project: Project, set_s: float | None, options: dict[str, object], remaining_s: float | None
) -> None:
    settings = dataclasses.replace(project.settings, lock_wait_s=set_s)
    with open_session(project):
        outcome = wiring.run(
            parse_request(options), settings, RecordingReporter(), run_id="run-1", remaining_s=remaining_s
        )

    assert error_code(outcome) == "P1002"
    assert outcome.elapsed_ms < 2000


@pytest.mark.parametrize("action", ["deploy", "status", "plan", "verify", "resolve"])
def test_every_action_is_carried_out(project: Project, action: str) -> None:
    run(project.settings)
    project.write(B, "SELECT 1;")
    options: dict[str, Any] = {"applied": [B]} if action == "resolve" else {}

    outcome = run(project.settings, action=action, **options)

    assert outcome.action == action
    assert {
        "deploy": (Status.APPLIED, None),
        "status": (Status.PENDING, None),
        "plan": (Status.PENDING, None),
        "verify": (Status.FAILED, "M503"),
        "resolve": (Status.UP_TO_DATE, None),
    }[action] == (outcome.status, error_code(outcome))


class BrokenReporter(RecordingReporter):
    """Breaks its promise when a migration has been applied."""

    def report(self, event: Event) -> None:
        """Raise what a script's text could be in."""
        super().report(event)
        match event:
            case Applied():
                raise LookupError("hunter2")
            case _:
                pass


def test_a_bug_of_ours_is_an_internal_error_that_hides_neither_what_was_done_nor_where_it_is(project: Project) -> None:
    project.write(B, "CREATE TABLE b (id int);")

    outcome = run(project.settings, BrokenReporter())

    assert error_code(outcome) == "M900"
    assert [migration.name for migration in outcome.applied] == [A]
    assert [migration.name for migration in outcome.pending] == [B]
    text = outcome.error.text if outcome.error else ""
    assert ("LookupError" in text, "test_wiring.py" in text, "hunter2" in text) == (True, True, False)


def test_a_run_can_be_repeated_with_the_same_values(project: Project) -> None:
    request, reporter = Request(), RecordingReporter()

    outcomes = [wiring.run(request, project.settings, reporter, run_id="run-1") for _ in range(3)]

    assert [outcome.status for outcome in outcomes] == [Status.APPLIED, Status.UP_TO_DATE, Status.UP_TO_DATE]
