"""A database URL, as Prisma reads it."""

from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fn.domain.target import Target
from lambda_fn.domain.url import target_from_url
from lambda_fn.errors import SettingsInvalid

PASSWORD = "a#^+!@:/?[]% é'\"\\b"


def refusal(url: str) -> SettingsInvalid:
    with pytest.raises(SettingsInvalid) as refused:
        target_from_url(url)
    assert refused.value.code == "P1013"
    return refused.value


URLS = {
    "all parts": ("postgresql://u:p@h:5433/d", Target("h", 5433, "u", "p", "d")),
    "the other protocol": ("postgres://u:p@h/d", Target("h", 5432, "u", "p", "d")),
    "no password": ("postgresql://u@h/d", Target("h", 5432, "u", None, "d")),
    "an empty password": ("postgresql://u:@h/d", Target("h", 5432, "u", "", "d")),
    "no database": ("postgresql://u:p@h", Target("h", 5432, "u", "p", "postgres")),
    "no database but a slash": ("postgresql://u:p@h/", Target("h", 5432, "u", "p", "postgres")),
    "no host": ("postgresql://u:p@/d", Target("localhost", 5432, "u", "p", "d")),
    "nothing": ("postgresql://", Target("localhost", 5432, "", None, "postgres")),
    "a longer path": ("postgresql://u:p@h/d/more", Target("h", 5432, "u", "p", "d")),
    "an encoded database": ("postgresql://u:p@h/my%20db%2Fx", Target("h", 5432, "u", "p", "my db/x")),
    "IPv6": ("postgresql://u:p@[::1]:5433/d", Target("::1", 5433, "u", "p", "d")),
    "a socket directory": ("postgresql://u:p@%2Fvar%2FRun/d", Target("/var/Run", 5432, "u", "p", "d")),
    "a host in the query": ("postgresql://u:p@h:1/d?host=/tmp", Target("/tmp", 1, "u", "p", "d")),
    "an empty host in the query": ("postgresql://u:p@h/d?host=", Target("h", 5432, "u", "p", "d")),
    "a schema": ("postgresql://u:p@h/d?schema=app", Target("h", 5432, "u", "p", "d", schema="app")),
    "an encoded schema": ("postgresql://u:p@h/d?schema=a%22b+c", Target("h", 5432, "u", "p", "d", schema='a"b c')),
    "an empty schema": ("postgresql://u:p@h/d?schema=", Target("h", 5432, "u", "p", "d")),
    "latin-1": ("postgresql://u:%E9@h/d", Target("h", 5432, "u", "%E9", "d")),
}


@pytest.mark.parametrize(("url", "target"), URLS.values(), ids=URLS)
def test_a_url_is_read_as_prisma_reads_it(url: str, target: Target) -> None:
    assert target_from_url(url) == target


PARAMETERS = {
    "none": ("", {}),
    "sslmode": ("sslmode=require", {"sslmode": "require"}),
    "sslmode in capitals": ("sslmode=REQUIRE", {"sslmode": "require"}),
    "a mode in capitals that promises nothing": ("sslmode=Prefer", {}),
    "a mode that promises nothing is no wish": ("sslmode=prefer", {}),
    "nor is the other one": ("sslmode=allow&connection_limit=1", {}),
    "no TLS": ("sslmode=disable", {"sslmode": "disable"}),
    "verify-ca": ("sslmode=verify-ca", {"sslmode": "verify-ca"}),
    "a strict sslmode is honoured": ("sslmode=verify-full", {"sslmode": "verify-full"}),
    "sslaccept=strict checks the name": ("sslaccept=strict", {"sslmode": "verify-full"}),
    "sslaccept wins": ("sslmode=prefer&sslaccept=strict", {"sslmode": "verify-full"}),
    "sslaccept does not weaken": (
        "sslmode=verify-full&sslaccept=accept_invalid_certs",
        {"sslmode": "verify-full"},
    ),
    "sslaccept alone is a wish not to verify": ("sslaccept=accept_invalid_certs", {"sslmode": "require"}),
    "sslaccept that accepts": ("sslmode=require&sslaccept=accept_invalid_certs", {"sslmode": "require"}),
    "sslcert is the authority's": ("sslcert=/ca.pem", {"sslrootcert": "/ca.pem"}),
    "libpq's own name": ("sslrootcert=system", {"sslrootcert": "system"}),
    "options": ("options=-c%20work_mem%3D1MB", {"options": "-c work_mem=1MB"}),
    "channel binding": ("channel_binding=require", {"channel_binding": "require"}),
    "a channel binding that nobody knows": ("channel_binding=never", {}),
    "connect_timeout": ("connect_timeout=30", {"connect_timeout": "30"}),
    "Prisma's own, unknown to libpq": ("connection_limit=5&pool_timeout=3&pgbouncer=true&socket_timeout=1", {}),
    "a client's certificate in PKCS#12": ("sslidentity=/c.p12&sslpassword=secret", {}),
    "unknown to both": ("utm_source=x", {}),
}


