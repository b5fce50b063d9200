"""A team's repository round each example, as the comment at the example's top asks for it."""

import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.examples.programs import ROOT

EXAMPLES = ROOT / "docs" / "examples"
NewRepository = Callable[[str], Path]


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two files of a release. The template is the real one; of the package nothing but its hash is looked at."""
    directory = tmp_path_factory.mktemp("release")
    with zipfile.ZipFile(directory / "migrate-lambda.zip", "w") as archive:
        archive.writestr("stand-in.txt", "No function is run in these checks.")
    program = ROOT / ".venv-sam" / "bin" / "python"
    subprocess.run(
        [program, "-m", "release.plain_template", "template.yaml", directory / "migrations.yaml"], cwd=ROOT, check=True
    )
    return directory


@pytest.fixture(scope="session")
def new_repository(release: Path, tmp_path_factory: pytest.TempPathFactory) -> NewRepository:
    """Makes a repository with migrations, the release and one example, and returns the example's folder."""

    def new(example: str) -> Path:
        root = tmp_path_factory.mktemp("repository")
        shutil.copytree(release, root / "vendor" / "migrate-lambda")
        shutil.copytree(ROOT / "migrations", root / "packages" / "prisma" / "migrations")
        (root / "packages" / "prisma" / "schema.prisma").write_text("// not for the layer\n")
        return Path(shutil.copytree(EXAMPLES / example, root / "infra"))

    return new


def add_migration(infra: Path) -> None:
    """One more migration in the repository round an example's folder."""
    script = infra.parent / "packages" / "prisma" / "migrations" / "20991231235959_another" / "migration.sql"
    script.parent.mkdir()
    script.write_text("SELECT 1;\n")
