"""Settings from the environment."""

import dataclasses

import pytest

from lambda_fn.domain.hook import HookAction
from lambda_fn.domain.request import Action, Request, parse_request
from lambda_fn.domain.target import Auth, Overrides, Place, SslMode
from lambda_fn.domain.variable import Variable
from lambda_fn.domain.variables import VARIABLES
from lambda_fn.errors import SettingsInvalid
from lambda_fn.settings import LOCK_WAIT_S, RESERVE_S, Settings
from tests.settings_reference import REFERENCE, reference

FULL = {
    "DATABASE_URL": "postgresql://u:p@h/d",
    "MIGRATE_SECRET_ID": "shop/database",
    "MIGRATE_AUTH": "iam",
    "MIGRATE_HOST": "db.internal",
    "PGHOSTADDR": "10.0.1.7",
    "MIGRATE_PORT": "5433",
    "MIGRATE_DBNAME": "shop",
    "MIGRATE_USER": "migrator",
    "MIGRATE_SSLMODE": "verify-ca",
    "MIGRATE_SSLROOTCERT": "/opt/ca.pem",
    "AWS_REGION": "eu-central-1",
    "MIGRATE_CONNECT_TIMEOUT_S": "30",
    "MIGRATE_HOOK_ACTION": "deploy",
    "MIGRATE_RESERVE_S": "25",
    "POWERTOOLS_METRICS_NAMESPACE": "Shop/Migrations",
    "POWERTOOLS_SERVICE_NAME": "shop-migrations",
    "MIGRATE_DIR": "/opt/migrations",
    "MIGRATE_SCHEMA": "app",
    "MIGRATE_OWNER_ROLE": "app_owner",
    "MIGRATE_STRICT": "true",
    "MIGRATE_LOCK_WAIT_S": "60",
    "MIGRATE_LOCK_BUDGET_S": "90",
    "MIGRATE_CONCURRENT_LOCK_TIMEOUT_S": "600",
    "MIGRATE_CONCURRENT_STATEMENT_TIMEOUT_S": "3600",
    "MIGRATE_MAX_STATEMENT_MIB": "64",
}


def refusal(name: str, value: str) -> SettingsInvalid:
    with pytest.raises(SettingsInvalid) as refused:
        Settings.from_env({name: value})
    return refused.value


def test_every_setting_has_its_variable() -> None:
    assert Settings.from_env(FULL) == Settings(
        database_url="postgresql://u:p@h/d",
        secret_id="shop/database",
        auth=Auth.IAM,
        host="db.internal",
        hostaddr="10.0.1.7",
        port=5433,
        dbname="shop",
        user="migrator",
        sslmode=SslMode.VERIFY_CA,
        sslrootcert="/opt/ca.pem",
        region="eu-central-1",
        connect_timeout_s=30,
        hook_action=HookAction.DEPLOY,
        reserve_s=25.0,
        lock_budget_s=90.0,
        concurrent_lock_timeout_s=600.0,
        concurrent_statement_timeout_s=3600.0,
        max_statement_mib=64,
        metrics_namespace="Shop/Migrations",
        service="shop-migrations",
        directory="/opt/migrations",
        schema="app",
        owner_role="app_owner",
        strict=True,
        lock_wait_s=60.0,
    )


@pytest.mark.parametrize("value", ["", "  ", "\t\n"])
def test_an_empty_value_counts_as_absent(value: str) -> None:
    """CloudFormation cannot leave a variable out."""
    assert Settings.from_env(dict.fromkeys(FULL, value)) == Settings.from_env({}) == Settings()


def test_blanks_round_a_value_are_taken_off() -> None:
    assert Settings.from_env({"MIGRATE_SCHEMA": " app\n"}).schema == "app"


def test_other_variables_do_not_matter() -> None:
    assert Settings.from_env({"MIGRATE_UNKNOWN": "x", "PGPASSWORD": "x", "migrate_schema": "x"}) == Settings()


def test_the_environment_of_the_process_is_read_where_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGRATE_SCHEMA", "from_the_process")

    assert Settings.from_env().schema == "from_the_process"
    assert Settings.from_env({}).schema is None


def test_defaults_count_where_the_environment_says_nothing() -> None:
    defaults = {"MIGRATE_SCHEMA": "default", "MIGRATE_STRICT": "true", "DATABASE_URL": "postgresql://u:p@h/d"}

    settings = Settings.from_env({"MIGRATE_SCHEMA": "given"}, defaults=defaults)

    assert settings == Settings(database_url="postgresql://u:p@h/d", schema="given", strict=True)


DEFAULT_DATABASE = {
    "DATABASE_URL": "postgresql://u:p@h/d",
    "MIGRATE_SECRET_ID": "x",
    "MIGRATE_HOST": "h",
    "PGHOSTADDR": "10.0.0.1",
    "MIGRATE_PORT": "1",
    "MIGRATE_DBNAME": "d",
    "MIGRATE_USER": "u",
}


