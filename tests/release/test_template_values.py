"""The released template, value by value, where the emulator takes anything."""

import json
from typing import Any

import pytest

from tests.release.test_template import Template, template

__all__ = ["template"]  # the fixture

_NETWORK_INTERFACES = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
]
_NOTHING = {"Ref": "AWS::NoValue"}


def properties(template: Template, name: str) -> dict[str, Any]:
    """The properties of a resource."""
    found: dict[str, Any] = template["Resources"][name]["Properties"]
    return found


def test_the_function_is_in_the_vpc_and_has_what_the_parameters_say(template: Template) -> None:
    function = properties(template, "MigrateFunction")

    assert function["VpcConfig"] == {
        "SubnetIds": {"Ref": "SubnetIds"},
        "SecurityGroupIds": {
            "Fn::If": ["MakesGroup", [{"Ref": "SecurityGroup"}], {"Fn::Split": [",", {"Ref": "SecurityGroupIds"}]}]
        },
    }
    assert function["Timeout"] == {"Ref": "TimeoutSeconds"}
    assert function["FunctionName"] == {"Fn::If": ["HasFunctionName", {"Ref": "FunctionName"}, _NOTHING]}
    assert function["LoggingConfig"] == {"LogGroup": {"Ref": "LogGroup"}}
    assert function["Layers"] == {"Fn::If": ["HasLayer", [{"Ref": "MigrationsLayerArn"}], _NOTHING]}
    assert (function["Runtime"], function["Architectures"], function["MemorySize"]) == ("python3.14", ["arm64"], 512)
    assert properties(template, "LogGroup") == {"RetentionInDays": {"Ref": "LogRetentionDays"}}


def test_the_role_is_lambdas_within_the_boundary_and_its_code_makes_no_network_interface(template: Template) -> None:
    role = properties(template, "Role")
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    policies = {each["PolicyName"]: each for each in role["Policies"] if "PolicyName" in each}
    allowed, denied = policies["Vpc"]["PolicyDocument"]["Statement"]

    assert (trust["Principal"], trust["Action"]) == ({"Service": "lambda.amazonaws.com"}, "sts:AssumeRole")
    assert role["PermissionsBoundary"] == {"Fn::If": ["HasBoundary", {"Ref": "PermissionsBoundaryArn"}, _NOTHING]}
    assert allowed == {"Effect": "Allow", "Action": _NETWORK_INTERFACES, "Resource": "*"}
    assert (denied["Effect"], denied["Action"]) == ("Deny", _NETWORK_INTERFACES)
    [source] = denied["Condition"]["ArnLike"].items()
    assert source[0] == "lambda:SourceFunctionArn"
    assert source[1]["Fn::Sub"].endswith(":function:*")


def test_the_key_is_used_by_way_of_secrets_manager(template: Template) -> None:
    text = json.dumps(properties(template, "Role"))

    assert '"kms:ViaService": {"Fn::Sub": "secretsmanager.${AWS::Region}.${AWS::URLSuffix}"}' in text


def test_the_run_waits_for_the_retries_to_be_set_and_its_function_is_the_output(template: Template) -> None:
    assert template["Resources"]["Migrations"]["DependsOn"] == "MigrateFunctionEventInvokeConfig"
    assert template["Outputs"]["FunctionArn"]["Value"] == {"Fn::GetAtt": ["MigrateFunction", "Arn"]}
    assert template["Outputs"]["FunctionName"]["Value"] == {"Ref": "MigrateFunction"}


def test_another_database_is_a_reason_to_run(template: Template) -> None:
    triggers = properties(template, "Migrations")["Triggers"]

    assert [each["Ref"] for each in triggers if "Ref" in each] == [
        *("Triggers", "SecretArn", "DatabaseHost", "DatabasePort", "DatabaseName", "Schema")
    ]


def test_the_interface_endpoints_serve_the_vpc_and_share_a_group(template: Template) -> None:
    made = {f"{service}VpcEndpoint" for service in ("SecretsManager", "CodeDeploy", "CodePipeline")}

    assert {
        name: each["Properties"]
        for name, each in template["Resources"].items()
        if each["Properties"].get("VpcEndpointType") == "Interface"
    } == {
        name: {
            "VpcEndpointType": "Interface",
            "ServiceName": {"Fn::Sub": f"com.amazonaws.${{AWS::Region}}.{name.removesuffix('VpcEndpoint').lower()}"},
            "VpcId": {"Ref": "VpcId"},
            "SubnetIds": {"Ref": "SubnetIds"},
            "PrivateDnsEnabled": True,
            "SecurityGroupIds": [{"Ref": "EndpointSecurityGroup"}],
        }
        for name in made
    }


def test_the_group_of_the_endpoints_lets_the_vpc_in_and_is_not_replaced_by_a_new_release(template: Template) -> None:
    group = properties(template, "EndpointSecurityGroup")
    [ingress] = group["SecurityGroupIngress"]

    assert (ingress["FromPort"], ingress["ToPort"], ingress["CidrIp"]) == (443, 443, "0.0.0.0/0")
    assert group["GroupDescription"] == "The Secrets Manager endpoint of the migration function"


