"""Which database and which directory the terminal takes, out of options, environment, `.env` files and places."""

import io
import os
from pathlib import Path

import boto3
import pytest

from lambda_fn.cli.command import Given
from lambda_fn.cli.database import settings_of, timeout_s
from lambda_fn.cli.screen import Screen
from lambda_fn.errors import MigrateError
from lambda_fn.settings import Settings
from local.secrets_manager import LocalSecretsManager
from tests.fixtures.planted import plant
from tests.fixtures.projects import Project
from tests.fixtures.terminal import finish, start_in

A = "20240101000000_a"
URL, OTHER = "postgresql://app@db.internal/shop", "postgresql://app@other.internal/shop"
OPTIONS = ("database_url", "secret", "host", "port", "dbname", "region", "profile", "migrations", "timeout_s")


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a project in it, and an environment without settings."""
    for name in list(os.environ):
        if name.startswith(("MIGRATE_", "DATABASE_", "PG", "AWS_")):
            monkeypatch.delenv(name)
    (migration := tmp_path / "team" / "packages" / "prisma" / "migrations" / A).mkdir(parents=True)
    (migration / "migration.sql").write_text("SELECT 1;")
    monkeypatch.chdir(tmp_path / "team")
    return tmp_path / "team"


def given(**options: str) -> Given:
    """A command line with these options."""
    return Given(**{**dict.fromkeys(OPTIONS), **options})


def settings(**options: str) -> Settings:
    """What a command line comes to."""
    return settings_of(given(**options), Screen(io.StringIO()))


def refused(**options: str) -> MigrateError:
    """Why a command line is refused."""
    with pytest.raises(MigrateError) as raised:
        settings(**options)
    return raised.value


def test_the_environment_says_which_database(team: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)

    found = settings()

    assert (found.database_url, found.directory) == (URL, str(team / "packages" / "prisma" / "migrations"))


@pytest.mark.parametrize("place", [".env", "packages/prisma/.env"])
def test_a_file_of_the_project_says_it_where_nothing_else_does_and_is_named(
    team: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (team / "package.json").write_text("{}")
    (team / place).write_text(f"DATABASE_URL={URL}\nMIGRATE_SCHEMA=app\n")
    said = io.StringIO()

    found = settings_of(given(), Screen(said))

    assert (found.database_url, found.schema) == (URL, "app")
    assert said.getvalue() == f"Environment variables loaded from {place}\n"
    monkeypatch.setenv("DATABASE_URL", OTHER)
    assert settings().database_url == OTHER


def test_an_option_is_stronger_than_the_environment_and_its_files(team: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (team / ".env").write_text(f"DATABASE_URL={URL}\nMIGRATE_HOST=elsewhere\nPGHOSTADDR=10.0.0.1\n")
    monkeypatch.setenv("MIGRATE_PORT", "6000")

    by_url, by_secret = settings(database_url=OTHER), settings(secret="shop/other")

    assert (by_url.database_url, by_url.secret_id, by_url.host, by_url.hostaddr, by_url.port) == (OTHER, *[None] * 4)
    assert (by_secret.database_url, by_secret.secret_id, by_secret.host) == (None, "shop/other", None)


def test_host_and_port_stand_over_whatever_names_the_database(team: Path) -> None:
    found = settings(
        secret="shop/database", host="localhost", port="15432", profile="production", region="eu-central-1"
    )

    assert (found.host, found.port, found.profile, found.region) == ("localhost", 15432, "production", "eu-central-1")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"database_url": URL, "secret": "x"}, "What names the database is not only one of --database-url, --secret."),
        ({"secret": URL}, "--secret is not the name or the ARN of a secret (its value does not belong here)."),
        ({"host": "localhost:15432"}, "--host is not one host by itself, without scheme, user, port or blanks."),
        ({"port": "many"}, "The setting --port is not a port number from 1 to 65535."),
        *(({option: ""}, "is not a non-empty text.") for option in ("database_url", "secret", "host", "port")),
    ],
)
def test_a_wrong_option_is_told_before_anything_is_connected_to(team: Path, options: dict[str, str], said: str) -> None:
    error = refused(**options)

    assert error.exit_code == 2
    assert error.problem.endswith(said)


@pytest.mark.parametrize("text", ["0", "-1", "soon", "inf", "nan", ""])
def test_a_time_that_is_none_is_told(text: str) -> None:
    with pytest.raises(MigrateError, match="--timeout-s is not a number of seconds above 0"):
        timeout_s(given(timeout_s=text))


def test_two_directories_are_not_guessed_between_and_a_named_one_wins(team: Path) -> None:
    (team / "prisma" / "migrations" / A).mkdir(parents=True)
    (team / "prisma" / "migrations" / A / "migration.sql").write_text("SELECT 1;")

    assert refused(database_url=URL).code == "M207"
    assert settings(database_url=URL, migrations="prisma/migrations").directory == "prisma/migrations"
    assert settings_of(given(database_url=URL), Screen(io.StringIO()), needs_directory=False).directory is None


def test_a_secret_is_read_with_the_profile_that_is_named(
    one_project: Project, team: Path, manager: LocalSecretsManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    plant(one_project.server.address.password)
    manager.put("shop/database", one_project.url)
    config = team / "config"
    config.write_text(
        "[profile production]\nregion = eu-central-1\naws_access_key_id = local\naws_secret_access_key = local\n"
    )
    place = {
        "AWS_ENDPOINT_URL": manager.endpoint_url,
        "AWS_CONFIG_FILE": str(config),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    asked = ("status", "--secret", "shop/database", "--json")

    read = finish(start_in(team, *asked, "--profile", "production", **place))
    unknown = finish(start_in(team, *asked, "--profile", "staging", "--region", "eu-central-1", **place))

    assert (read.exit_code, read.outcome["pendingCount"]) == (1, 1)
    assert (unknown.exit_code, unknown.outcome["error"]["code"]) == (2, "M204")
    assert "aws configure list-profiles" in unknown.outcome["error"]["nextStep"]
