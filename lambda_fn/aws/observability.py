"""Powertools Logger as a Reporter, one JSON record for each sentence, and the metrics of a run."""

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from lambda_fn.domain.event import Event, Level
from lambda_fn.domain.outcome import Outcome, Status


class LoggerReporter:
    """Writes the sentences of a run to CloudWatch Logs, each with the run's and the request's id."""

    def __init__(self, *, service: str, run_id: str, request_id: str) -> None:
        self._logger = Logger(service=service)
        # In a warm container they take the place of those of the invocation before.
        self._logger.append_keys(run_id=run_id, function_request_id=request_id)

    def report(self, event: Event) -> None:
        """Log the event's sentences."""
        write = {
            Level.INFO: self._logger.info,
            Level.WARNING: self._logger.warning,
            Level.ERROR: self._logger.error,
        }
        for sentence in event.sentences:
            write[sentence.level](sentence.text)


def publish_metrics(
    outcome: Outcome, *, namespace: str, service: str, watched: bool, cold_start: bool, time_used_percent: float
) -> None:
    """Print the metrics of a run in CloudWatch's embedded metric format; what names the run goes beside them.

    `watched` is whether it ran only to see how database and directory differ; before a deployment they may.
    `time_used_percent` is how much of the time that the invocation was given has passed.
    """
    metrics = EphemeralMetrics(namespace=namespace, service=service)
    failed = outcome.status in (Status.FAILED, Status.UNKNOWN)
    metrics.add_metric("Runs", MetricUnit.Count, 1)
    metrics.add_metric("Applied", MetricUnit.Count, len(outcome.applied))
    metrics.add_metric("Failed", MetricUnit.Count, int(failed))
    metrics.add_metric("Duration", MetricUnit.Milliseconds, outcome.elapsed_ms)
    metrics.add_metric("LockWait", MetricUnit.Milliseconds, outcome.lock_wait_ms or 0)
    metrics.add_metric("TimeUsed", MetricUnit.Percent, round(time_used_percent, 1))
    metrics.add_metric("ColdStart", MetricUnit.Count, int(cold_start))
    if watched and outcome.error is None:
        metrics.add_metric("Drift", MetricUnit.Count, outcome.drift)
    for key, value in _metadata(outcome).items():
        metrics.add_metadata(key, value)
    metrics.flush_metrics()


def _metadata(outcome: Outcome) -> dict[str, str]:
    return {
        "run_id": outcome.run_id,
        "action": outcome.action.value,
        "status": outcome.status.value,
        "database": outcome.database or "",
        "error_code": outcome.error.code if outcome.error else "",
    }
