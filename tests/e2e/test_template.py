"""What the released template makes of its parameters, and what it refuses before anything is made."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fixtures.deployments import Deployment

KEY = "arn:aws:kms:eu-central-1:000000000000:key/0a1b2c3d"
LAYER = "arn:aws:lambda:eu-central-1:000000000000:layer:none:1"


@pytest.fixture
def only_function(deployment: Deployment) -> Deployment:
    """A stack that is to run nothing."""
    deployment.parameters |= {"MigrationsLayerArn": "", "RunMigrations": "false"}
    return deployment


def create(deployment: Deployment, **parameters: str) -> None:
    """Create the stack, without the service that waits for the migrations."""
    assert deployment.create(deployment.account.template, **parameters) == "CREATE_COMPLETE"


def policies(deployment: Deployment) -> dict[str, list[dict[str, Any]]]:
    """The statements of the role's policies, by their names."""
    iam = deployment.client("iam")
    role = deployment.resource("Role")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    found = {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}
    return {name: (json.loads(each) if isinstance(each, str) else each)["Statement"] for name, each in found.items()}


def actions(statements: list[dict[str, Any]], effect: str = "Allow") -> set[str]:
    """What the statements allow or deny."""
    given = [each["Action"] for each in statements if each["Effect"] == effect]
    return {action for one in given for action in ([one] if isinstance(one, str) else one)}


def test_the_role_may_read_its_secret_write_its_logs_and_be_in_its_vpc(only_function: Deployment) -> None:
    create(only_function)

    found = policies(only_function)

    assert set(found) == {"Logs", "Vpc", "Secret"}
    assert actions(found["Logs"]) == {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert found["Logs"][0]["Resource"].endswith(f":log-group:{only_function.outputs['LogGroupName']}:*")
    assert found["Secret"] == [
        {
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": only_function.parameters["SecretArn"],
        }
    ]
    # Lambda makes the network interfaces; the function's own code may not.
    assert actions(found["Vpc"]) == actions(found["Vpc"], "Deny")
    assert all(action.startswith("ec2:") for action in actions(found["Vpc"]))


def test_the_key_of_the_secret_may_be_used_by_way_of_secrets_manager_alone(only_function: Deployment) -> None:
    create(only_function, SecretKmsKeyArn=KEY)

    [_, statement] = policies(only_function)["Secret"]

    assert (statement["Action"], statement["Resource"]) == ("kms:Decrypt", KEY)
    assert list(statement["Condition"]["StringEquals"]) == ["kms:ViaService"]


def test_iam_needs_no_secret_and_may_connect_as_one_user(only_function: Deployment) -> None:
    login = {"AuthMode": "iam", "DatabaseUser": "migrator", "DatabaseHost": "db.example", "DatabaseName": "shop"}
    login["DatabaseResourceId"] = "db-X"
    create(only_function, SecretArn="", **login)

    found = policies(only_function)

    assert set(found) == {"Logs", "Vpc", "Database"}
    assert actions(found["Database"]) == {"rds-db:connect"}
    assert found["Database"][0]["Resource"].endswith(":dbuser:db-X/migrator")


def test_the_function_has_the_settings_that_the_parameters_name(only_function: Deployment) -> None:
    create(only_function, DatabaseHost="db.example", DatabasePort="6432", Schema="app", OwnerRole="owner")

    name = only_function.outputs["FunctionName"]
    configuration = only_function.client("lambda").get_function_configuration(FunctionName=name)

    assert {key: value for key, value in configuration["Environment"]["Variables"].items() if value} == {
        "MIGRATE_SECRET_ID": only_function.parameters["SecretArn"],
        "MIGRATE_AUTH": "password",
        "MIGRATE_HOST": "db.example",
        "MIGRATE_PORT": "6432",
        "MIGRATE_SCHEMA": "app",
        "MIGRATE_OWNER_ROLE": "owner",
        "POWERTOOLS_SERVICE_NAME": only_function.name,
    }
    assert configuration["Timeout"] == 900


def test_an_asynchronous_invocation_is_retried_once_and_never_after_cloudformation_gave_up(
    only_function: Deployment,
) -> None:
    create(only_function)

    name = only_function.outputs["FunctionName"]
    functions = only_function.client("lambda")
    retries = functions.get_function_event_invoke_config(FunctionName=name, Qualifier="$LATEST")
    service_timeout_s = only_function.account.template["Resources"]["Migrations"]["Properties"]["ServiceTimeout"]

    assert retries["MaximumRetryAttempts"] == 1
    assert retries["MaximumEventAgeInSeconds"] + 900 <= service_timeout_s


def test_without_security_groups_the_stack_makes_one_that_reaches_the_database_and_https(
    only_function: Deployment,
) -> None:
    create(only_function, SecurityGroupIds="", VpcId=only_function.account.vpc, DatabasePort="6432")

    group = only_function.outputs["SecurityGroupId"]
    [made] = only_function.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]

    assert {rule["FromPort"] for rule in made["IpPermissionsEgress"]} >= {443, 6432}


