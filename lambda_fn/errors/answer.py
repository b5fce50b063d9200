"""M7: the answer to the invoker."""

from lambda_fn.errors.classes import HistoryBlocked, SettingsInvalid


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
