"""Prisma's checks of how an empty migration is made."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lambda_fn.directory import read_directory
from lambda_fn.errors import RequestInvalid
from lambda_fn.new_migration import create_migration
from tests.fixtures.projects import LOCK_FILE, Project

NOW = datetime(2020, 10, 14, 15, 49, 43, tzinfo=UTC)


@pytest.mark.conformance("create_migration", "empty_migrations_should_be_created_with_the_draft_option")
def test_a_draft_is_a_comment_that_is_applied_as_any_other_script(project: Project) -> None:
    made = create_migration(project.directory, "init", NOW)

    assert made.script.read_bytes() == b"-- This is an empty migration."
    assert [migration.name for migration in project.run().applied] == ["20201014154943_init"]


@pytest.mark.conformance(
    "create_migration", "creating_a_migration_with_a_non_existent_migrations_directory_should_work"
)
def test_the_directory_and_the_lock_file_are_made_with_the_first_migration(tmp_path: Path) -> None:
    directory = tmp_path / "prisma" / "migrations"

    create_migration(directory, "create-cats", NOW)

    assert [migration.name for migration in read_directory(directory).migrations] == ["20201014154943_create_cats"]
    assert (directory / "migration_lock.toml").read_text() == LOCK_FILE


@pytest.mark.conformance("create_migration", "migration_name_length_is_validated")
def test_a_name_of_more_than_200_bytes_is_p3010(tmp_path: Path) -> None:
    with pytest.raises(RequestInvalid) as refused:
        create_migration(tmp_path, "a" * 201, NOW)

    assert refused.value.code == "P3010"
    assert "The name of the migration is too long. It must not be longer than 200 characters" in refused.value.problem
    assert list(tmp_path.iterdir()) == []
