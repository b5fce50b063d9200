"""CloudFormation templates as values, and what a stack with migrations has to hold."""

import json
from pathlib import Path
from typing import Any

import yaml

Template = dict[str, Any]
Resource = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """Knows the short forms of the functions: `!Ref x` is `{"Ref": "x"}`, `!GetAtt a.b` `{"Fn::GetAtt": "a.b"}`."""


def _function(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    key = name if name == "Ref" else f"Fn::{name}"
    if isinstance(node, yaml.ScalarNode):
        return {key: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {key: loader.construct_sequence(node, deep=True)}
    return {key: loader.construct_mapping(node, deep=True)}  # type: ignore[arg-type]  # nodes are of three kinds


_Loader.add_multi_constructor("!", _function)


def read_template(path: Path) -> Template:
    """A template in YAML or JSON."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return dict(json.loads(text))
    return dict(yaml.load(text, Loader=_Loader))


def only(template: Template, type_name: str) -> tuple[str, Resource]:
    """The logical id and the body of the only resource of a type."""
    [found] = [(name, body) for name, body in template["Resources"].items() if body["Type"] == type_name]
    return found


def of_type(template: Template, type_name: str) -> set[str]:
    """The logical ids of the resources of a type."""
    return {name for name, body in template["Resources"].items() if body["Type"] == type_name}


def waits_for(resource: Resource) -> set[str]:
    """The logical ids that a resource names in DependsOn."""
    named = resource.get("DependsOn", [])
    return {named} if isinstance(named, str) else set(named)
