"""TLS as a run has it: who is let in, who is not, and what is said of it."""

import dataclasses
import secrets
from collections.abc import Iterator

import pytest

from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.domain.target import SslMode
from lambda_fn.errors import MigrateError
from lambda_fn.settings import Settings
from local.postgres import PostgresServer
from tests.fixtures.planted import plant
from tests.fixtures.projects import Project
from tests.fixtures.terminal import finish, start
from tests.fixtures.tls import RDS_HOST, NewTlsFront, ServerAuthority, TlsFront

A = "20240101000000_a"


class Remote:
    """A project whose database is reached by way of a front that is not on loopback."""

    def __init__(self, project: Project, new_front: NewTlsFront, authority: ServerAuthority, host: str) -> None:
        self.project = project
        self.authority = authority
        self.host = host
        self._new_front = new_front

    def front(self, *names: str, authority: ServerAuthority | None = None) -> TlsFront:
        """A front certified for these names, by the host's own name where there is none."""
        return self._new_front((authority or self.authority).server_context(*(names or (self.host,))), host=self.host)

    def front_without_tls(self) -> TlsFront:
        """A front of a server that has no TLS."""
        return self._new_front(None, host=self.host)

    def settings(self, front: TlsFront, query: str = "", **changes: object) -> Settings:
        """Settings that lead to the front and trust the authority."""
        url = front.url(self.project.database) + query
        trusting = dataclasses.replace(self.project.settings_for(url), sslrootcert=str(self.authority.ca_file))
        return dataclasses.replace(trusting, **changes)  # type: ignore[arg-type]  # tests say which field

    def run(self, front: TlsFront, query: str = "", **changes: object) -> Outcome:
        """Deploy by way of the front."""
        return self.project.run(settings=self.settings(front, query, **changes))


@pytest.fixture
def remote(one_project: Project, new_tls_front: NewTlsFront, authority: ServerAuthority, host_address: str) -> Remote:
    """One migration, and a host that is not loopback."""
    one_project.write(A, "CREATE TABLE a (id int);")
    return Remote(one_project, new_tls_front, authority, host_address)


@pytest.fixture
def other_authority(tmp_path_factory: pytest.TempPathFactory) -> ServerAuthority:
    """An authority that nobody trusts."""
    return ServerAuthority(tmp_path_factory.mktemp("other"))


def refusal(outcome: Outcome) -> MigrateError:
    assert outcome.error is not None
    assert outcome.error.code == "P1011"
    return outcome.error


def test_with_the_right_authority_and_name_the_run_goes_over_tls_without_a_warning(remote: Remote) -> None:
    front = remote.front()

    outcome = remote.run(front)

    assert (outcome.status, outcome.warnings) == (Status.APPLIED, ())
    assert front.let_through == ["TLSv1.3"]


@pytest.mark.parametrize("query", ["", "?sslmode=prefer", "?sslmode=allow", "?connection_limit=1&schema=public"])
def test_a_certificate_of_an_unknown_authority_is_refused_whatever_prismas_url_leaves_open(
    remote: Remote, other_authority: ServerAuthority, query: str
) -> None:
    front = remote.front(authority=other_authority)

    error = refusal(remote.run(front, query))

    assert "is not signed by an authority that is trusted" in error.problem
    assert "MIGRATE_SSLROOTCERT" in error.next_step
    assert front.let_through == []


def test_by_default_only_the_authorities_of_amazon_rds_are_trusted(remote: Remote) -> None:
    front = remote.front()

    error = refusal(remote.run(front, sslrootcert=None))

    assert "is not signed by an authority that is trusted" in error.problem
    assert front.let_through == []


def test_a_certificate_of_another_name_is_refused(remote: Remote) -> None:
    front = remote.front("db.internal")

    error = refusal(remote.run(front))

    assert remote.host in error.problem
    assert "the endpoint that RDS shows" in error.next_step
    assert remote.project.tables_with_history() == set()


def test_a_server_without_tls_is_refused(remote: Remote) -> None:
    front = remote.front_without_tls()

    error = refusal(remote.run(front))

    assert "does not offer TLS" in error.problem
    assert "MIGRATE_SSLMODE=disable" in error.next_step
    assert front.let_through == []


@pytest.mark.parametrize("mode", [SslMode.REQUIRE, SslMode.PREFER])
def test_a_setting_may_do_without_verification_and_is_warned_of(
    remote: Remote, other_authority: ServerAuthority, mode: SslMode
) -> None:
    front = remote.front("db.internal", authority=other_authority)

    outcome = remote.run(front, sslmode=mode, sslrootcert=None)

    assert outcome.status is Status.APPLIED
    assert front.let_through == ["TLSv1.3"]
    assert [warning.code for warning in outcome.warnings] == ["M310"]
    assert any(f"sslmode={mode}:" in line for line in remote.project.reporter.lines)


