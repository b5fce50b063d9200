"""What subnets lack, and the parameters of the template that make it."""

from dataclasses import replace
from typing import Any

import pytest

from lambda_fn.account.subnet import Endpoint, Needs, Network, Route, RouteTable, Subnet, needs_of
from lambda_fn.domain.event import Level
from lambda_fn.errors import RequestInvalid

A, B = Subnet("subnet-a", "vpc-1", "eu-central-1a"), Subnet("subnet-b", "vpc-1", "eu-central-1b")
LOCAL = Route("10.0.0.0/16", "local")
MAIN = RouteTable("rtb-main", is_main=True, routes=(LOCAL,))
S3 = Endpoint("vpce-s3", "com.amazonaws.eu-central-1.s3", is_gateway=True, table_ids=frozenset({"rtb-main"}))
SECRETS = Endpoint(
    "vpce-sm", "com.amazonaws.eu-central-1.secretsmanager", is_gateway=False, answers_by_name=True, group_ids=("sg-1",)
)


def needs(*subnets: Subnet, tables: tuple[RouteTable, ...] = (MAIN,), endpoints: tuple[Endpoint, ...] = ()) -> Needs:
    """What there is to say of a network."""
    return needs_of(Network(subnets or (A,), tables, endpoints))


def out(target: str, *, active: bool = True) -> RouteTable:
    """A main table with a way out."""
    return replace(MAIN, routes=(LOCAL, Route("0.0.0.0/0", target, active)))


def levels(found: Needs) -> dict[str, Level]:
    """The level of each finding by its subject."""
    return {sentence.text.partition(":")[0]: sentence.level for sentence in found.sentences}


def test_an_isolated_subnet_lacks_both_and_the_parameters_make_both() -> None:
    found = needs()

    assert found.lacking
    assert found.parameters == ("VpcId=vpc-1", "SecretsManagerEndpoint=true", "S3RouteTableIds=rtb-main")
    assert levels(found) == {
        "subnet-a route": Level.INFO,
        "subnet-a S3": Level.ERROR,
        "subnet-a Secrets Manager": Level.ERROR,
        "subnet-a CodeDeploy": Level.INFO,
        "subnet-a CodePipeline": Level.INFO,
    }


def test_with_both_endpoints_nothing_is_missing_and_the_groups_to_open_are_named() -> None:
    found = needs(endpoints=(S3, SECRETS))

    assert (found.lacking, found.parameters) == (False, ())
    assert "sg-1" in found.sentences[2].text


def test_a_nat_leads_to_both() -> None:
    found = needs(tables=(out("nat-1"),))

    assert (found.lacking, found.parameters, set(levels(found).values())) == (False, (), {Level.INFO})


@pytest.mark.parametrize("table", [out("igw-1"), out("nat-1", active=False)], ids=["internet gateway", "deleted NAT"])
def test_a_way_out_that_leads_nowhere_for_a_function_is_none(table: RouteTable) -> None:
    found = needs(tables=(table,))

    assert found.parameters == ("VpcId=vpc-1", "SecretsManagerEndpoint=true", "S3RouteTableIds=rtb-main")
    assert levels(found)["subnet-a route"] is Level.WARNING


def test_a_way_out_of_which_the_end_is_not_seen_is_a_doubt_and_not_missing() -> None:
    found = needs(tables=(out("tgw-1"),))

    assert (found.lacking, found.parameters, set(levels(found).values())) == (False, (), {Level.WARNING})


def test_each_subnet_has_the_table_that_names_it_else_the_main_one() -> None:
    own = RouteTable("rtb-own", frozenset({"subnet-b"}), routes=(LOCAL,))

    found = needs(A, B, tables=(own, MAIN), endpoints=(SECRETS, S3))

    assert found.parameters == ("VpcId=vpc-1", "S3RouteTableIds=rtb-own")
    assert (levels(found)["subnet-a S3"], levels(found)["subnet-b S3"]) == (Level.INFO, Level.ERROR)


def test_a_table_of_several_subnets_is_named_once() -> None:
    assert needs(A, B, endpoints=(SECRETS,)).parameters == ("VpcId=vpc-1", "S3RouteTableIds=rtb-main")


@pytest.mark.parametrize(
    ("endpoint", "parameters"),
    [
        (replace(SECRETS, answers_by_name=False), ("VpcId=vpc-1", "SecretsManagerEndpoint=true")),
        (replace(SECRETS, available=False), ()),  # a second one with private DNS would be refused
        (replace(SECRETS, service="com.amazonaws.eu-central-1.ssm"), ("VpcId=vpc-1", "SecretsManagerEndpoint=true")),
    ],
)
def test_an_endpoint_that_does_not_answer_is_none(endpoint: Endpoint, parameters: tuple[str, ...]) -> None:
    found = needs(endpoints=(S3, endpoint))

    assert (found.lacking, found.parameters) == (True, parameters)


