"""The migrations directory on a terminal, where none is named, or the one round it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lambda_fn.directory import (
    LOCK_FILE_NAME,
    SCRIPT_NAME,
    directory_near,
    directory_to_make,
    find_directory,
    read_directory,
)
from lambda_fn.errors import SettingsInvalid
from tests.fixtures.projects import LOCK_FILE

A, B = "20240101000000_a", "20240102000000_b"

as_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything, so nothing is unreadable")


def write(directory: Path, name: str) -> Path:
    """Write a migration into a directory, and return the directory."""
    (directory / name).mkdir(parents=True)
    (directory / name / SCRIPT_NAME).write_text("SELECT 1;")
    return directory


def refusal(call: Callable[[], object], code: str) -> SettingsInvalid:
    with pytest.raises(SettingsInvalid) as refused:
        call()
    assert refused.value.code == code
    return refused.value


PLACES = ("migrations", "prisma/migrations", "packages/prisma/migrations")


@pytest.mark.parametrize("place", PLACES)
def test_on_a_terminal_the_directory_is_found_where_projects_have_it(tmp_path: Path, place: str) -> None:
    write(tmp_path / place, A)

    assert directory_near(tmp_path) == tmp_path / place


@pytest.mark.parametrize("place", [*PLACES, "."])
def test_a_lock_file_alone_makes_a_directory_count(tmp_path: Path, place: str) -> None:
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    (tmp_path / place / LOCK_FILE_NAME).write_text(LOCK_FILE)

    assert directory_near(tmp_path) == tmp_path / place


def test_the_working_directory_without_a_lock_file_may_be_anything(tmp_path: Path) -> None:
    write(tmp_path, A)

    error = refusal(lambda: directory_near(tmp_path), "M206")

    assert error.problem == (
        "No migrations directory is named, and there is none at "
        f"{tmp_path}/migrations, {tmp_path}/prisma/migrations, {tmp_path}/packages/prisma/migrations."
    )
    assert "--migrations" in error.next_step


def test_directories_of_other_tools_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "migrations" / "versions").mkdir(parents=True)
    (tmp_path / "migrations" / SCRIPT_NAME).write_text("SELECT 1;")
    (tmp_path / "prisma").write_text("a file")

    refusal(lambda: directory_near(tmp_path), "M206")
    write(tmp_path / "packages/prisma/migrations", A)

    assert directory_near(tmp_path) == tmp_path / "packages/prisma/migrations"


def test_of_several_directories_none_is_taken(tmp_path: Path) -> None:
    write(tmp_path / "migrations", A)
    write(tmp_path / "prisma/migrations", A)

    error = refusal(lambda: directory_near(tmp_path), "M207")

    assert f": {tmp_path}/migrations, {tmp_path}/prisma/migrations." in error.problem
    assert "--migrations DIR" in error.next_step


def test_one_directory_by_two_names_is_one(tmp_path: Path) -> None:
    write(tmp_path / "packages/prisma/migrations", A)
    (tmp_path / "prisma").symlink_to(tmp_path / "packages/prisma", target_is_directory=True)

    assert directory_near(tmp_path) == tmp_path / "prisma/migrations"


@as_root
def test_a_directory_that_cannot_be_read_is_found_and_told_when_it_is_read(tmp_path: Path) -> None:
    place = write(tmp_path / "migrations", A)
    place.chmod(0)
    try:
        assert directory_near(tmp_path) == place
        refusal(lambda: read_directory(place), "M209")
    finally:
        place.chmod(0o700)


@pytest.mark.parametrize("inner", ["migrations", "prisma/migrations"])
def test_a_directory_that_only_holds_the_one_that_is_meant_is_m206_and_names_it(tmp_path: Path, inner: str) -> None:
    """Prisma's `migrations` would be taken for a migration without its script."""
    write(tmp_path / "shop" / inner, A)

    error = refusal(lambda: find_directory(str(tmp_path / "shop")), "M206")

    assert (
        error.problem
        == f"The directory {tmp_path}/shop is not a migrations directory, but {tmp_path}/shop/{inner} is one."
    )
    assert f"--migrations {tmp_path}/shop/{inner}" in error.next_step


def test_a_name_that_no_directory_can_have_is_m209(tmp_path: Path) -> None:
    error = refusal(lambda: find_directory(str(tmp_path / ("x" * 300))), "M209")

    assert error.problem.endswith(": File name too long.")


MADE = {
    (): "migrations",
    ("prisma/",): "prisma/migrations",
    ("packages/prisma/",): "packages/prisma/migrations",
    ("prisma/", "packages/prisma/"): "prisma/migrations",
    ("prisma/", "packages/prisma/schema.prisma"): "packages/prisma/migrations",
    ("prisma/schema.prisma", "packages/prisma/schema.prisma"): "prisma/migrations",
}


@pytest.mark.parametrize(("there", "made"), MADE.items(), ids=MADE.values())
def test_a_first_migration_is_made_beside_the_schema_as_prisma_does(
    tmp_path: Path, there: tuple[str, ...], made: str
) -> None:
    for each in there:
        (tmp_path / each).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / each).mkdir() if each.endswith("/") else (tmp_path / each).touch()

    assert directory_to_make(tmp_path) == tmp_path / made


def test_a_migration_named_migrations_does_not_hide_the_others(tmp_path: Path) -> None:
    write(tmp_path, A)
    write(tmp_path / "migrations", B)

    assert find_directory(str(tmp_path)) == tmp_path
