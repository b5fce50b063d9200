"""Runs through a forwarded port of this machine, to a server that is certified by its own name."""

import dataclasses
import socket
import threading
from collections.abc import Callable, Iterator

import boto3
import pytest

from lambda_fn.domain.check import CheckName, Result
from lambda_fn.domain.outcome import Status
from lambda_fn.domain.target import Place, SslMode
from lambda_fn.settings import Settings
from local.postgres import free_port
from local.secrets_manager import LocalSecretsManager
from tests.fixtures.examined import after, examine
from tests.fixtures.functions import SECRET_ID
from tests.fixtures.planted import plant
from tests.fixtures.projects import Project
from tests.fixtures.tls import NewTlsFront, ServerAuthority, TlsFront

A = "20240101000000_a"
SERVER = "db.internal"


@pytest.fixture
def project(one_project: Project) -> Project:
    """One migration."""
    plant(one_project.server.address.password)
    one_project.write(A, "CREATE TABLE a (id int);")
    return one_project


Forwarded = Callable[..., Settings]


@pytest.fixture
def forwarded(
    project: Project, manager: LocalSecretsManager, authority: ServerAuthority, monkeypatch: pytest.MonkeyPatch
) -> Forwarded:
    """Settings by a secret that names the server itself, and a port of this machine that leads there."""
    for name, value in manager.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    address = project.server.address

    def settings(
        port: int | None, *, host: str | None = "localhost", server: str | None = SERVER, through: Place | None = None
    ) -> Settings:
        login = {"username": address.user, "password": address.password, "dbname": project.database}
        manager.put(SECRET_ID, {**login, "host": server, "port": 5432} if server else login)
        return dataclasses.replace(
            project.settings,
            database_url=None,
            secret_id=SECRET_ID,
            host=host,
            port=port,
            through=through,
            sslrootcert=str(authority.ca_file),
        )

    return settings


@pytest.fixture
def front(new_tls_front: NewTlsFront, authority: ServerAuthority) -> TlsFront:
    """A port of this machine behind which the server has its own name alone."""
    return new_tls_front(authority.server_context(SERVER))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_the_connection_goes_to_the_port_and_the_servers_name_is_verified(
    project: Project, forwarded: Forwarded, front: TlsFront, host: str
) -> None:
    outcome = project.run(settings=forwarded(front.port, host=host))

    assert (outcome.status, outcome.warnings) == (Status.APPLIED, ())
    assert outcome.database == f"{SERVER}:5432/{project.database} through {host}:{front.port}"
    assert front.let_through == ["TLSv1.3"]


def test_it_may_be_forwarded_from_the_other_address_of_localhost(
    project: Project, forwarded: Forwarded, new_tls_front: NewTlsFront, authority: ServerAuthority
) -> None:
    try:
        front = new_tls_front(authority.server_context(SERVER), host="::1")
    except OSError as error:
        pytest.skip(f"this machine has no ::1: {error}")
    hosts = ["::1"]
    if ("::1", 0) in {address[4][:2] for address in socket.getaddrinfo("localhost", 0)}:
        hosts.append("localhost")

    for host in hosts:
        assert project.run(settings=forwarded(front.port, host=host)).error is None
    assert front.let_through == ["TLSv1.3"] * len(hosts)


def test_another_servers_certificate_is_refused_behind_a_forwarded_port(
    project: Project, forwarded: Forwarded, new_tls_front: NewTlsFront, authority: ServerAuthority
) -> None:
    """Also one that is certified for this machine itself."""
    front = new_tls_front(authority.server_context("other.internal", "localhost", "127.0.0.1"))

    outcome = project.run(settings=forwarded(front.port))

    assert outcome.error is not None
    assert outcome.error.code == "P1011"
    assert f'does not match host name "{SERVER}"' in outcome.error.problem
    assert project.tables_with_history() == set()


def test_the_same_holds_for_a_url(project: Project, authority: ServerAuthority, front: TlsFront) -> None:
    address = project.server.address
    url = project.url.replace(f"@{address.host}:{address.port}/", f"@{SERVER}/")
    settings = dataclasses.replace(
        project.settings_for(url), host="127.0.0.1", port=front.port, sslrootcert=str(authority.ca_file)
    )

    outcome = project.run(settings=settings)

    assert (outcome.status, front.let_through) == (Status.APPLIED, ["TLSv1.3"])


def test_doctor_looks_at_the_port_and_tells_the_server_too(
    project: Project, forwarded: Forwarded, front: TlsFront
) -> None:
    examined = examine(project, forwarded(front.port))

    assert examined.failed == {}
    place = f"{SERVER} is reached through localhost:{front.port}; localhost is "
    assert examined[CheckName.DNS].message.startswith(place)
    assert "127.0.0.1" in examined[CheckName.DNS].message
    assert examined[CheckName.PORT].message == f"127.0.0.1:{front.port} takes connections"
    assert "its certificate and name verified and valid until " in examined[CheckName.TLS].message


WAYS = {
    "a secret that RDS manages, which has no host": (None, SERVER),
    "a secret that names the server": (SERVER, None),
    "a secret whose host is another name of the server": ("cname.internal", SERVER),
}


@pytest.mark.parametrize(("of_secret", "host"), WAYS.values(), ids=WAYS)
def test_the_server_is_named_and_the_forwarded_port_beside_it(
    project: Project, forwarded: Forwarded, front: TlsFront, of_secret: str | None, host: str | None
) -> None:
    settings = forwarded(None, host=host, server=of_secret, through=Place("localhost", front.port))

    outcome = project.run(settings=settings)

    assert (outcome.status, outcome.warnings) == (Status.APPLIED, ())
    assert outcome.database == f"{SERVER}:5432/{project.database} through localhost:{front.port}"
    assert front.let_through == ["TLSv1.3"]


