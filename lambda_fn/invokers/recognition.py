"""Whose event it is."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from lambda_fn.invokers.cdk_provider import CdkProvider
from lambda_fn.invokers.cloudformation import CloudFormation
from lambda_fn.invokers.codedeploy import CodeDeploy, is_code_deploys
from lambda_fn.invokers.codepipeline import CodePipeline, is_code_pipelines
from lambda_fn.invokers.custom_resource import Event, is_custom_resource, properties_of
from lambda_fn.invokers.direct import Direct
from lambda_fn.invokers.ecs import Ecs, is_ecs
from lambda_fn.invokers.invoker import Function, Invoker
from lambda_fn.invokers.refused import DurableExecution, HttpRequest, has_records, is_durable, is_http, refuse_records
from lambda_fn.invokers.scheduled import Scheduled, is_event_bridges
from lambda_fn.invokers.terraform import Terraform, is_terraforms

_NAME_IN_ARN = 6  # arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]


def recognise(event: object, function: Function) -> Invoker:
    """The protocol that the event's invoker speaks. Raises nothing, whatever the event."""
    if isinstance(event, dict):
        for is_of_it, invoker in _INVOKERS:
            if is_of_it(event):
                return invoker(event, function)
    return Direct(event, function)


def _of_custom_resource(event: Event, function: Function) -> Invoker:
    if _is_for_another(event, function) or not _is_http_url(event.get("ResponseURL")):
        return CdkProvider(event, function)
    return CloudFormation(event, function)


# In this order: the keys that nobody else sends come first, and a request of a person's own hand is what is left.
_INVOKERS: tuple[tuple[Callable[[Mapping[str, object]], bool], Callable[[Event, Function], Invoker]], ...] = (
    (is_code_pipelines, CodePipeline),
    (is_code_deploys, lambda event, _: CodeDeploy(event)),
    (is_ecs, lambda event, _: Ecs(event)),
    (is_custom_resource, _of_custom_resource),
    (has_records, refuse_records),
    (is_durable, lambda _, function: DurableExecution(function)),
    (is_http, lambda _, __: HttpRequest()),
    (is_event_bridges, Scheduled),
    (is_terraforms, Terraform),
)


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
