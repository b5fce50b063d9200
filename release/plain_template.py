"""`python -m release.plain_template template.yaml migrations.yaml`: the SAM template as plain CloudFormation.

Plain CloudFormation works as a stack, as a nested stack and in the CDK's CfnInclude, without CAPABILITY_AUTO_EXPAND.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from boto3.session import Session
from samcli.yamlhelper import yaml_dump, yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

PACKAGE = "migrate-lambda.zip"
FUNCTION = "MigrateFunction"
PACKAGED_MIGRATIONS = "MigrationsVersion"
_HEAD = f"""\
# Made of template.yaml by `make release`. The function's code is {PACKAGE}, beside this file, without migrations:
# they come as the layer MigrationsLayerArn.
"""
# The translator wants an address in S3 and looks at nothing of it.
_ADDRESS = "s3://bucket/key"

Template = dict[str, Any]

_LAYER_OF_RUN: Template = {
    "RuleCondition": {"Fn::Equals": [{"Ref": "RunMigrations"}, "true"]},
    "Assertions": [
        {
            "Assert": {"Fn::Not": [{"Fn::Equals": [{"Ref": "MigrationsLayerArn"}, ""]}]},
            "AssertDescription": "Give MigrationsLayerArn: this package holds no migrations.",
        }
    ],
}


def plain_template(template: Template) -> Template:
    """The same stack without the SAM transform, its code the released package.

    What lists the packaged migrations is left out: the released package has none.
    """
    resources = template["Resources"]
    del resources[PACKAGED_MIGRATIONS]
    resources[FUNCTION]["Properties"]["CodeUri"] = _ADDRESS
    plain: Template = _translator().translate(_layer_alone(template), parameter_values={})
    function = plain["Resources"][FUNCTION]
    function["Properties"]["Code"] = PACKAGE
    del function["Properties"]["Tags"]  # lambda:createdBy SAM
    # W3002: `aws cloudformation package` puts the address of the uploaded package there.
    function["Metadata"] = {"cfn-lint": {"config": {"ignore_checks": ["W3002"]}}}
    layer = plain["Parameters"]["MigrationsLayerArn"]
    del layer["Default"]
    layer["Description"] = "ARN of the layer version with the migrations. Empty with RunMigrations false at first."
    plain["Rules"]["LayerOfRun"] = _LAYER_OF_RUN
    return plain


def _translator() -> Translator:
    # The region is needed for what it makes of APIs alone, and is nowhere in the result.
    return Translator(None, Parser(), boto_session=Session(region_name="us-east-1"))


def _layer_alone(value: Any) -> Any:
    """The value with the layer's ARN wherever there was a choice between it and the packaged migrations."""
    match value:
        case {"Fn::If": ["HasLayer", arn, {"Ref": other}]} if other == PACKAGED_MIGRATIONS:
            return arn
        case Mapping():
            return {key: _layer_alone(each) for key, each in value.items()}
        case list():
            return [_layer_alone(each) for each in value]
        case _:
            return value


def main(arguments: list[str]) -> None:
    """Read the first file and write the second."""
    source, target = map(Path, arguments)
    template = yaml_parse(source.read_text(encoding="utf-8"))
    sections = list(template)
    plain = plain_template(template)
    # One by one in the order of the source: the dumper sorts.
    texts = [yaml_dump({section: plain[section]}) for section in sections if section in plain]
    target.write_text(_HEAD + "".join(texts), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
