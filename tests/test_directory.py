"""The migrations directory on disk, with real files."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lambda_fn.directory import LOCK_FILE_NAME, SCRIPT_NAME, find_directory, read_directory
from lambda_fn.errors import SettingsInvalid
from tests.fixtures.projects import LOCK_FILE

A, B = "20240101000000_a", "20240102000000_b"

as_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything, so nothing is unreadable")


def write(directory: Path, *names: str, script: bytes = b"SELECT 1;") -> Path:
    """Write migrations, all with the same script."""
    for name in names:
        (directory / name).mkdir(parents=True)
        (directory / name / SCRIPT_NAME).write_bytes(script)
    return directory


def names(directory: Path) -> list[str]:
    return [migration.name for migration in read_directory(directory).migrations]


def refusal(call: Callable[[], object], code: str) -> SettingsInvalid:
    with pytest.raises(SettingsInvalid) as refused:
        call()
    assert refused.value.code == code
    return refused.value


def test_migrations_are_read_byte_for_byte(tmp_path: Path) -> None:
    script = b"\xef\xbb\xbfSELECT 'Zo\xeb';\r\n\x00"
    write(tmp_path, A, script=script)

    found = read_directory(tmp_path)

    assert found.path == str(tmp_path)
    assert [(migration.name, migration.script) for migration in found.migrations] == [(A, script)]


def test_the_order_is_byte_wise_by_name(tmp_path: Path) -> None:
    write(tmp_path, "b", "a", "Z", "20240102000000_B", "20240102000000_a", "9_a", "10_a", "é", "_x")

    assert names(tmp_path) == ["10_a", "20240102000000_B", "20240102000000_a", "9_a", "Z", "_x", "a", "b", "é"]


def test_every_directory_is_a_migration_also_a_hidden_one_as_for_prisma(tmp_path: Path) -> None:
    write(tmp_path, ".hidden", "node_modules", "with blanks in it", "20240101")

    assert names(tmp_path) == [".hidden", "20240101", "node_modules", "with blanks in it"]


def test_files_are_no_migrations(tmp_path: Path) -> None:
    write(tmp_path, A)
    for name in ("README.md", ".DS_Store", "20240102000000_b.sql", SCRIPT_NAME):
        (tmp_path / name).write_text("x")
    (tmp_path / A / "README.md").write_text("x")
    (tmp_path / A / "down.sql").write_text("DROP TABLE a;")

    assert names(tmp_path) == [A]


def test_migrations_are_not_looked_for_in_migrations(tmp_path: Path) -> None:
    write(tmp_path, A)
    write(tmp_path / A, B)

    assert names(tmp_path) == [A]


def test_an_empty_script_is_a_migration(tmp_path: Path) -> None:
    write(tmp_path, A, script=b"")

    assert read_directory(tmp_path).migrations[0].script == b""


def test_a_directory_without_a_migration_is_m206(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("x")
    (tmp_path / LOCK_FILE_NAME).write_text(LOCK_FILE)

    error = refusal(lambda: read_directory(tmp_path), "M206")

    assert str(tmp_path) in error.problem


def test_a_migration_without_its_script_is_p3015(tmp_path: Path) -> None:
    write(tmp_path, A)
    (tmp_path / B).mkdir()

    error = refusal(lambda: read_directory(tmp_path), "P3015")

    assert error.where.migration == B
    assert f"{B}/migration.sql" in error.problem


def test_a_script_of_another_name_is_no_script(tmp_path: Path) -> None:
    write(tmp_path, A)
    (tmp_path / A / SCRIPT_NAME).rename(tmp_path / A / "Migration.sql")

    assert A in refusal(lambda: read_directory(tmp_path), "P3015").problem


def test_a_directory_in_the_place_of_the_script_is_p3015(tmp_path: Path) -> None:
    (tmp_path / A / SCRIPT_NAME).mkdir(parents=True)

    assert A in refusal(lambda: read_directory(tmp_path), "P3015").problem


def test_a_symbolic_link_to_a_directory_is_m208(tmp_path: Path) -> None:
    """Prisma would not see it, so that the migration would be missing without a word."""
    write(tmp_path, A)
    (tmp_path / B).symlink_to(tmp_path / A, target_is_directory=True)

    assert str(tmp_path / B) in refusal(lambda: read_directory(tmp_path), "M208").problem


def test_other_symbolic_links_are_as_stray_as_files(tmp_path: Path) -> None:
    write(tmp_path, A)
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    (tmp_path / "to_a_file").symlink_to(tmp_path / A / SCRIPT_NAME)

    assert names(tmp_path) == [A]


def test_the_directory_itself_and_a_script_may_be_symbolic_links(tmp_path: Path) -> None:
    real = write(tmp_path / "real", A)
    (real / A / SCRIPT_NAME).rename(tmp_path / "elsewhere.sql")
    (real / A / SCRIPT_NAME).symlink_to(tmp_path / "elsewhere.sql")
    (tmp_path / "link").symlink_to(real, target_is_directory=True)

    assert names(tmp_path / "link") == [A]


@as_root
@pytest.mark.parametrize("unreadable", [".", A, f"{A}/{SCRIPT_NAME}", LOCK_FILE_NAME])
def test_what_cannot_be_read_is_m209_and_named(tmp_path: Path, unreadable: str) -> None:
    write(tmp_path, A)
    (tmp_path / LOCK_FILE_NAME).write_text(LOCK_FILE)
    path = tmp_path / unreadable
    mode = path.stat().st_mode
    path.chmod(0)
    try:
        error = refusal(lambda: read_directory(tmp_path), "M209")
    finally:
        path.chmod(mode)

    assert str(path) in error.problem
    assert "Permission denied" in error.problem


def test_a_lock_file_that_is_a_directory_is_m209_and_named(tmp_path: Path) -> None:
    write(tmp_path, A)
    (tmp_path / LOCK_FILE_NAME).mkdir()

    assert str(tmp_path / LOCK_FILE_NAME) in refusal(lambda: read_directory(tmp_path), "M209").problem


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that opens and cannot be read")
def test_a_script_that_opens_and_cannot_be_read_is_m209_and_named(tmp_path: Path) -> None:
    """As on a broken disk: the operating system then names no file."""
    (tmp_path / A).mkdir()
    (tmp_path / A / SCRIPT_NAME).symlink_to("/proc/self/mem")

    assert str(tmp_path / A / SCRIPT_NAME) in refusal(lambda: read_directory(tmp_path), "M209").problem


def test_a_name_that_no_database_can_store_is_refused_with_words_that_can_be_printed(tmp_path: Path) -> None:
    write(tmp_path, A)
    try:
        (tmp_path / os.fsdecode(b"2024\xff_a")).mkdir()
    except OSError as error:
        pytest.skip(f"the file system takes only UTF-8: {error}")
    (tmp_path / os.fsdecode(b"2024\xff_a") / SCRIPT_NAME).write_text("SELECT 1;")

    with pytest.raises(SettingsInvalid) as refused:
        read_directory(tmp_path)

    json.dumps(refused.value.text, ensure_ascii=False).encode()


def test_another_provider_is_p3019_before_anything_else_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / A).mkdir()
    (tmp_path / LOCK_FILE_NAME).write_text('provider = "mysql"\n')

    assert "mysql" in refusal(lambda: read_directory(tmp_path), "P3019").problem


def test_a_lock_file_that_is_not_utf_8_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    write(tmp_path, A)
    (tmp_path / LOCK_FILE_NAME).write_bytes(b'# f\xfcr uns\r\nprovider = "postgresql"\r\n')

    assert names(tmp_path) == [A]


def test_ten_thousand_migrations_are_read_in_one_go(tmp_path: Path) -> None:
    expected = [f"{20240101000000 + number}_m" for number in range(10_000)]
    write(tmp_path, *reversed(expected))
    started = time.monotonic()

    found = names(tmp_path)

    assert found == expected
    assert time.monotonic() - started < 5


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    (tmp_path / "opt").mkdir()
    return tmp_path / "opt"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "task").mkdir()
    return tmp_path / "task"


def test_a_layers_directory_is_found(layer: Path, package: Path) -> None:
    write(layer / "migrations", A)

    assert find_directory(None, layer=layer, package=package) == layer / "migrations"


def test_a_layer_that_is_the_directory_is_known_by_its_lock_file(layer: Path, package: Path) -> None:
    write(layer, A)
    with pytest.raises(SettingsInvalid):
        find_directory(None, layer=layer, package=package)
    (layer / LOCK_FILE_NAME).write_text(LOCK_FILE)

    assert find_directory(None, layer=layer, package=package) == layer


def test_the_packages_directory_is_found(layer: Path, package: Path) -> None:
    write(package / "migrations", A)

    assert find_directory(None, layer=layer, package=package) == package / "migrations"


def test_the_repositorys_own_directory_is_the_packages() -> None:
    found = find_directory(None, layer=Path("/nowhere"))

    assert found == Path(__file__).parents[1] / "migrations"
    assert read_directory(found).migrations


def test_no_directory_anywhere_is_m206_with_the_places(layer: Path, package: Path) -> None:
    error = refusal(lambda: find_directory(None, layer=layer, package=package), "M206")

    assert f"{layer}/migrations, {package}/migrations" in error.problem


def test_more_than_one_directory_is_m207_with_all_of_them(layer: Path, package: Path) -> None:
    write(layer / "migrations", A)
    write(package / "migrations", A)
    (layer / LOCK_FILE_NAME).write_text(LOCK_FILE)

    error = refusal(lambda: find_directory(None, layer=layer, package=package), "M207")

    assert f"{layer}/migrations, {layer}, {package}/migrations" in error.problem


def test_an_explicit_directory_is_the_only_place_that_is_looked_at(layer: Path, package: Path) -> None:
    write(layer / "migrations", A)
    write(package / "mine", A)

    assert find_directory(str(package / "mine"), layer=layer, package=package) == package / "mine"


@pytest.mark.parametrize("name", ["absent", "a_file"])
def test_an_explicit_directory_that_is_none_is_m206_and_no_other_is_taken(
    layer: Path, package: Path, name: str
) -> None:
    write(package / "migrations", A)
    (package / "a_file").write_text("x")

    error = refusal(lambda: find_directory(str(package / name), layer=layer, package=package), "M206")

    assert error.problem.endswith(f"Looked in: {package / name}.")


def test_files_of_that_name_are_no_directories(layer: Path, package: Path) -> None:
    (layer / "migrations").write_text("x")
    write(package / "migrations", A)

    assert find_directory(None, layer=layer, package=package) == package / "migrations"