def test_the_endpoints_are_made_when_asked_for(only_function: Deployment) -> None:
    vpc = only_function.account.vpc
    create(only_function, VpcId=vpc, SecretsManagerEndpoint="true", S3RouteTableIds="rtb-0a1b2c3d")

    made = {only_function.resource(name) for name in ("SecretsManagerVpcEndpoint", "S3VpcEndpoint")}

    found = only_function.client("ec2").describe_vpc_endpoints(VpcEndpointIds=list(made))["VpcEndpoints"]
    assert {(each["VpcEndpointType"], each["ServiceName"].rsplit(".", 1)[1]) for each in found} == {
        ("Interface", "secretsmanager"),
        ("Gateway", "s3"),
    }


def test_a_dashboard_and_three_alarms_watch_what_the_runs_publish(only_function: Deployment) -> None:
    create(only_function)
    cloudwatch = only_function.client("cloudwatch")

    alarms = [only_function.resource(name) for name in ("FailureAlarm", "ErrorAlarm", "TimeoutAlarm")]
    watched = {each["MetricName"] for each in cloudwatch.describe_alarms(AlarmNames=alarms)["MetricAlarms"]}
    body = cloudwatch.get_dashboard(DashboardName=only_function.resource("Dashboard"))["DashboardBody"]
    widgets = [widget["properties"] for widget in json.loads(body)["widgets"]]
    shown = {metric[1] for widget in widgets for metric in widget.get("metrics", [])}

    assert watched == {"Failed", "Errors", "TimeUsed"}
    assert shown == {"Runs", "Applied", "Failed", "Duration", "LockWait"}
    assert only_function.outputs["LogGroupName"] in widgets[-1]["query"]


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"SecretArn": ""}, "Give SecretArn, or AuthMode iam with"),
        ({"AuthMode": "iam", "DatabaseHost": "db.example"}, "Give DatabaseUser"),
        ({"AuthMode": "iam", "DatabaseUser": "app", "SecretArn": "", "DatabaseName": "a"}, "Give DatabaseHost"),
        ({"AuthMode": "iam", "DatabaseUser": "app", "SecretArn": "", "DatabaseHost": "a"}, "Give DatabaseName"),
        ({"DatabaseSecurityGroupId": "sg-0a1b2c3d"}, "Leave SecurityGroupIds empty"),
        ({"RunMigrations": "true"}, "Give MigrationsLayerArn"),
        ({"SecretArn": "arn:aws:secretsmanager:eu-central-1:0:secret:shop-a1b2c3:password::"}, "SecretArn"),
        ({"SecurityGroupIds": ""}, "or VpcId to have a security group made"),
        ({"SecretsManagerEndpoint": "true"}, "Give VpcId"),
        ({"S3RouteTableIds": "rtb-0a1b2c3d"}, "Give VpcId"),
        ({"CodeDeployEndpoint": "true"}, "Give VpcId, the VPC in which the CodeDeploy endpoint"),
        ({"CodePipelineEndpoint": "true"}, "Give VpcId, the VPC in which the CodePipeline endpoint"),
        ({"CodeDeployHook": "resolve"}, "CodeDeployHook"),
        ({"EcsHook": "yes"}, "EcsHook"),
        ({"CodePipelineAction": "yes"}, "CodePipelineAction"),
        ({"StatusSchedule": "1 day"}, "StatusSchedule"),
        ({"StatusSchedule": "rate()"}, "StatusSchedule"),
        ({"SecretArn": "shop/database"}, "SecretArn"),
        ({"SecurityGroupIds": "sg-0a1b2c3d, sg-0a1b2c3e"}, "security group ids"),
        ({"TimeoutSeconds": "1000"}, "TimeoutSeconds"),
        ({"MigrationsLayerArn": LAYER.removesuffix(":1")}, "MigrationsLayerArn"),
    ],
)
def test_wrong_parameters_are_refused_before_anything_is_made(
    only_function: Deployment, parameters: dict[str, str], says: str
) -> None:
    with pytest.raises(ClientError, match=says):
        create(only_function, **parameters)