@pytest.mark.parametrize(("query", "parameters"), PARAMETERS.values(), ids=PARAMETERS)
def test_parameters_are_translated_to_those_of_libpq(query: str, parameters: dict[str, str]) -> None:
    assert target_from_url(f"postgresql://u:p@h/d?{query}").parameters == parameters


def test_libpq_is_told_all_of_it_and_waits_twenty_seconds_unless_told_otherwise() -> None:
    url = "postgresql://u:p@h:5433/d?sslmode=require"

    assert target_from_url(url).conninfo == {
        "host": "h",
        "port": "5433",
        "user": "u",
        "password": "p",
        "dbname": "d",
        "sslmode": "require",
        "connect_timeout": "20",
        # A host that vanishes without a word is noticed within half a minute.
        "keepalives_idle": "10",
        "keepalives_interval": "5",
        "keepalives_count": "4",
        "tcp_user_timeout": "30000",
    }
    assert target_from_url(url + "&connect_timeout=9").conninfo["connect_timeout"] == "9"
    assert "password" not in target_from_url("postgresql://u@h/d").conninfo


ENCODE = "Percent-encode the characters # ? / @ : [ ] % in the user name and the password"
PRISMAS = "This is the URL of Prisma Accelerate or Prisma Postgres,"
WRITE = "Write it as postgresql://user:password@host:5432/database, without quotes round it."
PORT = "Give one from 1 to 65535"
ONE_HOST = "Name one host, the writer's"
HOST = "Give one host by itself, without scheme, user, port or blanks"
DATABASE = "Give the name of a database by itself"
SSLMODE = "Use one of these, or remove it"
TIMEOUT = "Give a whole number of at most six digits, such as connect_timeout=20."
NO_TEXT = "Remove the character."


@pytest.mark.parametrize(
    ("url", "next_step"),
    [
        ("mysql://u:hunter2@h/d", "This is a URL of MySQL or MariaDB; here it is PostgreSQL:"),
        ("sqlserver://h;user=u;password=hunter2", "This is a URL of SQL Server;"),
        ("file:./hunter2.db", "This is a URL of another database"),
        ("u:hunter2@h/d", "Write postgresql:// before it:"),
        ("jdbc:postgresql://u:hunter2@h/d", "This is a URL for Java,"),
        ("prisma://u:hunter2@h/d", PRISMAS),
        ("prisma+postgres://accelerate.prisma-data.net/?api_key=hunter2", PRISMAS),
        ("postgresql+psycopg://u:hunter2@h/d", "Remove the + and the name of the driver behind it:"),
        ('"postgresql://u:hunter2@h/d"', "Remove the quotes round it:"),
        ("'postgresql://u:hunter2@h/d'", "Remove the quotes round it:"),
        ("DATABASE_URL='postgresql://u:hunter2@h/d'", "Give what stands behind the = alone,"),
        ("host=h user=u password=hunter2", "This is libpq's form of keywords and values."),
        ("$HUNTER2_URL", "Give the URL itself,"),
        ("hunter2", WRITE),
        (" ", WRITE),
        ("postgresql:u:hunter2@h/d?sslmode=hunter2", "Write two slashes behind the colon:"),
        ("postgresql://u:hunter2@h:port/d", PORT),
        ("postgresql://u:hunter2@h:99999/d", PORT),
        ("postgresql://u:hunter2@h:-1/d", PORT),
        ("postgresql://u:hunter2@[::1/d", ENCODE),
        ("postgresql://u:hunter2#/d", ENCODE),
        ("postgresql://u:p@h/d?application_name=hunter2@b", ENCODE),
        ("postgresql://u:hunter2@h1,h2/d", ONE_HOST),
        ("postgresql://u:hunter2@h1:5432,h2:5432/d", ONE_HOST),
        ("postgresql://u:hunter2@h1%2Ch2/d", HOST),
        ("postgresql://u:hunter2@h/d?host=h1,h2", HOST),
        ("postgresql://u:hunter2@h/d?host=h1:5432", HOST),
        ("postgresql://u:hunter2@h/d?host=https%3A%2F%2Fhunter2", HOST),
        ("postgresql://u:hunter2@my host/d", HOST),
        ("postgresql://u:hunter2@h/d%0Ahunter2", DATABASE),
        ("postgresql://u:hunter2@h/postgresql%3A%2F%2Fu%3Ahunter2%40h", DATABASE),
        ("postgresql://u%0Ahunter2:p@h/d", "Give the name of a user by itself"),
        ("postgresql://u:hunter2@h/d?sslmode=hunter2", SSLMODE),
        ("postgresql://u:hunter2@h/d?sslmode=no-verify", SSLMODE),
        ("postgresql://u:hunter2@h/d?connect_timeout=hunter2", TIMEOUT),
        ("postgresql://u:hunter2@h/d?connect_timeout=-1", TIMEOUT),
        ("postgresql://u:hunter2@h/d?connect_timeout=\u0665", TIMEOUT),
        ("postgresql://u:hunter2@h/d?connect_timeout=" + "9" * 5000, TIMEOUT),
        ("postgresql://u:hunter2#x@h/d", "The password contains # (character 8): write %23. Or give the parts in"),
        ("postgresql://u:hunter2/x@h/d", "The password contains / (character 8): write %2F."),
        ("postgresql://u:hunter2?x@h/d", "The password contains ? (character 8): write %3F."),
        ("postgresql://u:hunter2[x@h/d", "The password contains [ (character 8): write %5B."),
        ("postgresql://u:1,2/hunter2@h/d", "The password contains / (character 4): write %2F."),
        ("postgresql://a/b:hunter2@h/d", "The user name contains / (character 2): write %2F."),
        (
            "postgresql://a#b:hunter2/%2f%x @h/d",
            "The user name contains # (character 2): write %23. The password contains / (character 8), % without two "
            "hexadecimal digits (character 12) and a blank (character 14): write %2F, %25 and %20.",
        ),
        ("postgresql://u:#hunter2#@h/d", "The password contains # (characters 1 and 9): write %23."),
        ("postgresql://u:hunter2########@h/d", "The password contains # (characters 8, 9, 10, 11, 12 and 13 and more)"),
        ("postgresql://u:hunter2%00@h/d", NO_TEXT),
        ("postgresql://u:p@h/d%00hunter2", NO_TEXT),
        ("postgresql://u:p@h/d?schema=hunter2%00", NO_TEXT),
        ("postgresql://u:hunter2\0@h/d", NO_TEXT),
        ("postgresql://u:hunter2\ud800@h/d", NO_TEXT),
        ("postgresql://u:p@h/d?options=hunter2\udcff", NO_TEXT),
    ],
)
def test_a_url_that_cannot_be_read_is_refused_with_its_own_next_step_and_without_being_repeated(
    url: str, next_step: str
) -> None:
    error = refusal(url)

    assert "hunter2" not in error.text
    assert "hunter2" not in repr(error)
    assert error.next_step.startswith(next_step)


