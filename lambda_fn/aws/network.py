"""EC2: subnets, and what leads out of them."""

from collections.abc import Iterable, Sequence
from typing import Any

from lambda_fn.account.subnet import Endpoint, Network, Route, RouteTable, Subnet
from lambda_fn.aws.client import Account, told
from lambda_fn.errors import account as account_errors

_TARGETS = (
    "NatGatewayId",
    "GatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "NetworkInterfaceId",
    "InstanceId",
    "LocalGatewayId",
    "CarrierGatewayId",
    "CoreNetworkArn",
)


def read_network(subnet_ids: Sequence[str], account: Account) -> Network:
    """The subnets, and the route tables and endpoints of their VPCs.

    Raises: RequestInvalid M813; SettingsInvalid M801, M802; what asking AWS raises.
    """
    client = account.client("ec2")
    special = dict.fromkeys(("InvalidSubnetID.NotFound", "InvalidSubnetID.Malformed"), account_errors.subnets_not_found)
    with told("ec2", special):
        found = _all(client, "describe_subnets", "Subnets", SubnetIds=list(subnet_ids))
        subnets = tuple(sorted(map(_subnet, found), key=lambda subnet: subnet_ids.index(subnet.subnet_id)))
        vpcs = [{"Name": "vpc-id", "Values": sorted({subnet.vpc_id for subnet in subnets})}]
        tables = _all(client, "describe_route_tables", "RouteTables", Filters=vpcs)
        endpoints = _all(client, "describe_vpc_endpoints", "VpcEndpoints", Filters=vpcs)
    return Network(subnets, tuple(map(_table, tables)), tuple(map(_endpoint, endpoints)))


def _all(client: Any, request: str, key: str, **asked: Any) -> list[dict[str, Any]]:
    return [each for page in client.get_paginator(request).paginate(**asked) for each in page[key]]


def _subnet(found: dict[str, Any]) -> Subnet:
    return Subnet(found["SubnetId"], found["VpcId"], found.get("AvailabilityZone", ""))


def _table(found: dict[str, Any]) -> RouteTable:
    associations: Iterable[dict[str, Any]] = found.get("Associations", ())
    return RouteTable(
        table_id=found["RouteTableId"],
        subnet_ids=frozenset(each["SubnetId"] for each in associations if "SubnetId" in each),
        is_main=any(each.get("Main") for each in associations),
        routes=tuple(map(_route, found.get("Routes", ()))),
    )


def _route(found: dict[str, Any]) -> Route:
    return Route(
        destination=found.get("DestinationCidrBlock", ""),
        target=next((found[key] for key in _TARGETS if found.get(key)), "an unknown target"),
        active=found.get("State") != "blackhole",
    )


def _endpoint(found: dict[str, Any]) -> Endpoint:
    only_inbound = found.get("DnsOptions", {}).get("PrivateDnsOnlyForInboundResolverEndpoint", False)
    return Endpoint(
        endpoint_id=found["VpcEndpointId"],
        service=found["ServiceName"],
        is_gateway=found.get("VpcEndpointType") == "Gateway",
        available=str(found.get("State", "")).lower() == "available",
        answers_by_name=bool(found.get("PrivateDnsEnabled")) and not only_inbound,
        table_ids=frozenset(found.get("RouteTableIds", ())),
        group_ids=tuple(each["GroupId"] for each in found.get("Groups", ())),
    )
