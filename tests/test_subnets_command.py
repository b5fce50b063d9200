"""`migrate-lambda subnets`: what EC2 says of the subnets, and what to give the template."""

import json
from typing import Any

import pytest

from tests.fixtures.aws_stand_in import Asked, Migrate, StandIn
from tests.fixtures.aws_wire import AwsError

SUBNETS = [
    {"SubnetId": "subnet-b", "VpcId": "vpc-1", "AvailabilityZone": "eu-central-1b"},
    {"SubnetId": "subnet-a", "VpcId": "vpc-1", "AvailabilityZone": "eu-central-1a"},
]
LOCAL = {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"}
NAT = {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "active"}
INTERNET = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"}
TO_S3 = {"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-s3", "State": "active"}
S3 = {
    "VpcEndpointId": "vpce-s3",
    "VpcEndpointType": "Gateway",
    "ServiceName": "com.amazonaws.eu-central-1.s3",
    "State": "available",
    "RouteTableIds": ["rtb-main", "rtb-b"],
}
SECRETS = {
    "VpcEndpointId": "vpce-sm",
    "VpcEndpointType": "Interface",
    "ServiceName": "com.amazonaws.eu-central-1.secretsmanager",
    "State": "available",
    "PrivateDnsEnabled": True,
    "Groups": [{"GroupId": "sg-1", "GroupName": "endpoints"}],
}

INVOKERS = [
    {**SECRETS, "VpcEndpointId": f"vpce-{service}", "ServiceName": f"com.amazonaws.eu-central-1.{service}"}
    for service in ("codedeploy", "codepipeline")
]


def table(name: str, *routes: dict[str, str], subnet: str | None = None) -> dict[str, Any]:
    """A route table; the main one where it names no subnet."""
    association = {"Main": False, "SubnetId": subnet} if subnet else {"Main": True}
    return {"RouteTableId": name, "VpcId": "vpc-1", "Associations": [association], "Routes": [LOCAL, *routes]}


@pytest.fixture
def network(aws: StandIn) -> StandIn:
    """Two subnets, each request answered in pages, and no endpoint."""
    aws.answer("DescribeSubnets", subnets_of)
    give(aws, [table("rtb-main", TO_S3), table("rtb-b", INTERNET, subnet="subnet-b")], [])
    return aws


def subnets_of(asked: Asked) -> dict[str, Any]:
    """Those that were asked for, one a page."""
    ids = {value for name, value in asked.parameters.items() if name.startswith("SubnetId")}
    found = [subnet for subnet in SUBNETS if subnet["SubnetId"] in ids]
    number = int(asked.parameters.get("NextToken", 0))
    more = {"NextToken": str(number + 1)} if number + 1 < len(found) else {}
    return {"Subnets": found[number : number + 1], **more}


def give(aws: StandIn, tables: list[dict[str, Any]], endpoints: list[dict[str, Any]]) -> None:
    """Route tables and endpoints of the VPC."""
    aws.answer_in_pages("DescribeRouteTables", *({"RouteTables": [each]} for each in tables))
    aws.answer_in_pages("DescribeVpcEndpoints", *({"VpcEndpoints": [each]} for each in endpoints), {"VpcEndpoints": []})


def test_what_is_missing_is_told_for_each_subnet_with_the_parameters_that_make_it(
    network: StandIn, migrate: Migrate
) -> None:
    ended = migrate("subnets", "subnet-a", "subnet-b", "subnet-a")

    assert (ended.code, ended.stderr) == (1, "")
    lines = ended.stdout.splitlines()
    assert [line.removeprefix("ERROR: ").removeprefix("WARNING: ").split(":")[0] for line in lines[:-1]] == [
        "subnet-a route",
        "subnet-a S3",
        "subnet-a Secrets Manager",
        "subnet-a CodeDeploy",
        "subnet-a CodePipeline",
        "subnet-b route",
        "subnet-b S3",
        "subnet-b Secrets Manager",
        "subnet-b CodeDeploy",
        "subnet-b CodePipeline",
    ]
    assert lines[-1] == (
        "Parameters of the template that make what is missing: "
        "VpcId=vpc-1 SecretsManagerEndpoint=true S3RouteTableIds=rtb-main,rtb-b"
    )
    assert network.of("DescribeRouteTables")[0].parameters["Filter.1.Value.1"] == "vpc-1"


def test_as_json_it_is_the_same_with_keys(network: StandIn, migrate: Migrate) -> None:
    shown, ended = migrate("subnets", "subnet-a", "subnet-b"), migrate("subnets", "subnet-a", "subnet-b", "--json")

    said = json.loads(ended.stdout)
    assert (ended.code, said["lacking"]) == (1, True)
    expected = {"VpcId": "vpc-1", "SecretsManagerEndpoint": "true", "S3RouteTableIds": "rtb-main,rtb-b"}
    assert said["parameters"] == expected
    assert len(said["findings"]) == len(shown.stdout.splitlines()) - 1
    assert [each["level"] for each in said["findings"]].count("ERROR") == 4


def test_with_endpoints_nothing_is_missing(network: StandIn, migrate: Migrate) -> None:
    give(network, [table("rtb-main"), table("rtb-b", subnet="subnet-b")], [S3, SECRETS, *INVOKERS])

    ended = migrate("subnets", "subnet-a", "subnet-b")

    assert ended.code == 0
    assert "subnet-a S3: reached by the endpoint vpce-s3" in ended.stdout
    assert "(sg-1) have to admit the function on 443" in ended.stdout
    assert ended.stdout.splitlines()[-1] == (
        "Nothing is missing: leave SecretsManagerEndpoint at false and S3RouteTableIds empty."
    )


def test_a_way_to_codedeploy_or_codepipeline_that_is_missing_is_told_and_is_no_failure(
    network: StandIn, migrate: Migrate
) -> None:
    give(network, [table("rtb-main")], [S3, SECRETS, INVOKERS[1]])

    ended = migrate("subnets", "subnet-a")

    assert (ended.code, ended.stderr) == (0, "")
    *_, deploy, pipeline, last = ended.stdout.splitlines()
    assert deploy == (
        "subnet-a CodeDeploy: not reached, which matters only where CodeDeploy's hooks invoke the function: "
        "then give VpcId=vpc-1 CodeDeployEndpoint=true"
    )
    assert pipeline.startswith("subnet-a CodePipeline: reached by the endpoint vpce-codepipeline, ")
    assert last == "Nothing else is missing: leave SecretsManagerEndpoint at false and S3RouteTableIds empty."


def test_a_nat_is_enough(network: StandIn, migrate: Migrate) -> None:
    give(network, [table("rtb-main", NAT)], [])

    ended = migrate("subnets", "subnet-a")

    assert ended.code == 0
    assert "subnet-a route: out by the NAT nat-1 in rtb-main" in ended.stdout
    assert "Code" not in ended.stdout
    assert ended.stdout.splitlines()[-1].startswith("Nothing is missing: ")


def test_a_nat_that_was_deleted_leads_nowhere(network: StandIn, migrate: Migrate) -> None:
    give(network, [table("rtb-main", {**NAT, "State": "blackhole"})], [])

    ended = migrate("subnets", "subnet-a")

    assert (ended.code, "WARNING: subnet-a route: nat-1 in rtb-main does not exist any more" in ended.stdout) == (
        1,
        True,
    )
    assert "ERROR: subnet-a S3: not reached" in ended.stdout


@pytest.mark.parametrize(
    "changes",
    [
        {"State": "pending"},
        {"PrivateDnsEnabled": False},
        {"PrivateDnsEnabled": True, "DnsOptions": {"PrivateDnsOnlyForInboundResolverEndpoint": True}},
    ],
)
def test_an_endpoint_that_does_not_answer_yet_or_by_name_is_missing(
    network: StandIn, migrate: Migrate, changes: dict[str, Any]
) -> None:
    give(network, [table("rtb-main")], [S3, {**SECRETS, **changes}])

    ended = migrate("subnets", "subnet-a")

    assert (ended.code, "ERROR: subnet-a Secrets Manager: " in ended.stdout) == (1, True)


def test_a_subnet_that_is_not_there_is_told(aws: StandIn, migrate: Migrate) -> None:
    aws.answer("DescribeSubnets", AwsError("InvalidSubnetID.NotFound", "The subnet ID 'subnet-x' does not exist"))

    ended = migrate("subnets", "subnet-x")

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("ERROR: M813 AWS does not know these subnets: The subnet ID 'subnet-x'")


def test_a_permission_that_is_missing_is_named(aws: StandIn, migrate: Migrate) -> None:
    aws.answer("DescribeSubnets", AwsError("UnauthorizedOperation", "You are not authorized", 403))

    assert "Allow ec2:DescribeSubnets" in migrate("subnets", "subnet-a").stderr
