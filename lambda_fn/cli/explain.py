"""`explain`: the one sentence that matters out of the events of a stack that failed."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime

from lambda_fn.account.stack import Explanation, Failure, explain, read_reason
from lambda_fn.aws.stacks import Stacks
from lambda_fn.cli.command import Command, Given, switch, word
from lambda_fn.cli.exit_codes import FOUND
from lambda_fn.cli.place import PLACE, account_of, again, in_utc
from lambda_fn.cli.screen import Screen, print_error, print_json
from lambda_fn.errors import MigrateError


def carry_out(given: Given) -> int:
    """Explain the stack and return the exit code: 1 where something failed."""
    try:
        explanation = explain(given.stack, Stacks(account_of(given)).events)
    except MigrateError as error:
        print_error(error, as_json=given.json)
        return error.exit_code
    if given.json:
        print_json(_to_json(given, explanation))
    else:
        for line in _lines(given, explanation):
            Screen(sys.stdout).print(line)
    return FOUND if explanation is not None and explanation.failure is not None else 0


def _lines(given: Given, explanation: Explanation | None) -> Iterator[str]:
    if explanation is None:
        yield f"The stack {given.stack} has no events."
        return
    if explanation.failure is None:
        yield f"Nothing failed in the last operation of the stack {explanation.stack_name}: {explanation.status}."
        return
    if explanation.failure.is_cancellation:
        name, time = explanation.stack_name, in_utc(explanation.failure.event.time)
        yield f"Somebody cancelled the last operation of the stack {name}, {time}: {explanation.status}."
        return
    yield from _of_failure(given, explanation, explanation.failure)


def _of_failure(given: Given, explanation: Explanation, failure: Failure) -> Iterator[str]:
    event, reason = failure.event, read_reason(failure.event.reason)
    yield (
        f"{'/'.join(failure.path)} ({event.resource_type}) failed first, {in_utc(event.time)}, "
        f"{event.status}; the stack {explanation.stack_name} is {explanation.status}:"
    )
    yield reason.sentence
    yield from reason.lines
    if reason.log_group is not None:
        yield f"Log: {reason.log_group}{f' {reason.log_stream}' if reason.log_stream else ''}"
        # By the log group: after the rollback of a new stack the function itself is gone.
        yield f"To read it: {_logs_command(given, failure, '--log-group', reason.log_group)}"
    if reason.is_silence:
        yield "The function did not answer CloudFormation. Read its log, and look whether its subnets reach S3:"
        yield f"  {_logs_command(given, failure, '--stack', event.stack_name)}"
        yield f"  {again(given, 'subnets', 'SUBNET')}"


def _logs_command(given: Given, failure: Failure, *place: str) -> str:
    hours = int((datetime.now(UTC) - failure.event.time).total_seconds() // 3600) + 1
    return again(given, "logs", *place, "--since", f"{max(1, hours)}h")


def _to_json(given: Given, explanation: Explanation | None) -> dict[str, object]:
    if explanation is None:
        return {"stack": given.stack, "status": None, "failure": None}
    failure = explanation.failure
    return {
        "stack": explanation.stack_name,
        "status": explanation.status,
        "failure": None if failure is None else _failure_to_json(failure),
    }


def _failure_to_json(failure: Failure) -> dict[str, object]:
    event, reason = failure.event, read_reason(failure.event.reason)
    return {
        "resource": event.logical_id,
        "path": list(failure.path),
        "type": event.resource_type,
        "stack": event.stack_name,
        "status": event.status,
        "time": event.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "message": reason.sentence,
        "details": list(reason.lines),
        "logGroup": reason.log_group,
        "logStream": reason.log_stream,
    }


COMMANDS = (
    Command(
        "explain",
        "Say what failed first in the last operation of a stack, nested stacks included.",
        ("migrate-lambda explain shop", "migrate-lambda explain shop --json --region eu-central-1"),
        (
            word("stack", "Name of the stack; of one that was deleted, its ARN.", "STACK", required=True),
            switch("--json", "Print it as JSON."),
            *PLACE,
        ),
        carry_out,
    ),
)
