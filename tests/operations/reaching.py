"""Ways to the database that are closed."""

import os
import shutil

from local.postgres import free_port
from local.secrets_manager import LocalSecretsManager
from tests.fixtures.pgbouncer import PgBouncer
from tests.fixtures.silence import silent_listener
from tests.operations.names import RDS_HOST, resolved
from tests.operations.place import COGNITO, FIRST_MIG, ROLES, SHOWN_PORT, Place
from tests.operations.scenario import Scenario

_PASSWORD = "Zahn#42/7"  # of nobody


def doctor(place: Place) -> None:
    """All is well, and one migration is pending."""
    place.copy(FIRST_MIG, ROLES)
    place.quietly("deploy")
    place.copy(COGNITO)
    place.migrate("doctor", code=0)


def tunnel_down(place: Place) -> None:
    """P1001 at the forwarded port."""
    place.copy()
    port = _closed_port(place)
    place.migrate("status", code=3, DATABASE_URL=f"postgresql://dentia_app:password@127.0.0.1:{port}/dentia")


def tunnel_down_known(place: Place) -> None:
    """The same where the real endpoint is known: the command is complete."""
    place.copy()
    port = _closed_port(place)
    place.migrate(
        "status", "--host", "localhost", "--port", str(port), code=3,
        DATABASE_URL=f"postgresql://dentia_app:password@{RDS_HOST}:5432/dentia",
    )  # fmt: skip


def silent(place: Place) -> None:
    """A security group in the way: nothing answers."""
    place.copy()
    with silent_listener() as port, resolved({RDS_HOST: "127.0.0.1"}):
        place.call(f":{port}", ":5432")
        url = f"postgresql://dentia_app:password@{RDS_HOST}:{port}/dentia?connect_timeout=1"
        place.migrate("deploy", code=3, DATABASE_URL=url)


def no_such_host(place: Place) -> None:
    """DNS does not know the name."""
    place.copy()
    with resolved({RDS_HOST: None}):
        place.migrate("doctor", code=3, DATABASE_URL=f"postgresql://dentia_app:password@{RDS_HOST}:5432/dentia")


def wrong_password(place: Place) -> None:
    """P1000."""
    place.copy()
    role = place.new_role("dentia_app")
    url = place.url_as(role).replace(place.server.address.password, "former")
    place.migrate("deploy", code=2, DATABASE_URL=url)


def password_in_url(place: Place) -> None:
    """P1013, what is wrong with the URL, and the password encoded."""
    place.copy()
    url = f"postgresql://dentia_app:{_PASSWORD}@127.0.0.1:{SHOWN_PORT}/dentia"
    place.migrate("status", code=2, DATABASE_URL=url)
    place.migrate("url", "check", code=2, DATABASE_URL=url)
    place.migrate("url", "encode", comment=f"# asks for the password: {_PASSWORD}", typed=_PASSWORD, code=0)


def no_secret(place: Place) -> None:
    """M204: Secrets Manager knows no such secret."""
    place.copy()
    with LocalSecretsManager() as manager:
        place.set({**manager.environment, "DATABASE_URL": ""})
        place.migrate("deploy", "--secret", "dentia/database", code=2)


def no_database(place: Place) -> None:
    """P1003."""
    place.copy()
    url = f"{place.url.rpartition('/')[0]}/dentla"
    place.migrate("deploy", code=2, DATABASE_URL=url)


def no_login(place: Place) -> None:
    """P1010."""
    place.copy()
    role = place.new_role("dentia_app")
    place.query(f"ALTER ROLE {role} NOLOGIN")
    place.migrate("deploy", code=2, DATABASE_URL=place.url_as(role))


def no_tls(place: Place) -> None:
    """P1011: the server has no TLS."""
    place.copy()
    port = place.server.address.port
    url = place.url.replace("127.0.0.1", RDS_HOST)
    with resolved({RDS_HOST: "127.0.0.1"}):
        place.call(f"{RDS_HOST}:{port}", f"{RDS_HOST}:5432")
        place.migrate("deploy", code=2, DATABASE_URL=url)


def too_many_connections(place: Place) -> None:
    """M301."""
    place.copy()
    role = place.new_role("dentia_app")
    place.query(f"ALTER ROLE {role} CONNECTION LIMIT 0")
    place.migrate("deploy", code=3, DATABASE_URL=place.url_as(role))


def no_rights(place: Place) -> None:
    """M307: the schema is another's."""
    place.copy()
    role = place.new_role("dentia_app")
    place.migrate("deploy", code=2, DATABASE_URL=place.url_as(role))


def pooler(place: Place) -> None:
    """M303."""
    place.copy()
    program = _pgbouncer()
    assert program is not None
    with PgBouncer(program, place.server) as running:
        place.call(f"127.0.0.1:{running.port}", "localhost:6432")
        url = place.url.replace(f":{place.server.address.port}/", f":{running.port}/")
        place.migrate("deploy", code=2, DATABASE_URL=url)


def _pgbouncer() -> str | None:
    # Debian puts it where only root looks.
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")


def _pgbouncer_missing() -> str | None:
    return None if _pgbouncer() else "PgBouncer is not installed"


def _closed_port(place: Place) -> int:
    port = free_port()
    place.call(str(port), str(SHOWN_PORT))
    return port


SCENARIOS = (
    *map(
        Scenario,
        (
            doctor, tunnel_down, tunnel_down_known, silent, no_such_host, wrong_password, password_in_url, no_secret,
            no_database, no_login, no_tls, too_many_connections, no_rights,
        ),
    ),
    Scenario(pooler, _pgbouncer_missing),
)  # fmt: skip
