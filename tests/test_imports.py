"""What importing costs, and that it reads nothing: a cold start pays for every module."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from lambda_fn.cli.program import MODULES as MODULES_OF_COMMANDS
from lambda_fn.cli.program import find_command
from lambda_fn.domain.outcome import Status
from tests.fixtures.projects import ROOT, Project
from tests.fixtures.terminal import environment

PACKAGE = ROOT / "lambda_fn"
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if path.name != "__main__.py"
)
PACKAGES = {name for name in MODULES if (ROOT / name.replace(".", "/")).is_dir()}
CORE = ("lambda_fn.domain", "lambda_fn.commands", "lambda_fn.invokers", "lambda_fn.account")
# Powertools imports botocore's __init__, which is next to nothing; a session is what costs.
HEAVY = {"boto3", "botocore.session", "pydantic", "aws_xray_sdk"}


# What only a pending script is worth: the lexer, what is made of its statements, and what runs them.
OF_PENDING = {
    *(
        f"lambda_fn.domain.{name}"
        for name in ("tokens", "statements", "statement_kinds", "execution", "steps", "recheck")
    ),
    *(f"lambda_fn.domain.{name}" for name in ("resumption", "step_event", "blocker", "orphan", "index_progress")),
    *(
        f"lambda_fn.postgres.{name}"
        for name in ("advisory_lock", "runner", "transaction", "message", "stepwise", "gap")
    ),
}
MODULES_OF_TERMINAL, MODULES_OF_FUNCTION = 64, 60  # of ours, for a deploy with nothing to do
DATACLASSES = 27  # each takes half a millisecond to make

INVOKE = """
class Context:
    aws_request_id, function_name, log_group_name, log_stream_name = "r", "f", "g", "s"
    def get_remaining_time_in_millis(self): return 900_000

from lambda_fn.handler import lambda_handler
lambda_handler({}, Context())
"""


def imported_by(statement: str, **variables: str) -> set[str]:
    """The modules that a fresh interpreter has imported after a statement."""
    process = subprocess.run(
        [sys.executable, "-c", f"import sys\n{statement}\nprint(*sys.modules)"],
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(process.stdout.splitlines()[-1].split())


def ours_in(imported: set[str], package: str = "lambda_fn") -> set[str]:
    """Our modules among the imported ones, without the packages' own."""
    return {name for name in imported if name.startswith(f"{package}.") and name in MODULES and name not in PACKAGES}


def others_in(imported: set[str]) -> set[str]:
    """The packages among the imported modules, but ours, the standard library's and what extensions add."""
    names = {name.partition(".")[0] for name in imported - imported_by("pass")}
    known = {*sys.stdlib_module_names, "lambda_fn", "cython_runtime"}
    return {name for name in names - known if not name.startswith("_")}


@pytest.fixture
def deployed(one_project: Project) -> dict[str, str]:
    """The variables of a project of which all is applied."""
    one_project.write("20240101000000_a", "CREATE TABLE a (id int);")
    assert one_project.run("deploy").status is Status.APPLIED
    return {"DATABASE_URL": one_project.url, "MIGRATE_DIR": str(one_project.directory)}


def test_a_deploy_with_nothing_to_do_pays_for_nothing_else_on_a_terminal(deployed: dict[str, str]) -> None:
    imported = imported_by("from lambda_fn.cli import main; assert main(['deploy', '--json']) == 0", **deployed)

    assert imported & OF_PENDING == set()
    assert ours_in(imported, "lambda_fn.commands") == {"lambda_fn.commands.deploy", "lambda_fn.commands.draft"}
    assert not {
        name for name in imported if name.startswith(("lambda_fn.aws", "lambda_fn.account", "lambda_fn.invokers"))
    }
    others = {"conversation", "explain", "history_table", "invoke", "live", "logs", "new", "progress", "subnets", "url"}
    assert imported & {f"lambda_fn.cli.{name}" for name in others} == set()
    assert others_in(imported) == {
        "annotated_doc",
        "psycopg",
        "psycopg_binary",
        "shellingham",
        "typer",
        "typing_extensions",
    }
    assert 0 < len(ours_in(imported)) <= MODULES_OF_TERMINAL


def test_what_the_first_invocation_needs_is_imported_while_the_function_is_initialised(
    deployed: dict[str, str],
) -> None:
    """Lambda gives that more of a CPU. Where nothing is to be done, nothing of ours is left to import."""
    initialised, invoked = imported_by("import lambda_fn.handler"), imported_by(INVOKE, **deployed)

    assert ours_in(invoked) - ours_in(initialised) == set()
    assert invoked & (OF_PENDING | HEAVY) == set()
    assert ours_in(invoked, "lambda_fn.commands") == {"lambda_fn.commands.deploy", "lambda_fn.commands.draft"}
    protocols = {"direct", "explanation", "invoker", "recognition", "signs"}
    assert ours_in(invoked, "lambda_fn.invokers") == {f"lambda_fn.invokers.{name}" for name in protocols}
    assert 0 < len(ours_in(invoked)) <= MODULES_OF_FUNCTION


def test_few_dataclasses_are_made_for_a_deploy_with_nothing_to_do(deployed: dict[str, str]) -> None:
    count = "import dataclasses; made = []; real = dataclasses._process_class"
    counting = "dataclasses._process_class = lambda cls, *rest: (made.append(cls.__module__), real(cls, *rest))[1]"
    own = "own = [name for name in made if name.startswith('lambda_fn')]"
    script = f"{count}\n{counting}\n{INVOKE}\n{own}\nassert 0 < len(own) <= {DATACLASSES}, len(own)"

    assert "lambda_fn.handler" in imported_by(script, **deployed)


def test_the_handler_imports_neither_boto3_nor_pydantic_nor_x_ray() -> None:
    imported = imported_by("import lambda_fn.handler")

    assert imported & HEAVY == set()
    assert imported >= {"lambda_fn.handler", "psycopg", "aws_lambda_powertools"}
    assert imported & {"http.client", "urllib.request"} == set(), "only who is answered by HTTP pays for it"


def test_the_handler_can_be_imported_where_nothing_but_the_standard_library_can() -> None:
    """So that the event is answered also where psycopg or Powertools cannot be imported."""
    without = "sys.modules.update(psycopg=None, aws_lambda_powertools=None)"
    imported = imported_by(f"{without}; import lambda_fn.handler")

    assert others_in(imported) - {"psycopg", "aws_lambda_powertools"} == set()
    assert "lambda_fn.handler" in imported


def test_the_terminal_imports_nothing_of_aws() -> None:
    assert imported_by("import lambda_fn.cli") & (HEAVY | {"botocore", "aws_lambda_powertools"}) == set()


def test_only_a_plan_pays_for_what_reads_scripts_for_destructive_statements() -> None:
    dear = {"lambda_fn.domain.destructive_statements", "lambda_fn.domain.destructive_operations"}

    assert imported_by("import lambda_fn.commands.deploy, lambda_fn.domain.execution") & dear == set()


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


@pytest.mark.parametrize("command", MODULES_OF_COMMANDS)
def test_a_command_of_the_terminal_is_where_the_program_looks_for_it(command: str) -> None:
    found = find_command(command)

    assert found is not None
    assert found.name == command


def test_a_command_without_a_terminal_pays_for_no_drawing() -> None:
    imported = imported_by("import lambda_fn.cli.program, lambda_fn.cli.actions")

    assert "typer" in imported
    assert {name for name in imported if name.partition(".")[0] in ("pydantic", "rich")} == set()
