"""A new migration on disk."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lambda_fn.directory import read_directory
from lambda_fn.errors import MigrateError
from lambda_fn.new_migration import NewMigration, create_migration
from tests.fixtures.projects import LOCK_FILE

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
FULL = Path("/dev/full")
NAME = "20240506070809_add_users"


def everything_in(directory: Path) -> dict[str, bytes | None]:
    """The content of every file below it; None for a directory."""
    return {
        str(path.relative_to(directory)): None if path.is_dir() else path.read_bytes()
        for path in sorted(directory.rglob("*"))
    }


def refused(directory: Path, code: str, name: str = "Add users") -> MigrateError:
    """The error by which nothing is changed."""
    top = next(each for each in (directory, *directory.parents) if each.is_dir())
    before = everything_in(top)
    with pytest.raises(MigrateError) as raised:
        create_migration(directory, name, NOW)
    assert raised.value.code == code
    assert everything_in(top) == before
    return raised.value


def test_without_a_directory_all_of_it_is_made(tmp_path: Path) -> None:
    directory = tmp_path / "prisma" / "migrations"

    made = create_migration(directory, "Add users", NOW)

    assert made == NewMigration(NAME, directory / NAME / "migration.sql", wrote_lock_file=True, warnings=())
    assert everything_in(directory) == {
        NAME: None,
        f"{NAME}/migration.sql": b"-- This is an empty migration.",
        "migration_lock.toml": LOCK_FILE.encode(),
    }
    assert [migration.name for migration in read_directory(directory).migrations] == [NAME]


def test_what_is_there_stays_as_it_is(tmp_path: Path) -> None:
    lock_file = b'# ours\r\nprovider = "postgresql"'
    (tmp_path / "migration_lock.toml").write_bytes(lock_file)
    (tmp_path / "20240101000000_a").mkdir()

    made = create_migration(tmp_path, "Add users", NOW)

    assert not made.wrote_lock_file
    assert everything_in(tmp_path) == {
        "20240101000000_a": None,
        NAME: None,
        f"{NAME}/migration.sql": b"-- This is an empty migration.",
        "migration_lock.toml": lock_file,
    }


def test_twice_in_a_second_makes_two_in_their_order(tmp_path: Path) -> None:
    names = [create_migration(tmp_path, "Add users", NOW).name for _ in range(3)]

    assert names == [NAME, "20240506070810_add_users", "20240506070811_add_users"]


def test_one_of_a_time_to_come_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "20990101000000_a").mkdir()

    made = create_migration(tmp_path, "b", NOW)

    assert (made.name, [warning.code for warning in made.warnings]) == ("20990101000001_b", ["M221"])


def test_a_link_to_a_migration_counts_as_one_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    directory = tmp_path / "migrations"
    directory.mkdir()
    (directory / "20990101000000_a").symlink_to(tmp_path / "elsewhere")

    assert create_migration(directory, "b", NOW).name == "20990101000001_b"


@pytest.mark.parametrize("provider", ['provider = "mysql"\n', ""])
def test_a_lock_file_of_another_provider_is_p3019_and_nothing_is_written(tmp_path: Path, provider: str) -> None:
    (tmp_path / "migration_lock.toml").write_text(provider)

    refused(tmp_path, "P3019")

    assert [path.name for path in tmp_path.iterdir()] == ["migration_lock.toml"]


@pytest.mark.parametrize(("name", "code"), [("", "M113"), ("日本", "M113"), ("x" * 201, "P3010")])
def test_a_name_that_does_not_do_makes_nothing(tmp_path: Path, name: str, code: str) -> None:
    refused(tmp_path / "prisma" / "migrations", code, name)

    assert list(tmp_path.iterdir()) == []


def test_a_file_in_its_place_is_m219_and_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("ours")

    assert str(tmp_path / NAME) in refused(tmp_path, "M219").problem


def test_a_file_in_the_place_of_the_directory_is_m220(tmp_path: Path) -> None:
    (tmp_path / "migrations").write_text("ours")

    assert "Not a directory" in refused(tmp_path / "migrations", "M220").problem


@pytest.mark.skipif(not FULL.exists(), reason=f"there is no {FULL}, which is always full")
@pytest.mark.parametrize("spoilt", ["migration.sql", "migration_lock.toml"])
def test_what_cannot_be_finished_is_removed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoilt: str) -> None:
    """A full disk: the file is there, and what is written into it is not."""
    opened = Path.open

    def spoil(path: Path, mode: str = "r", **options: str) -> object:
        file = opened(path, mode, **options)  # type: ignore[call-overload]  # a mode that is known when it runs
        if path.name == spoilt:
            file.close()
            file = opened(FULL, "w")
        return file

    monkeypatch.setattr(Path, "open", spoil)

    error = refused(tmp_path / "prisma" / "migrations", "M220")

    assert "No space left on device" in error.problem


def test_an_interruption_leaves_nothing_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "open", interrupt)

    with pytest.raises(KeyboardInterrupt):
        create_migration(tmp_path / "migrations", "b", NOW)

    assert list(tmp_path.iterdir()) == []


def test_a_lock_file_that_somebody_else_writes_meanwhile_is_left_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Path.mkdir

    def mkdir(path: Path) -> None:
        made(path)
        (tmp_path / "migration_lock.toml").write_text("theirs")

    monkeypatch.setattr(Path, "mkdir", mkdir)

    assert not create_migration(tmp_path, "b", NOW).wrote_lock_file
    assert (tmp_path / "migration_lock.toml").read_text() == "theirs"
