"""`migrate-lambda new`: where the migration is made, and what is said of it."""

import json
import os
from pathlib import Path

import pytest

from lambda_fn.cli import main

LOCK = "migration_lock.toml"


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and an environment without settings."""
    for name in [name for name in os.environ if name.startswith("MIGRATE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made_in(directory: Path) -> list[str]:
    """The scripts below a directory, from there, without their times."""
    return sorted(f"{path.parent.parent}/*{path.parent.name[14:]}" for path in _relative(directory))


def _relative(directory: Path) -> list[Path]:
    return [path.relative_to(directory) for path in directory.rglob("migration.sql")]


def test_the_first_one_of_a_project_makes_the_directory_and_the_lock_file(
    team: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", "Add users!"]) == 0

    assert made_in(team) == ["migrations/*_add_users"]
    assert 'provider = "postgresql"' in (team / "migrations" / LOCK).read_text()
    [script] = _relative(team)
    assert capsys.readouterr().out == f"Created {script} and the lock file beside it\n"


def test_beside_a_schema_of_prisma_it_is_made_where_prisma_looks_for_it(team: Path) -> None:
    (team / "prisma").mkdir()

    assert main(["new", "add_users"]) == 0
    assert made_in(team) == ["prisma/migrations/*_add_users"]


def test_the_first_one_is_made_beside_the_schema(team: Path) -> None:
    (team / "packages" / "prisma").mkdir(parents=True)
    (team / "packages" / "prisma" / "schema.prisma").touch()

    assert main(["new", "add_users"]) == 0
    assert made_in(team) == ["packages/prisma/migrations/*_add_users"]


@pytest.mark.parametrize("place", [".env", "packages/prisma/.env"])
def test_a_file_of_the_project_may_name_the_directory(
    team: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (team / "package.json").write_text("{}")
    (team / place).parent.mkdir(parents=True, exist_ok=True)
    (team / place).write_text("MIGRATE_DIR=db/migrations\n")

    assert main(["new", "add_users"]) == 0

    assert made_in(team) == ["db/migrations/*_add_users"]
    assert f"Environment variables loaded from {place}\n" in capsys.readouterr().out
    assert main(["new", "add_more", "--migrations", "elsewhere"]) == 0
    assert "loaded" not in capsys.readouterr().out


def test_an_empty_variable_names_no_directory(team: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (team / ".env").write_text("MIGRATE_DIR=db\n")
    monkeypatch.setenv("MIGRATE_DIR", "")

    assert main(["new", "add_users"]) == 0
    assert made_in(team) == ["db/*_add_users"]


def test_another_setting_that_is_wrong_does_not_matter(
    team: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MIGRATE_PORT", "many")
    (team / ".env").write_text("MIGRATE_STRICT=perhaps\n")

    assert main(["new", "add_users"]) == 0
    assert "loaded" not in capsys.readouterr().out


SLIP = "postgresql://app:hunter2@db/shop"


@pytest.mark.parametrize("words", [("a", "--migrations", ""), ("a", "--migrations", SLIP), (SLIP,)])
def test_nothing_and_a_url_are_refused_and_nothing_is_made(
    team: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", *words]) == 2

    said = capsys.readouterr().err
    assert said.startswith("ERROR: M104 ")
    assert "hunter2" not in said
    assert list(team.iterdir()) == []


def test_the_directory_that_is_there_gets_it(team: Path) -> None:
    (there := team / "packages" / "prisma" / "migrations").mkdir(parents=True)
    (there / LOCK).write_text('provider = "postgresql"\n')

    assert main(["new", "add_users"]) == 0
    assert made_in(team) == ["packages/prisma/migrations/*_add_users"]


def test_between_two_it_is_not_guessed(team: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for place in ("migrations", "prisma/migrations"):
        (team / place).mkdir(parents=True)
        (team / place / LOCK).write_text('provider = "postgresql"\n')

    assert main(["new", "add_users"]) == 2
    assert capsys.readouterr().err.startswith("ERROR: M207 ")
    assert made_in(team) == []
    assert main(["new", "add_users", "--migrations", "prisma/migrations"]) == 0
    assert made_in(team) == ["prisma/migrations/*_add_users"]


def test_as_json_it_says_what_was_made(team: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "add_users", "--migrations", str(team / "db"), "--json"]) == 0

    said = json.loads(capsys.readouterr().out)
    assert Path(said["script"]).read_text() == "-- This is an empty migration."
    assert said["name"].endswith("_add_users")
    assert (said["wroteLockFile"], said["warnings"]) == (True, [])


def test_one_in_the_future_is_warned_of_and_the_new_one_sorts_behind_it(
    team: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (team / "migrations" / "29990101000000_far").mkdir(parents=True)
    (team / "migrations" / LOCK).write_text('provider = "postgresql"\n')

    assert main(["new", "add_users"]) == 0

    assert [path.parent.name for path in _relative(team)] == ["29990101000001_add_users"]
    assert capsys.readouterr().out.startswith("WARNING: M22")
