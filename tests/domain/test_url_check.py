"""A database URL explained, and a password made fit for one."""

from collections.abc import Callable

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from lambda_fn.domain.url import target_from_url
from lambda_fn.domain.url_check import UrlReport, check, encoded

GOOD = "postgresql://app:hunter2@db.internal:5433/shop?schema=sales"
POOLER = "migrations need the database's own endpoint (M303)."


def told(report: UrlReport) -> str:
    """Everything that a person is shown of a report."""
    error = report.error.text if report.error else ""
    return "\n".join(
        [*map(" ".join, report.parts), report.tls, *map(" ".join, report.dropped), *report.warnings, error]
    )


def by_ours(url: str) -> tuple[str | None, str | None]:
    target = target_from_url(url)
    return target.user, target.password


def by_libpq(url: str) -> tuple[str | None, str | None]:
    parsed = conninfo_to_dict(url)
    return str(parsed.get("user")), str(parsed.get("password"))


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@pytest.mark.parametrize("read", [by_ours, by_libpq])
@given(password=ANY_TEXT)
def test_every_password_is_read_back_by_us_and_by_libpq(
    read: Callable[[str], tuple[str | None, str | None]], password: str
) -> None:
    assert read(f"postgresql://app:{encoded(password)}@db.internal:5432/shop") == ("app", password)


@given(password=ANY_TEXT)
def test_what_is_encoded_has_nothing_left_that_means_something_in_a_url(password: str) -> None:
    written = encoded(password)

    assert not set(written) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~%")
    assert check(f"postgresql://app:{written}@db.internal/shop").error is None


def test_libpq_reads_no_password_with_these_characters_as_it_stands() -> None:
    """Which is why it is worth encoding."""
    with pytest.raises(psycopg.ProgrammingError):
        conninfo_to_dict("postgresql://app:100%@db.internal/shop")
    assert encoded("100% #/?@:[]") == "100%25%20%23%2F%3F%40%3A%5B%5D"


def test_a_good_url_is_told_in_its_parts_and_the_password_by_its_length() -> None:
    report = check(GOOD)

    assert report.parts == (
        ("user", "app"),
        ("password", "7 characters"),
        ("host", "db.internal"),
        ("port", "5433"),
        ("database", "shop"),
        ("schema", "sales"),
    )
    assert (report.dropped, report.warnings, report.error, report.corrected) == ((), (), None, None)
    assert "hunter2" not in repr(report)


def test_what_is_not_given_is_told_with_what_is_taken_instead() -> None:
    assert dict(check("postgresql://").parts) == {
        "user": "none; it is the user of this process, unless PGUSER says another",
        "password": "none",
        "host": "localhost",
        "port": "5432, as none is given",
        "database": "postgres, as none is given",
        "schema": "public, as none is given",
    }
    assert dict(check("postgresql://u:x@h").parts)["password"] == "1 character"


TLS = {
    "postgresql://h/d": "verify-full: encrypted; the server's certificate and its name are checked; trusted "
    "authorities: those of Amazon RDS",
    "postgresql://localhost/d": "prefer: encrypted if the server offers it; nothing of the server is checked",
    "postgresql://h/d?sslmode=require": "require: encrypted; nothing of the server is checked",
    "postgresql://h/d?sslmode=disable": "disable: not encrypted",
    "postgresql://h/d?sslmode=require&sslcert=/ca.pem": "verify-ca: encrypted; the server's certificate is checked, "
    "its name is not; trusted authorities: /ca.pem",
}


@pytest.mark.parametrize(("url", "expected"), TLS.items(), ids=TLS)
def test_it_is_told_what_tls_the_url_means_here(url: str, expected: str) -> None:
    assert check(url).tls == expected