@pytest.mark.parametrize("name", ["DATABASE_URL", "MIGRATE_SECRET_ID"])
def test_where_the_environment_names_a_database_nothing_of_another_one_counts(name: str) -> None:
    """Neither is it a conflict between the two."""
    settings = Settings.from_env({name: FULL[name]}, defaults={**DEFAULT_DATABASE, "MIGRATE_SCHEMA": "app"})

    assert settings == Settings.from_env({name: FULL[name], "MIGRATE_SCHEMA": "app"})


def test_an_empty_name_of_a_database_names_none() -> None:
    defaults = {"MIGRATE_SECRET_ID": "shop/database"}

    assert Settings.from_env({"DATABASE_URL": " "}, defaults=defaults) == Settings(secret_id="shop/database")


@pytest.mark.parametrize(
    ("value", "strict"),
    [("true", True), ("TRUE", True), ("1", True), ("yes", True), ("false", False), ("0", False), ("No", False)],
)
def test_a_flag_can_be_spelt_in_several_ways(value: str, strict: bool) -> None:
    assert Settings.from_env({"MIGRATE_STRICT": value}).strict is strict


@pytest.mark.parametrize("value", ["on", "2", "truee", "hunter2"])
def test_a_flag_of_another_spelling_is_m201(value: str) -> None:
    error = refusal("MIGRATE_STRICT", value)

    assert (error.code, error.problem) == ("M201", "The setting MIGRATE_STRICT is not true or false.")
    assert "hunter2" not in error.text


@pytest.mark.parametrize(("value", "seconds"), [("0", 0.0), ("60", 60.0), ("0.5", 0.5), ("1e2", 100.0)])
def test_seconds_are_a_number(value: str, seconds: float) -> None:
    assert Settings.from_env({"MIGRATE_LOCK_WAIT_S": value}).lock_wait_s == seconds


@pytest.mark.parametrize("value", ["soon", "-1", "nan", "inf", "1e999", "60s", "1,5"])
def test_what_is_no_number_of_seconds_is_m201(value: str) -> None:
    error = refusal("MIGRATE_LOCK_WAIT_S", value)

    assert error.code == "M201"
    assert error.problem == "The setting MIGRATE_LOCK_WAIT_S is not a number of seconds, 0 or more."
    assert error.next_step == "Set it to something like 60, or remove it."


def test_every_setting_is_tried_here_and_every_field_can_be_set() -> None:
    assert set(FULL) == {variable.name for variable in VARIABLES}
    of_the_command_line = {"finds_directory", "profile", "through"}  # AWS_PROFILE is for boto3, which reads it itself
    fields = {field.name for field in dataclasses.fields(Settings)}
    assert fields - of_the_command_line == {variable.field for variable in VARIABLES}
    full, absent = Settings.from_env(FULL), Settings()
    for variable in VARIABLES:
        assert getattr(full, variable.field) != getattr(absent, variable.field), variable.name


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_the_example_in_the_documentation_is_taken(variable: Variable) -> None:
    assert getattr(Settings.from_env({variable.name: variable.example}), variable.field) is not None
    assert variable.meaning.endswith(".")


def test_the_documentation_is_what_the_table_says() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == reference(), "run python -m tests.settings_reference"


def test_every_request_key_of_the_table_is_one() -> None:
    for variable in VARIABLES:
        if variable.request_key:
            value = True if variable.read(variable.name, variable.example) is True else variable.example
            asked = Settings().for_request(parse_request({variable.request_key: value}))
            assert getattr(asked, variable.field) == variable.read(variable.name, variable.example)


SPOILT = {
    "MIGRATE_AUTH": ["hunter2", "rds", "password,iam"],
    "MIGRATE_PORT": ["hunter2", "0", "65536", "-1", "5432.0", "٥٤٣٢", "9" * 5000],
    "MIGRATE_SSLMODE": ["hunter2", "verify_full", "on"],
    "MIGRATE_CONNECT_TIMEOUT_S": ["hunter2", "0", "-1", "1.5", "inf", "9" * 5000],
    "MIGRATE_MAX_STATEMENT_MIB": ["hunter2", "0", "-1", "1.5", "16 MiB", "9" * 5000],
    "MIGRATE_HOOK_ACTION": ["hunter2", "resolve", "status", "deploy,verify"],
    "MIGRATE_RESERVE_S": ["hunter2", "-1", "nan", "0", "4.9"],
    "MIGRATE_SCHEMA": ["hunter2\0", "hunter2\udcff"],
    "MIGRATE_SECRET_ID": [
        *('{"password":"hunter2"}', "{{resolve:secretsmanager:hunter2}}", "postgresql://app:hunter2@db/d"),
        *('"hunter2"', "hunter2 x", "app:hunter2"),
    ],
    "MIGRATE_HOST": [
        *("postgresql://app:hunter2@db:5432/d", "https://hunter2", "hunter2:5432", "hunter2,db", "app:hunter2@db"),
        *("/tmp,hunter2", "db/hunter2", "db hunter2", "[::1]", "hunter2\0"),
    ],
    "MIGRATE_DBNAME": ["postgresql://app:hunter2@db:5432/d", "hunter2\0", "hunter2\nx"],
    "MIGRATE_USER": ["postgresql://app:hunter2@db:5432/d", "hunter2\0"],
    "PGHOSTADDR": ["hunter2", "10.0.0.1,10.0.0.2", "10.0.0", "/tmp", "10.0.0.1:5432"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in SPOILT.items() for value in values])
