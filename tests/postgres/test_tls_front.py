"""What the TLS, PgBouncer and IAM tests stand on does what it stands for."""

import contextlib
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import boto3
import psycopg
import pytest
from botocore.credentials import Credentials
from psycopg.conninfo import make_conninfo

from lambda_fn.credentials import RDS_BUNDLE
from local.postgres import PostgresServer
from tests.fixtures.ldap import IamServer, LdapStandIn, RdsTokens
from tests.fixtures.pgbouncer import PgBouncer
from tests.fixtures.tls import NewTlsFront, ServerAuthority, TlsFront

Connection = psycopg.Connection[tuple[object, ...]]

REGION = "eu-central-1"
CREDENTIALS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session-token/" + "x" * 700)


@contextlib.contextmanager
def connected(url: str, **parameters: str) -> Iterator[Connection]:
    with psycopg.connect(make_conninfo(url, **parameters), autocommit=True) as connection:
        yield connection


def value(connection: Connection, statement: str) -> object:
    row = connection.execute(statement.encode()).fetchone()
    assert row
    return row[0]


@pytest.fixture
def front(new_tls_front: NewTlsFront, authority: ServerAuthority) -> TlsFront:
    return new_tls_front(authority.server_context("127.0.0.1"))


class TestTlsFront:
    def test_lets_a_client_through_that_trusts_the_authority(self, front: TlsFront, authority: ServerAuthority) -> None:
        url = front.url("postgres")

        with connected(url, sslmode="verify-full", sslrootcert=str(authority.ca_file)) as connection:
            assert connection.pgconn.ssl_in_use
            assert value(connection, "SELECT repeat('x', 3000000)") == "x" * 3_000_000
        assert front.let_through == ["TLSv1.3"]

    def test_passes_a_long_message_on(self, front: TlsFront) -> None:
        with connected(front.url("postgres"), sslmode="require") as connection:
            assert value(connection, f"SELECT length('{'y' * 3_000_000}')") == 3_000_000

    def test_is_refused_by_a_client_that_trusts_another_authority(self, front: TlsFront) -> None:
        with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
            psycopg.connect(front.url("postgres"), sslmode="verify-full", sslrootcert=str(RDS_BUNDLE))
        assert front.let_through == []

    def test_is_refused_by_a_client_that_asked_for_another_host(
        self, new_tls_front: NewTlsFront, authority: ServerAuthority
    ) -> None:
        front = new_tls_front(authority.server_context("db.internal"))

        with pytest.raises(psycopg.OperationalError, match="does not match host name"):
            psycopg.connect(front.url("postgres"), sslmode="verify-full", sslrootcert=str(authority.ca_file))
        with connected(front.url("postgres"), sslmode="verify-ca", sslrootcert=str(authority.ca_file)) as connection:
            assert connection.pgconn.ssl_in_use

    def test_without_tls_is_refused_by_a_client_that_requires_it(self, new_tls_front: NewTlsFront) -> None:
        front = new_tls_front(None)

        with pytest.raises(psycopg.OperationalError, match="server does not support SSL"):
            psycopg.connect(front.url("postgres"), sslmode="require")
        with connected(front.url("postgres"), sslmode="prefer") as connection:
            assert not connection.pgconn.ssl_in_use
        assert front.let_through == [None]

    @pytest.mark.parametrize("with_alpn", [True, False])
    def test_chooses_the_protocol_where_asked(
        self, new_tls_front: NewTlsFront, authority: ServerAuthority, *, with_alpn: bool
    ) -> None:
        front = new_tls_front(authority.server_context("127.0.0.1"), with_alpn=with_alpn)
        context = ssl.create_default_context(cafile=str(authority.ca_file))
        context.set_alpn_protocols(["postgresql"])

        with socket.create_connection((front.host, front.port)) as plain:
            plain.sendall(bytes.fromhex("00000008 04d21630 00000008 04d2162f"))  # GSSENCRequest, SSLRequest
            assert plain.recv(2, socket.MSG_WAITALL) == b"NS"
            with context.wrap_socket(plain, server_hostname=front.host) as tls:
                assert tls.selected_alpn_protocol() == ("postgresql" if with_alpn else None)

    def test_a_statement_is_cancelled_through_it(self, front: TlsFront) -> None:
        with connected(front.url("postgres"), sslmode="require") as connection:
            connection.add_notice_handler(lambda _: connection.cancel_safe(timeout=20))
            with pytest.raises(psycopg.errors.QueryCanceled):
                connection.execute("DO $$ BEGIN RAISE NOTICE 'it runs'; PERFORM pg_sleep(60); END $$")

        assert front.let_through == ["TLSv1.3", "TLSv1.3"]

    def test_the_end_of_the_session_gets_through(self, front: TlsFront) -> None:
        with connected(front.url("postgres"), sslmode="require") as connection:
            with pytest.raises(psycopg.OperationalError, match="terminating connection due to administrator command"):
                connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            assert connection.closed

    def test_closing_it_cuts_every_connection(self, front: TlsFront) -> None:
        with connected(front.url("postgres"), sslmode="require") as connection:
            front.close()
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError, match="Connection refused"):
            psycopg.connect(front.url("postgres"))

    def test_listens_on_an_address_that_is_not_loopback(
        self, host_address: str, new_tls_front: NewTlsFront, authority: ServerAuthority
    ) -> None:
        front = new_tls_front(authority.server_context(host_address), host=host_address)

        with connected(front.url("postgres"), sslmode="verify-full", sslrootcert=str(authority.ca_file)) as connection:
            assert connection.info.host == host_address
            assert connection.pgconn.ssl_in_use

    def test_is_reached_by_the_name_of_a_database_of_rds(
        self, rds_host: str, new_tls_front: NewTlsFront, authority: ServerAuthority
    ) -> None:
        front = new_tls_front(authority.server_context(rds_host))
        url = front.url("postgres", host=rds_host)

        with connected(url, sslmode="verify-full", sslrootcert=str(authority.ca_file)) as connection:
            assert (connection.info.host, connection.info.hostaddr) == (rds_host, "127.0.0.1")
            assert connection.pgconn.ssl_in_use