@pytest.mark.parametrize("rest", ["/x3cret", "?x3cret", "#x3cret", "/5/x3cret", "?host=x3cret", "/x3cret?schema=a"])
@pytest.mark.parametrize("beginning", ["Tr0ub@d0r", "Tr0ub", "1@2", "@d0r", "Tr0ub@d0r:5432"])
def test_what_stands_behind_an_at_sign_of_the_password_is_taken_for_no_host_and_no_database(
    beginning: str, rest: str
) -> None:
    """`d0r` would be looked up, and shown with the rest as the database."""
    error = refusal(f"postgresql://app:{beginning}{rest}@db.internal:5432/shop")

    assert error.next_step.startswith((ENCODE, "The password contains "))
    assert not [part for part in ("Tr0ub", "d0r", "x3cret") if part in error.text]


@pytest.mark.parametrize("character", "#/?")
def test_a_password_that_is_not_encoded_is_refused_also_where_its_beginning_could_be_a_port(character: str) -> None:
    """Else the connection would go to the user's name as host, and part of the password into the error."""
    assert "hunter2" not in refusal(f"postgresql://app:5432{character}hunter2@h/d").text


def test_a_refusal_keeps_no_cause_that_repeats_the_url() -> None:
    error = refusal("postgresql://u:hunter2/x@h/d")

    assert error.__cause__ is None
    assert error.__suppress_context__


@pytest.mark.parametrize("password", [PASSWORD, "#", "^", "+", "!", "@", ":", "/", "?", "[", "]", "%", "%41", "a b"])
def test_a_password_of_any_characters_comes_through_percent_encoded(password: str) -> None:
    assert target_from_url(f"postgresql://app:{quote(password, safe='')}@db.internal:5433/shop").password == password


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_percent_encoding_gives_every_password_back(password: str) -> None:
    assert target_from_url(f"postgresql://app:{quote(password, safe='')}@h/d").password == password


def test_a_plus_in_the_password_is_a_plus() -> None:
    assert target_from_url("postgresql://u:a+b@h/d").password == "a+b"


def test_an_unencoded_at_sign_belongs_to_the_password() -> None:
    assert target_from_url("postgresql://u:a@b@h/d") == Target("h", 5432, "u", "a@b", "d")


def test_a_password_is_never_in_a_repr() -> None:
    for target in (target_from_url(f"postgresql://app:{quote('hunter2')}@h/d"), Target("h", 1, "u", "hunter2", "d")):
        assert "hunter2" not in repr(target)
        assert "hunter2" not in str(target)
        assert "hunter2" not in target.address


@given(st.text())
def test_whatever_the_url_is_it_is_read_or_refused(url: str) -> None:
    for each in (url, f"postgresql://{url}"):
        with suppress(SettingsInvalid):
            assert target_from_url(each).host
