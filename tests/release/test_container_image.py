"""The images: `make check` lints them; here is what a linter does not know. No container is run."""

import os
import re
import shutil
import sys
from pathlib import Path

from release.target import Target, parse_target
from tests.fixtures.images import instructions
from tests.fixtures.projects import ROOT
from tests.release.building import Build, files_in

EXAMPLE = ROOT / "docs" / "examples" / "container-image" / "Dockerfile"
OURS = instructions(ROOT / "Dockerfile")


def copied() -> list[tuple[str, str]]:
    """What comes from the repository, and where it goes."""
    pairs = [arguments.split() for name, arguments in OURS if name == "COPY" and not arguments.startswith("--from")]
    return [(source, target) for source, target in pairs]


def test_it_runs_on_what_the_package_is_built_for() -> None:
    images = [arguments.split()[0] for name, arguments in OURS if name == "FROM"]

    assert images == [f"public.ecr.aws/lambda/{Target().runtime.replace('python', 'python:')}"] * 2


def test_it_starts_the_handler_of_the_template() -> None:
    [handler] = re.findall(r"^ +Handler: (.*)$", (ROOT / "template.yaml").read_text(), re.MULTILINE)

    assert OURS[-1] == ("CMD", f'["{handler}"]')


def test_what_it_copies_is_let_in_and_nothing_else() -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]

    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == {source.split("/")[0] for source, _ in copied()}


def test_what_it_copies_is_enough_to_build_the_bare_runner(build: Build, tmp_path: Path) -> None:
    for source, place in copied():
        (tmp_path / "source" / place).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copyfile
        copy(ROOT / source, tmp_path / "source" / place)
    [command] = [arguments for name, arguments in OURS if name == "RUN"]
    shim = tmp_path / "python3"
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    shim.chmod(0o755)
    here = command.replace(" /package ", f" {tmp_path}/package ")

    ended = build.run(["sh", "-c", here], tmp_path / "source", PATH=f"{tmp_path}:{os.defpath}")

    assert ended.returncode == 0, ended.stderr
    built = parse_target(Target().runtime, os.uname().machine)
    assert f"for {built.runtime} on {built.architecture}" in ended.stdout
    assert "lambda_fn/handler.py" in files_in(tmp_path / "package")
    assert not (tmp_path / "package" / "migrations").exists()


def test_a_teams_image_is_ours_and_their_migrations() -> None:
    [image, migrations] = instructions(EXAMPLE)

    assert image[0] == "FROM"
    assert migrations == ("COPY", "packages/prisma/migrations /opt/migrations")
