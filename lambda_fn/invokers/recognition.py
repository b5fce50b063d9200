"""Whose event it is."""

from urllib.parse import urlsplit

from lambda_fn.invokers.cdk_provider import CdkProvider
from lambda_fn.invokers.cloudformation import CloudFormation
from lambda_fn.invokers.custom_resource import Event, properties_of
from lambda_fn.invokers.direct import Direct
from lambda_fn.invokers.invoker import Function, Invoker
from lambda_fn.invokers.terraform import KEY as TERRAFORM_KEY
from lambda_fn.invokers.terraform import Terraform

_CUSTOM_RESOURCE = frozenset({"RequestType", "StackId", "RequestId", "LogicalResourceId"})
_NAME_IN_ARN = 6  # arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]


def recognise(event: object, function: Function) -> Invoker:
    """The protocol that the event's invoker speaks. Raises nothing, whatever the event."""
    if not isinstance(event, dict) or not event.keys() >= _CUSTOM_RESOURCE:
        return Terraform(event) if isinstance(event, dict) and TERRAFORM_KEY in event else Direct(event)
    if _is_for_another(event, function) or not _is_http_url(event.get("ResponseURL")):
        return CdkProvider(event, function)
    return CloudFormation(event, function)


def _is_for_another(event: Event, function: Function) -> bool:
    """Whether CloudFormation invoked another function, which passes the event on with the real ResponseURL in it."""
    token = event.get("ServiceToken", properties_of(event).get("ServiceToken"))
    name = _function_name(token)
    return name is not None and name != function.name


def _function_name(arn: object) -> str | None:
    parts = arn.split(":") if isinstance(arn, str) else []
    is_function = len(parts) > _NAME_IN_ARN and (parts[2], parts[5]) == ("lambda", "function")
    return parts[_NAME_IN_ARN] if is_function else None


def _is_http_url(url: object) -> bool:
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
