"""What the events of each sender are known by."""

from collections.abc import Mapping

_CUSTOM_RESOURCE = frozenset({"RequestType", "StackId", "RequestId", "LogicalResourceId"})


def is_code_pipelines(event: Mapping[str, object]) -> bool:
    """Whether an action of CodePipeline sent the event, with the id of a job to answer."""
    job = event.get("CodePipeline.job")
    return isinstance(job, Mapping) and isinstance(job.get("id"), str)


def is_code_deploys(event: Mapping[str, object]) -> bool:
    """Whether a hook of CodeDeploy sent the event."""
    return all(isinstance(event.get(key), str) for key in ("DeploymentId", "LifecycleEventHookExecutionId"))


def is_ecs(event: Mapping[str, object]) -> bool:
    """Whether a lifecycle hook of an ECS deployment sent the event, in the form of today or in the first one."""
    companions = {"executionDetails", "resourceArn", "serviceArn"}
    return isinstance(event.get("lifecycleStage"), str) and bool(event.keys() & companions)


def is_custom_resource(event: Mapping[str, object]) -> bool:
    """Whether CloudFormation made the event, for us or for who passes it on."""
    return event.keys() >= _CUSTOM_RESOURCE


def properties_of(event: Mapping[str, object], key: str = "ResourceProperties") -> Mapping[str, object]:
    """The properties of a custom resource; none where there is no object."""
    properties = event.get(key)
    return properties if isinstance(properties, dict) else {}


def has_records(event: Mapping[str, object]) -> bool:
    """Whether the event is a batch of records: of a topic, a queue, a stream, a bucket."""
    return bool(first_record(event))


def first_record(event: Mapping[str, object]) -> Mapping[str, object]:
    """The first record of a batch; empty where there is none."""
    records = event.get("Records")
    first = records[0] if isinstance(records, list) and records else None
    return first if isinstance(first, Mapping) else {}


def is_durable(event: Mapping[str, object]) -> bool:
    """Whether the event begins or goes on with a durable execution."""
    return "DurableExecutionArn" in event


def is_http(event: Mapping[str, object]) -> bool:
    """Whether the event is a request to a function URL, an API of API Gateway or a load balancer."""
    context = event.get("requestContext")
    return isinstance(context, Mapping) and bool({"http", "httpMethod", "elb", "routeKey"} & context.keys())


def is_event_bridges(event: Mapping[str, object]) -> bool:
    """Whether EventBridge sent the event, whatever it is about."""
    return "detail-type" in event


def is_terraforms(event: Mapping[str, object]) -> bool:
    """Whether Terraform added what it is about to the input."""
    return "tf" in event
