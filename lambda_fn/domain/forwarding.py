"""A connection through a forwarded port, or to this machine, that fails: most often the port is not open."""

import json
import shlex
from collections.abc import Iterator

from lambda_fn.domain.form import is_loopback_over_tcp
from lambda_fn.domain.target import DEFAULT_PORT, Target
from lambda_fn.errors import DatabaseUnreachable
from lambda_fn.errors import connection as connection_errors
from lambda_fn.errors import doctor as doctor_errors

_UNKNOWN_HOST = "HOST"
_DOCUMENT = "AWS-StartPortForwardingSessionToRemoteHost"
_INSTANCE = (
    "INSTANCE_ID is an instance that reaches the database and runs the SSM agent, or an ECS task with ECS Exec: "
    "ecs:CLUSTER_TASKID_RUNTIMEID."
)
_HOST = (
    "HOST is the endpoint that RDS shows. Name it by --host too, and the forwarded port by --through: then TLS checks "
    "the server."
)
# libpq's words. The second is what an SSM session does whose far end does not answer: it takes the connection, and
# closes it at once.
_REFUSED, _CLOSED = "Connection refused", "closed the connection"
_NO_ADDRESS = "no address"  # postgres.login's


def unreachable(target: Target, reason: str) -> DatabaseUnreachable:
    """P1001 for libpq's `reason`; where the port is, or may be, a forwarded one, with the command that opens it."""
    if target.through and _NO_ADDRESS not in reason:
        is_open = _REFUSED not in reason or _CLOSED in reason
        return connection_errors.forwarded_port_unreachable(
            target.address, reason, is_open=is_open, lines=way_to_open(target)
        )
    if _is_here(target) and (_REFUSED in reason or _CLOSED in reason):
        is_usual_port = target.port == DEFAULT_PORT
        return connection_errors.loopback_unreachable(
            target.address, reason, is_usual_port=is_usual_port, lines=way_to_open(target)
        )
    return connection_errors.unreachable(target.address, reason)


def of_port(target: Target | None, error: DatabaseUnreachable) -> DatabaseUnreachable:
    """Doctor's error for a port, said of the forwarded port where that is where the connection goes."""
    if target is None or target.through is None or error.code != "M322":
        return error
    return doctor_errors.forwarded_port_refused(str(target.through), session_command(target))


def session_command(target: Target) -> str:
    """The command, in one line for a shell, that forwards the target's port through SSM."""
    place = target.connects_to
    host, port = (target.host, target.port) if target.through else (_UNKNOWN_HOST, DEFAULT_PORT)
    parameters = {"host": [host], "portNumber": [str(port)], "localPortNumber": [str(place.port)]}
    quoted = shlex.quote(json.dumps(parameters, separators=(",", ":")))
    return f"aws ssm start-session --target INSTANCE_ID --document-name {_DOCUMENT} --parameters {quoted}"


def way_to_open(target: Target) -> tuple[str, ...]:
    """Lines for people: the command that opens the forwarded port, and what stands for its parts."""
    return (session_command(target), _INSTANCE, *(() if target.through else (_HOST,)), *_in_a_container(target))


def _in_a_container(target: Target) -> Iterator[str]:
    place = target.connects_to
    if is_loopback_over_tcp(place.host):
        yield (
            "In a container, localhost is the container itself: name the database's service there, or for a port of "
            f"the machine --through host.docker.internal:{place.port}{'' if target.through else ' with --host HOST'}."
        )


def _is_here(target: Target) -> bool:
    return is_loopback_over_tcp(target.host) and is_loopback_over_tcp(target.parameters.get("hostaddr", target.host))