def test_a_wrong_value_is_refused_by_the_name_of_its_setting_and_not_repeated(name: str, value: str) -> None:
    error = refusal(name, value)

    assert error.code == "M201"
    assert error.problem.startswith(f"The setting {name} is not ")
    assert "hunter2" not in error.text


@pytest.mark.parametrize(("value", "mode"), [("REQUIRE", SslMode.REQUIRE), ("verify-full", SslMode.VERIFY_FULL)])
def test_a_choice_may_be_in_capitals(value: str, mode: SslMode) -> None:
    assert Settings.from_env({"MIGRATE_SSLMODE": value}).sslmode is mode


def test_labels_are_read_whatever_else_is_wrong() -> None:
    named = {"POWERTOOLS_METRICS_NAMESPACE": "Shop/Migrations", "POWERTOOLS_SERVICE_NAME": "shop"}
    labels = Settings(metrics_namespace="Shop/Migrations", service="shop")

    assert Settings.labels_from_env({**FULL, **named, "MIGRATE_STRICT": "perhaps"}) == labels
    assert Settings.labels_from_env({"POWERTOOLS_SERVICE_NAME": "bytes that are no text: \udc80"}) == Settings()


_HERE = Settings(host="h", hostaddr="10.0.0.1", port=1, through=Place("localhost", 2), dbname="d", user="u")
SET = dataclasses.replace(_HERE, database_url="postgresql://u:p@h/d", schema="s", strict=True)


def test_what_a_request_does_not_say_stays_as_set() -> None:
    assert SET.for_request(Request()) == SET


def test_a_request_with_a_secret_of_its_own_means_another_database() -> None:
    asked = SET.for_request(Request(secret_id="other/database"))

    assert asked == Settings(secret_id="other/database", schema="s", strict=True)
    assert SET.for_request(Request(secret_id="other/database", dbname="x")).overrides == Overrides(dbname="x")


@pytest.mark.parametrize(
    ("given", "action"),
    [
        ({}, Action.VERIFY),
        ({"MIGRATE_HOOK_ACTION": "verify"}, Action.VERIFY),
        ({"MIGRATE_HOOK_ACTION": "deploy"}, Action.DEPLOY),
    ],
)
def test_a_hook_asks_for_what_is_set_and_verifies_where_nothing_is(given: dict[str, str], action: Action) -> None:
    settings = Settings.from_env(given)

    assert settings.hook_request == Request(action)
    assert (settings.hook_action is None) is (not given)


def test_a_request_that_names_the_secret_that_is_set_changes_nothing() -> None:
    known = Settings(secret_id="shop/database", host="h", port=1, dbname="d")

    assert known.for_request(Request(secret_id="shop/database")) == known


def test_the_url_is_not_in_the_repr_of_the_settings() -> None:
    assert "hunter2" not in repr(Settings(database_url="postgresql://u:hunter2@h/d"))


@pytest.mark.parametrize(
    ("requested_s", "set_s", "remaining_s", "wait_s"),
    [
        (None, None, None, LOCK_WAIT_S),
        (None, 30.0, None, 30.0),
        (5.0, 30.0, None, 5.0),
        (0.0, 30.0, None, 0.0),
        (None, 0.0, None, 0.0),
        (None, None, 900.0, LOCK_WAIT_S),
        (None, None, 120.0, 120.0 - RESERVE_S),
        (5.0, None, 120.0, 5.0),
        (500.0, None, 120.0, 120.0 - RESERVE_S),
        (None, 500.0, 120.0, 120.0 - RESERVE_S),
        (None, None, 10.0, 0.0),
        (5.0, 30.0, 0.0, 0.0),
    ],
)
def test_the_wait_for_the_lock_is_as_requested_else_as_set_and_ends_before_the_time_of_the_invoker(
    requested_s: float | None, set_s: float | None, remaining_s: float | None, wait_s: float
) -> None:
    settings = Settings(lock_wait_s=set_s).for_request(Request(lock_wait_s=requested_s))

    assert settings.lock_wait_within(float("inf") if remaining_s is None else remaining_s - RESERVE_S) == wait_s
