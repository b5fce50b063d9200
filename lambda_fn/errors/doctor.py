"""M32x: what doctor finds out of order before a deploy would."""

from collections.abc import Sequence

from lambda_fn.errors.classes import DatabaseUnreachable, LockTimeout, SettingsInvalid

_SHOWN = 5


def name_not_resolved(host: str, reason: str) -> DatabaseUnreachable:
    """M320: no address is known for the host's name."""
    return DatabaseUnreachable(
        "M320",
        f"The host name {host} cannot be resolved: {reason}.",
        "Check the host in the secret or URL, or MIGRATE_HOST. In a VPC, enableDnsSupport and enableDnsHostnames have "
        "to be on, and a private hosted zone has to be associated with the VPC.",
    )


def name_look_up_timed_out(host: str, limit_s: float) -> DatabaseUnreachable:
    """M321: the DNS server does not answer."""
    return DatabaseUnreachable(
        "M321",
        f"The DNS server gave no answer for {host} within {limit_s:g} s.",
        "Check the VPC's DHCP options: the DNS servers named there have to be reachable from the function's subnets "
        "on port 53.",
    )


def port_refused(address: str) -> DatabaseUnreachable:
    """M322: the host answers, and nothing listens on the port."""
    return DatabaseUnreachable(
        "M322",
        f"Nothing listens at {address}: connections are refused.",
        "Check that the database is running, and the port in the secret or URL, or MIGRATE_PORT. Security groups and "
        "routes are in order: without them nothing would have answered.",
    )


def forwarded_port_refused(address: str, command: str) -> DatabaseUnreachable:
    """M322: nothing listens on the port of this machine that is forwarded to the server."""
    return DatabaseUnreachable(
        "M322",
        f"Nothing listens at {address}: the forwarded port is not open.",
        "Open it, and leave that running; INSTANCE_ID is an instance that reaches the database, or an ECS task: "
        "ecs:CLUSTER_TASKID_RUNTIMEID.",
        lines=(command,),
    )


def port_timed_out(address: str, limit_s: float) -> DatabaseUnreachable:
    """M323: nothing answers at the address, not even with a refusal."""
    return DatabaseUnreachable(
        "M323",
        f"No answer came from {address} within {limit_s:g} s.",
        "Let the database's security group admit the function's security group on that port, and the function's let "
        "it out; check the subnets' routes and network ACLs. A function in a VPC reaches a public address through a "
        "NAT only.",
    )


def port_unreachable(address: str, reason: str) -> DatabaseUnreachable:
    """M324: there is no way to the address."""
    return DatabaseUnreachable(
        "M324",
        f"There is no way to {address}: {reason}.",
        "Check the host and the port, and that the routes of the function's subnets lead there.",
    )


def clock_differs(ahead_s: float, limit_s: float) -> SettingsInvalid:
    """M325: our clock and the server's differ by too much. `ahead_s` is how far ours is ahead."""
    side = "ahead of" if ahead_s > 0 else "behind"
    return SettingsInvalid(
        "M325",
        f"The clock here is {abs(ahead_s):.0f} s {side} the server's; more than {limit_s:g} s are too many: IAM "
        "tokens, certificates and the signatures of AWS hold for a certain time only.",
        "Set whichever is wrong by NTP; in a VPC, 169.254.169.123 is Amazon's time server.",
    )


def foreign_owners(schema: str, role: str, owners: Sequence[tuple[str, int]]) -> SettingsInvalid:
    """M326: objects belong to roles of which ours is no member, so that no migration may alter them.

    `owners` has (role, number of its objects) for each.
    """
    listed = ", ".join(f"{count} to {owner}" for owner, count in owners[:_SHOWN])
    grants = ", ".join(f'"{owner}"' for owner, _ in owners[:_SHOWN])
    return SettingsInvalid(
        "M326",
        f'In schema "{schema}" objects belong to roles of which {role} is no member, and only their owners may alter '
        f"them: {listed}{' and more' if owners[_SHOWN:] else ''}.",
        f'Run: GRANT {grants} TO "{role}". A secret that alternates between two users makes it come back: let one role '
        "own everything (REASSIGN OWNED), grant it to both users, and name it in ownerRole (MIGRATE_OWNER_ROLE).",
    )


def lock_held(holder: str) -> LockTimeout:
    """M327: somebody holds Prisma's advisory lock just now, so that a deploy would wait."""
    return LockTimeout(
        "M327",
        f"Another runner holds the advisory lock 72707369: {holder}.",
        "Deploy when it is done. If it is a leftover, end it with SELECT pg_terminate_backend(pid).",
    )


def took_too_long(doing: str, limit_s: float) -> DatabaseUnreachable:
    """M328: a query of doctor's own had no answer in time."""
    return DatabaseUnreachable(
        "M328",
        f"The server had no answer within {limit_s:g} s while {doing}.",
        "Look in pg_stat_activity for a session that locks the table, or for a server that is overloaded.",
    )


def code_deploy_not_reached(place: str, finding: str) -> SettingsInvalid:
    """M331: nothing leads to CodeDeploy, so that no hook could tell it a result: each deployment would wait an hour.

    SettingsInvalid, as M703, which it comes before.
    """
    return SettingsInvalid(
        "M331",
        f"CodeDeploy cannot be reached at {place}, so that its hooks would not be answered. {finding}",
        "Give the function's subnets an interface endpoint com.amazonaws.REGION.codedeploy with private DNS whose "
        "security group admits the function on 443 (CodeDeployEndpoint in template.yaml), or a NAT.",
    )
