"""Prisma's checks of errors before anything is done, those of PostgreSQL."""

import socket
from urllib.parse import quote

import pytest

from lambda_fn.domain.url import target_from_url
from lambda_fn.errors import DatabaseUnreachable, SettingsInvalid
from local.postgres import PostgresServer
from tests.conformance.connecting import connect


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.conformance("errors", "authentication_failure_must_return_a_known_error_on_postgres")
def test_a_wrong_password_is_p1000(server: PostgresServer) -> None:
    address = server.address

    with pytest.raises(SettingsInvalid) as refused:
        connect(f"postgresql://{address.user}:obviously-not-right@{address.host}:{address.port}/postgres")

    assert refused.value.headline == (
        f"P1000 Authentication failed against database server at `{address.host}`, the provided database credentials "
        f"for `{address.user}` are not valid. Please make sure to provide valid database credentials for the database "
        f"server at `{address.host}`."
    )


@pytest.mark.conformance("errors", "unreachable_database_must_return_a_proper_error_on_postgres")
def test_a_port_without_a_server_is_p1001() -> None:
    port = free_port()

    with pytest.raises(DatabaseUnreachable) as refused:
        connect(f"postgresql://user:secret@127.0.0.1:{port}/mydb")

    assert refused.value.code == "P1001"
    assert f"Can't reach database server at `127.0.0.1:{port}`" in refused.value.problem
    assert f"Please make sure your database server is running at `127.0.0.1:{port}`" in refused.value.next_step


@pytest.mark.conformance("errors", "connection_string_problems_give_a_nice_error")
def test_a_password_with_a_hash_sign_is_p1013_unless_it_is_encoded() -> None:
    with pytest.raises(SettingsInvalid) as refused:
        target_from_url("postgresql://root:password-with-#@localhost:5432/postgres")

    assert refused.value.code == "P1013"
    assert refused.value.problem == "The provided database string is invalid. invalid port number in database URL."
    assert "password-with" not in refused.value.text
    encoded = target_from_url(f"postgresql://root:{quote('password-with-#')}@localhost:5432/postgres")
    assert (encoded.password, encoded.address) == ("password-with-#", "localhost:5432")


@pytest.mark.conformance(
    "errors",
    "bad_connection_string_in_datamodel_returns_nice_error",
    differs="There is no schema.prisma to validate (P1012), so that it is an error of the URL itself (P1013).",
)
def test_the_scheme_of_another_database_is_p1013() -> None:
    with pytest.raises(SettingsInvalid) as refused:
        target_from_url("sqlserver:/localhost:1433;database=prisma-demo;user=SA;password=Pr1sm4_Pr1sm4")

    assert refused.value.code == "P1013"
    assert "the URL must start with the protocol `postgresql://` or `postgres://`" in refused.value.problem
    assert "Pr1sm4" not in refused.value.text
