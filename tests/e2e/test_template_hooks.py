"""What the parameters for hooks and pipelines make, and that nothing of it is there without them."""

from typing import Any

import pytest

from tests.e2e.test_template import actions, create, only_function, policies
from tests.fixtures.deployments import Deployment

__all__ = ["only_function"]  # the fixture

RESOURCES = {"MigrateFunction", "MigrateFunctionEventInvokeConfig", "Role", "LogGroup", "Dashboard"}
RESOURCES |= {"FailureAlarm", "ErrorAlarm", "TimeoutAlarm"}
OUTPUTS = {"FunctionName", "FunctionArn", "FunctionRoleName", "LogGroupName", "NetworkCheck"}
POLICIES = {"Logs", "Vpc", "Secret"}
SCHEDULED = {"StatusRule", "StatusPermission", "DriftAlarm"}
DEFAULTS = {"CodeDeployHook": "none", "EcsHook": "false", "CodePipelineAction": "false", "StatusSchedule": ""}
DEFAULTS |= {"CodeDeployEndpoint": "false", "CodePipelineEndpoint": "false"}
EVERYTHING = {"CodeDeployHook": "deploy", "EcsHook": "true", "CodePipelineAction": "true"}
EVERYTHING |= {"StatusSchedule": "rate(1 day)", "CodeDeployEndpoint": "true", "CodePipelineEndpoint": "true"}


def resources(deployment: Deployment) -> set[str]:
    """The logical ids of what the stack has."""
    found = deployment.client("cloudformation").describe_stack_resources(StackName=deployment.name)["StackResources"]
    return {each["LogicalResourceId"] for each in found if each["ResourceStatus"] != "DELETE_COMPLETE"}


def variables(deployment: Deployment) -> dict[str, str]:
    """The environment of the function."""
    name = deployment.outputs["FunctionName"]
    found: dict[str, str] = deployment.client("lambda").get_function_configuration(FunctionName=name)["Environment"][
        "Variables"
    ]
    return found


def role(deployment: Deployment, name: str) -> dict[str, Any]:
    """The trust of a role, its managed policies, and the statements of its only policy."""
    iam, physical = deployment.client("iam"), deployment.resource(name)
    managed = iam.list_attached_role_policies(RoleName=physical)["AttachedPolicies"]
    [policy] = iam.list_role_policies(RoleName=physical)["PolicyNames"]
    return {
        "trust": iam.get_role(RoleName=physical)["Role"]["AssumeRolePolicyDocument"]["Statement"],
        "managed": [each["PolicyArn"] for each in managed],
        "allowed": iam.get_role_policy(RoleName=physical, PolicyName=policy)["PolicyDocument"]["Statement"],
    }


def trust(service: str) -> list[dict[str, Any]]:
    """The statement that lets a service become a role."""
    return [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]


def test_without_the_parameters_nothing_of_it_is_made(only_function: Deployment) -> None:
    create(only_function)

    assert resources(only_function) == RESOURCES
    assert set(only_function.outputs) == OUTPUTS
    assert set(policies(only_function)) == POLICIES
    assert "MIGRATE_HOOK_ACTION" not in variables(only_function)


@pytest.mark.parametrize(
    ("parameters", "made", "allowed", "told"),
    [
        ({"CodeDeployHook": "verify"}, {"CodeDeployRole"}, {"CodeDeploy"}, {"CodeDeployRoleArn"}),
        ({"CodeDeployHook": "deploy"}, {"CodeDeployRole"}, {"CodeDeploy"}, {"CodeDeployRoleArn"}),
        ({"EcsHook": "true"}, {"EcsHookRole"}, set(), {"EcsHookRoleArn"}),
        ({"CodePipelineAction": "true"}, set(), {"CodePipeline"}, set()),
        ({"StatusSchedule": "rate(1 day)"}, SCHEDULED, set(), set()),
        ({"StatusSchedule": "cron(0 6 * * ? *)"}, SCHEDULED, set(), set()),
        ({"CodeDeployEndpoint": "true"}, {"CodeDeployVpcEndpoint", "EndpointSecurityGroup"}, set(), set()),
        ({"CodePipelineEndpoint": "true"}, {"CodePipelineVpcEndpoint", "EndpointSecurityGroup"}, set(), set()),
        ({"SecretsManagerEndpoint": "true"}, {"SecretsManagerVpcEndpoint", "EndpointSecurityGroup"}, set(), set()),
    ],
    ids=lambda value: "-".join(f"{key}-{each}" for key, each in value.items()) if isinstance(value, dict) else "",
)
def test_a_parameter_makes_its_own_and_nothing_else(
    only_function: Deployment, parameters: dict[str, str], made: set[str], allowed: set[str], told: set[str]
) -> None:
    create(only_function, VpcId=only_function.account.vpc, **parameters)

    assert resources(only_function) == RESOURCES | made
    assert set(policies(only_function)) == POLICIES | allowed
    assert set(only_function.outputs) == OUTPUTS | told


