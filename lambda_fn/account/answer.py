"""What Lambda answered to an invocation: the outcome of the run, or the error in its place."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from lambda_fn.account.log import last_id_in
from lambda_fn.domain import destructive
from lambda_fn.domain.answer_event import CutShort
from lambda_fn.domain.baseline_event import Baselined
from lambda_fn.domain.check import Check, CheckName, Result
from lambda_fn.domain.check_event import Checked
from lambda_fn.domain.destructive_event import FoundDestructive
from lambda_fn.domain.event import (
    Applied,
    DeployFinished,
    Diagnosed,
    DirectoryRead,
    Event,
    Planned,
    Resolved,
    RunFailed,
    RunStarted,
    Warned,
)
from lambda_fn.domain.history_event import HistoryRead
from lambda_fn.domain.outcome import AppliedMigration, Outcome, PendingMigration, Status
from lambda_fn.domain.plan import Diagnostic
from lambda_fn.domain.request import Action, Request
from lambda_fn.domain.row import HistoryRow, Rows, RowState
from lambda_fn.errors import InternalError, MigrateError
from lambda_fn.errors import account as account_errors
from lambda_fn.errors.codes import CLASS_OF_CODE

Json = Mapping[str, Any]

_CLASSES = {each.__name__: each for each in MigrateError.__subclasses__()}
_CODE = re.compile(r"([PM][0-9]{3,4}) (.+)")
_TIMED_OUT = re.compile(r"Task timed out after [0-9.]+ seconds")
_NEVER_STARTED = frozenset(
    f"Runtime.{each}"
    for each in ("ImportModuleError", "HandlerNotFound", "UserCodeSyntaxError", "MalformedHandlerName")
)
_SHOWN_CHARACTERS = 300
_COUNTED = ("applied", "pending", "failed", "resolved")
# Another function's words may hold the URL of its database.
_LOGIN_IN_URL = re.compile(r"://[^\s/@:]*:\S*@")
# What an action may come to without an error. FAILED only where the outcome itself says what failed.
_STATUSES: Mapping[Action, frozenset[Status]] = {
    Action.DEPLOY: frozenset({Status.APPLIED, Status.UP_TO_DATE}),
    Action.STATUS: frozenset({Status.UP_TO_DATE, Status.PENDING, Status.FAILED}),
    Action.PLAN: frozenset({Status.UP_TO_DATE, Status.PENDING, Status.FAILED}),
    Action.VERIFY: frozenset({Status.UP_TO_DATE}),
    Action.RESOLVE: frozenset({Status.UP_TO_DATE, Status.PENDING, Status.FAILED}),
    Action.DOCTOR: frozenset({Status.PASSED, Status.FAILED}),
    Action.BASELINE: frozenset({Status.UP_TO_DATE, Status.PENDING}),
    Action.HISTORY: frozenset({Status.PASSED}),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the payload, whether it is an error, the id of the invocation, the end of its log."""

    function: str
    payload: str
    is_error: bool = False
    header_request_id: str = ""
    log_tail: str = ""

    @property
    def content(self) -> Any:
        """The payload as a JSON value; None where it is none."""
        try:
            return json.loads(self.payload)
        except ValueError:
            return None

    @property
    def request_id(self) -> str:
        """The id of the invocation: as the function itself gives it, else its log, else the answer's header."""
        content = read if isinstance(read := self.content, dict) else {}
        named = content.get("requestId") if self.is_error else content.get("runId")
        return named if isinstance(named, str) and named else last_id_in(self.log_tail) or self.header_request_id


def outcome_of(answer: Answer, action: Action) -> Outcome:
    """The outcome of the action that was asked for; its `error` is the one that stands in it.

    Raises: the error that the function raised, as one of its class; DeadlineExceeded M808 where Lambda stopped it;
    InternalError M903, M904 where it ended otherwise; RequestInvalid M809 where the answer is no outcome of `action`.
    """
    if answer.is_error:
        raise _error_of(answer)
    try:
        outcome = _outcome(answer.content)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise account_errors.answer_is_no_outcome(answer.function, action) from None
    if outcome.error is None and not _is_an_end_of(outcome, action):
        raise account_errors.answer_is_no_outcome(answer.function, action)
    return outcome


def _is_an_end_of(outcome: Outcome, action: Action) -> bool:
    """Whether the action can have ended so: anything else must not be taken for a success."""
    if outcome.action is not action or outcome.status not in _STATUSES[action]:
        return False
    failed_check = any(check.result is Result.FAILED for check in outcome.checks)
    return outcome.status is not Status.FAILED or bool(outcome.failed) or failed_check


def _error_of(answer: Answer) -> MigrateError:
    content = read if isinstance(read := answer.content, dict) else {}
    kind, text = str(content.get("errorType", "")), str(content.get("errorMessage", answer.payload))
    headline, *lines = text.splitlines() or [""]
    if (match := _CODE.fullmatch(headline)) and (error_class := _class_of(kind, match[1])):
        return error_class(match[1], match[2], "", lines=tuple(lines))
    if timed_out := _TIMED_OUT.search(text):
        return account_errors.killed_at_its_timeout(answer.function, timed_out[0])
    reason = _in_one_line(f"{kind}: {text}" if kind else text)
    if kind in _NEVER_STARTED:
        return account_errors.function_cannot_start(answer.function, reason)
    return account_errors.function_ended(answer.function, reason)


