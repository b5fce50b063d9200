"""Which database and which directory the terminal takes, out of options, environment, `.env` files and places."""

import io
import os
from pathlib import Path

import boto3
import pytest

from lambda_fn.cli.command import Given
from lambda_fn.cli.database import settings_of, timeout_s
from lambda_fn.cli.screen import Screen
from lambda_fn.domain.target import Place
from lambda_fn.errors import MigrateError
from lambda_fn.settings import Settings
from local.secrets_manager import LocalSecretsManager
from tests.fixtures.planted import plant
from tests.fixtures.projects import Project
from tests.fixtures.terminal import finish, start_in

A = "20240101000000_a"
URL, OTHER = "postgresql://app@db.internal/shop", "postgresql://app@other.internal/shop"
OPTIONS = (
    "database_url",
    "secret",
    "host",
    "port",
    "through",
    "dbname",
    "region",
    "profile",
    "migrations",
    "timeout_s",
)


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


@pytest.mark.parametrize("said_in", ["environment", "file"])
@pytest.mark.parametrize(
    "options",
    [{"host": "db.internal"}, {"host": "localhost", "port": "15432"}, {"through": "localhost:15432"}],
    ids=str,
)
def test_a_host_or_a_forwarded_port_of_the_command_line_is_stronger_than_an_address(
    team: Path, options: dict[str, str], said_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if said_in == "environment":
        monkeypatch.setenv("DATABASE_URL", URL)
        monkeypatch.setenv("PGHOSTADDR", "10.0.0.1")
    else:
        (team / ".env").write_text(f"DATABASE_URL={URL}\nPGHOSTADDR=10.0.0.1\n")

    assert settings().hostaddr == settings(port="5433").hostaddr == "10.0.0.1"
    assert settings(**options).hostaddr is None


def test_the_server_and_the_forwarded_port_that_leads_to_it_are_named_beside_each_other(team: Path) -> None:
    found = settings(secret="rds!db-1", host="db.internal", port="5433", through="host.docker.internal:15432")

    assert (found.host, found.port, found.through) == ("db.internal", 5433, Place("host.docker.internal", 15432))
    assert settings(database_url=URL, through="[::1]:1").through == Place("::1", 1)


def test_a_forwarded_port_of_the_command_line_takes_the_place_of_one_that_is_set(team: Path) -> None:
    (team / ".env").write_text(f"DATABASE_URL={URL}\nMIGRATE_HOST=localhost\nMIGRATE_PORT=15432\n")

    found = settings(through="localhost:6000")

    assert (found.host, found.port, found.through) == (None, None, Place("localhost", 6000))
    assert (settings().host, settings().port) == ("localhost", 15432)


EMPTY = {"DATABASE_URL": "", "MIGRATE_SCHEMA": " "}


def test_what_is_empty_in_the_environment_does_not_hide_the_file(team: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """docker compose and CI set a variable to nothing where it is not known."""
    (team / ".env").write_text(f"DATABASE_URL={URL}\nMIGRATE_SCHEMA=app\n")
    for name, value in EMPTY.items():
        monkeypatch.setenv(name, value)

    found = settings()

    assert (found.database_url, found.schema) == (URL, "app")


@pytest.mark.parametrize(
    ("environment", "options"),
    [
        ({"DATABASE_URL": OTHER}, {}),
        ({"MIGRATE_SECRET_ID": "shop/database"}, {}),
        ({}, {"database_url": OTHER}),
        ({}, {"secret": "shop/database"}),
    ],
)
def test_a_file_in_which_nothing_counts_is_not_spoken_of(
    team: Path, environment: dict[str, str], options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (team / ".env").write_text(f"DATABASE_URL={URL}\nMIGRATE_HOST=localhost\nMIGRATE_PORT=many\n")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    said = io.StringIO()

    settings_of(given(**options), Screen(said))

    assert said.getvalue() == ""
    (team / ".env").write_text('MIGRATE_SCHEMA=""\nPGHOSTADDR=10.0.0.1\n')
    settings_of(given(**options, host="db.internal"), Screen(said))
    assert said.getvalue() == ""
    (team / ".env").write_text("MIGRATE_SCHEMA=app\n")
    settings_of(given(**options), Screen(said))
    assert said.getvalue() == "Environment variables loaded from .env\n"


def test_a_wrong_setting_of_a_file_is_told_with_the_file(team: Path) -> None:
    (team / "package.json").write_text("{}")
    (team / "packages/prisma/.env").write_text(f"DATABASE_URL={URL}\nMIGRATE_PORT=many\n")

    error = refused()

    assert error.code == "M201"
    assert error.problem == "The setting MIGRATE_PORT in packages/prisma/.env is not a port number from 1 to 65535."


SLIP = "postgresql://app:hunter2@db.internal/shop"


@pytest.mark.parametrize("option", ["migrations", "region", "profile", "secret", "host", "port", "through"])
def test_a_url_in_the_wrong_option_is_refused_without_a_word_of_it(team: Path, option: str) -> None:
    error = refused(**{option: SLIP})

    assert error.exit_code == 2
    assert "hunter2" not in error.text
    assert f"--{option}" in error.problem


def test_a_url_for_the_directory_is_refused_where_the_environment_says_it(
    team: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIGRATE_DIR", SLIP)

    error = refused(database_url=URL)

    assert (error.code, "hunter2" in error.text) == ("M201", False)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"database_url": URL, "secret": "x"}, "Only one of --database-url, --secret may be given."),
        ({"secret": URL}, "--secret is not the name or the ARN of a secret (its value does not belong here)."),
        ({"host": "localhost:15432"}, "--host is not one host by itself, without scheme, user, port or blanks."),
        ({"through": "15432"}, "--through is not HOST:PORT of a forwarded port."),
        ({"through": ""}, "--through is not HOST:PORT of a forwarded port."),
        ({"migrations": ""}, "--migrations is not the path of a directory, without ://."),
        ({"through": "localhost:1", "host": "localhost"}, "--host beside --through is not the server's own name."),
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


@pytest.mark.parametrize("content", ["PGHOSTADDR=10.0.0.1\n", 'MIGRATE_SCHEMA=""\n', "MIGRATE_HOST=elsewhere\n"])
def test_neither_is_one_whose_address_an_option_replaces_or_that_says_nothing(team: Path, content: str) -> None:
    (team / ".env").write_text(content)
    said = io.StringIO()

    settings_of(given(host="db.internal"), Screen(said))

    assert said.getvalue() == ""
