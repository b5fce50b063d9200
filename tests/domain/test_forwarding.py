"""A port that is forwarded to a server elsewhere, and what is told when it is not open."""

import json
import shlex

import pytest

from lambda_fn.domain.forwarding import of_port, session_command, unreachable, way_to_open
from lambda_fn.domain.secret import target_from_secret
from lambda_fn.domain.target import Overrides, Place, SslMode, Target
from lambda_fn.domain.tls import secured, weakness
from lambda_fn.errors import DatabaseUnreachable, SettingsInvalid
from lambda_fn.errors import doctor as doctor_errors

SHOP = Target("db.internal", 5433, "app", "hunter2", "shop")
FORWARDED = SHOP.overridden(Overrides("localhost", 15432))
REFUSED = 'connection to server at "127.0.0.1", port 15432 failed: Connection refused'
CLOSED = 'connection to server at "127.0.0.1", port 15432 failed: server closed the connection unexpectedly'
COMMAND = (
    "aws ssm start-session --target INSTANCE_ID --document-name AWS-StartPortForwardingSessionToRemoteHost "
    """--parameters '{"host":["db.internal"],"portNumber":["5433"],"localPortNumber":["15432"]}'"""
)


@pytest.mark.parametrize("here", ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1"])
def test_a_name_of_this_machine_for_a_server_elsewhere_is_a_forwarded_port(here: str) -> None:
    forwarded = SHOP.overridden(Overrides(here, 15432))

    assert (forwarded.host, forwarded.port, forwarded.through) == ("db.internal", 5433, Place(here, 15432))
    assert (forwarded.conninfo["host"], forwarded.conninfo["port"]) == ("db.internal", "15432")


def test_without_a_port_of_its_own_it_is_the_servers() -> None:
    assert SHOP.overridden(Overrides("localhost")).through == Place("localhost", 5433)


REPLACED = {
    "another host": ("db.internal", "10.0.1.7"),
    "this machine for this machine": ("127.0.0.1", "localhost"),
    "this machine for a socket": ("/var/run/postgresql", "localhost"),
    "a socket, which cannot be a forwarded port": ("db.internal", "/var/run/postgresql"),
    "this machine where no host is known, as in a secret that RDS manages": ("", "localhost"),
}


@pytest.mark.parametrize(("known", "override"), REPLACED.values(), ids=REPLACED)
def test_any_other_host_takes_the_place_of_the_known_one(known: str, override: str) -> None:
    replaced = Target(known, 5433, "app", None, "shop").overridden(Overrides(override, 15432))

    assert (replaced.host, replaced.port, replaced.through) == (override, 15432, None)


@pytest.mark.parametrize("place", [Place("localhost", 15432), Place("host.docker.internal", 15432), Place("::1", 1)])
def test_a_forwarded_port_can_be_named_beside_the_servers_own_host_and_port(place: Place) -> None:
    of_the_secret = SHOP.overridden(Overrides(through=place))
    without_host = Target("", 5432, "app", None, "shop").overridden(Overrides("db.internal", 5433, through=place))

    for forwarded in (of_the_secret, without_host):
        assert (forwarded.host, forwarded.port, forwarded.through) == ("db.internal", 5433, place)
        assert not forwarded.is_unnamed
        assert secured(forwarded, sslmode=None, sslrootcert=None, bundle="/b.pem", iam=False).parameters == {
            "sslmode": "verify-full",
            "sslrootcert": "/b.pem",
        }


UNNAMED = {
    "a secret without a host": Target("", 5432, "app", None, "shop").overridden(Overrides("localhost", 15432)),
    "this machine for a server": Target("localhost", 5432, "app", None, "shop").overridden(
        Overrides(through=Place("localhost", 15432))
    ),
}


@pytest.mark.parametrize("target", UNNAMED.values(), ids=UNNAMED)
def test_a_forwarded_port_behind_which_nothing_names_the_server_is_known_as_such(target: Target) -> None:
    assert target.is_unnamed


@pytest.mark.parametrize("override", [Overrides("localhost", 15432), Overrides(port=15432), Overrides()])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_server_of_this_machine_is_none(host: str, override: Overrides) -> None:
    assert not Target(host, 5432, "app", None, "shop").overridden(override).is_unnamed


PLACES = {
    "localhost:15432": Place("localhost", 15432),
    "host.docker.internal:1": Place("host.docker.internal", 1),
    "127.0.0.1:65535": Place("127.0.0.1", 65535),
    "[::1]:15432": Place("::1", 15432),
}


@pytest.mark.parametrize(("text", "place"), PLACES.items(), ids=PLACES)
def test_a_place_is_read(text: str, place: Place) -> None:
    assert Place.read(text) == place


@pytest.mark.parametrize(
    "text",
    [
        *("", "localhost", ":15432", "15432", "localhost:", "localhost:0", "localhost:65536", "localhost:many"),
        *("::1:15432", "[::1]", "localhost:\u0663", "a b:1", "app:hunter2@db:1", "postgresql://h:1", "/tmp:1", "@x:1"),
    ],
)
def test_what_is_none_is_not(text: str) -> None:
    assert Place.read(text) is None


def test_it_is_told_where_the_server_is_and_where_the_connection_goes() -> None:
    assert str(FORWARDED) == "db.internal:5433/shop through localhost:15432"
    assert FORWARDED.address == "db.internal:5433 through localhost:15432"
    assert (str(SHOP), SHOP.address) == ("db.internal:5433/shop", "db.internal:5433")


def test_the_servers_certificate_and_name_are_checked_behind_it_as_anywhere() -> None:
    decided = secured(FORWARDED, sslmode=None, sslrootcert=None, bundle="/b.pem", iam=False)
    weak = secured(FORWARDED, sslmode=SslMode.REQUIRE, sslrootcert=None, bundle="/b.pem", iam=False)

    assert decided.parameters == {"sslmode": "verify-full", "sslrootcert": "/b.pem"}
    assert weakness(weak) is not None


def test_a_secret_keeps_its_host_behind_a_forwarded_port_so_that_it_has_to_be_one() -> None:
    secret = {"username": "app", "password": "p", "host": "db.internal", "port": 5433, "dbname": "shop"}
    here = Overrides("localhost", 15432)

    target = target_from_secret("shop", json.dumps(secret), here)
    with pytest.raises(SettingsInvalid) as refused:
        target_from_secret("shop", json.dumps({**secret, "host": "https://db.internal"}), here)

    assert target.address == "db.internal:5433 through localhost:15432"
    assert refused.value.problem.startswith("The host in the secret shop is not one host")


def test_the_command_forwards_this_port_to_that_server_and_is_one_for_a_shell() -> None:
    assert session_command(FORWARDED) == COMMAND
    assert json.loads(shlex.split(COMMAND)[-1]) == {
        "host": ["db.internal"],
        "portNumber": ["5433"],
        "localPortNumber": ["15432"],
    }


def test_where_the_server_is_not_known_the_command_has_a_word_for_it() -> None:
    assert '{"host":["HOST"],"portNumber":["5432"],"localPortNumber":["15432"]}' in session_command(
        Target("localhost", 15432, "app", None, "shop")
    )
    lines = way_to_open(Target("localhost", 15432, "app", None, "shop"))
    assert any(line.startswith("HOST is the endpoint that RDS shows.") for line in lines)
    assert not any("HOST is" in line for line in way_to_open(FORWARDED))


def test_in_a_container_the_machines_port_is_named_beside_the_server() -> None:
    """As the host of its own it would take the place of the server's name, and its certificate be another's."""
    assert way_to_open(FORWARDED)[-1].endswith("for a port of the machine --through host.docker.internal:15432.")
    by_the_machine = SHOP.overridden(Overrides(through=Place("host.docker.internal", 15432)))
    assert not any("In a container" in line for line in way_to_open(by_the_machine))


def test_a_name_that_leads_nowhere_is_no_forwarded_port_that_is_down() -> None:
    target = SHOP.overridden(Overrides(through=Place("host.docker.internal", 15432)))

    error = unreachable(target, "its name has no address: Name or service not known")

    assert (error.lines, "forwarded" in error.text) == ((), False)
    assert "`db.internal:5433 through host.docker.internal:15432`: its name has no address" in error.problem


def test_a_forwarded_port_that_is_not_open_is_p1001_with_the_command() -> None:
    error = unreachable(FORWARDED, REFUSED)

    assert error.headline.startswith(
        f"P1001 Can't reach database server at `db.internal:5433 through localhost:15432`: {REFUSED}. "
        "The forwarded port is not open: "
    )
    assert COMMAND in error.lines
    assert any("ecs:CLUSTER_TASKID_RUNTIMEID" in line for line in error.lines)
    assert any("host.docker.internal" in line for line in error.lines)


@pytest.mark.parametrize("reason", [CLOSED, f"::1: {REFUSED}; 127.0.0.1: {CLOSED}", "timeout expired"])
def test_a_forwarded_port_that_is_open_and_leads_nowhere_is_told_as_such(reason: str) -> None:
    error = unreachable(FORWARDED, reason)

    assert "The forwarded port leads nowhere: " in error.next_step
    assert COMMAND in error.lines


@pytest.mark.parametrize("reason", [REFUSED, CLOSED])
def test_of_this_machine_itself_a_server_that_does_not_run_and_a_forwarded_port_are_both_told(reason: str) -> None:
    usual, other = (unreachable(Target("localhost", port, "app", None, "shop"), reason) for port in (5432, 15432))

    for error, port in ((usual, 5432), (other, 15432)):
        assert error.problem == f"Can't reach database server at `localhost:{port}`: {reason}."
        assert f"Please make sure your database server is running at `localhost:{port}`" in error.next_step
        assert f'"localPortNumber":["{port}"]' in error.lines[0]
    assert "Should that port be forwarded" in usual.next_step
    assert "the port suggests that it is forwarded" in other.next_step


ELSEWHERE = {
    "another host": (SHOP, REFUSED),
    "an address elsewhere": (Target("localhost", 5432, "a", None, "d", parameters={"hostaddr": "10.0.0.1"}), REFUSED),
    "a socket": (Target("/tmp", 5432, "a", None, "d"), REFUSED),
    "another failure": (Target("localhost", 15432, "a", None, "d"), "timeout expired"),
}


@pytest.mark.parametrize(("target", "reason"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_elsewhere_nothing_is_said_of_forwarded_ports(target: Target, reason: str) -> None:
    error = unreachable(target, reason)

    assert (error.lines, "forwarded" in error.text) == ((), False)
    assert f"Please make sure your database server is running at `{target.address}`" in error.next_step
    assert "from where this runs: the function's subnets, or this machine" in error.next_step


def test_doctor_tells_of_a_forwarded_port_that_it_is_not_open() -> None:
    refused = doctor_errors.port_refused("127.0.0.1:15432")
    silent = DatabaseUnreachable("M323", "No answer.", "Look.")

    assert of_port(FORWARDED, refused).problem == "Nothing listens at localhost:15432: the forwarded port is not open."
    assert of_port(FORWARDED, refused).lines == (COMMAND,)
    assert of_port(SHOP, refused) is of_port(None, refused) is refused
    assert of_port(FORWARDED, silent) is silent