NOT_REPLACED = (
    "It looks as if the name of a variable was not replaced ($NAME or ${NAME}): in a shell, put the URL between double "
    "quotes and set the variable; in .env only ${NAME} is replaced."
)
PLACEHOLDER = (
    "The password is still the placeholder of the page that the URL was copied from, such as [YOUR-PASSWORD]: write "
    "the password in its place, without the brackets, and percent-encoded (migrate-lambda url encode)."
)
WARNINGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "blanks round it": (
        f" {GOOD}\n",
        ("There are blanks or line breaks round it, which are left out here; other programs may stumble over them.",),
    ),
    "an @ in the password": (
        "postgresql://u:hunter2@x@h/d",
        ("The password contains @ (character 8): write %40.",),
    ),
    "a % that encodes nothing": (
        "postgresql://u:hunter2%zz@h/d",
        ("The password contains % without two hexadecimal digits (character 8): write %25.",),
    ),
    "encoded twice": (
        "postgresql://u:hunter%2523@h/d",
        ("User name or password look encoded twice (%25 and two hexadecimal digits): encode them once.",),
    ),
    "a pooler by Prisma's word": (
        "postgresql://h:6543/d?pgbouncer=true",
        (f"pgbouncer=true says that this is a pooler; {POOLER}",),
    ),
    "no pooler by Prisma's word": ("postgresql://h/d?pgbouncer=false", ()),
    "PgBouncer's port": ("postgresql://h:6432/d", (f"6432 is the port of PgBouncer; {POOLER}",)),
    "Supabase's port": ("postgresql://h:6543/d", (f"6543 is the port of Supabase's pooler; {POOLER}",)),
    "an RDS Proxy": (
        "postgresql://shop.proxy-c1a2.eu-central-1.rds.amazonaws.com/d",
        (f"shop.proxy-c1a2.eu-central-1.rds.amazonaws.com looks like a pooler's; {POOLER}",),
    ),
    "Aurora's readers": (
        "postgresql://shop.cluster-ro-c1a2.eu-central-1.rds.amazonaws.com/d",
        (
            "shop.cluster-ro-c1a2.eu-central-1.rds.amazonaws.com is Aurora's endpoint for readers; migrations need the "
            "cluster's own (M302).",
        ),
    ),
    "nothing named": (
        "postgresql://",
        ("It names nothing, neither user nor host nor database: postgresql://user:password@host:5432/database.",),
    ),
    "more behind the database": (
        "postgresql://h/shop/hunter2/path",
        ("The database is the first part of the path alone; what follows behind the next / is left out.",),
    ),
    "a / at the end": ("postgresql://h/shop/", ()),
    "parameters given twice": (
        "postgresql://h/d?schema=a&sslmode=require&schema=b&hunter2=1&hunter2=1&sslmode=verify-full",
        (
            "schema is given more than once, and the last one counts.",
            "sslmode is given more than once, and the last one counts.",
        ),
    ),
    "a variable in the place of the password": ("postgresql://u:${PASSWORD}@h/d", (NOT_REPLACED,)),
    "a variable of a shell": ("postgresql://u:$DB_PASSWORD@h/d", (NOT_REPLACED,)),
    "a variable in the place of the user": ("postgresql://${USER}:hunter2@h/d", (NOT_REPLACED,)),
    "a $ of the password": ("postgresql://u:hunter$2@h/d", ()),
    "a placeholder": ("postgresql://u:%5BYOUR-PASSWORD%5D@h/d", (PLACEHOLDER,)),
    "another placeholder": ("postgresql://u:<password>@h/d", (PLACEHOLDER,)),
    "an sslmode that promises nothing": (
        "postgresql://h/d?sslmode=Prefer",
        ("sslmode=prefer promises nothing, and is read as if it were not there.",),
    ),
}


@pytest.mark.parametrize(("url", "expected"), WARNINGS.values(), ids=WARNINGS)
def test_what_may_go_wrong_is_warned_of(url: str, expected: tuple[str, ...]) -> None:
    report = check(url)

    assert (report.error, report.warnings) == (None, expected)
    assert "hunter" not in told(report)


