"""Secrets, in every form that teams and Amazon RDS write."""

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fn.domain.secret import target_from_overrides, target_from_secret
from lambda_fn.domain.target import Overrides, Target
from lambda_fn.errors import SettingsInvalid

PASSWORD = "hunter2#^+!@:/?[]% é'\"\\b"
ROTATED = {
    "engine": "postgres",
    "host": "db.internal",
    "username": "app",
    "password": PASSWORD,
    "dbname": "shop",
    "port": 5433,
}
SHOP = Target("db.internal", 5433, "app", PASSWORD, "shop")
MANAGED = {"username": "app", "password": PASSWORD}
URL = f"postgresql://app:{quote(PASSWORD, safe='')}@db.internal:5433/shop"
PLACE = Overrides(host="db.internal", port=5433, dbname="shop")
NOTHING = Overrides()

FORMS: dict[str, tuple[object, Overrides]] = {
    "a rotation template": ({**ROTATED, "masterarn": "arn:aws:secretsmanager:eu-central-1:1:secret:m"}, NOTHING),
    "an attached secret": ({**ROTATED, "dbInstanceIdentifier": "shop-1"}, NOTHING),
    "an attached secret of a cluster": ({**ROTATED, "dbClusterIdentifier": "shop"}, NOTHING),
    "an Aurora engine": ({**ROTATED, "engine": "aurora-postgresql"}, NOTHING),
    "an engine in capitals": ({**ROTATED, "engine": "PostgreSQL"}, NOTHING),
    "values with blanks round them": (
        {**ROTATED, "host": "db.internal\n", "dbname": " shop\n", "username": "app ", "port": " 5433\n"},
        NOTHING,
    ),
    "a port as a string": ({**ROTATED, "port": "5433"}, NOTHING),
    "a secret that RDS manages": (MANAGED, PLACE),
    "an attached secret without a database": (
        {key: value for key, value in ROTATED.items() if key != "dbname"},
        Overrides(dbname="shop"),
    ),
    "an object with a URL": ({"DATABASE_URL": URL}, NOTHING),
    "an object with a URL and more": ({"DATABASE_URL": URL, "DIRECT_URL": "x", "password": "hunter2"}, NOTHING),
    "a plain URL": (URL, NOTHING),
    "a plain URL with blanks round it": (f"\n {URL} \n", NOTHING),
    "the other protocol": (URL.replace("postgresql", "postgres"), NOTHING),
    "the console's form for another database": ({**ROTATED, "engine": "postgresql", "port": "5433"}, NOTHING),
}


def read(secret: object, overrides: Overrides = NOTHING, *, iam: bool = False) -> Target:
    text = secret if isinstance(secret, str) else json.dumps(secret)
    return target_from_secret("shop/database", text, overrides, iam=iam)


def refusal(secret: object, overrides: Overrides = NOTHING, *, iam: bool = False) -> SettingsInvalid:
    with pytest.raises(SettingsInvalid) as refused:
        read(secret, overrides, iam=iam)
    assert "hunter2" not in refused.value.text
    assert refused.value.__cause__ is None
    return refused.value


@pytest.mark.parametrize(("secret", "overrides"), FORMS.values(), ids=FORMS)
def test_every_form_is_the_same_login(secret: object, overrides: Overrides) -> None:
    assert read(secret, overrides) == SHOP


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_a_password_of_any_characters_comes_through_as_it_is(password: str) -> None:
    assert read({**ROTATED, "password": password}).password == password
    assert read({"DATABASE_URL": f"postgresql://app:{quote(password, safe='')}@h/d"}).password == password


@pytest.mark.parametrize("port", [None, "", "absent"])
def test_a_secret_without_a_port_means_5432(port: object) -> None:
    secret = {**ROTATED, "port": port} if port != "absent" else {k: v for k, v in ROTATED.items() if k != "port"}

    assert read(secret).port == 5432


def test_the_settings_stand_in_the_place_of_what_the_secret_says() -> None:
    elsewhere = Overrides("other.internal", 6000, "other", "migrator", 7)

    for secret in (ROTATED, {"DATABASE_URL": URL}, URL):
        target = read(secret, elsewhere)
        assert (target.host, target.port, target.dbname, target.user) == ("other.internal", 6000, "other", "migrator")
        assert (target.password, target.connect_timeout_s) == (PASSWORD, 7)


SPOILT: dict[str, tuple[object, str]] = {
    "an empty object": ({}, "username, password, host, dbname"),
    "only what RDS keeps by itself": (MANAGED, "host, dbname"),
    "an empty password": ({**ROTATED, "password": ""}, "password"),
    "a password that is a number": ({**ROTATED, "password": 5}, "password"),
    "a user that is a list": ({**ROTATED, "username": ["hunter2"]}, "username"),
    "a port that is a word": ({**ROTATED, "port": "hunter2"}, "a port from 1 to 65535"),
    "a port of zero": ({**ROTATED, "port": 0}, "a port from 1 to 65535"),
    "a port with a sign": ({**ROTATED, "port": -1}, "a port from 1 to 65535"),
    "a port that is true": ({**ROTATED, "port": True}, "a port from 1 to 65535"),
    "a port that is too high": ({**ROTATED, "port": 65536}, "a port from 1 to 65535"),
    "a port of many digits": ({**ROTATED, "port": "5" * 5000}, "a port from 1 to 65535"),
    "a host of blanks": ({**ROTATED, "host": " \n"}, "host"),
    "an empty URL": ({"DATABASE_URL": ""}, "username, password, host, dbname"),
}


