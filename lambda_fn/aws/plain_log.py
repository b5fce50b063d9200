"""Log records without Powertools, for a package that lacks it: what happens is told all the same."""

import json
import sys

from lambda_fn.domain.event import Event


class PlainReporter:
    """Writes each sentence as a line of JSON to stdout, which Lambda sends to CloudWatch Logs."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id

    def report(self, event: Event) -> None:
        """Write the event's sentences."""
        for sentence in event.sentences:
            record = {"level": sentence.level.upper(), "message": sentence.text, "run_id": self._run_id}
            sys.stdout.write(json.dumps(record) + "\n")
        sys.stdout.flush()
