"""The released template: what it promises that no emulator shows."""

from typing import Any

import pytest
import yaml

from tests.fixtures.deployments import SAM, derive_template

Template = dict[str, Any]
_WAYS = {"MakesIngress": "DatabaseIngress", "MakesSecretsManagerEndpoint": "SecretsManagerVpcEndpoint"}
_WAYS |= {"MakesS3Endpoint": "S3VpcEndpoint"}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The template as it is released."""
    if not SAM.exists():
        pytest.skip(f"{SAM} is not there: run `make test`, which installs the SAM CLI")
    target = tmp_path_factory.mktemp("template") / "migrations.yaml"
    derive_template(target)
    text = target.read_text()
    assert text.startswith("# Made of template.yaml by `make release`.")
    read: Template = yaml.safe_load(text)
    return read


def resources_of(template: Template, kind: str) -> dict[str, Any]:
    """The resources of a type, by their names."""
    return {name: each for name, each in template["Resources"].items() if each["Type"] == kind}


def test_it_needs_no_transform_and_no_s3_address_but_the_packages(template: Template) -> None:
    assert "Transform" not in template
    assert {each["Type"].split("::")[1] for each in template["Resources"].values() if "::" in each["Type"]} >= {
        "Lambda"
    }
    assert not [each for each in template["Resources"].values() if each["Type"].startswith("AWS::Serverless")]
    assert template["Resources"]["MigrateFunction"]["Properties"]["Code"] == "migrate-lambda.zip"


def test_it_has_no_version_and_no_alias_and_the_custom_resource_names_the_function(template: Template) -> None:
    assert not resources_of(template, "AWS::Lambda::Version")
    assert not resources_of(template, "AWS::Lambda::Alias")
    assert not resources_of(template, "AWS::Lambda::LayerVersion")
    properties = template["Resources"]["Migrations"]["Properties"]
    assert properties["ServiceToken"] == {"Fn::GetAtt": ["MigrateFunction", "Arn"]}
    assert properties["MigrationsLayerArn"] == {"Ref": "MigrationsLayerArn"}


def test_the_custom_resource_comes_after_every_way_that_the_stack_makes(template: Template) -> None:
    ways = template["Resources"]["Migrations"]["Properties"]["Triggers"][-len(_WAYS) :]

    assert ways == [{"Fn::If": [made, {"Ref": name}, {"Ref": "AWS::NoValue"}]} for made, name in _WAYS.items()]
    assert {name: template["Resources"][name]["Condition"] for name in _WAYS.values()} == {
        name: made for made, name in _WAYS.items()
    }


def test_the_databases_group_lets_the_made_group_in_and_nothing_else(template: Template) -> None:
    ingress = template["Resources"]["DatabaseIngress"]["Properties"]
    port = {"Fn::If": ["HasPort", {"Ref": "DatabasePort"}, 5432]}

    assert ingress["GroupId"] == {"Ref": "DatabaseSecurityGroupId"}
    assert ingress["SourceSecurityGroupId"] == {"Ref": "SecurityGroup"}
    assert (ingress["IpProtocol"], ingress["FromPort"], ingress["ToPort"]) == ("tcp", port, port)
    assert not {"CidrIp", "CidrIpv6"} & set(ingress)


def test_the_log_outlives_the_stack_and_has_no_name_that_could_collide(template: Template) -> None:
    [group] = resources_of(template, "AWS::Logs::LogGroup").values()

    assert (group["DeletionPolicy"], group["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert set(group["Properties"]) == {"RetentionInDays"}


def test_every_parameter_says_what_it_is_for_and_all_but_two_have_a_default(template: Template) -> None:
    parameters = template["Parameters"]

    assert all(each["Description"].endswith(".") for each in parameters.values())
    assert {name for name, each in parameters.items() if "Default" not in each} == {"SubnetIds", "MigrationsLayerArn"}


def test_it_exports_nothing(template: Template) -> None:
    assert not [name for name, output in template["Outputs"].items() if "Export" in output]


def test_its_groups_list_every_parameter_once(template: Template) -> None:
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]

    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(template["Parameters"])
