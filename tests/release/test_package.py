"""What a package holds, and that the same inputs give the same bytes."""

import ast
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from release.archive import LIMIT_BYTES
from release.target import Target
from tests.fixtures.projects import LOCK_FILE, ROOT
from tests.release.building import Build, copy_source, files_in, native_target, run

A, B = "20240101000000_a", "20240102000000_b"
DISTRIBUTIONS = {"aws_lambda_powertools", "jmespath", "psycopg", "psycopg_binary", "typing_extensions"}
# A model of pydantic, which is not in the package, is what it would write into the log.
LAZY = {"aws_lambda_powertools/shared/functions.py": "aws_lambda_powertools.event_handler.openapi.compat"}


def migrations_in(directory: Path, **scripts: bytes) -> Path:
    """A migrations directory of these scripts."""
    directory.mkdir()
    (directory / "migration_lock.toml").write_text(LOCK_FILE)
    for name, content in scripts.items():
        (directory / name).mkdir()
        (directory / name / "migration.sql").write_bytes(content)
    return directory


def source_files(suffix: str) -> set[str]:
    """The runner's own files of a suffix."""
    return {path.relative_to(ROOT).as_posix() for path in (ROOT / "lambda_fn").rglob(f"*{suffix}")}


def test_it_holds_the_runner_what_that_needs_and_the_migrations(native_package: Path) -> None:
    top = {path.name.removesuffix(".py") for path in native_package.iterdir()}

    metadata = {name for name in top if name.endswith(".dist-info")}
    assert {re.sub(r"-[\d.]+\.dist-info$", "", name) for name in metadata} == DISTRIBUTIONS
    rest = {"lambda_fn", "migrations", "psycopg_binary.libs", "__pycache__"}
    assert top - metadata == DISTRIBUTIONS | rest


def test_of_the_repository_it_holds_only_what_runs(shipped_package: Path) -> None:
    held = {name for name in files_in(shipped_package) if name.startswith("lambda_fn/") and not name.endswith(".pyc")}

    assert held == {name for name in source_files(".py") | source_files(".pem") if not is_terminal(name)}
    assert not {name for name in held if (shipped_package / name).read_bytes() != (ROOT / name).read_bytes()}
    # Nothing else is there to be forgotten: a new kind of file is to be decided upon.
    others = {path.suffix for path in (ROOT / "lambda_fn").rglob("*") if path.is_file()} - {".py", ".pem", ".pyc"}
    assert others == {""}


def is_terminal(name: str) -> bool:
    """Whether a file of the runner is the terminal's."""
    return name == "lambda_fn/__main__.py" or name.startswith("lambda_fn/cli/")


def test_nothing_in_it_needs_the_terminal_or_what_that_is_made_with(shipped_package: Path) -> None:
    files = list((shipped_package / "lambda_fn").rglob("*.py"))
    imported = {name for file in files for name in imports_of(shipped_package, file)}

    assert not [file for file in files if is_terminal(file.relative_to(shipped_package).as_posix())]
    assert "lambda_fn.domain.outcome" in imported
    assert not {name for name in imported if f"{name}.".startswith(("lambda_fn.cli.", "typer.", "rich.", "dotenv."))}


def test_nothing_in_it_is_for_tests_laptops_installers_or_type_checkers(native_package: Path) -> None:
    names = files_in(native_package)

    parts = {part for name in names for part in name.split("/")}
    assert not parts & {"boto3", "botocore", "tests", "test", "local", "release", "Makefile", "RECORD", "WHEEL", "bin"}
    assert not {name for name in names if name.endswith((".pyi", ".c", ".pyx", ".sql.orig"))}


def test_versions_and_licences_stay_with_it(shipped_package: Path) -> None:
    for metadata in shipped_package.glob("*.dist-info"):
        assert re.search(r"^Version: \d", (metadata / "METADATA").read_text(), re.MULTILINE)
        assert [path for path in metadata.rglob("LICENSE*") if path.is_file()], metadata.name


def test_its_libraries_are_those_of_the_target(shipped_package: Path, native_package: Path) -> None:
    def compiled(package: Path) -> set[str]:
        return {name.split(".", 1)[1] for name in files_in(package) if name.startswith("psycopg_binary/_psycopg.")}

    for package, target in ((shipped_package, Target()), (native_package, native_target())):
        assert compiled(package) == {f"cpython-3{target.python_minor}-{target.architecture.machine}-linux-gnu.so"}


def test_without_migrations_it_is_the_bare_runner(shipped_package: Path, native_package: Path) -> None:
    assert not (shipped_package / "migrations").exists()
    assert files_in(native_package / "migrations") == files_in(ROOT / "migrations")


def test_everybody_may_read_it(build: Build, tmp_path: Path) -> None:
    """A umask of this machine must not come to Lambda, where another user runs the code."""
    command = ["sh", "-c", f"umask 077 && {sys.executable} -m release.package {tmp_path / 'package'}"]

    ended = build.run(command, PATH="/usr/bin:/bin")

    assert ended.returncode == 0, ended.stderr
    paths = [tmp_path / "package", *(tmp_path / "package").rglob("*")]
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_file()} == {0o644}
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_dir()} == {0o755}


def test_the_same_inputs_give_the_same_bytes(build: Build, native_package: Path, tmp_path: Path) -> None:
    """From another directory, with other times, into another directory; byte code and all."""
    copy = copy_source(tmp_path / "elsewhere")

    build.package(tmp_path / "package", native_target(), copy / "migrations", source=copy)

    assert files_in(tmp_path / "package") == files_in(native_package)