class TestTlsServer:
    def test_a_real_server_speaks_tls(self, tls_server: PostgresServer, authority: ServerAuthority) -> None:
        url = tls_server.url()

        with connected(url, sslmode="verify-full", sslrootcert=str(authority.ca_file)) as connection:
            assert value(connection, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") is True
        with connected(url, sslmode="disable") as connection:
            assert value(connection, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") is False

    def test_a_real_server_is_reached_by_the_name_of_a_database_of_rds(
        self, rds_host: str, tls_server: PostgresServer, authority: ServerAuthority
    ) -> None:
        url = tls_server.url().replace("@127.0.0.1:", f"@{rds_host}:")

        with connected(url, sslmode="verify-full", sslrootcert=str(authority.ca_file)) as connection:
            assert connection.info.host == rds_host


class TestPgBouncer:
    def test_the_backend_is_another_one_than_it_announces(self, pgbouncer: PgBouncer) -> None:
        with connected(pgbouncer.url()) as connection:
            assert connection.pgconn.backend_pid != value(connection, "SELECT pg_backend_pid()")

    def test_two_clients_share_a_backend_until_one_of_them_is_in_a_transaction(self, pgbouncer: PgBouncer) -> None:
        statement = "SELECT pg_backend_pid()"
        with connected(pgbouncer.url()) as first, connected(pgbouncer.url()) as second:
            assert value(first, statement) == value(second, statement)
            with first.transaction():
                assert value(first, statement) != value(second, statement)

    def test_the_url_leads_to_the_database(self, pgbouncer: PgBouncer, one_server: PostgresServer) -> None:
        one_server.create_database("behind_pgbouncer")
        try:
            with connected(pgbouncer.url("behind_pgbouncer")) as connection:
                assert value(connection, "SELECT current_database()") == "behind_pgbouncer"
        finally:
            one_server.drop_database("behind_pgbouncer")

    def test_a_wrong_password_is_refused(self, pgbouncer: PgBouncer) -> None:
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            psycopg.connect(pgbouncer.url(), password="wrong")


class TestIamServer:
    @staticmethod
    def log_in(iam: IamServer, password: str, sslmode: str = "require") -> Connection:
        url = f"postgresql://{iam.user}:{quote(password, safe='')}@127.0.0.1:{iam.server.address.port}/postgres"
        return psycopg.connect(make_conninfo(url, sslmode=sslmode))

    @pytest.mark.parametrize("size", [1, 127, 128, 1_500, 60_000])
    def test_a_password_of_any_size_gets_to_the_judge(self, iam_server: IamServer, size: int) -> None:
        token = "/%+&=?: é"[:size] + "t" * (size - 9)
        iam_server.ldap.accepts = lambda user, password: (user, password) == (iam_server.user, token)

        with self.log_in(iam_server, token) as connection:
            assert value(connection, "SELECT session_user") == iam_server.user
        assert [(each.password, each.accepted) for each in iam_server.ldap.attempts] == [(token, True)]

    def test_what_the_judge_refuses_is_refused(self, iam_server: IamServer) -> None:
        iam_server.ldap.accepts = lambda _user, password: password == "right"

        with pytest.raises(psycopg.OperationalError, match=f'authentication failed for user "{iam_server.user}"'):
            self.log_in(iam_server, "wrong")
        assert [(each.user, each.accepted) for each in iam_server.ldap.attempts] == [(iam_server.user, False)]

    def test_without_tls_no_token_is_asked_for(self, iam_server: IamServer) -> None:
        iam_server.ldap.accepts = lambda _user, _password: True

        with pytest.raises(psycopg.OperationalError, match=r"pg_hba\.conf rejects connection .* no encryption"):
            self.log_in(iam_server, "token", sslmode="disable")
        assert iam_server.ldap.attempts == []

    def test_the_superuser_comes_in_by_password(self, iam_server: IamServer) -> None:
        with connected(iam_server.server.url()) as connection:
            assert value(connection, "SELECT session_user") == "postgres"
        assert iam_server.ldap.attempts == []

    def test_a_token_of_boto3_lets_one_in(self, iam_server: IamServer, rds_host: str) -> None:
        port = iam_server.server.address.port
        iam_server.ldap.accepts = RdsTokens(rds_host, port, REGION, CREDENTIALS)
        token = token_for(rds_host, port, iam_server.user)

        with self.log_in(iam_server, token) as connection:
            assert connection.pgconn.ssl_in_use
        assert len(token) > 1_000


def test_an_empty_password_is_refused_by_the_ldap_stand_in() -> None:
    ldap = LdapStandIn(lambda _user, _password: True)
    try:
        assert not ldap.judge("user=migrator,ou=rds_iam", "")
        assert ldap.judge("user=migrator,ou=rds_iam", "x")
        assert [each.user for each in ldap.attempts] == ["migrator", "migrator"]
    finally:
        ldap.close()


class TestRdsTokens:
    TOKENS = RdsTokens("db.internal", 5432, REGION, CREDENTIALS)

    def test_a_token_of_boto3_has_no_problems(self) -> None:
        assert self.TOKENS.problems("app", token_for("db.internal", 5432, "app")) == []

    def test_a_user_may_have_any_name(self) -> None:
        assert self.TOKENS.problems("a@b c/é", token_for("db.internal", 5432, "a@b c/é")) == []

    def test_a_token_for_somebody_else_has(self) -> None:
        assert self.TOKENS.problems("app", token_for("db.internal", 5432, "root")) == ["DBUser"]

    @pytest.mark.parametrize(("host", "port"), [("db.example", 5432), ("db.internal", 5433)])
    def test_a_token_for_another_address_has(self, host: str, port: int) -> None:
        assert self.TOKENS.problems("app", token_for(host, port, "app")) == ["address", "X-Amz-Signature"]

    def test_a_token_for_another_region_has(self) -> None:
        token = token_for("db.internal", 5432, "app", region="us-east-1")

        assert "X-Amz-Credential" in self.TOKENS.problems("app", token)

    def test_a_token_signed_with_another_key_has(self) -> None:
        credentials = Credentials(CREDENTIALS.access_key, "another", CREDENTIALS.token)

        assert self.TOKENS.problems("app", token_for("db.internal", 5432, "app", credentials)) == ["X-Amz-Signature"]

    def test_a_token_without_the_session_token_has(self) -> None:
        credentials = Credentials(CREDENTIALS.access_key, CREDENTIALS.secret_key)

        assert self.TOKENS.problems("app", token_for("db.internal", 5432, "app", credentials)) == [
            "X-Amz-Security-Token"
        ]

    @pytest.mark.parametrize(
        ("name", "other"),
        [("Action=connect", "Action=drop"), ("Expires=900", "Expires=901"), ("DBUser=app", "DBUser=b")],
    )
    def test_a_token_that_was_changed_has(self, name: str, other: str) -> None:
        token = token_for("db.internal", 5432, "app").replace(name, other)

        assert "X-Amz-Signature" in self.TOKENS.problems("app", token)
        assert len(self.TOKENS.problems("app", token)) == 2

    @pytest.mark.parametrize(("age_s", "problems"), [(880, []), (920, ["X-Amz-Date"]), (-600, ["X-Amz-Date"])])
    def test_a_token_holds_for_15_minutes(self, age_s: int, problems: list[str]) -> None:
        then = datetime.now(UTC) + timedelta(seconds=age_s)
        tokens = RdsTokens("db.internal", 5432, REGION, CREDENTIALS, now=lambda: then)

        assert tokens.problems("app", token_for("db.internal", 5432, "app")) == problems

    @pytest.mark.parametrize("token", ["", "[", "db.internal:5432/", "db.internal:5432/?Action=connect"])
    def test_what_is_no_token_has(self, token: str) -> None:
        assert "X-Amz-Signature" in self.TOKENS.problems("app", token)


def token_for(host: str, port: int, user: str, credentials: Credentials = CREDENTIALS, region: str = REGION) -> str:
    client = boto3.client(
        "rds",
        region_name=region,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.token,
    )
    token: str = client.generate_db_auth_token(DBHostname=host, Port=port, DBUsername=user)
    return token
