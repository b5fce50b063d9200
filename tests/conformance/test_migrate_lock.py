"""Prisma's checks of `migration_lock.toml`."""

from pathlib import Path

import pytest

from lambda_fn.directory import LOCK_FILE_NAME, read_directory
from lambda_fn.errors import SettingsInvalid
from tests.fixtures.projects import Project

NAME = "20240101000000_01init"
COMMENT_SHAPES = (
    '# acd\n# def\nprovider = "sqlite"\n',
    '# abc\nprovider = "sqlite"\n',
    'provider = "sqlite"',
    'provider = "sqlite"\n        # heh',
)


@pytest.mark.conformance("migrate_lock", "create_migration_with_new_provider_errors")
def test_a_directory_of_another_provider_is_p3019_before_anything_is_done(project: Project) -> None:
    project.write(NAME, 'CREATE TABLE "Cat" (id int PRIMARY KEY);')
    (project.directory / LOCK_FILE_NAME).write_text('provider = "sqlite"\n')

    error = project.run().error

    assert isinstance(error, SettingsInvalid)
    assert error.code == "P3019"
    assert "`postgresql`" in error.headline
    assert "`sqlite`" in error.headline
    assert project.value("SELECT to_regclass('_prisma_migrations')") is None


@pytest.mark.conformance("migrate_lock", "migration_lock_with_different_comment_shapes_work")
@pytest.mark.parametrize("content", COMMENT_SHAPES)
def test_the_provider_is_found_whatever_the_comments(content: str, tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE_NAME).write_text(content)

    with pytest.raises(SettingsInvalid, match="`sqlite`") as refused:
        read_directory(tmp_path)

    assert refused.value.code == "P3019"
