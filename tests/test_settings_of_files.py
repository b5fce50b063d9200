"""Settings that a file says where the environment says nothing, and what is told of one that is wrong."""

import pytest

from lambda_fn.errors import SettingsInvalid
from lambda_fn.settings import Settings


@pytest.mark.parametrize("empty", ["", "  ", "\n"])
def test_what_is_empty_in_the_environment_hides_no_default(empty: str) -> None:
    defaults = {"DATABASE_URL": "postgresql://u:p@h/d", "MIGRATE_STRICT": "true", "MIGRATE_PORT": "5433"}

    assert Settings.from_env(dict.fromkeys(defaults, empty), defaults=defaults) == Settings.from_env(defaults)


def test_a_default_of_the_wrong_kind_is_told_with_the_file_that_says_it() -> None:
    defaults, files = {"MIGRATE_PORT": "many", "MIGRATE_HOST": "a b"}, {"MIGRATE_HOST": "prisma/.env"}

    with pytest.raises(SettingsInvalid, match=r"The setting MIGRATE_HOST in prisma/.env is not one host by itself"):
        Settings.from_env({}, defaults=defaults, files=files)
    with pytest.raises(SettingsInvalid, match="The setting MIGRATE_HOST is not one host by itself"):
        Settings.from_env({"MIGRATE_HOST": "a b"}, defaults=defaults, files=files)


@pytest.mark.parametrize("name", ["MIGRATE_DIR", "MIGRATE_SCHEMA", "MIGRATE_OWNER_ROLE"])
def test_a_url_in_what_errors_and_logs_show_is_refused_without_a_word_of_it(name: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        Settings.from_env({name: "postgresql://app:hunter2@db/shop"})

    assert (refused.value.code, "hunter2" in refused.value.text) == ("M201", False)