def test_an_interface_endpoint_for_s3_counts_where_it_answers_by_name() -> None:
    interface = Endpoint("vpce-i", "com.amazonaws.eu-central-1.s3", is_gateway=False, answers_by_name=True)

    assert not needs(endpoints=(SECRETS, interface)).lacking
    assert needs(endpoints=(SECRETS, replace(interface, answers_by_name=False))).lacking
    assert needs(endpoints=(SECRETS, replace(S3, available=False))).lacking


def test_an_endpoint_that_is_to_be_made_takes_one_subnet_a_zone() -> None:
    twin = Subnet("subnet-c", "vpc-1", A.zone)

    assert "subnet-a, subnet-c are all in eu-central-1a" in needs(A, twin, endpoints=(S3,)).sentences[-1].text
    assert "are all in" not in needs(A, twin, endpoints=(S3, SECRETS)).sentences[-1].text


def test_subnets_of_several_vpcs_are_refused() -> None:
    with pytest.raises(RequestInvalid, match="M814"):
        needs(A, replace(B, vpc_id="vpc-2"))


def invokers(found: Needs) -> list[str]:
    """What is said of the services that send hooks and jobs."""
    return [sentence.text for sentence in found.sentences if " Code" in sentence.text.partition(":")[0]]


def test_a_subnet_without_a_way_to_codedeploy_and_codepipeline_is_told_so_and_lacks_nothing_by_it() -> None:
    found = needs(endpoints=(S3, SECRETS))

    assert (found.lacking, found.lacking_for_some, found.parameters) == (False, True, ())
    assert {level for subject, level in levels(found).items() if "Code" in subject} == {Level.INFO}
    assert invokers(found) == [
        "subnet-a CodeDeploy: not reached, which matters only where CodeDeploy's hooks invoke the function: "
        "then give VpcId=vpc-1 CodeDeployEndpoint=true",
        "subnet-a CodePipeline: not reached, which matters only where CodePipeline invokes the function: "
        "then give VpcId=vpc-1 CodePipelineEndpoint=true",
    ]


@pytest.mark.parametrize(
    ("table", "told"),
    [(out("nat-1"), 0), (out("tgw-1"), 0), (out("igw-1"), 2), (out("nat-1", active=False), 2), (MAIN, 2)],
    ids=["NAT", "transit gateway", "internet gateway", "deleted NAT", "none"],
)
def test_of_codedeploy_and_codepipeline_nothing_is_said_where_a_route_leads_out(table: RouteTable, told: int) -> None:
    found = needs(tables=(table,))

    assert len(invokers(found)) == told
    assert found.lacking_for_some is (told > 0)


def test_each_service_is_reached_by_an_endpoint_of_its_own() -> None:
    of_code_deploy = replace(SECRETS, endpoint_id="vpce-cd", service="com.amazonaws.eu-central-1.codedeploy")

    deploy, pipeline = invokers(needs(endpoints=(S3, SECRETS, of_code_deploy)))

    assert deploy == (
        "subnet-a CodeDeploy: reached by the endpoint vpce-cd, "
        "whose security groups (sg-1) have to admit the function on 443"
    )
    assert pipeline.startswith("subnet-a CodePipeline: not reached")
    of_both = replace(of_code_deploy, service="com.amazonaws.eu-central-1.codepipeline")
    assert not needs(endpoints=(S3, SECRETS, of_code_deploy, of_both)).lacking_for_some


@pytest.mark.parametrize(
    ("changes", "what_to_do"),
    [
        ({"answers_by_name": False}, "give VpcId=vpc-1 CodeDeployEndpoint=true (vpce-cd has no private DNS)"),
        ({"available": False}, "wait for the endpoint vpce-cd, which is not available yet"),
        (
            {"service": "com.amazonaws.eu-central-1.codedeploy-commands-secure"},
            "give VpcId=vpc-1 CodeDeployEndpoint=true",
        ),
    ],
)
def test_an_endpoint_for_codedeploy_that_does_not_answer_by_its_name_is_none(
    changes: dict[str, Any], what_to_do: str
) -> None:
    endpoint = replace(SECRETS, endpoint_id="vpce-cd", service="com.amazonaws.eu-central-1.codedeploy")

    found = needs(endpoints=(S3, SECRETS, replace(endpoint, **changes)))

    assert (found.lacking, found.lacking_for_some) == (False, True)
    assert invokers(found)[0].endswith(f": then {what_to_do}")
