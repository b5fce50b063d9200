"""M7: the answer to the invoker."""

from lambda_fn.errors.classes import HistoryBlocked, RequestInvalid, SettingsInvalid


def answer_undelivered(host: str, reason: str) -> SettingsInvalid:
    """M701: CloudFormation could not be given its answer; nothing but the host of its URL is repeated.

    SettingsInvalid, as for a secret that cannot be reached: what is to be mended is the way out of the VPC. The
    invocation fails by it, so Lambda runs the event again: by then the migrations are applied, and only the answer
    is missing.
    """
    return SettingsInvalid(
        "M701",
        f"The answer to CloudFormation could not be delivered to {host}: {reason}.",
        "Give the function's subnets an S3 gateway endpoint, and its security group egress on 443 to the S3 prefix "
        "list; the endpoint's policy must allow s3:PutObject on the bucket "
        "cloudformation-custom-resource-response-REGION (the region without its dashes).",
    )


def answer_undelivered_by_proxy(host: str, variable: str, reason: str) -> SettingsInvalid:
    """M701: CloudFormation could not be given its answer by the proxy of the environment, which may have refused it.

    Neither the proxy's URL nor that of the answer is repeated.
    """
    return SettingsInvalid(
        "M701",
        f"The answer to CloudFormation could not be delivered to {host} through the proxy of {variable}: {reason}.",
        f"Let the proxy through to {host}, or name the host in NO_PROXY and give the function's subnets an S3 gateway "
        "endpoint, and its security group egress on 443 to the S3 prefix list.",
    )


def no_success(status: str) -> HistoryBlocked:
    """M702: a run ended without an error and was no success either, so that no deployment may go on."""
    return HistoryBlocked(
        "M702",
        f"The run ended with the status {status}, which is no success, and without an error that says why.",
        "Ask with the action status what is failed or pending, and deploy again.",
    )


def _undelivered(service: str, reason: str, next_step: str) -> SettingsInvalid:
    return SettingsInvalid("M703", f"The result could not be delivered to {service}: {reason}.", next_step)


def result_undelivered(service: str, endpoint: str, reason: str) -> SettingsInvalid:
    """M703: CodeDeploy or CodePipeline could not be told the result: nothing led to it, or it did not answer.

    The invocation fails by it, so Lambda runs the event again, as for M701.
    """
    return _undelivered(
        service,
        reason,
        f"Give the function's subnets an interface endpoint com.amazonaws.REGION.{endpoint} with private DNS whose "
        "security group admits the function on 443, or a NAT.",
    )


def result_not_sent(service: str, reason: str) -> SettingsInvalid:
    """M703: the request to CodeDeploy or CodePipeline was not made, or what answered it is not AWS."""
    return _undelivered(
        service,
        reason,
        "Lambda runs the event again. If that does not help, look at the function's environment (its role, AWS_REGION, "
        "AWS_ENDPOINT_URL, proxies) and at the boto3 that it runs with.",
    )


def result_not_allowed(service: str, permission: str, reason: str) -> SettingsInvalid:
    """M703: the function's role may not tell CodeDeploy or CodePipeline the result."""
    advice = f"Allow the function's role {permission} (template.yaml does by a parameter)."
    return _undelivered(service, reason, advice)


def result_not_taken_now(service: str, reason: str) -> SettingsInvalid:
    """M703: CodeDeploy or CodePipeline was too busy, or failed, at each attempt to tell it the result."""
    return _undelivered(
        service,
        reason,
        "Lambda runs the event again, and the result is told then: what is applied already is not applied twice. If "
        f"that does not help, look at the limits and the health of {service} in this region.",
    )


def result_not_taken(service: str, reason: str) -> RequestInvalid:
    """M704: CodeDeploy or CodePipeline knows nothing of what the event was about, so nobody waits for the result."""
    return RequestInvalid(
        "M704",
        f"{service} did not take the result: {reason}.",
        "If the deployment or the pipeline was deleted or stopped, there is nothing to do. Otherwise look whether the "
        f"event is the one that {service} sent, in this account and region.",
    )
