"""Each invoker by the events in events/: what is asked for, and how success, failure and a lack of time are told."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.domain.reply import Call, Put, Raise, Reply, Return
from lambda_fn.domain.request import Action, Request
from lambda_fn.domain.row import RowState
from lambda_fn.errors import DeadlineExceeded, HistoryBlocked, MigrateError, MigrationFailed, RequestInvalid
from lambda_fn.invokers.invoker import AsSet, Invoker, Skip
from lambda_fn.invokers.recognition import recognise
from tests.fixtures.custom_resources import EVENTS, FUNCTION, LATEST, LOGS, applied, event_of, failed, skipped

ERROR = MigrationFailed(
    "P3018",
    f"Migration {LATEST} failed to apply: ERROR 42703 in statement 2 (line 5, column 3): column x does not exist.",
    "Correct the file and deploy again.",
    lines=("    5 | SELECT x;",),
)
SENTENCE = f"{ERROR.headline} {LOGS}"
LATE = DeadlineExceeded("M605", f"The time was up before migration {LATEST} began.", "Deploy again.")
FAILED = failed(ERROR)
INCOMPLETE = replace(applied("20250101000000_first"), status=Status.INCOMPLETE, error=LATE)
OUTCOMES = {"success": applied(), "skip": skipped(), "failure": FAILED, "lack of time": INCOMPLETE}

DEPLOY = Request()
BY_CONTINUE = Request(comes_back=True)
IN_PARTS = Request(comes_back=True, waits_on=True)
GOING_ON = replace(IN_PARTS, continues="5f6d2c1e-8a53-4f9d-9b1c-0a1b2c3d4e5f")
EVERY_OPTION = Request(
    owner_role="app_owner",
    strict=True,
    lock_wait_s=120,
    secret_id="arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/database-Zk3bQx",
)
VERIFY = Request(Action.VERIFY)
GATE = Request(Action.VERIFY, requires=LATEST)


def told(reply: Reply) -> str:
    """How a reply tells its invoker, in short."""
    match reply:
        case Return(payload):
            key = next(
                (key for key in ("hookStatus", "Status", "statusCode", "PhysicalResourceId") if key in payload), ""
            )
            return f"returns {payload.get(key) if key in ('hookStatus', 'Status', 'statusCode') else key or 'outcome'}"
        case Raise(error):
            return f"raises {type(error).__name__}"
        case Put(payload=payload):
            return f"puts {payload['Status']}"
        case Call(operation=operation, parameters=parameters):
            token = " with a token" if "continuationToken" in parameters else ""
            return f"calls {operation} {parameters.get('status', '')}".strip() + token


@dataclass(frozen=True, slots=True)
class Row:
    """What comes of an event: the request (or the code that refuses it), and the reply to each kind of outcome.

    A lack of time is that of a run whose invoker comes back: for the others it never is `incomplete`.
    """

    request: Request | type[Skip] | AsSet | str
    success: str
    failure: str
    lack_of_time: str


DIRECT = ("returns outcome", "raises MigrationFailed", "returns outcome")
PUT = ("puts SUCCESS", "puts FAILED", "puts FAILED")
PROVIDER = ("returns PhysicalResourceId", "raises MigrationFailed", "raises DeadlineExceeded")
HOOK = tuple(f"calls PutLifecycleEventHookExecutionStatus {each}" for each in ("Succeeded", "Failed", "Failed"))
PIPELINE = ("calls PutJobSuccessResult", "calls PutJobFailureResult", "calls PutJobSuccessResult with a token")
ECS = ("returns SUCCEEDED", "returns FAILED", "returns IN_PROGRESS")
REFUSED = ("raises RequestInvalid",) * 3

ROWS: dict[str, Row] = {
    "cloudformation-create.json": Row(EVERY_OPTION, *PUT),
    "cloudformation-create-verify.json": Row(GATE, *PUT),
    "cloudformation-create-sam-local.json": Row(DEPLOY, *PUT),
    "cloudformation-update.json": Row(DEPLOY, *PUT),
    "cloudformation-update-rollback.json": Row(Skip, *PUT),
    "cloudformation-delete.json": Row(Skip, *PUT),
    "cdk-provider-create.json": Row(DEPLOY, *PROVIDER),
    "cdk-provider-update.json": Row(Request(lock_wait_s=60), *PROVIDER),
    "cdk-provider-delete.json": Row(Skip, *PROVIDER),
    "codedeploy-hook.json": Row(AsSet(), *HOOK),
    "ecs-pre-scale-up.json": Row(IN_PARTS, *ECS),
    "ecs-pre-scale-up-continued.json": Row(GOING_ON, *ECS),
    "ecs-pre-scale-up-first-form.json": Row(IN_PARTS, *ECS),
    "ecs-pre-scale-up-verify.json": Row(GATE, *ECS),
    "ecs-post-production-traffic-shift.json": Row(replace(IN_PARTS, to=LATEST), *ECS),
    "ecs-production-traffic-shift-rollback.json": Row(Skip, *ECS),
    "codepipeline-deploy.json": Row(IN_PARTS, *PIPELINE),
    "codepipeline-continued.json": Row(GOING_ON, *PIPELINE),
    "codepipeline-without-parameters.json": Row(IN_PARTS, *PIPELINE),
    "codepipeline-verify.json": Row(GATE, *PIPELINE),
    "codepipeline-plan.json": Row(Request(Action.PLAN), *PIPELINE),
    "terraform-create.json": Row(DEPLOY, *DIRECT),
    "terraform-update.json": Row(Request(strict=True), *DIRECT),
    "terraform-delete.json": Row(Skip, *DIRECT),
    "scheduled-rule.json": Row(Request(Action.STATUS), *DIRECT),
    "scheduled-scheduler.json": Row(Request(Action.STATUS), *DIRECT),
    "direct-cdk-trigger.json": Row(DEPLOY, *DIRECT),
    "direct-continue.json": Row(BY_CONTINUE, *DIRECT),
    "direct-empty.json": Row(DEPLOY, *DIRECT),
    "direct-deploy.json": Row(DEPLOY, *DIRECT),
    "direct-verify.json": Row(VERIFY, *DIRECT),
    "direct-status.json": Row(Request(Action.STATUS), *DIRECT),
    "direct-plan.json": Row(Request(Action.PLAN), *DIRECT),
    "direct-doctor.json": Row(Request(Action.DOCTOR), *DIRECT),
    "direct-history.json": Row(Request(Action.HISTORY, state=RowState.FAILED, limit=20), *DIRECT),
    "refused-sns.json": Row("M111", *REFUSED),
    "refused-sqs.json": Row("M111", *REFUSED),
    "refused-durable.json": Row("M111", *("returns FAILED",) * 3),
    "refused-function-url.json": Row("M111", *("returns 403",) * 3),
    "refused-sns-cloudformation-create.json": Row("M111", *PUT),
}
# Tried in test_direct.py, with the names that are in them.
ELSEWHERE = {
    "direct-baseline.json",
    "direct-other-database.json",
    "direct-resolve-applied.json",
    "direct-resolve-rolled-back.json",
}

a_row = pytest.mark.parametrize(("file", "row"), ROWS.items(), ids=ROWS)


def invoker_of(file: str) -> Invoker:
    """The invoker of an event file."""
    return recognise(event_of(file), FUNCTION)


def refusal_of(invoker: Invoker) -> MigrateError:
    """The error by which an event is refused."""
    with pytest.raises(RequestInvalid) as raised:
        invoker.request()
    return raised.value


def test_every_event_file_has_its_row() -> None:
    assert {path.name for path in EVENTS.iterdir()} == ROWS.keys() | ELSEWHERE


@a_row
def test_what_an_event_asks_for(file: str, row: Row) -> None:
    invoker = invoker_of(file)

    if isinstance(row.request, str):
        assert refusal_of(invoker).code == row.request
    elif row.request is Skip:
        assert isinstance(invoker.request(), Skip)
    else:
        assert invoker.request() == row.request


@a_row
def test_how_the_invoker_is_told(file: str, row: Row) -> None:
    invoker = invoker_of(file)
    if isinstance(row.request, str):
        refused = failed(refusal_of(invoker))
        assert told(invoker.reply(refused)) == row.failure
        return

    assert told(invoker.reply(OUTCOMES["success"])) == row.success
    assert told(invoker.reply(OUTCOMES["skip"])) == row.success
    assert told(invoker.reply(OUTCOMES["failure"])) == row.failure
    assert told(invoker.reply(OUTCOMES["lack of time"])) == row.lack_of_time


@a_row
def test_no_status_but_a_success_lets_a_deployment_go_on(file: str, row: Row) -> None:
    """Whatever the run came to, also what no run comes to."""
    invoker = invoker_of(file)
    if isinstance(row.request, str) or row.success == "returns outcome":
        return
    for status in (Status.FAILED, Status.UNKNOWN, Status.PENDING):
        outcome = Outcome(Action.DEPLOY, status, "run-1", 5)
        assert told(invoker.reply(outcome)).split()[1] not in ("SUCCESS", "SUCCEEDED", "PutJobSuccessResult")
        assert "Succeeded" not in told(invoker.reply(outcome))
        assert told(invoker.reply(outcome)) != "returns PhysicalResourceId"


def sentence_in(reply: Reply) -> str | None:
    """The first line of what a reply tells people; None where its invoker takes no text."""
    text: Any = None
    if isinstance(reply, Raise):
        text = reply.error.text
    elif isinstance(reply, Put):
        text = reply.payload["Reason"]
    elif isinstance(reply, Call):
        details: Any = reply.parameters.get("failureDetails", {})
        text = details.get("message")
    return None if text is None else str(text).splitlines()[0]


@a_row
def test_people_read_the_same_sentence_everywhere(file: str, row: Row) -> None:
    if isinstance(row.request, str):
        return
    sentence = sentence_in(invoker_of(file).reply(FAILED))

    takes_none = row.success in ("returns SUCCEEDED", HOOK[0])
    assert sentence == (None if takes_none else SENTENCE)


def test_the_sentence_has_all_that_people_need() -> None:
    needed = ("P3018", LATEST, "statement 2", "line 5", "Correct the file", FUNCTION.log_group, FUNCTION.log_stream)

    assert all(each in SENTENCE for each in needed)


def test_an_error_that_nobody_sees_coming_is_told_as_any_other() -> None:
    blocked = failed(HistoryBlocked("P3009", "It failed.", "Resolve it."))

    assert told(invoker_of("codedeploy-hook.json").reply(blocked)) == HOOK[1]
    assert told(invoker_of("ecs-pre-scale-up.json").reply(blocked)) == ECS[1]
