"""What a synthesised stack has to hold, in whatever language it was written."""

import json
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from tests.examples.templates import Template, of_type, only, read_template, waits_for

FLAG = "@aws-cdk/aws-lambda:recognizeLayerVersion"
# What the CDK's command gives to the app: the account and the region of who called it.
ACCOUNT = {"CDK_DEFAULT_ACCOUNT": "111111111111", "CDK_DEFAULT_REGION": "eu-west-1"}


def stack_in(output: Path) -> Template:
    """The template of the stack."""
    return read_template(output / "Shop.template.json")


def check_service_waits(template: Template, type_name: str) -> None:
    """The service waits for the resource that runs the migrations, and that for the way to the database and back."""
    check_no_circle(template)
    name, run = only(template, type_name)
    assert name in waits_for(only(template, "AWS::ECS::Service")[1])
    for needed in (
        "AWS::RDS::DBInstance",
        "AWS::SecretsManager::SecretTargetAttachment",
        "AWS::EC2::Route",  # the answer goes out by it, also that to a delete
    ):
        assert of_type(template, needed)
        assert of_type(template, needed) <= waits_for(run)


def check_waits_for_ingress(template: Template, type_name: str) -> None:
    """What runs the migrations waits for the rule that lets the function into the database's group."""
    [group] = runner(template)["VpcConfig"]["SecurityGroupIds"]
    ingresses = {
        name
        for name in of_type(template, "AWS::EC2::SecurityGroupIngress")
        if template["Resources"][name]["Properties"]["SourceSecurityGroupId"] == group
    }
    assert len(ingresses) == 1
    assert ingresses <= waits_for(only(template, type_name)[1])


def check_lets_the_function_in(template: Template, type_name: str) -> None:
    """The same where the database's group is looked up: there it is what waits for the rule, not for the database."""
    check_waits_for_ingress(template, type_name)
    rule = only(template, "AWS::EC2::SecurityGroupIngress")[1]["Properties"]
    assert rule["GroupId"] == "sg-0123456789abcdef0"
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 5432, 5432)


def check_function_name_is_an_output(template: Template) -> None:
    """The stack says what to give to `migrate-lambda invoke`: the function's name, or that of the nested stack's."""
    value = template["Outputs"]["FunctionName"]["Value"]
    nested = of_type(template, "AWS::CloudFormation::Stack")
    assert mentioned(value) <= of_type(template, "AWS::Lambda::Function") | nested
    assert mentioned(value)


def environment_of(output: Path) -> str:
    """Where the stack is deployed: aws://ACCOUNT/REGION."""
    manifest = json.loads((output / "manifest.json").read_text())
    return str(manifest["artifacts"]["Shop"]["environment"])


def check_no_circle(template: Template) -> None:
    """Nothing waits for itself, not even by way of others. Raises: CycleError, which names them."""
    names = template["Resources"].keys()
    TopologicalSorter(
        {name: waits_for(body) | (mentioned(body) & names) for name, body in template["Resources"].items()}
    ).prepare()


def mentioned(value: Any) -> set[str]:
    """The logical ids whose resources a value gets something from."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            return {name}
        case dict():
            return set().union(*map(mentioned, value.values()))
        case list():
            return set().union(*map(mentioned, value))
        case _:
            return set()


def check_custom_resource(template: Template) -> None:
    """The function is a custom resource that is sent an update for every new layer, which the function has."""
    properties = only(template, "Custom::Migrations")[1]["Properties"]
    [function] = [
        name for name, body in template["Resources"].items() if body.get("Properties", {}) == runner(template)
    ]
    layer = {"Ref": only(template, "AWS::Lambda::LayerVersion")[0]}

    assert properties["ServiceToken"] == {"Fn::GetAtt": [function, "Arn"]}
    assert properties["MigrationsLayerArn"] == layer
    assert runner(template)["Layers"] == [layer]
    assert int(properties["ServiceTimeout"]) == 2100


def runner(template: Template) -> Template:
    """The properties of the function that applies the migrations."""
    functions = [body["Properties"] for body in template["Resources"].values() if is_runner(body)]
    assert len(functions) == 1
    return dict(functions[0])


def is_runner(resource: Template) -> bool:
    """Whether a resource is that function, and not one of the CDK's own."""
    handler = resource.get("Properties", {}).get("Handler")
    return (resource["Type"], handler) == ("AWS::Lambda::Function", "lambda_fn.handler.lambda_handler")


def layer_files(template: Template, output: Path) -> set[str]:
    """The files of the layer, as they lie below /opt."""
    key = only(template, "AWS::Lambda::LayerVersion")[1]["Properties"]["Content"]["S3Key"]
    directory = output / f"asset.{key.removesuffix('.zip')}"
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def migration_files(infra: Path) -> set[str]:
    """The files that the layer has to hold."""
    prisma = infra.parent / "packages" / "prisma"
    return {str(path.relative_to(prisma)) for path in (prisma / "migrations").rglob("*") if path.is_file()}