def test_it_is_smaller_than_the_limit_also_with_byte_code(native_zip: Path) -> None:
    assert native_zip.stat().st_size < LIMIT_BYTES


def imports_of(package: Path, path: Path) -> Iterator[str]:
    """The modules that a file imports, anywhere but for type checkers."""
    tree = ast.parse(path.read_text())
    for_checkers = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and node not in for_checkers:
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node not in for_checkers:
            parents = path.relative_to(package).parts[: -node.level] if node.level else ()
            yield ".".join([*parents, *filter(None, [node.module])])


@pytest.mark.parametrize("part", ["*.py", "logging", "metrics", "shared", "tracing", "utilities/jmespath_utils"])
def test_nothing_that_is_used_of_powertools_imports_what_was_left_out(part: str, shipped_package: Path) -> None:
    powertools = shipped_package / "aws_lambda_powertools"
    files = [file for path in powertools.glob(part) for file in (path.rglob("*.py") if path.is_dir() else [path])]
    missing = {
        (file.relative_to(shipped_package).as_posix(), name)
        for file in files
        for name in imports_of(shipped_package, file)
        if name.startswith("aws_lambda_powertools")
        and not (shipped_package / name.replace(".", "/")).is_dir()
        and not (shipped_package / f"{name.replace('.', '/')}.py").is_file()
    }

    assert files
    assert missing <= set(LAZY.items())


def test_a_script_is_packaged_byte_for_byte(build: Build, tmp_path: Path) -> None:
    scripts = {A: b"\xef\xbb\xbfSELECT 1;\r\n", B: b"SELECT 'f\xfcnf';"}

    build.package(tmp_path / "package", Target(), migrations_in(tmp_path / "ours", **scripts))

    packaged = files_in(tmp_path / "package" / "migrations")
    expected = {f"{name}/migration.sql": content for name, content in scripts.items()}
    assert packaged == {**expected, "migration_lock.toml": LOCK_FILE.encode()}


def test_what_deploy_would_refuse_is_told_and_packaged(build: Build, tmp_path: Path) -> None:
    """A baseline that pg_dump wrote is in the history already, and never run."""
    ours = migrations_in(tmp_path / "ours", **{A: b"\\restrict abc\nSELECT 1;", B: b"SELECT 1;"})

    ended = build.package(tmp_path / "package", Target(), ours)

    [warning, *_] = ended.stderr.splitlines()
    assert warning.startswith("warning: Deploy refuses this migration while it is pending: M211 ")
    assert A in warning
    assert f"2 migrations of {ours}, the last {B}" in ended.stdout
    assert f"migrations/{A}/migration.sql" in files_in(tmp_path / "package")


def no_directory(path: Path) -> str:
    """Nothing at all."""
    return f"There is no migrations directory {path}"


def no_migration(path: Path) -> str:
    """Only the lock file."""
    migrations_in(path)
    return "M206 "


def no_script(path: Path) -> str:
    """The directory of one migration is empty; the parent of a migrations directory looks like it too."""
    (migrations_in(path, **{A: b"SELECT 1;"}) / B).mkdir()
    return "P3015 "


def one_too_high(path: Path) -> str:
    """The parent of the migrations directory: deleting what has no script, as P3015 says, would delete them all."""
    path.mkdir()
    migrations_in(path / "migrations", **{A: b"SELECT 1;"})
    return f"{path} holds no migrations, but {path / 'migrations'} does. "


def a_link(path: Path) -> str:
    """A migration is a symbolic link."""
    migrations = migrations_in(path, **{A: b"SELECT 1;"})
    (migrations / B).symlink_to(migrations / A)
    return "M208 "


def another_provider(path: Path) -> str:
    """The migrations are of another kind of database."""
    migrations = migrations_in(path, **{A: b"SELECT 1;"})
    (migrations / "migration_lock.toml").write_text('provider = "mysql"\n')
    return "P3019 "


@pytest.mark.parametrize("spoil", [no_directory, no_migration, no_script, one_too_high, a_link, another_provider])
@pytest.mark.parametrize("program", ["release.package", "release.migrations_version"])
def test_a_bad_directory_is_refused_before_anything_is_written(
    spoil: Callable[[Path], str], program: str, tmp_path: Path
) -> None:
    message = spoil(tmp_path / "ours")
    command = [sys.executable, "-m", program, str(tmp_path / "package"), "--migrations", str(tmp_path / "ours")]

    ended = run(command, ROOT)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"error: {message}")
    assert not (tmp_path / "package").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--runtime", "nodejs24.x"], "'nodejs24.x'"),
        (["--architecture", "riscv64"], "'riscv64'"),
        (["--migrations", ""], "it is empty"),
    ],
)
def test_a_bad_option_is_refused_before_anything_is_written(options: list[str], message: str, tmp_path: Path) -> None:
    ended = run([sys.executable, "-m", "release.package", tmp_path / "package", *options], ROOT)

    assert ended.returncode != 0
    assert message in ended.stderr
    assert not (tmp_path / "package").exists()


def test_a_directory_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")

    ended = run([sys.executable, "-m", "release.package", tmp_path], ROOT)

    assert (ended.returncode, ended.stderr) == (
        1,
        f"error: {tmp_path} is not an empty directory. Remove it, or name another.\n",
    )
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_without_the_wheels_nothing_is_written(tmp_path: Path) -> None:
    variables = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}

    ended = run([sys.executable, "-m", "release.package", tmp_path / "package"], ROOT, **variables)

    assert ended.returncode == 1
    assert ended.stderr.startswith("error: pip did not get the wheels for python3.14 on arm64:")
    assert not (tmp_path / "package").exists()
