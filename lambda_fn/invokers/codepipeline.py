"""CodePipeline's Lambda action: the result goes by a request to its API, and a token with it asks to come back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.domain.reply import Call, Service
from lambda_fn.domain.request import Action, Request, parse_request
from lambda_fn.errors import MigrateError, RequestInvalid, SettingsInvalid
from lambda_fn.errors import request as request_errors
from lambda_fn.invokers.continuation import Continuation, continuation_of
from lambda_fn.invokers.explanation import cut, explain, printable
from lambda_fn.invokers.invoker import Function
from lambda_fn.invokers.json_text import object_in
from lambda_fn.invokers.verdict import data_of, error_of

MESSAGE_LIMIT = 5000  # characters
SUMMARY_LIMIT = 2048  # characters
_JOB = "CodePipeline.job"
_PARAMETERS = "UserParameters"
_ACTIONS = (Action.DEPLOY, Action.VERIFY, Action.PLAN)
_WHOLE = 100  # percent


@dataclass(frozen=True, slots=True)
class CodePipeline:
    """A job. It holds credentials of the pipeline's artifacts, of which nothing is read."""

    event: Mapping[str, object] = field(repr=False)
    function: Function

    def request(self) -> Request:
        """What UserParameters asks for, as a direct event would; without it a deploy. Raises: RequestInvalid."""
        options = self._user_parameters()
        if options.get("action", Action.DEPLOY) not in _ACTIONS:
            raise request_errors.action_not_offered(options["action"], _ACTIONS, "An action of CodePipeline")
        return self._so_far().of(parse_request(options))

    def reply(self, outcome: Outcome) -> Call:
        """The job's result; with a continuation token where there is more to do than fitted the time."""
        so_far = self._so_far().after(outcome)
        if outcome.status is Status.INCOMPLETE:
            return self._success(outcome, so_far, continuationToken=json.dumps(so_far.to_json()))
        error = None if _is_planned(outcome) else error_of(outcome)
        if error is not None:
            return self._failure(error, so_far)
        variables = {**data_of(outcome), "AppliedCount": str(so_far.applied), "PendingCount": str(len(outcome.pending))}
        return self._success(outcome, so_far, outputVariables=variables)

    def _success(self, outcome: Outcome, so_far: Continuation, **more: object) -> Call:
        details = {
            "summary": cut(_summary(outcome, so_far), SUMMARY_LIMIT, _character),
            "externalExecutionId": so_far.run_id,
            "percentComplete": _percent(outcome, so_far),
        }
        return self._call("PutJobSuccessResult", {"executionDetails": details, **more}, outcome.status)

    def _failure(self, error: MigrateError, so_far: Continuation) -> Call:
        details = {
            # A request or a setting is mended in the pipeline or the stack; anything else is the run's.
            "type": "ConfigurationError" if isinstance(error, RequestInvalid | SettingsInvalid) else "JobFailed",
            "message": explain(error, self.function, MESSAGE_LIMIT, _character),
            "externalExecutionId": so_far.run_id,
        }
        return self._call("PutJobFailureResult", {"failureDetails": details}, Status.FAILED)

    def _call(self, operation: str, result: Mapping[str, object], status: Status) -> Call:
        parameters = {"jobId": self._job["id"], **result}
        return Call(Service.CODE_PIPELINE, operation, parameters, {"status": status.value})

    def _so_far(self) -> Continuation:
        return continuation_of(object_in(self._data.get("continuationToken")))

    def _user_parameters(self) -> Mapping[str, object]:
        configuration = _mapping(_mapping(self._data.get("actionConfiguration")).get("configuration"))
        given = configuration.get(_PARAMETERS)
        if given is None or (isinstance(given, str) and not given.strip()):
            return {}
        options = object_in(given)
        if options is None:
            raise request_errors.wrong_value(_PARAMETERS, "a JSON object", '{"action": "deploy"}')
        return options

    @property
    def _job(self) -> Mapping[str, object]:
        return _mapping(self.event[_JOB])

    @property
    def _data(self) -> Mapping[str, object]:
        return _mapping(self._job.get("data"))


def _is_planned(outcome: Outcome) -> bool:
    """Whether something is pending after an action that only asked what."""
    return outcome.action is Action.PLAN and outcome.error is None and outcome.status is Status.PENDING


def _summary(outcome: Outcome, so_far: Continuation) -> str:
    latest = f" The newest migration in the database is {printable(outcome.latest)}." if outcome.latest else ""
    left = f", {len(outcome.pending)} pending" if outcome.pending else ""
    return f"{outcome.status.value}: {so_far.applied} applied{left}.{latest}"


def _percent(outcome: Outcome, so_far: Continuation) -> int:
    if outcome.status is not Status.INCOMPLETE:
        return _WHOLE
    return _WHOLE * so_far.applied // max(1, so_far.applied + len(outcome.pending))


def _character(_: str) -> int:
    return 1


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
