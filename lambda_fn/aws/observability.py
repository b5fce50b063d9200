"""Powertools Logger as a Reporter: one JSON record for each sentence."""

from aws_lambda_powertools import Logger

from lambda_fn.domain.event import Event, Level


class LoggerReporter:
    """Writes the sentences of a run to CloudWatch Logs, each with the run's id."""

    def __init__(self, run_id: str) -> None:
        self._logger = Logger(service="migrate-lambda")
        self._logger.append_keys(run_id=run_id)

    def report(self, event: Event) -> None:
        """Log the event's sentences."""
        write = {
            Level.INFO: self._logger.info,
            Level.WARNING: self._logger.warning,
            Level.ERROR: self._logger.error,
        }
        for sentence in event.sentences:
            write[sentence.level](sentence.text)