def test_another_server_is_refused_there_too(
    project: Project, forwarded: Forwarded, new_tls_front: NewTlsFront, authority: ServerAuthority
) -> None:
    front = new_tls_front(authority.server_context("other.internal", "localhost", "127.0.0.1"))

    outcome = project.run(settings=forwarded(None, host=SERVER, server=None, through=Place("localhost", front.port)))

    assert outcome.error is not None
    assert outcome.error.code == "P1011"
    assert "--through localhost:" in outcome.error.next_step
    assert project.tables_with_history() == set()


def test_the_port_may_be_another_machines_as_seen_from_a_container(
    project: Project, forwarded: Forwarded, new_tls_front: NewTlsFront, authority: ServerAuthority, host_address: str
) -> None:
    front = new_tls_front(authority.server_context(SERVER), host=host_address)
    settings = forwarded(None, host=SERVER, server=None, through=Place(host_address, front.port))

    outcome, examined = project.run(settings=settings), examine(project, settings)

    assert (outcome.status, outcome.warnings) == (Status.APPLIED, ())
    assert examined.failed == {}
    assert examined[CheckName.DNS].message.startswith(f"{SERVER} is reached through {host_address}:{front.port}; ")
    assert set(front.let_through) == {"TLSv1.3"}


def test_doctor_looks_at_the_forwarded_port_also_where_the_secret_cannot_be_read(
    project: Project, forwarded: Forwarded, front: TlsFront
) -> None:
    settings = forwarded(None, host=SERVER, server=None, through=Place("localhost", front.port))

    examined = examine(project, dataclasses.replace(settings, secret_id="not/there"))

    examined.error(CheckName.SECRET, "M204")
    assert examined[CheckName.DNS].message.startswith("localhost is ")
    assert examined[CheckName.PORT].message == f"127.0.0.1:{front.port} takes connections"


def test_where_nothing_names_the_server_it_is_connected_to_with_a_warning(
    project: Project, forwarded: Forwarded, front: TlsFront
) -> None:
    settings = dataclasses.replace(forwarded(front.port, server=None), sslrootcert=None)

    outcome, examined = project.run(settings=settings), examine(project, settings)

    assert (outcome.status, [each.code for each in outcome.warnings]) == (Status.APPLIED, ["M311"])
    assert f"--host ENDPOINT --through localhost:{front.port}." in outcome.warnings[0].message
    assert "M311 " in examined[CheckName.TLS].message


def test_where_nothing_names_the_server_a_port_that_is_not_open_is_told_with_what_to_put(
    project: Project, forwarded: Forwarded
) -> None:
    outcome = project.run(settings=forwarded(free_port(), server=None))

    assert outcome.error is not None
    assert outcome.error.code == "P1001"
    assert '"host":["HOST"]' in outcome.error.text
    assert "HOST is the endpoint that RDS shows." in outcome.error.text


def test_an_address_in_the_environment_leads_nowhere_where_the_settings_name_another_server(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """libpq would take PGHOSTADDR by itself where the host is an address, as behind --database-url."""
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.2")

    assert project.run(settings=project.settings).error is None


def command(port: int) -> str:
    """What opens the port."""
    return (
        "aws ssm start-session --target INSTANCE_ID --document-name AWS-StartPortForwardingSessionToRemoteHost "
        f"""--parameters '{{"host":["{SERVER}"],"portNumber":["5432"],"localPortNumber":["{port}"]}}'"""
    )


def test_a_port_that_is_not_open_is_told_with_the_command_that_opens_it(project: Project, forwarded: Forwarded) -> None:
    port = free_port()

    outcome, examined = project.run(settings=forwarded(port)), examine(project, forwarded(port))

    assert outcome.error is not None
    assert outcome.error.code == "P1001"
    assert outcome.error.problem.startswith(
        f"Can't reach database server at `{SERVER}:5432 through localhost:{port}`: "
    )
    assert "The forwarded port is not open: " in outcome.error.next_step
    assert command(port) in outcome.error.text.splitlines()
    told = examined.error(CheckName.PORT, "M322")
    assert told.problem == f"Nothing listens at localhost:{port}: the forwarded port is not open."
    assert command(port) in told.lines
    assert set(after(CheckName.PORT)) <= set(examined.unknown)


@pytest.fixture
def dead_end() -> Iterator[int]:
    """A port that takes every connection and closes it at once, as an SSM session without a far end does."""
    listener = socket.create_server(("127.0.0.1", 0))

    def take_and_close() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.close()

    thread = threading.Thread(target=take_and_close, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


@pytest.mark.parametrize("mode", [None, SslMode.REQUIRE, SslMode.PREFER])
def test_a_port_that_leads_nowhere_is_told_as_such(
    project: Project, forwarded: Forwarded, dead_end: int, mode: SslMode | None
) -> None:
    outcome = project.run(settings=dataclasses.replace(forwarded(dead_end), sslmode=mode, sslrootcert=None))

    assert outcome.error is not None
    assert outcome.error.code == "P1001"
    assert "The forwarded port leads nowhere: " in outcome.error.next_step
    assert command(dead_end) in outcome.error.text.splitlines()


def test_doctor_tells_of_a_port_that_leads_nowhere_by_the_login(
    project: Project, forwarded: Forwarded, dead_end: int
) -> None:
    examined = examine(project, forwarded(dead_end))

    assert examined[CheckName.PORT].result is Result.PASSED
    assert "The forwarded port leads nowhere: " in examined.error(CheckName.LOGIN, "P1001").next_step
