"""Doctor on the way to the server: settings and secrets, name, port, TLS and login."""

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from lambda_fn import network
from lambda_fn.cli.exit_codes import exit_code
from lambda_fn.domain.check import CheckName, Result
from lambda_fn.domain.target import Auth, SslMode
from local.postgres import PostgresServer
from tests.fixtures.examined import after, examine, examine_at, not_looked_at
from tests.fixtures.planted import PASSWORD, check_said, plant
from tests.fixtures.projects import Project, new_project
from tests.fixtures.silence import silent_listener
from tests.fixtures.tls import NewTlsFront, ServerAuthority

A = "20240101000000_a"


@pytest.fixture
def project(project: Project) -> Project:
    """A project of one migration."""
    plant(project.server.address.password)
    project.write(A, "CREATE TABLE a (id int);")
    return project


@pytest.fixture
def one_project(one_project: Project) -> Project:
    """A project of one migration on the embedded server."""
    one_project.write(A, "CREATE TABLE a (id int);")
    return one_project


def test_a_closed_port_is_refused_and_the_directory_is_told_all_the_same(project: Project) -> None:
    url = project.url.replace(f":{project.server.address.port}/", ":1/")

    examined = examine(project, project.settings_for(url))

    assert "127.0.0.1:1" in examined.error(CheckName.PORT, "M322").problem
    assert examined.unknown == not_looked_at(after(CheckName.PORT), CheckName.PORT)
    assert exit_code(examined.outcome) == 3


def test_a_port_that_never_answers_is_told_in_time(one_project: Project) -> None:
    with silent_listener() as port:
        url = one_project.url.replace(f":{one_project.server.address.port}/", f":{port}/")
        started_s = time.monotonic()
        examined = examine(one_project, one_project.settings_for(url))

    assert "security group" in examined.error(CheckName.PORT, "M323").next_step
    assert time.monotonic() - started_s < 15


def test_a_name_that_leads_nowhere_is_told(project: Project) -> None:
    url = project.url.replace("@127.0.0.1:", "@db.nosuch.invalid:")

    examined = examine(project, project.settings_for(url))

    assert "db.nosuch.invalid" in examined.error(CheckName.DNS, "M320").problem
    assert examined.unknown == not_looked_at(after(CheckName.DNS), CheckName.DNS)


def test_a_wrong_password_is_told_without_being_repeated(project: Project) -> None:
    url = project.url.replace(f":{project.server.address.password}@", f":{quote(PASSWORD, safe='')}@")

    examined = examine(project, project.settings_for(url))

    examined.error(CheckName.LOGIN, "P1000")
    tls = {CheckName.TLS: "not known: the connection failed for another reason."}
    assert examined.unknown == {**tls, **not_looked_at(after(CheckName.LOGIN), CheckName.LOGIN)}
    assert exit_code(examined.outcome) == 2


def test_a_database_that_is_not_there_is_told(project: Project) -> None:
    examined = examine(project, project.settings_for(project.url + "_nosuch"))

    assert examined.error(CheckName.LOGIN, "P1003").problem == f"Database `{project.database}_nosuch` does not exist."


def test_tls_that_the_server_has_not_is_told_before_the_login(one_project: Project) -> None:
    examined = examine(one_project, one_project.settings_for(one_project.url + "?sslmode=require"))

    assert "does not offer TLS" in examined.error(CheckName.TLS, "P1011").problem
    assert examined.unknown == not_looked_at(after(CheckName.TLS), CheckName.TLS)


def test_the_settings_are_told_with_the_user_and_where_the_login_is_from(one_project: Project) -> None:
    target = one_project.url.split("@", 1)[1]
    without = one_project.settings_for(f"postgresql://postgres@{target}")

    assert examine(one_project)[CheckName.SECRET].message == (
        f"user postgres with the password of the URL, for {target}"
    )
    assert "no password" in examine(one_project, without)[CheckName.SECRET].message


def test_settings_that_are_contradictory_are_told_and_the_host_is_looked_at_where_it_is_known(
    one_project: Project,
) -> None:
    contradictory = dataclasses.replace(one_project.settings, secret_id="shop/database")
    no_authorities = dataclasses.replace(one_project.settings, sslrootcert="/nosuch.pem", sslmode=SslMode.VERIFY_FULL)

    neither, url = examine(one_project, contradictory), examine(one_project, no_authorities)

    assert (neither.failed, url.failed) == ({CheckName.SECRET: "M203"}, {CheckName.SECRET: "M217"})
    assert neither.unknown == not_looked_at(after(CheckName.SECRET), CheckName.SECRET)
    assert url[CheckName.PORT].result is Result.PASSED
    assert url.unknown == not_looked_at(after(CheckName.PORT), CheckName.SECRET)


def test_a_login_by_iam_is_told_as_such(one_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, PASSWORD)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    url = one_project.url + "?sslmode=require"
    settings = dataclasses.replace(one_project.settings_for(url), auth=Auth.IAM)

    examined = examine(one_project, settings)

    assert "user postgres with an IAM token" in examined[CheckName.SECRET].message
    examined.error(CheckName.TLS, "P1011")
    check_said(*one_project.reporter.lines)


