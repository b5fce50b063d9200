"""Settings from the environment."""

import pytest

from lambda_fn.errors import SettingsInvalid
from lambda_fn.settings import LOCK_WAIT_S, RESERVE_S, Settings

FULL = {
    "DATABASE_URL": "postgresql://u:p@h/d",
    "MIGRATE_SECRET_ID": "shop/database",
    "MIGRATE_DIR": "/opt/migrations",
    "MIGRATE_SCHEMA": "app",
    "MIGRATE_OWNER_ROLE": "app_owner",
    "MIGRATE_STRICT": "true",
    "MIGRATE_LOCK_WAIT_S": "60",
}


def refusal(name: str, value: str) -> SettingsInvalid:
    with pytest.raises(SettingsInvalid) as refused:
        Settings.from_env({name: value})
    return refused.value


def test_every_setting_has_its_variable() -> None:
    assert Settings.from_env(FULL) == Settings(
        database_url="postgresql://u:p@h/d",
        secret_id="shop/database",
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
    assert Settings(lock_wait_s=set_s).lock_wait_within(requested_s, remaining_s) == wait_s
