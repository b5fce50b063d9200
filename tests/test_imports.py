"""What importing costs, and that it reads nothing: a cold start pays for every module."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.projects import ROOT
from tests.fixtures.terminal import environment

PACKAGE = ROOT / "lambda_fn"
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if path.name != "__main__.py"
)
CORE = ("lambda_fn.domain", "lambda_fn.commands", "lambda_fn.invokers", "lambda_fn.account")
# Powertools imports botocore's __init__, which is next to nothing; a session is what costs.
HEAVY = {"boto3", "botocore.session", "pydantic", "aws_xray_sdk"}


def imported_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter has imported after a statement."""
    process = subprocess.run(
        [sys.executable, "-c", f"import sys; {statement}; print(*sys.modules)"],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(process.stdout.split())


def test_the_handler_imports_neither_boto3_nor_pydantic_nor_x_ray() -> None:
    imported = imported_by("import lambda_fn.handler")

    assert imported & HEAVY == set()
    assert "lambda_fn.handler" in imported


def test_the_handler_needs_the_standard_library_only() -> None:
    """So that the event is answered also where psycopg or Powertools cannot be imported."""
    imported = imported_by("import lambda_fn.handler") - imported_by("pass")

    assert {name.partition(".")[0] for name in imported} <= {*sys.stdlib_module_names, "lambda_fn"}
    assert imported & {"ssl", "http.client", "urllib.request"} == set(), "only who is answered by HTTP pays for it"


def test_the_terminal_imports_nothing_of_aws() -> None:
    assert imported_by("import lambda_fn.cli") & (HEAVY | {"botocore", "aws_lambda_powertools"}) == set()


def test_only_a_plan_pays_for_what_reads_scripts_for_destructive_statements() -> None:
    imported = imported_by("import lambda_fn.handler, lambda_fn.wiring")

    assert "lambda_fn.commands.plan" in imported
    assert imported & {"lambda_fn.domain.destructive_statements", "lambda_fn.domain.destructive_operations"} == set()


def test_the_core_imports_the_standard_library_only() -> None:
    core = [name for name in MODULES if name.startswith(CORE)]
    imported = imported_by(f"import {', '.join(core)}") - imported_by("pass")

    assert {name.partition(".")[0] for name in imported} <= {*sys.stdlib_module_names, "lambda_fn"}


POISON = """
import os, sys

class Poisoned(dict):
    def _refuse(self, *arguments):
        caller = sys._getframe(1)
        while caller.f_code.co_filename.startswith("<frozen") or "/os.py" in caller.f_code.co_filename:
            caller = caller.f_back
        if "/lambda_fn/" in caller.f_code.co_filename:
            raise AssertionError(f"{caller.f_code.co_filename}:{caller.f_lineno} reads the environment")
        return None
    __getitem__ = get = __contains__ = __iter__ = keys = items = values = copy = _refuse

import MODULE_BEFORE
os.environ = Poisoned()
import importlib
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def test_importing_reads_nothing_from_the_environment() -> None:
    # What others import may read theirs; it is imported before.
    script = POISON.replace("MODULE_BEFORE", "aws_lambda_powertools, boto3, psycopg")

    process = subprocess.run(
        [sys.executable, "-c", script, *MODULES], env=environment(), capture_output=True, text=True, check=False
    )

    assert process.returncode == 0, process.stderr
    assert len(MODULES) > 30


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_settings_touch_the_environment(path: Path) -> None:
    if path == PACKAGE / "settings.py":
        return
    names = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute | ast.Name)
    }
    assert names & {"environ", "environb", "getenv", "getenvb", "putenv"} == set()


def test_a_command_without_a_terminal_pays_for_no_drawing() -> None:
    imported = imported_by("import lambda_fn.cli.program")

    assert "typer" in imported
    assert {name for name in imported if name.partition(".")[0] == "rich"} == set()