@pytest.mark.parametrize("action", ["verify", "deploy"])
def test_the_function_knows_what_codedeploy_asks_and_may_answer_it(only_function: Deployment, action: str) -> None:
    create(only_function, CodeDeployHook=action)

    [statement] = policies(only_function)["CodeDeploy"]

    assert variables(only_function)["MIGRATE_HOOK_ACTION"] == action
    assert actions([statement]) == {"codedeploy:PutLifecycleEventHookExecutionStatus"}
    account = only_function.outputs["FunctionArn"].split(":")[4]
    assert statement["Resource"] == f"arn:aws:codedeploy:eu-central-1:{account}:deploymentgroup:*"


def test_the_function_may_answer_codepipeline(only_function: Deployment) -> None:
    create(only_function, CodePipelineAction="true")

    [statement] = policies(only_function)["CodePipeline"]

    assert actions([statement]) == {"codepipeline:PutJobSuccessResult", "codepipeline:PutJobFailureResult"}
    assert statement["Resource"] == "*"


def test_codedeploys_role_shifts_traffic_and_invokes_this_function(only_function: Deployment) -> None:
    create(only_function, CodeDeployHook="verify")
    function = only_function.outputs["FunctionArn"]

    assert only_function.outputs["CodeDeployRoleArn"].endswith(f":role/{only_function.resource('CodeDeployRole')}")
    assert role(only_function, "CodeDeployRole") == {
        "trust": trust("codedeploy.amazonaws.com"),
        "managed": ["arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited"],
        "allowed": [
            {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": [function, f"{function}:*"]},
        ],
    }


def test_ecs_role_invokes_this_function_and_does_nothing_else(only_function: Deployment) -> None:
    create(only_function, EcsHook="true")
    function = only_function.outputs["FunctionArn"]

    assert only_function.outputs["EcsHookRoleArn"].endswith(f":role/{only_function.resource('EcsHookRole')}")
    assert role(only_function, "EcsHookRole") == {
        "trust": trust("ecs.amazonaws.com"),
        "managed": [],
        "allowed": [{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function}],
    }


def test_the_schedule_invokes_the_function(only_function: Deployment) -> None:
    create(only_function, StatusSchedule="rate(1 day)")
    events, rule = only_function.client("events"), only_function.resource("StatusRule")
    policy = only_function.client("lambda").get_policy(FunctionName=only_function.outputs["FunctionName"])["Policy"]

    described = events.describe_rule(Name=rule)

    assert (described["ScheduleExpression"], described["State"]) == ("rate(1 day)", "ENABLED")
    [target] = events.list_targets_by_rule(Rule=rule)["Targets"]
    # Without an input of its own: the event itself says that it is scheduled.
    assert target == {"Id": target["Id"], "Arn": only_function.outputs["FunctionArn"]}
    assert '"events.amazonaws.com"' in policy
    assert f'"{described["Arn"]}"' in policy


def test_there_is_an_endpoint_for_each_service_that_is_asked_for(only_function: Deployment) -> None:
    endpoints = dict.fromkeys(("SecretsManagerEndpoint", "CodeDeployEndpoint", "CodePipelineEndpoint"), "true")
    create(only_function, VpcId=only_function.account.vpc, **endpoints)
    made = [only_function.resource(name.replace("Endpoint", "VpcEndpoint")) for name in endpoints]

    found = only_function.client("ec2").describe_vpc_endpoints(VpcEndpointIds=made)["VpcEndpoints"]

    assert {(each["VpcEndpointType"], each["ServiceName"]) for each in found} == {
        ("Interface", f"com.amazonaws.eu-central-1.{service}")
        for service in ("secretsmanager", "codedeploy", "codepipeline")
    }


def test_a_stack_gets_all_of_it_and_loses_it_again_with_the_function_that_it_has(only_function: Deployment) -> None:
    create(only_function, VpcId=only_function.account.vpc)
    before = (only_function.outputs["FunctionArn"], variables(only_function))

    assert only_function.update(only_function.account.template, **EVERYTHING) == "UPDATE_COMPLETE"
    assert only_function.outputs["FunctionArn"] == before[0]
    assert len(resources(only_function) - RESOURCES) == 8

    assert only_function.update(only_function.account.template, **DEFAULTS) == "UPDATE_COMPLETE"
    assert resources(only_function) == RESOURCES
    assert (only_function.outputs["FunctionArn"], variables(only_function)) == before