def _class_of(kind: str, code: str) -> type[MigrateError] | None:
    """The class that is named, else that of the code: an emulator names one of its own for every error."""
    return _CLASSES.get(kind) or CLASS_OF_CODE.get(code)


def _in_one_line(text: str) -> str:
    line = _LOGIN_IN_URL.sub("://***@", " ".join(text.split()))
    return (line if len(line) <= _SHOWN_CHARACTERS else line[:_SHOWN_CHARACTERS] + "…").rstrip(".") or "nothing said"


def _outcome(content: Json) -> Outcome:
    """The outcome of its JSON; keys of a newer version are passed over."""
    return Outcome(
        action=Action(content["action"]),
        status=Status(content["status"]),
        run_id=str(content["runId"]),
        elapsed_ms=int(content["elapsedMs"]),
        lock_wait_ms=content.get("lockWaitMs"),
        directory=content.get("directory"),
        migrations=content.get("migrations"),
        database=content.get("database"),
        schema=content.get("schema"),
        server_version=content.get("serverVersion"),
        applied=tuple(AppliedMigration(m["name"], m["statements"], m["elapsedMs"]) for m in content["applied"]),
        pending=tuple(map(_pending, content["pending"])),
        failed=tuple(content["failed"]),
        resolved=tuple(content["resolved"]),
        warnings=tuple(Diagnostic(w["code"], w["message"], tuple(w["migrations"])) for w in content["warnings"]),
        checks=tuple(_check(check) for check in content["checks"]),
        latest=content.get("latest"),
        skipped=content.get("skipped"),
        history_count=content.get("historyCount"),
        history=tuple(_row(row) for row in content.get("history", ())),
        omitted=_left_out(content, *_COUNTED) + sum(_left_out(m, "destructive") for m in content["pending"]),
        error=None if content["error"] is None else _error(content["error"]),
    )


def _pending(content: Json) -> PendingMigration:
    found = tuple(map(destructive.from_json, content["destructive"])) if "destructive" in content else None
    return PendingMigration(content["name"], content.get("mode"), content.get("statements"), destructive=found)


def _left_out(content: Json, *names: str) -> int:
    """How many entries of these lists are left out, as far as their counts are there."""
    return sum(content[f"{name}Count"] - len(content[name]) for name in names if f"{name}Count" in content)


def _error(content: Json) -> MigrateError:
    """The error of its JSON. Its message is the whole first line, as which it is told again."""
    code, message = str(content["code"]), str(content["message"])
    error_class = _class_of(str(content.get("class", "")), code) or InternalError
    excerpt = (content["excerpt"],) if content.get("excerpt") else ()
    return error_class(code, message.removeprefix(f"{code} "), "", lines=(*excerpt, *content.get("details", ())))


def _check(content: Json) -> Check:
    result, next_step = Result(content["result"]), content["nextStep"] or ""
    error = None
    if result is Result.FAILED:
        error = _CLASSES[content["class"]](content["code"], content["message"], next_step)
    return Check(CheckName(content["name"]), result, content["message"], next_step, error)


def _row(content: Json) -> HistoryRow:
    return HistoryRow(
        id=str(content["id"]),
        name=str(content["name"]),
        checksum=str(content["checksum"]),
        state=RowState(content["state"]),
        started_at=str(content["startedAt"]),
        finished_at=content["finishedAt"],
        rolled_back_at=content["rolledBackAt"],
        elapsed_ms=content["elapsedMs"],
        marked=bool(content["marked"]),
        reason=content["reason"],
        attempts=content["attempts"],
        done=content["done"],
        steps=content["steps"],
    )


def events_of(outcome: Outcome, request: Request) -> Iterator[Event]:
    """What a terminal would have told of the run, as far as the outcome knows."""
    yield RunStarted(outcome.action)
    if outcome.directory is not None and outcome.migrations is not None:
        yield DirectoryRead(outcome.directory, outcome.migrations)
    yield from map(Warned, outcome.warnings)
    yield from map(Applied, outcome.applied)
    if outcome.error is not None:
        yield RunFailed(outcome.error, comes_back=request.comes_back and outcome.status is Status.INCOMPLETE)
        return
    yield from _found(outcome, request)
    yield CutShort(outcome.omitted)


def _found(outcome: Outcome, request: Request) -> Iterator[Event]:
    match outcome.action:
        case Action.DEPLOY:
            yield DeployFinished(outcome.applied)
        case Action.RESOLVE:
            yield from (Resolved(name, applied=bool(request.applied)) for name in outcome.resolved)
        case Action.BASELINE:
            yield from (Resolved(name, applied=True) for name in outcome.resolved)
            if not outcome.omitted:  # else the lists do not say how many there are
                last = request.to or outcome.latest or ""
                yield Baselined(len(outcome.resolved), last, len(outcome.pending))
        case Action.HISTORY:
            yield HistoryRead(Rows(outcome.history_count, outcome.history))
        case Action.DOCTOR:
            yield from map(Checked, outcome.checks)
        case Action.STATUS | Action.PLAN | Action.VERIFY:
            yield Diagnosed(tuple(migration.name for migration in outcome.pending), outcome.failed)
            yield from chain.from_iterable(map(_planned, outcome.pending))


def _planned(migration: PendingMigration) -> Iterator[Event]:
    if migration.mode is not None:
        yield Planned(migration.name, migration.mode, migration.statements or 0)
        yield FoundDestructive(migration.name, migration.destructive or ())
