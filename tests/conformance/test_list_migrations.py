"""Prisma's checks of how the migrations directory is read, in its engine and in its command line."""

from pathlib import Path

import pytest

from lambda_fn.directory import find_directory, read_directory
from lambda_fn.errors import SettingsInvalid
from tests.fixtures.projects import LOCK_FILE, Project

FIRST = "20201117144659_test"
SECOND = "20201117152717_draft"
CREATE_BLOG = 'CREATE TABLE "Blog" (\n    id serial PRIMARY KEY\n);\n'
EMPTY_DRAFT = "-- This is an empty migration."


def write_directory(path: Path) -> Path:
    for name, script in ((SECOND, EMPTY_DRAFT), (FIRST, CREATE_BLOG)):
        (path / name).mkdir()
        (path / name / "migration.sql").write_text(script)
    (path / "migration_lock.toml").write_text(LOCK_FILE)
    return path


@pytest.mark.conformance(
    "list_migration_directories",
    "list_migration_directories_with_an_empty_migrations_folder_works",
    differs="An empty directory is refused (M206), because it is what a package built wrongly looks like.",
)
def test_an_empty_directory_is_m206(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        read_directory(tmp_path)

    assert refused.value.code == "M206"
    assert str(tmp_path) in refused.value.headline


@pytest.mark.conformance("list_migration_directories", "listing_a_single_migration_name_should_work")
def test_an_applied_migration_is_listed_as_before(project: Project) -> None:
    project.write("20240101000000_init", CREATE_BLOG)
    project.run()

    listed = read_directory(project.directory)

    assert [migration.name for migration in listed.migrations] == ["20240101000000_init"]


@pytest.mark.conformance(
    "listMigrations",
    "SQLite: lists migrations without error if the directory does not exist",
    differs="A missing directory is refused (M206), because it is what a package built wrongly looks like.",
)
def test_a_missing_directory_is_m206(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        find_directory(str(tmp_path / "migrations"))

    assert refused.value.code == "M206"


@pytest.mark.conformance("listMigrations", "SQLite: lists migrations with directory contents, if they are readable")
def test_migrations_are_listed_by_name_with_their_scripts_byte_for_byte(tmp_path: Path) -> None:
    listed = read_directory(write_directory(tmp_path))

    assert listed.path == str(tmp_path)
    assert [(migration.name, migration.script.decode()) for migration in listed.migrations] == [
        (FIRST, CREATE_BLOG),
        (SECOND, EMPTY_DRAFT),
    ]


@pytest.mark.conformance(
    "listMigrations",
    "gracefully handles non accessible files",
    differs="A script that cannot be read is refused (M209) before anything is applied; Prisma applies what comes "
    "before it first.",
)
def test_a_script_that_cannot_be_read_is_m209(tmp_path: Path) -> None:
    """It links to itself: the superuser may read a file whatever its mode."""
    script = write_directory(tmp_path) / SECOND / "migration.sql"
    script.unlink()
    script.symlink_to(script)

    with pytest.raises(SettingsInvalid) as refused:
        read_directory(tmp_path)

    assert refused.value.code == "M209"
    assert str(script) in refused.value.headline