def test_weak_tls_is_warned_of_as_in_a_run() -> None:
    [warning] = check("postgresql://h/d?sslmode=require").warnings

    assert warning.startswith("TLS to h is weakened by sslmode=require:")
    assert check("postgresql://localhost/d?sslmode=disable").warnings == ()


def test_parameters_without_effect_are_told_by_their_names_alone() -> None:
    report = check(
        f"{GOOD}&connection_limit=5&application_name=hunter3&utm_source=hunter4&Hunter5!=1&sslmode=verify-full"
    )

    assert report.dropped == (
        ("connection_limit", "is for the connection pool of Prisma's client, and there is none here"),
        ("application_name", "gives way to the name by which a later run knows this one"),
        ("utm_source", "is not known here"),
        ("a parameter", "is not known here"),
    )
    assert "unter" not in told(report)


CORRECTED = {
    "postgresql://app:hunt#er2@db.internal:5432/shop": "postgresql://app:***@db.internal:5432/shop",
    "postgresql://app:hunt/er2@db.internal/shop?sslpassword=hunter3": "postgresql://app:***@db.internal/shop?…",
    "postgresql://app:@#hunt?er2[@db.internal": "postgresql://app:***@db.internal",
    "postgresql://a/b:hunter2@db.internal/shop": "postgresql://a%2Fb:***@db.internal/shop",
    "'postgresql://app:hunter2@db.internal/shop'": "postgresql://app:***@db.internal/shop",
    '"postgresql://app:hunt#er2@db.internal/shop"': "postgresql://app:***@db.internal/shop",
    # Where the host or more is wrong too, nothing is known for certain.
    "postgresql://app:hunt#er2@h1,h2/shop": None,
    "postgresql://app:hunt#er2": None,
    "postgresql://app:hunter2@db.internal:port/shop": None,
    "mysql://app:hunter2@db.internal/shop": None,
}


@pytest.mark.parametrize(("url", "corrected"), CORRECTED.items(), ids=CORRECTED)
def test_a_bad_url_is_told_with_how_it_should_be_and_without_its_password(url: str, corrected: str | None) -> None:
    report = check(url)

    assert report.error is not None
    assert report.error.code == "P1013"
    assert report.corrected == corrected
    assert "hunt" not in told(report) + (corrected or "")
    assert (report.parts, report.tls, report.dropped, report.warnings) == ((), "", (), ())


@pytest.mark.parametrize("placeholder", ["[YOUR-PASSWORD]", "[your password]", "[PASSWORD]"])
def test_a_placeholder_is_to_be_replaced_and_not_to_be_encoded(placeholder: str) -> None:
    report = check(f"postgresql://postgres:{placeholder}@db.internal:5432/postgres")

    assert report.error is not None
    assert (report.error.next_step, report.corrected) == (PLACEHOLDER, None)


@pytest.mark.parametrize("host", ["${HOST}", "$DB_HOST"])
def test_a_variable_in_the_place_of_the_host_is_told_as_such(host: str) -> None:
    report = check(f"postgresql://app:hunter2@{host}:5432/shop")

    assert report.error is not None
    assert report.error.next_step == NOT_REPLACED


def test_a_port_of_0_is_no_port() -> None:
    report = check("postgresql://app:hunter2@db.internal:0/shop")

    assert report.error is not None
    assert "invalid port number" in report.error.problem
    assert "from 1 to 65535" in report.error.next_step


@given(st.text(), st.sampled_from(["", "postgresql://", "postgresql://u:", "postgresql://u:p@"]))
def test_whatever_it_is_there_is_a_report(text: str, beginning: str) -> None:
    report = check(beginning + text)

    assert (report.error is None) == bool(report.parts)


@given(ANY_TEXT)
def test_a_password_that_is_not_encoded_is_never_told(secret: str) -> None:
    """Marked by a word that nothing else of a report holds."""
    report = check(f"postgresql://app:x3cret{secret}#x3cret@db.internal:5432/shop")

    assert "x3cret" not in told(report) + (report.corrected or "")
