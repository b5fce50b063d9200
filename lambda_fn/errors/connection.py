"""M3: connection, advisory lock, and Prisma's P10xx for the same."""

from lambda_fn.errors.classes import (
    NOTHING_STAYED,
    DatabaseUnreachable,
    InternalError,
    LockTimeout,
    SettingsInvalid,
    Stayed,
    Whereabouts,
)


def authentication_failed(host: str, user: str, *, iam: bool = False) -> SettingsInvalid:
    """P1000: the server does not take this user with this password or IAM token."""
    by_iam = (
        f'A login by IAM needs GRANT rds_iam TO "{user}", IAM authentication switched on in the database, and '
        "rds-db:connect on this user and this instance or cluster for the function's role."
    )
    otherwise = (
        "If the password is from a secret, that has been read a second time by now. If it is just being rotated, run "
        "it again."
    )
    return SettingsInvalid(
        "P1000",
        f"Authentication failed against database server at `{host}`, the provided database credentials "
        f"for `{user}` are not valid.",
        f"Please make sure to provide valid database credentials for the database server at `{host}`.",
        lines=(by_iam if iam else otherwise,),
    )


def unreachable(address: str, reason: str) -> DatabaseUnreachable:
    """P1001: no server answers at the address."""
    return DatabaseUnreachable(
        "P1001",
        _cannot_reach(address, reason),
        f"Please make sure your database server is running at `{address}`, and that security groups and routes lead "
        "there from where this runs: the function's subnets, or this machine.",
    )


def _cannot_reach(address: str, reason: str) -> str:
    return f"Can't reach database server at `{address}`: {reason}."


_OPEN_IT = "open it with the aws ssm start-session of the next line, and leave that running"


def forwarded_port_unreachable(
    address: str, reason: str, *, is_open: bool, lines: tuple[str, ...]
) -> DatabaseUnreachable:
    """P1001: the port of this machine that is forwarded to the server is not open, or leads nowhere."""
    next_step = (
        "The forwarded port leads nowhere: its far end does not reach the server, or the session has ended. End what "
        f"listens there, and by an instance whose security group the database admits {_OPEN_IT}."
        if is_open
        else f"The forwarded port is not open: {_OPEN_IT}."
    )
    return DatabaseUnreachable("P1001", _cannot_reach(address, reason), next_step, lines=lines)


def loopback_unreachable(
    address: str, reason: str, *, is_usual_port: bool, lines: tuple[str, ...]
) -> DatabaseUnreachable:
    """P1001: no server answers at a port of this machine, which may be its own or one that is forwarded."""
    running = f"Please make sure your database server is running at `{address}`"
    next_step = (
        f"{running}. Should that port be forwarded from elsewhere, {_OPEN_IT}."
        if is_usual_port
        else f"{running}, or, as the port suggests that it is forwarded from elsewhere, {_OPEN_IT}."
    )
    return DatabaseUnreachable("P1001", _cannot_reach(address, reason), next_step, lines=lines)


def no_such_database(dbname: str) -> SettingsInvalid:
    """P1003: the database does not exist. Prisma would create it, but a slip in a name must not become a database."""
    return SettingsInvalid(
        "P1003", f"Database `{dbname}` does not exist.", "Create it, or mend the name in the secret or URL."
    )


def access_denied(user: str, dbname: str, reason: str) -> SettingsInvalid:
    """P1010: the server knows the user, and does not let it in."""
    return SettingsInvalid(
        "P1010",
        f"User `{user}` was denied access on the database `{dbname}`: {reason}.",
        "Check pg_hba.conf or the server's rds.force_ssl, the role's LOGIN right and sslmode.",
    )


def connection_closed(
    doing: str, reason: str, *, unknown: bool, stayed: Stayed = NOTHING_STAYED
) -> DatabaseUnreachable:
    """P1017: the connection was lost while we worked; `unknown` when a commit was under way."""
    kept = stayed.sentence if stayed.done else "Nothing of it was committed."
    verdict = (
        "Whether its transaction was committed is not known: it is in the database and in the history, or in neither."
        if unknown
        else kept
    )
    return DatabaseUnreachable(
        "P1017",
        f"Server has closed the connection while {doing}. {verdict}",
        "Run it again: the next run reads the history and goes on from there.",
        lines=(f"The connection ended with: {reason}",),
        unknown=unknown,
    )


def connection_closed_outside_transaction(migration: str) -> DatabaseUnreachable:
    """P1017: the connection was lost while a statement ran that cannot share a transaction."""
    return DatabaseUnreachable(
        "P1017",
        f"Server has closed the connection while applying {migration}, which runs outside a transaction. It "
        "may be recorded as started, or as finished.",
        "Deploy again: the next run finds out what is in the database and goes on from there, or says what to do.",
        unknown=True,
    )


def tls_failed(reason: str) -> SettingsInvalid:
    """P1011: something else is wrong with TLS."""
    return SettingsInvalid(
        "P1011",
        f"Error opening a TLS connection: {reason}.",
        "Check MIGRATE_SSLMODE, MIGRATE_SSLROOTCERT and the host name, and that the server has TLS switched on.",
    )