@pytest.fixture
def tls_project(tmp_path: Path, tls_server: PostgresServer) -> Iterator[Project]:
    """A project of one migration on a server that has TLS."""
    for project in new_project(tmp_path / "migrations", tls_server):
        project.write(A, "CREATE TABLE a (id int);")
        yield project


def test_tls_is_told_with_its_version_cipher_and_what_was_verified(
    tls_project: Project, authority: ServerAuthority
) -> None:
    roots = {SslMode.VERIFY_FULL: str(authority.ca_file), SslMode.VERIFY_CA: str(authority.ca_file)}

    told = {
        mode: examine(
            tls_project, dataclasses.replace(tls_project.settings, sslmode=mode, sslrootcert=roots.get(mode))
        )[CheckName.TLS].message
        for mode in (*roots, SslMode.REQUIRE)
    }

    assert all(message.startswith("TLSv1.3 with TLS_") for message in told.values())
    assert ", its certificate and name verified and valid until " in told[SslMode.VERIFY_FULL]
    assert ", its certificate verified, its name not and valid until " in told[SslMode.VERIFY_CA]
    assert told[SslMode.REQUIRE].endswith(", nothing of the server verified")


def test_tls_is_known_although_the_login_failed_after_it(tls_project: Project, authority: ServerAuthority) -> None:
    url = tls_project.url.replace(f":{tls_project.server.address.password}@", ":wrong@")
    settings = dataclasses.replace(
        tls_project.settings_for(url), sslrootcert=str(authority.ca_file), sslmode=SslMode.VERIFY_FULL
    )

    examined = examine(tls_project, settings)

    examined.error(CheckName.LOGIN, "P1000")
    assert examined[CheckName.TLS].result is Result.PASSED
    assert examined[CheckName.TLS].message.startswith("TLS, its certificate and name verified")


def test_a_certificate_that_nobody_trusts_is_told(tls_project: Project) -> None:
    examined = examine(tls_project, dataclasses.replace(tls_project.settings, sslmode=SslMode.VERIFY_FULL))

    assert "not signed by an authority that is trusted" in examined.error(CheckName.TLS, "P1011").problem


@pytest.mark.parametrize(("days_left", "result"), [(13, Result.UNKNOWN), (15, Result.PASSED)])
def test_a_certificate_that_ends_soon_is_a_doubt(
    tls_project: Project, authority: ServerAuthority, days_left: int, result: Result
) -> None:
    settings = dataclasses.replace(
        tls_project.settings, sslrootcert=str(authority.ca_file), sslmode=SslMode.VERIFY_FULL
    )
    ends_at_s = network.certificate_ends_at(
        "127.0.0.1", tls_project.server.address.port, name="127.0.0.1", authorities=str(authority.ca_file)
    )
    assert ends_at_s is not None

    examined = examine_at(tls_project, settings, clock=lambda: ends_at_s - days_left * 86400)

    assert examined[CheckName.TLS].result is result
    assert ("Renew" in examined[CheckName.TLS].next_step) is (result is Result.UNKNOWN)


def test_tls_that_ends_before_the_server_is_told(
    one_project: Project, new_tls_front: NewTlsFront, authority: ServerAuthority
) -> None:
    front = new_tls_front(authority.server_context("127.0.0.1"))
    settings = dataclasses.replace(
        one_project.settings_for(front.url(one_project.database)),
        sslrootcert=str(authority.ca_file),
        sslmode=SslMode.VERIFY_FULL,
    )

    examined = examine(one_project, settings)

    assert examined.failed == {}
    assert examined[CheckName.TLS].message.startswith("TLS, which ends before the server, its certificate and name")


@pytest.mark.parametrize("mode", [SslMode.REQUIRE, SslMode.DISABLE])
def test_a_weakened_sslmode_is_a_doubt_that_hinders_nothing(
    one_project: Project, new_tls_front: NewTlsFront, authority: ServerAuthority, host_address: str, mode: SslMode
) -> None:
    front = new_tls_front(authority.server_context(host_address), host=host_address)
    settings = one_project.settings_for(front.url(one_project.database))

    examined = examine(one_project, dataclasses.replace(settings, sslmode=mode))

    assert (examined.failed, list(examined.unknown)) == ({}, [CheckName.TLS])
    message = examined[CheckName.TLS].message
    assert message.startswith("TLS, " if mode.encrypts else "none. ")
    assert f"M310 TLS to {host_address} is weakened by sslmode={mode}" in message


def test_an_address_that_is_set_stands_in_the_place_of_the_look_up(project: Project) -> None:
    address = project.server.address
    url = project.url.replace(f"@{address.host}:", "@db.invalid:")
    settings = dataclasses.replace(project.settings_for(url), hostaddr=address.host, sslmode=SslMode.DISABLE)

    examined = examine(project, settings)

    assert examined[CheckName.DNS].message == f"db.invalid is {address.host}, as PGHOSTADDR says"
    assert examined[CheckName.PORT].result is examined[CheckName.LOGIN].result is Result.PASSED
