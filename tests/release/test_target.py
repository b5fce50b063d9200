"""What is built for: by default what the template deploys, and what the image runs on."""

import re

import pytest

from release.refusal import Refused
from release.target import Architecture, Target, parse_target
from tests.fixtures.projects import ROOT

TEMPLATE = (ROOT / "template.yaml").read_text()


def test_the_default_is_what_the_template_deploys() -> None:
    assert re.findall(r"^ +Runtime: (.*)$", TEMPLATE, re.MULTILINE) == [Target().runtime]
    assert re.findall(r"^ +Architectures: \[(.*)\]$", TEMPLATE, re.MULTILINE) == [Target().architecture]


@pytest.mark.parametrize(
    ("name", "architecture"),
    [
        ("arm64", Architecture.ARM64),
        ("aarch64", Architecture.ARM64),
        ("x86_64", Architecture.X86_64),
    ],
)
def test_an_architecture_has_lambdas_name_or_the_kernels(name: str, architecture: Architecture) -> None:
    assert parse_target("python3.12", name) == Target(12, architecture)


@pytest.mark.parametrize("runtime", ["3.14", "python3", "python2.7", "python3.14-rc", "nodejs24.x", ""])
def test_a_runtime_that_is_none_of_python_is_refused(runtime: str) -> None:
    with pytest.raises(Refused, match=re.escape(repr(runtime))):
        parse_target(runtime, "arm64")


def test_an_architecture_that_lambda_has_not_is_refused() -> None:
    with pytest.raises(Refused, match="'riscv64'"):
        parse_target("python3.14", "riscv64")


def test_wheels_are_for_the_c_library_of_amazon_linux_2023() -> None:
    platforms = Target().platforms

    assert platforms[0] == "manylinux_2_34_aarch64"
    assert {"manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"} < set(platforms)
