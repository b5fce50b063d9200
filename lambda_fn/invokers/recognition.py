"""Whose event it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lambda_fn.invokers import signs

if TYPE_CHECKING:
    from lambda_fn.invokers.custom_resource import Event
    from lambda_fn.invokers.invoker import Function, Invoker

_NAME_IN_ARN = 6  # arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]


def recognise(event: object, function: Function) -> Invoker:
    """The protocol that the event's invoker speaks. Raises nothing, whatever the event."""
    if isinstance(event, dict):
        for is_of_it, invoker in _INVOKERS:
            if is_of_it(event):
                return invoker(event, function)
    from lambda_fn.invokers.direct import Direct

    return Direct(event, function)


# Each protocol is imported where its event has come: most functions have one invoker.


def _code_pipeline(event: Event, function: Function) -> Invoker:
    from lambda_fn.invokers.codepipeline import CodePipeline

    return CodePipeline(event, function)


def _code_deploy(event: Event, _: Function) -> Invoker:
    from lambda_fn.invokers.codedeploy import CodeDeploy

    return CodeDeploy(event)


def _ecs(event: Event, _: Function) -> Invoker:
    from lambda_fn.invokers.ecs import Ecs

    return Ecs(event)


def _custom_resource(event: Event, function: Function) -> Invoker:
    if _is_for_another(event, function) or not _is_http_url(event.get("ResponseURL")):
        from lambda_fn.invokers.cdk_provider import CdkProvider

        return CdkProvider(event, function)
    from lambda_fn.invokers.cloudformation import CloudFormation

    return CloudFormation(event, function)


def _records(event: Event, function: Function) -> Invoker:
    from lambda_fn.invokers.refused import refuse_records

    return refuse_records(event, function)


def _durable_execution(_: Event, function: Function) -> Invoker:
    from lambda_fn.invokers.refused import DurableExecution

    return DurableExecution(function)


def _http_request(_: Event, __: Function) -> Invoker:
    from lambda_fn.invokers.refused import HttpRequest

    return HttpRequest()


def _scheduled(event: Event, function: Function) -> Invoker:
    from lambda_fn.invokers.scheduled import Scheduled

    return Scheduled(event, function)


def _terraform(event: Event, function: Function) -> Invoker:
    from lambda_fn.invokers.terraform import Terraform

    return Terraform(event, function)


# In this order: the keys that nobody else sends come first, and a request of a person's own hand is what is left.
_INVOKERS: tuple[tuple[Callable[[Mapping[str, object]], bool], Callable[[Event, Function], Invoker]], ...] = (
    (signs.is_code_pipelines, _code_pipeline),
    (signs.is_code_deploys, _code_deploy),
    (signs.is_ecs, _ecs),
    (signs.is_custom_resource, _custom_resource),
    (signs.has_records, _records),
    (signs.is_durable, _durable_execution),
    (signs.is_http, _http_request),
    (signs.is_event_bridges, _scheduled),
    (signs.is_terraforms, _terraform),
)


def _is_for_another(event: Event, function: Function) -> bool:
    """Whether CloudFormation invoked another function, which passes the event on with the real ResponseURL in it."""
    token = event.get("ServiceToken", signs.properties_of(event).get("ServiceToken"))
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
