"""`python -m tests.check_events`: every file in events/ is JSON that an invoker takes, or refuses as its name says."""

import json
import sys
from pathlib import Path

from lambda_fn.errors import MigrateError
from lambda_fn.invokers.invoker import Function
from lambda_fn.invokers.recognition import recognise

REFUSAL = "M111"
EVENTS = Path(__file__).parents[1] / "events"


def main() -> int:
    """Print a line for each event that does not parse, and return how many there are."""
    paths = sorted(EVENTS.glob("*.json"))
    problems = [f"{path.name}: {problem}" for path in paths if (problem := problem_of(path))]
    print("\n".join([*problems, f"{len(paths)} events, {len(problems)} of them wrong"]))
    return len(problems) or int(not paths)


def problem_of(path: Path) -> str | None:
    """Why an event does not parse, or is not refused; None when it is as it should be."""
    is_refused = path.name.startswith("refused-")
    try:
        event = json.loads(path.read_text(encoding="utf-8"))
        invoker = recognise(event, Function("migrate", "/aws/lambda/migrate", "stream"))
        invoker.request()
    except ValueError as error:
        return str(error)
    except MigrateError as error:
        return None if is_refused and error.code == REFUSAL else str(error)
    return "it is not refused" if is_refused else None


if __name__ == "__main__":
    sys.exit(main())