@pytest.mark.parametrize(("secret", "missing"), SPOILT.values(), ids=SPOILT)
def test_a_secret_that_lacks_something_is_m205_with_the_names_only(secret: object, missing: str) -> None:
    error = refusal(secret)

    assert (error.code, error.problem) == ("M205", f"The secret shop/database lacks {missing}.")
    assert "MIGRATE_HOST" in error.next_step


def test_what_a_requests_own_secret_lacks_is_not_to_be_looked_for_in_settings_that_do_not_count() -> None:
    next_step = refusal(MANAGED).next_step

    assert "They do not count for another secretId of a request" in next_step
    assert "the ARN in the place of the name is another" in next_step
    assert "must hold the host, and the request may give dbname" in next_step
    assert "secretId of the request" in refusal({**ROTATED, "engine": "mysql"}).next_step


LOGIN = "postgresql://app:hunter2@db.internal:5432/shop"
WRONG: dict[str, tuple[str, object]] = {
    "a URL as host": ("host", LOGIN),
    "a host with a scheme": ("host", "https://hunter2"),
    "a host with a port": ("host", "hunter2:5432"),
    "several hosts": ("host", "hunter2,db.internal"),
    "a socket directory among hosts": ("host", "/tmp,hunter2"),
    "a host with a user": ("host", "hunter2@db.internal"),
    "a host with a path": ("host", "db.internal/hunter2"),
    "a host with a blank": ("host", "db internal hunter2"),
    "a host with brackets": ("host", "[::1]"),
    "a host with NUL": ("host", "hunter2\0"),
    "a URL as database": ("dbname", LOGIN),
    "a database with NUL": ("dbname", "hunter2\0x"),
    "a database with a line break": ("dbname", "hunter2\nx"),
    "a database with half a character": ("dbname", "hunter2\ud800"),
    "a URL as user": ("username", LOGIN),
    "a user with NUL": ("username", "hunter2\0"),
    "a password with NUL": ("password", "hunter2\0x"),
    "a password with half a character": ("password", "hunter2\ud800"),
}


@pytest.mark.parametrize(("key", "value"), WRONG.values(), ids=WRONG)
def test_a_value_that_cannot_be_what_its_key_says_is_m205_and_not_repeated(key: str, value: object) -> None:
    error = refusal({**ROTATED, key: value})

    assert error.code == "M205"
    assert error.problem.startswith(f"The {key} in the secret shop/database is not ")
    assert error.next_step == f"Correct {key} in the secret."


def test_a_value_that_a_setting_stands_for_is_not_looked_at() -> None:
    spoilt = {**ROTATED, "host": "db:5432", "dbname": "a\nb", "username": "a\0b"}

    assert read(spoilt, Overrides(host="db.internal", dbname="shop", user="app")) == SHOP


@pytest.mark.parametrize(
    "host",
    ["db", "db.internal", "my_db-1.internal.", "10.0.0.1", "::1", "fe80::1%eth0", "/var/run/postgresql", "@x", "dätä"],
)
def test_a_host_is_a_name_an_address_or_the_directory_of_a_socket(host: str) -> None:
    assert read({**ROTATED, "host": host}).host == host


@pytest.mark.parametrize("secret", ['"hunter2"', '["hunter2"]', "null", "7", "hunter2", "", "[" * 100_000])
def test_a_secret_that_is_neither_an_object_nor_a_url_is_m205(secret: str) -> None:
    error = refusal(secret)

    assert error.code == "M205"
    assert error.problem == "The secret shop/database is neither a JSON object nor a postgresql:// URL."


@pytest.mark.parametrize("engine", ["mysql", "sqlserver-se", "oracle-ee", "docdb", "redshift"])
def test_the_secret_of_another_kind_of_database_is_refused(engine: str) -> None:
    assert refusal({**ROTATED, "engine": engine}).code == "M205"


@pytest.mark.parametrize("secret", ["postgresql://u:hunter2#x@h/d", {"DATABASE_URL": "mysql://u:hunter2@h/d"}])
def test_a_url_that_cannot_be_read_is_p1013(secret: object) -> None:
    assert refusal(secret).code == "P1013"


def test_with_iam_a_secret_needs_no_password() -> None:
    without = {key: value for key, value in ROTATED.items() if key != "password"}

    assert read(without, iam=True).password is None
    assert refusal(without).problem.endswith("lacks password.")


def test_with_iam_no_secret_is_needed_where_the_settings_say_where_and_as_whom() -> None:
    overrides = Overrides(host="db.internal", dbname="shop", user="migrator")

    assert target_from_overrides(overrides) == Target("db.internal", 5432, "migrator", None, "shop")


@pytest.mark.parametrize(
    ("overrides", "missing"),
    [
        (Overrides(), "MIGRATE_HOST, MIGRATE_USER, MIGRATE_DBNAME"),
        (Overrides(host="h", dbname="d"), "MIGRATE_USER"),
        (Overrides(user="u", dbname="d", port=5432), "MIGRATE_HOST"),
    ],
)
def test_with_iam_alone_what_is_missing_is_named(overrides: Overrides, missing: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        target_from_overrides(overrides)

    assert (refused.value.code, refused.value.problem) == ("M214", f"For MIGRATE_AUTH=iam, {missing} is missing.")
