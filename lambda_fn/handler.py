"""The Lambda entry point: recognise, run, reply, deliver; whatever happens, the invoker is told in its protocol."""

import contextlib
import gc
import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, assert_never

from lambda_fn import wiring
from lambda_fn.commands.draft import Draft
from lambda_fn.domain.answer_event import LoggerMissing, Skipped, ToldBefore
from lambda_fn.domain.event import Event, RunFailed
from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.domain.reply import Call, Put, Raise, Reply, Return
from lambda_fn.domain.request import Request
from lambda_fn.errors import MigrateError
from lambda_fn.errors import internal as internal_errors
from lambda_fn.invokers.explanation import located
from lambda_fn.invokers.invoker import AsSet, Function, Invoker, Skip
from lambda_fn.invokers.recognition import recognise
from lambda_fn.invokers.signs import is_event_bridges
from lambda_fn.ports import Reporter
from lambda_fn.settings import Settings

_INVOCATIONS = itertools.count()  # of this container
_LAST_WORDS_S = 0.5  # to log that an answer could not be delivered, before Lambda kills the function


class LambdaContext(Protocol):
    """What is used of the context that Lambda gives."""

    @property
    def aws_request_id(self) -> str:
        """The id of this invocation."""

    @property
    def function_name(self) -> str:
        """The name of the function."""

    @property
    def log_group_name(self) -> str:
        """Its CloudWatch log group."""

    @property
    def log_stream_name(self) -> str:
        """This container's stream in it."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda kills the function."""


def lambda_handler(event: object, context: LambdaContext) -> dict[str, object]:
    """Answer one invocation in its invoker's protocol.

    Raises: one of the named errors of lambda_fn.errors, where the protocol wants it or the answer got lost.
    """
    cold_start, given_s = next(_INVOCATIONS) == 0, _remaining_s(context)
    labels = Settings.labels_from_env()
    function = Function(context.function_name, context.log_group_name, context.log_stream_name)
    invoker = recognise(event, function)
    reporter = _Located(_reporter(labels, context), function)
    outcome = _outcome(invoker, reporter, context)
    if outcome.status is not Status.SKIPPED:
        time_used = 1 - _remaining_s(context) / max(given_s, 0.001)
        watched = isinstance(event, dict) and is_event_bridges(event)
        _publish_metrics(outcome, labels, watched=watched, cold_start=cold_start, time_used_percent=100 * time_used)
    return _carry_out(invoker.reply(outcome), reporter, context)


def _outcome(invoker: Invoker, reporter: Reporter, context: LambdaContext) -> Outcome:
    """What comes of the event: of a run, of an event that needs none, or of what is wrong before one begins."""
    try:
        asked = invoker.request()
        if isinstance(asked, Skip):
            return _skipped(asked, reporter, context)
        settings = Settings.from_env()
        return wiring.run(
            settings.hook_request if isinstance(asked, AsSet) else asked,
            settings,
            reporter,
            run_id=context.aws_request_id,
            remaining_s=_remaining_s(context),
        )
    except MigrateError as error:
        return _failed(error, reporter, context)
    except Exception as error:  # noqa: BLE001  # a bug of ours is to be told in the invoker's protocol too
        return _failed(internal_errors.from_exception(error), reporter, context)


def _skipped(skip: Skip, reporter: Reporter, context: LambdaContext) -> Outcome:
    reporter.report(Skipped(skip.reason))
    nothing = Draft(Request(), context.aws_request_id).outcome(None, elapsed_ms=0)
    return replace(nothing, status=Status.SKIPPED, skipped=skip.reason)


def _failed(error: MigrateError, reporter: Reporter, context: LambdaContext) -> Outcome:
    reporter.report(RunFailed(error))
    return Draft(Request(), context.aws_request_id).outcome(error, elapsed_ms=0)


class _Located:
    """A reporter that says with an error where the log is, in the words that the invoker gets too."""

    def __init__(self, reporter: Reporter, function: Function) -> None:
        self.function = function
        self._reporter = reporter

    def report(self, event: Event) -> None:
        """Pass the event on."""
        if isinstance(event, RunFailed):
            event = event._replace(error=located(event.error, self.function))
        self._reporter.report(event)


def _reporter(labels: Settings, context: LambdaContext) -> Reporter:
    """Powertools' Logger; without it, for whatever reason, what happens is told in plain records."""
    run_id = context.aws_request_id
    try:
        from lambda_fn.aws.observability import LoggerReporter

        return LoggerReporter(service=labels.service, run_id=run_id, request_id=run_id)
    except Exception as error:  # noqa: BLE001  # it reads variables of its own, and fails at a wrong one
        from lambda_fn.aws.plain_log import PlainReporter

        reporter = PlainReporter(run_id)
        reporter.report(LoggerMissing(type(error).__name__))
        return reporter


def _publish_metrics(
    outcome: Outcome, labels: Settings, *, watched: bool, cold_start: bool, time_used_percent: float
) -> None:
    # Metrics are told about a run; they must not keep the invoker from being told.
    with contextlib.suppress(Exception):
        from lambda_fn.aws.observability import publish_metrics

        publish_metrics(
            outcome,
            namespace=labels.metrics_namespace,
            service=labels.service,
            watched=watched,
            cold_start=cold_start,
            time_used_percent=time_used_percent,
        )


def _remaining_s(context: LambdaContext) -> float:
    return context.get_remaining_time_in_millis() / 1000


def _carry_out(reply: Reply, reporter: _Located, context: LambdaContext) -> dict[str, object]:
    match reply:
        case Return(payload):
            return payload
        case Put() | Call():
            _deliver(reply, reporter, context)
            return reply.payload
        case Raise(error):
            # Without the causes: a driver's message may repeat more than ours does.
            raise error from None
        case _:
            assert_never(reply)


def _deliver(reply: Put | Call, reporter: _Located, context: LambdaContext) -> None:
    try:
        if not _send(reply, lambda: _remaining_s(context) - _LAST_WORDS_S):
            reporter.report(ToldBefore(str(reply.payload.get("status"))))
    except MigrateError as error:
        reporter.report(RunFailed(error))
        # Lambda then invokes once more with the event, and the answer is tried again.
        raise located(error, reporter.function) from None


def _send(reply: Put | Call, time_left_s: Callable[[], float]) -> bool:
    """Tell the invoker; whether it was news to it. Raises: as delivery.put and result.deliver."""
    # Imported here: only these answers pay for an HTTP client, and for boto3.
    if isinstance(reply, Call):
        from lambda_fn.aws import result

        return result.deliver(reply, time_left_s=time_left_s)
    from lambda_fn.aws import delivery

    delivery.put(reply, time_left_s=time_left_s)
    return True


def _preload() -> None:
    """Import what every run needs while Lambda initialises the function, with more of a CPU than an invocation has.

    What cannot be imported is told by the first invocation, in its invoker's protocol.
    """
    gc.disable()  # it would look 70 times through what is imported, of which nothing is garbage: 10 ms
    with contextlib.suppress(Exception):
        import lambda_fn.commands.deploy
        import lambda_fn.domain.secret
        import lambda_fn.invokers.direct
        import lambda_fn.postgres.migrations_table  # and with it psycopg and the connection
    with contextlib.suppress(Exception):
        import lambda_fn.aws.observability  # noqa: F401
    gc.enable()


_preload()