def tls_not_offered(address: str) -> SettingsInvalid:
    """P1011: the server has no TLS, and without it nobody knows who answers."""
    return SettingsInvalid(
        "P1011",
        f"Error opening a TLS connection: the server at {address} does not offer TLS.",
        "Switch TLS on in the server. Where the network itself is trusted, MIGRATE_SSLMODE=disable goes without.",
    )


def certificate_not_trusted(address: str) -> SettingsInvalid:
    """P1011: the server's certificate is signed by an authority that is not trusted, or has expired."""
    return SettingsInvalid(
        "P1011",
        f"Error opening a TLS connection: the certificate of {address} is not signed by an authority that is trusted, "
        "or is no longer valid.",
        "Point MIGRATE_SSLROOTCERT at the file of the authority that signed it; without it, those of Amazon RDS are "
        "trusted. MIGRATE_SSLMODE=require, without MIGRATE_SSLROOTCERT, encrypts without looking at the certificate.",
    )


def certificate_of_another_name(reason: str) -> SettingsInvalid:
    """P1011: the certificate is trusted, and is another server's."""
    return SettingsInvalid(
        "P1011",
        f"Error opening a TLS connection: {reason}.",
        "Use the name that the certificate has: the endpoint that RDS shows, not a CNAME or an IP address. Through a "
        "forwarded port too: name the endpoint in the secret, the URL or by --host, and the port by --through "
        "localhost:15432.",
    )


def server_refused(reason: str) -> DatabaseUnreachable:
    """M301: the server answered, but took no connection (starting up, too many connections, …)."""
    return DatabaseUnreachable("M301", f"The server took no connection: {reason}.", "Try again soon.")


def standby(address: str) -> SettingsInvalid:
    """M302: a read-only standby."""
    return SettingsInvalid(
        "M302",
        f"The server at {address} is a read-only standby.",
        "Use the writer's endpoint (Aurora: the cluster endpoint, not the one with -ro- in it).",
    )


def transaction_pooler(address: str) -> SettingsInvalid:
    """M303: a pooler in transaction mode, on which a session lock means nothing."""
    return SettingsInvalid(
        "M303",
        f"There is a transaction-pooling proxy at {address}: the backend is not the one that we connected to.",
        "Use the database's own endpoint, not PgBouncer or an RDS Proxy: advisory locks need a session.",
    )


def server_too_old(version: str) -> SettingsInvalid:
    """M304: PostgreSQL before 14."""
    return SettingsInvalid(
        "M304", f"The server runs PostgreSQL {version}; 14 is the oldest supported.", "Upgrade the server."
    )


def owner_role_denied(role: str, user: str, reason: str) -> SettingsInvalid:
    """M305: the connecting user cannot take on the role that is to own what is made."""
    return SettingsInvalid(
        "M305",
        f"The role {role} cannot be assumed by {user}: {reason}.",
        f'Check the name in ownerRole (MIGRATE_OWNER_ROLE), and run GRANT "{role}" TO "{user}".',
    )


def advisory_lock_timeout(wait_s: float, holder: str) -> LockTimeout:
    """P1002: somebody else held Prisma's advisory lock for the whole of the wait."""
    return LockTimeout(
        "P1002",
        f"Another runner held the advisory lock 72707369 for the whole wait of {wait_s:g} s: {holder}.",
        "Deploy again when it is done. If it is a leftover, end it with SELECT pg_terminate_backend(pid).",
    )


def advisory_lock_lost(migration: str, stayed: Stayed = NOTHING_STAYED) -> LockTimeout:
    """M306: the lock was gone when the next migration began, so another runner may have been let in."""
    return LockTimeout(
        "M306",
        f"The advisory lock was lost before migration {migration} {'went on' if stayed.done else 'began'}. "
        f"{stayed.sentence}",
        "Deploy again: the next run takes the lock, reads the history and goes on from there.",
    )


def permission(doing: str, message: str, next_step: str) -> SettingsInvalid:
    """M307: the connecting user lacks a right on the history or its schema."""
    return SettingsInvalid("M307", f"Permission denied while {doing}: {message}.", next_step)


def unexpected(doing: str, message: str, sqlstate: str | None) -> InternalError:
    """M901: the server refused a statement of ours for a reason that we did not foresee."""
    return InternalError(
        "M901",
        f"The server refused a statement while {doing}: {message} (SQLSTATE {sqlstate or 'none'}).",
        "Check what the message says; if it makes no sense to you, please report it.",
    )


def lock_not_taken(where: Whereabouts, waited_s: float, blocked: str, stayed: Stayed) -> LockTimeout:
    """M329: a migration did not get a lock on what it changes; `blocked` says by whom, `stayed` what is there of it."""
    return LockTimeout(
        "M329",
        f"Migration {where.migration} did not get its lock{where.place} within {waited_s:.0f} s: "
        f"{blocked or 'who holds it was not seen'}. {stayed.sentence}",
        "End or await the session that holds it (SELECT pg_terminate_backend(pid)) and deploy again; lockBudgetS "
        "(MIGRATE_LOCK_BUDGET_S) gives it more time.",
        where=where,
    )


def built_by_another_session(migration: str) -> LockTimeout:
    """M330: another session is building the very index that the migration is about to build."""
    return LockTimeout(
        "M330",
        f"Another session is building the index of migration {migration}; nothing was changed.",
        "Deploy again when it is done (SELECT * FROM pg_stat_progress_create_index).",
        where=Whereabouts(migration=migration),
    )