def test_an_authority_that_is_set_is_looked_at_also_where_encryption_is_all_that_is_wished_for(
    remote: Remote, other_authority: ServerAuthority
) -> None:
    """So the advice to do without verification holds only where no authority is named."""
    front = remote.front(authority=other_authority)

    error = refusal(remote.run(front, sslmode=SslMode.REQUIRE))

    assert "MIGRATE_SSLMODE=require, without MIGRATE_SSLROOTCERT," in error.next_step
    assert remote.run(front, sslmode=SslMode.REQUIRE, sslrootcert=None).status is Status.APPLIED


def test_localhost_that_leads_elsewhere_is_no_loopback(remote: Remote) -> None:
    front = remote.front_without_tls()
    url = front.url(remote.project.database, host="localhost")
    arguments = ("deploy", "--migrations", str(remote.project.directory), "--json")

    deployed = finish(start(*arguments, DATABASE_URL=url, PGHOSTADDR=remote.host))

    assert (deployed.exit_code, deployed.outcome["error"]["code"]) == (2, "P1011")
    assert front.let_through == []


def test_verify_ca_does_without_the_name_and_is_warned_of(remote: Remote, other_authority: ServerAuthority) -> None:
    outcome = remote.run(remote.front("db.internal"), "?sslmode=verify-ca")

    assert outcome.status is Status.APPLIED
    assert [warning.code for warning in outcome.warnings] == ["M310"]
    refusal(remote.run(remote.front(authority=other_authority), "?sslmode=verify-ca"))


def test_a_setting_may_do_without_tls_and_is_warned_of(remote: Remote) -> None:
    front = remote.front_without_tls()

    outcome = remote.run(front, sslmode=SslMode.DISABLE)

    assert outcome.status is Status.APPLIED
    assert front.let_through == [None]
    assert [warning.code for warning in outcome.warnings] == ["M310"]


def test_a_mode_that_is_weaker_is_no_error_in_strict_runs(remote: Remote) -> None:
    assert remote.run(remote.front(), sslmode=SslMode.REQUIRE, strict=True).status is Status.APPLIED


def test_a_strict_url_is_not_weakened(remote: Remote, other_authority: ServerAuthority) -> None:
    front = remote.front(authority=other_authority)

    for query in ("?sslmode=verify-full", "?sslaccept=strict", "?sslmode=verify-full&sslaccept=accept_invalid_certs"):
        refusal(remote.run(front, query))
    assert front.let_through == []


def test_prismas_sslcert_is_the_authority(remote: Remote) -> None:
    outcome = remote.run(remote.front(), f"?sslcert={remote.authority.ca_file}", sslrootcert=None)

    assert (outcome.status, outcome.warnings) == (Status.APPLIED, ())


@pytest.mark.parametrize("query", ["?sslcert=/nowhere/ca.pem", "?sslrootcert=/nowhere/ca.pem"])
def test_an_authority_that_is_not_there_is_told_before_anything_is_connected(remote: Remote, query: str) -> None:
    front = remote.front()

    outcome = remote.run(front, query, sslrootcert=None)

    assert outcome.error is not None
    assert outcome.error.code == "M217"
    assert "/nowhere/ca.pem" in outcome.error.problem
    assert front.let_through == []


def test_the_systems_authorities_are_those_that_python_trusts(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    front = remote.front()
    refused = remote.run(front, sslrootcert="system")

    monkeypatch.setenv("SSL_CERT_FILE", str(remote.authority.ca_file))

    refusal(refused)
    assert remote.run(front, sslrootcert="system").status is Status.APPLIED
    assert remote.run(front, "?sslmode=require", sslrootcert="system").status is Status.UP_TO_DATE


@pytest.fixture
def tls_url(tls_server: PostgresServer) -> Iterator[str]:
    """A database of a real server with TLS, by the name that it is certified for."""
    database = f"tls_{secrets.token_hex(4)}"
    plant(tls_server.address.password)
    url = tls_server.create_database(database)
    yield url.replace("@127.0.0.1:", f"@{RDS_HOST}:")
    tls_server.drop_database(database)


def test_a_real_server_with_tls_is_deployed_to_from_a_terminal(
    one_project: Project, tls_url: str, authority: ServerAuthority
) -> None:
    one_project.write(A, "CREATE TABLE a (id int);")
    arguments = ("deploy", "--migrations", str(one_project.directory), "--json")
    # The name is the one that is checked; the address is where it leads.
    leads_here = {"DATABASE_URL": tls_url, "PGHOSTADDR": "127.0.0.1"}

    trusted = finish(start(*arguments, **leads_here, MIGRATE_SSLROOTCERT=str(authority.ca_file)))
    untrusted = finish(start(*arguments, **leads_here))

    assert (trusted.exit_code, trusted.outcome["status"], trusted.outcome["warnings"]) == (0, "applied", [])
    assert (untrusted.exit_code, untrusted.outcome["error"]["code"]) == (2, "P1011")
