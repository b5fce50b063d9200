"""Slips in what says where to connect and as whom: told by the name of what is wrong, and never repeated."""

import json
from pathlib import Path

import pytest

from lambda_fn.credentials import SettingsCredentials
from lambda_fn.domain.target import SslMode, Target
from lambda_fn.errors import SettingsInvalid
from lambda_fn.settings import Settings
from local.secrets_manager import LocalSecretsManager
from tests.fixtures.functions import SECRET_ID, Planted, Start, refusal
from tests.fixtures.planted import PASSWORD, check_said, plant
from tests.fixtures.projects import Project
from tests.fixtures.stacks import Stack

URL = "postgresql://app:x@db.internal:5432/shop"
SLIP = plant("x3cret-behind-the-at-sign")


def target_of(**settings: object) -> Target:
    return SettingsCredentials(Settings(**{"database_url": URL, **settings})).target()  # type: ignore[arg-type]  # tests say which


def refused_with(**settings: object) -> SettingsInvalid:
    with pytest.raises(SettingsInvalid) as refused:
        target_of(**settings)
    check_said(refused.value.text)
    return refused.value


@pytest.mark.parametrize("name", ["MIGRATE_SECRET_ID", "MIGRATE_HOST", "MIGRATE_DBNAME", "MIGRATE_USER"])
def test_a_whole_url_in_another_setting_is_refused_before_anything_and_not_repeated(
    start: Start, planted: Planted, manager: LocalSecretsManager, name: str
) -> None:
    other = {} if name == "MIGRATE_SECRET_ID" else {"DATABASE_URL": planted.url}

    message = refusal(start(**{name: planted.url}, **other).invoke({}), "SettingsInvalid", "M201")

    assert f"The setting {name} is not " in message
    assert manager.request_count == 0


def test_a_secret_in_the_place_of_its_id_is_refused_before_anything_and_not_repeated(
    start: Start, planted: Planted, manager: LocalSecretsManager
) -> None:
    """ECS puts the value of a secret into a variable, CloudFormation's {{resolve:…}} into a property."""
    message = refusal(start(MIGRATE_SECRET_ID=json.dumps(planted.secret)).invoke({}), "SettingsInvalid", "M201")

    assert "The setting MIGRATE_SECRET_ID is not the name or the ARN of a secret" in message
    assert manager.request_count == 0


def test_a_secret_in_a_property_is_not_repeated_in_the_answer_to_cloudformation(stack: Stack, planted: Planted) -> None:
    answer = stack.answer("create", SecretId=json.dumps(planted.secret))

    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("M104 SecretId is not the name or the ARN of a secret")


@pytest.mark.parametrize("key", ["host", "dbname"])
def test_a_url_in_a_secrets_value_is_not_repeated(
    start: Start, planted: Planted, manager: LocalSecretsManager, key: str
) -> None:
    manager.put(SECRET_ID, {**planted.secret, key: planted.url})

    message = refusal(start(MIGRATE_SECRET_ID=SECRET_ID).invoke({}), "SettingsInvalid", "M205")

    assert f"The {key} in the secret {SECRET_ID} is not " in message


def test_the_end_of_a_password_behind_an_at_sign_is_neither_looked_up_nor_shown(start: Start) -> None:
    url = f"postgresql://app:Tr0ub@d0r/{SLIP}@127.0.0.1/shop"

    invocation = start(DATABASE_URL=url).invoke({})

    message = refusal(invocation, "SettingsInvalid", "P1013")
    assert "The password contains @ (character 6) and / (character 10): write %40 and %2F." in message
    assert "d0r" not in invocation.log


@pytest.mark.parametrize("password", ["\ud800abc", "abc\0def"])
def test_a_password_that_cannot_be_sent_is_the_secrets_fault(
    start: Start, planted: Planted, manager: LocalSecretsManager, password: str
) -> None:
    manager.put(SECRET_ID, {**planted.secret, "password": password})

    message = refusal(start(MIGRATE_SECRET_ID=SECRET_ID).invoke({}), "SettingsInvalid", "M205")

    assert f"The password in the secret {SECRET_ID} is not text without NUL" in message


PEM = f"-----BEGIN CERTIFICATE-----\n{'MIIB' * 400}{SLIP}\n-----END CERTIFICATE-----"


@pytest.mark.parametrize(
    "root", [PEM, PEM.replace("\n", ""), f"-----BEGIN {SLIP}", SLIP * 60, f"a\n{SLIP}", f"postgresql://u:{SLIP}@h"]
)
def test_certificates_in_the_place_of_their_files_path_are_m217_and_not_repeated(root: str) -> None:
    error = refused_with(sslrootcert=root)

    assert error.code == "M217"
    assert "is not the path of a file" in error.problem


@pytest.mark.parametrize(
    "root", ["/" + "x" * 300, "/etc/hostname/ca.pem", "/nowhere/ca.pem", "/etc", "a\0b", "a\udcff"]
)
def test_a_file_that_cannot_be_looked_at_is_m217(root: str) -> None:
    """A name that is too long is an error of the system, as is a directory that may not be entered."""
    error = refused_with(sslrootcert=root)

    assert error.code == "M217"
    assert error.problem.startswith("There is no file ")


def test_a_file_that_is_there_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("authorities")

    assert target_of(sslrootcert=str(file)).parameters["sslrootcert"] == str(file)


@pytest.mark.parametrize(
    ("host", "hostaddr", "mode"),
    [
        ("localhost", None, SslMode.PREFER),
        ("localhost", "127.0.0.1", SslMode.PREFER),
        ("localhost", "10.0.0.1", SslMode.VERIFY_FULL),
        ("db.internal", "127.0.0.1", SslMode.VERIFY_FULL),
    ],
)
def test_the_address_in_place_of_a_look_up_is_given_to_libpq_and_decides_what_is_loopback(
    host: str, hostaddr: str | None, mode: SslMode
) -> None:
    conninfo = target_of(database_url=URL.replace("db.internal", host), hostaddr=hostaddr).conninfo

    assert (conninfo["host"], conninfo.get("hostaddr")) == (host, hostaddr)
    assert conninfo["sslmode"] == mode


def test_a_password_that_is_not_taken_is_explained_for_a_url_too(one_project: Project) -> None:
    one_project.write("20240101000000_a", "SELECT 1;")
    one_project.query(f"CREATE ROLE {one_project.database} LOGIN PASSWORD '{PASSWORD}'")
    try:
        outcome = one_project.run(settings=one_project.as_user(one_project.database, "other"))
    finally:
        one_project.query(f"DROP ROLE {one_project.database}")

    assert outcome.error is not None
    assert outcome.error.code == "P1000"
    assert outcome.error.lines[0].startswith("If the password is from a secret, ")