def test_the_s3_endpoint_is_in_the_route_tables(template: Template) -> None:
    assert properties(template, "S3VpcEndpoint")["RouteTableIds"] == {"Fn::Split": [",", {"Ref": "S3RouteTableIds"}]}


@pytest.mark.parametrize("role", ["Role", "CodeDeployRole", "EcsHookRole"])
def test_every_role_is_within_the_boundary(template: Template, role: str) -> None:
    boundary = properties(template, role)["PermissionsBoundary"]

    assert boundary == {"Fn::If": ["HasBoundary", {"Ref": "PermissionsBoundaryArn"}, _NOTHING]}


def test_there_is_no_other_role(template: Template) -> None:
    roles = {name for name, each in template["Resources"].items() if each["Type"] == "AWS::IAM::Role"}

    assert roles == {"Role", "CodeDeployRole", "EcsHookRole"}


def test_a_role_of_a_hook_holds_in_every_partition_and_invokes_this_function(template: Template) -> None:
    function = {"Fn::GetAtt": ["MigrateFunction", "Arn"]}
    code_deploy, ecs = properties(template, "CodeDeployRole"), properties(template, "EcsHookRole")
    policies = [role["Policies"][0]["PolicyDocument"]["Statement"] for role in (code_deploy, ecs)]
    managed = "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited"

    assert code_deploy["ManagedPolicyArns"] == [{"Fn::Sub": managed}]
    assert "ManagedPolicyArns" not in ecs
    assert [[statement["Resource"] for statement in each] for each in policies] == [
        [[function, {"Fn::Sub": "${MigrateFunction.Arn}:*"}]],
        [function],
    ]


def test_without_a_hook_the_functions_environment_is_as_it_was(template: Template) -> None:
    action = properties(template, "MigrateFunction")["Environment"]["Variables"]["MIGRATE_HOOK_ACTION"]

    assert action == {"Fn::If": ["HasCodeDeployHook", {"Ref": "CodeDeployHook"}, _NOTHING]}


def test_the_name_with_which_sam_needs_no_role_is_said_where_names_are_given(template: Template) -> None:
    said = template["Parameters"]["FunctionName"]["Description"]

    assert "CodeDeployHook_" in said
    assert "CodeDeployRoleArn" in said


def test_the_made_group_goes_out_to_the_databases_group_where_it_is_known(template: Template) -> None:
    _, database = properties(template, "SecurityGroup")["SecurityGroupEgress"]
    condition, known, unknown = database["Fn::If"]

    assert condition == "MakesIngress"
    assert known["DestinationSecurityGroupId"] == {"Ref": "DatabaseSecurityGroupId"}
    assert "CidrIp" not in known
    assert unknown["FromPort"] == {"Fn::If": ["HasPort", {"Ref": "DatabasePort"}, 5432]}


@pytest.mark.parametrize(
    ("alarm", "watched", "dimension"),
    [
        ("FailureAlarm", ("MigrateLambda", "Failed", 1), ("service", "AWS::StackName")),
        ("ErrorAlarm", ("AWS/Lambda", "Errors", 1), ("FunctionName", "MigrateFunction")),
        ("TimeoutAlarm", ("MigrateLambda", "TimeUsed", 80), ("service", "AWS::StackName")),
        ("DriftAlarm", ("MigrateLambda", "Drift", 1), ("service", "AWS::StackName")),
    ],
)
def test_an_alarm_watches_a_metric_that_is_published_and_tells_the_topic(
    template: Template, alarm: str, watched: tuple[str, str, int], dimension: tuple[str, str]
) -> None:
    found = properties(template, alarm)

    assert (found["Namespace"], found["MetricName"], found["Threshold"]) == watched
    assert found["Dimensions"] == [{"Name": dimension[0], "Value": {"Ref": dimension[1]}}]
    assert found["AlarmActions"] == {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], _NOTHING]}


def test_the_dashboard_shows_the_metrics_of_this_stack(template: Template) -> None:
    body = properties(template, "Dashboard")["DashboardBody"]["Fn::Sub"]
    metrics = [metric for widget in json.loads(body)["widgets"][:2] for metric in widget["properties"]["metrics"]]

    assert [metric[:4] for metric in metrics if metric[0] == "MigrateLambda"] == [
        ["MigrateLambda", "Runs", "service", "${AWS::StackName}"],
        ["MigrateLambda", "Duration", "service", "${AWS::StackName}"],
    ]


def test_every_parameter_is_used(template: Template) -> None:
    text = json.dumps({key: template[key] for key in ("Conditions", "Resources")})

    unused = [name for name in template["Parameters"] if f'"Ref": "{name}"' not in text and f"${{{name}}}" not in text]
    assert unused == []
