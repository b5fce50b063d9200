"""M8: what a terminal asks of AWS, and M903 and M904: a function that ended without an answer of its own."""

from collections.abc import Iterable

from lambda_fn.errors.classes import (
    AwsUnavailable,
    DeadlineExceeded,
    InternalError,
    RequestInvalid,
    SettingsInvalid,
)

_LAMBDA = "Lambda"


def no_credentials(reason: str) -> SettingsInvalid:
    """M801: there are no AWS credentials, or AWS does not take them."""
    return SettingsInvalid(
        "M801",
        f"There are no AWS credentials that can be used: {reason}.",
        "Log in (aws sso login), name another profile with --profile, or set AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY.",
    )


def no_region(reason: str) -> SettingsInvalid:
    """M802: nothing says which AWS region, or what says it is no region."""
    return SettingsInvalid(
        "M802", f"The AWS region is not known: {reason}.", "Give --region, for example --region eu-central-1."
    )


def access_denied_by_aws(action: str, reason: str) -> SettingsInvalid:
    """M803: whoever runs this may not do it."""
    return SettingsInvalid(
        "M803",
        f"AWS did not allow {action}: {reason}.",
        f"Allow {action} to who runs this, or name another profile with --profile.",
    )


def aws_unreachable(service: str, reason: str) -> AwsUnavailable:
    """M804: a service of AWS could not be reached, or failed; nothing was changed by the request."""
    return AwsUnavailable(
        "M804",
        f"{service} could not be asked: {reason}.{_nothing_run(service)}",
        "Look at the network, its proxy and the region (--region), and try again.",
    )


def function_not_found(function: str, region: str) -> RequestInvalid:
    """M805: there is no such function where we look."""
    return RequestInvalid(
        "M805",
        f"There is no Lambda function {function} in {region}.",
        "Give its name or ARN, or --stack and the name of the stack that has it; check --region and --profile.",
    )


def throttled(service: str, reason: str) -> AwsUnavailable:
    """M806: AWS took no more requests; where it was the one to Lambda, nothing was run."""
    of_lambda = (
        " Where a Lambda function is throttled at all times, its reserved concurrency is 0 or the account's is used up."
    )
    return AwsUnavailable(
        "M806",
        f"{service} did not take the request: {reason}.{_nothing_run(service)}",
        f"Try again later.{of_lambda if service == _LAMBDA else ''}",
    )


def _nothing_run(service: str) -> str:
    """What matters of a request to Lambda; one to another service would have run nothing anyway."""
    return " Nothing was run." if service == _LAMBDA else ""


def answer_lost(function: str, reason: str) -> AwsUnavailable:
    """M807: the function was invoked, and the connection ended before its answer came."""
    return AwsUnavailable(
        "M807",
        f"The answer of {function} was lost ({reason}). Whether it succeeded is not known, and it may still run.",
        f"See how it goes on with `migrate-lambda logs {function} --follow`, ask `migrate-lambda invoke {function} "
        "status`, and deploy again: nothing is applied twice.",
        unknown=True,
    )


def killed_at_its_timeout(function: str, reason: str) -> DeadlineExceeded:
    """M808: Lambda stopped the function at its timeout, before it could answer."""
    return DeadlineExceeded(
        "M808",
        f"Lambda stopped {function} at its timeout ({reason}). What was running is in the database and in the "
        "history, or in neither.",
        f"Raise the function's Timeout, up to 900 s, ask `migrate-lambda invoke {function} status`, and deploy again: "
        "the next run goes on from there.",
        unknown=True,
    )


def answer_is_no_outcome(function: str, action: str) -> RequestInvalid:
    """M809: the function ran, and answered with no outcome of what was asked: it is another function or version."""
    return RequestInvalid(
        "M809",
        f"The function {function} ran, but its answer is no outcome of the action {action}: what it did is not known.",
        "Check that it is the function that migrates, and that it is not newer than this program; read its log with "
        f"`migrate-lambda logs {function}`.",
        unknown=True,
    )


def refused(request: str, reason: str) -> SettingsInvalid:
    """M810: AWS refused a request for a reason of its own; nothing was run."""
    return SettingsInvalid(
        "M810", f"AWS refused {request}: {reason}. Nothing was run.", "Mend what it names, and try again."
    )


def stack_not_found(stack: str, region: str) -> RequestInvalid:
    """M811: there is no such CloudFormation stack where we look."""
    return RequestInvalid(
        "M811",
        f"There is no CloudFormation stack {stack} in {region}.",
        "Check the name, --region and --profile. A stack that was deleted is found by its ARN only: aws cloudformation "
        "list-stacks --stack-status-filter DELETE_COMPLETE shows it.",
    )


def no_output(stack: str, output: str, offered: Iterable[str]) -> RequestInvalid:
    """M812: a stack does not say which function is its own."""
    return RequestInvalid(
        "M812",
        f"The stack {stack} has no output {output}; its outputs: {', '.join(offered) or 'none'}.",
        "Give the function's name or ARN instead of --stack.",
    )


def subnets_not_found(reason: str) -> RequestInvalid:
    """M813: a subnet does not exist where we look."""
    return RequestInvalid("M813", f"AWS does not know these subnets: {reason}.", "Check the ids, --region, --profile.")


def several_vpcs(subnets: Iterable[str]) -> RequestInvalid:
    """M814: subnets of several VPCs, which no function can have."""
    return RequestInvalid(
        "M814",
        f"The subnets are not all in one VPC: {', '.join(subnets)}.",
        "Give the subnets of the database's VPC; a function's subnets are all in one.",
    )


def log_group_not_found(group: str, region: str) -> RequestInvalid:
    """M815: there is no such log group where we look."""
    return RequestInvalid(
        "M815",
        f"There is no log group {group} in {region}.",
        "A function makes its own at its first run; name another one with --log-group, and check --region.",
    )


def function_cannot_start(function: str, reason: str) -> InternalError:
    """M903: Lambda could not start the function, because of its package or its configuration. Nothing was run."""
    return InternalError(
        "M903",
        f"Lambda could not start {function}: {reason}. Nothing was run.",
        "Build the package anew for the function's Python version and architecture; its handler is "
        "lambda_fn.handler.lambda_handler.",
    )


def function_ended(function: str, reason: str) -> InternalError:
    """M904: the function ended without an answer of its own, for want of memory for instance."""
    return InternalError(
        "M904",
        f"The function {function} ended without an answer of its own: {reason}. What was running is in the database "
        "and in the history, or in neither.",
        f"Read the log with `migrate-lambda logs {function}`; where memory ran out, raise MemorySize. Then ask "
        f"`migrate-lambda invoke {function} status`, and deploy again.",
        unknown=True,
    )
