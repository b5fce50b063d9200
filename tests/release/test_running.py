"""The package runs: in the real runtime client, on a real PostgreSQL, without the repository."""

import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from local.runtime_api import Function
from local.secrets_manager import LocalSecretsManager
from tests.fixtures.functions import FUNCTION_NAME, SECRET_ID, CheckedSandbox, Planted, sessions_of_runs, wait_until
from tests.fixtures.projects import ROOT
from tests.release.building import Build, native_target

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the wheels of a package are for Linux")

# What Lambda's runtime brings: its client and boto3, with what they need; and what Python's own set-up loads.
RUNTIME = {
    *("awslambdaric", "runtime_client", "snapshot_restore_py", "simplejson"),
    *("boto3", "botocore", "certifi", "s3transfer", "dateutil", "six", "urllib3"),
    *("__main__", "__mp_main__", "_distutils_hack"),
}
# The handler, and then where everything that it loaded came from.
WITNESS = """
import sys
from lambda_fn import handler

def lambda_handler(event, context):
    outcome = handler.lambda_handler(event, context)
    files = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
    return {
        "outcome": outcome,
        "path": sys.path,
        "files": {name: file for name, file in files.items() if file},
    }
"""


class Start(Protocol):
    """Starts the function of a package, with more variables than those that lead it to the stand-ins."""

    def __call__(self, package: Path, **variables: str) -> CheckedSandbox: ...


@pytest.fixture
def start_packaged(planted: Planted, manager: LocalSecretsManager, tmp_path: Path) -> Iterator[Start]:
    """Functions of packages. Afterwards no session may be left in the database."""
    pytest.importorskip("awslambdaric", reason="AWS's runtime client is not installed")
    witness = tmp_path / "witness"
    witness.mkdir()
    (witness / "witness.py").write_text(WITNESS)
    manager.put(SECRET_ID, planted.secret)
    with ExitStack() as stack:

        def started(package: Path, **variables: str) -> CheckedSandbox:
            path = {"PYTHONPATH": f"{package}:{witness}", "MIGRATE_SECRET_ID": SECRET_ID}
            function = Function(name=FUNCTION_NAME, handler="witness.lambda_handler", code=package)
            return stack.enter_context(CheckedSandbox({**manager.environment, **path, **variables}, function=function))

        yield started
        wait_until(lambda: sessions_of_runs(planted.project) == 0)


@pytest.fixture
def unpacked(native_zip: Path, tmp_path: Path) -> Path:
    """The package as Lambda unpacks it from its zip file."""
    with zipfile.ZipFile(native_zip) as archive:
        archive.extractall(tmp_path / "task")
    return tmp_path / "task"


def invoked(function: CheckedSandbox) -> dict[str, Any]:
    """What the witness tells of a deploy."""
    invocation = function.invoke({"action": "deploy"})
    assert invocation.error is None, invocation.error
    told: dict[str, Any] = invocation.payload
    return told


def check_origins(told: Mapping[str, Any], package: Path) -> None:
    """Everything that was loaded is of the package, but for what Lambda's runtime brings."""
    assert str(ROOT) not in told["path"]
    origins = {name: Path(file) for name, file in told["files"].items()}
    foreign = {
        name.split(".")[0]
        for name, file in origins.items()
        if not file.is_relative_to(package) and "site-packages" in file.parts
    }
    assert foreign <= RUNTIME
    assert not [file for file in origins.values() if file.is_relative_to(ROOT) and "site-packages" not in file.parts]
    for name in ("lambda_fn.handler", "psycopg", "psycopg_binary", "aws_lambda_powertools", "typing_extensions"):
        assert origins[name].is_relative_to(package), name
    assert not origins["boto3"].is_relative_to(package)


def test_its_own_migrations_are_deployed(unpacked: Path, planted: Planted, start_packaged: Start) -> None:
    told = invoked(start_packaged(unpacked))

    names = [path.name for path in sorted((ROOT / "migrations").iterdir()) if path.is_dir()]
    assert told["outcome"]["status"] == "applied"
    assert told["outcome"]["directory"] == str(unpacked / "migrations")
    assert [migration["name"] for migration in told["outcome"]["applied"]] == names
    assert [row["migration_name"] for row in planted.project.rows()] == names
    check_origins(told, unpacked)


def test_the_byte_code_is_what_runs(unpacked: Path, planted: Planted, start_packaged: Start) -> None:
    """Even where the source says otherwise, which is never looked at."""
    handler = unpacked / "lambda_fn" / "handler.py"
    handler.write_text("raise ImportError('the source was read')")

    told = invoked(start_packaged(unpacked))

    loaded = [Path(file) for file in told["files"].values() if Path(file).is_relative_to(unpacked)]
    without = [
        file for file in loaded if file.suffix == ".py" and not list(file.parent.glob(f"__pycache__/{file.stem}.*"))
    ]
    assert without == []
    assert planted.project.rows()


def test_the_bare_runner_takes_the_migrations_of_a_layer(
    build: Build, planted: Planted, start_packaged: Start, tmp_path: Path
) -> None:
    build.package(tmp_path / "task", native_target())

    told = invoked(start_packaged(tmp_path / "task", MIGRATE_DIR=str(planted.project.directory)))

    assert told["outcome"]["directory"] == str(planted.project.directory)
    assert planted.project.tables() == {"a", "b"}
    check_origins(told, tmp_path / "task")


def test_the_bare_runner_has_nothing_to_deploy_by_itself(build: Build, start_packaged: Start, tmp_path: Path) -> None:
    build.package(tmp_path / "task", native_target())

    invocation = start_packaged(tmp_path / "task").invoke({"action": "deploy"})

    assert invocation.error is not None
    assert invocation.error["errorMessage"].startswith("M206 ")
