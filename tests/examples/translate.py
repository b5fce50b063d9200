"""`python translate.py TEMPLATE`, with SAM's own Python: prints what SAM makes of a template, as JSON."""

import json
import sys
from pathlib import Path
from typing import Any

from boto3.session import Session
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

# The translator wants an address in S3 and looks at nothing of it.
_ADDRESS = "s3://bucket/key"


def translate(template: dict[str, Any]) -> dict[str, Any]:
    """The template without the SAM transform."""
    for resource in template["Resources"].values():
        for name in {"CodeUri", "ContentUri"} & resource["Properties"].keys():
            resource["Properties"][name] = _ADDRESS
    translator = Translator(None, Parser(), boto_session=Session(region_name="eu-central-1"))
    translated: dict[str, Any] = translator.translate(template, parameter_values={})
    return translated


if __name__ == "__main__":
    print(json.dumps(translate(yaml_parse(Path(sys.argv[1]).read_text(encoding="utf-8")))))
