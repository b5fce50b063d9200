"""Every way to log in, through the handler: secrets, their rotation, and IAM."""

import secrets
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.credentials import Credentials

from lambda_fn.credentials import SettingsCredentials
from lambda_fn.settings import Settings
from local.runtime_api import LambdaSandbox
from local.secrets_manager import REGION, LocalSecretsManager
from tests.fixtures.functions import SECRET_ID, A, B, Planted, Start, messages, outcome_of, refusal
from tests.fixtures.ldap import IamServer, RdsTokens
from tests.fixtures.planted import plant
from tests.fixtures.projects import Project
from tests.fixtures.proxy import CountingProxy
from tests.fixtures.tls import RDS_HOST, ServerAuthority

ROTATED = plant("rotated hunter2 %41+/'\\")


def rotate(planted: Planted, manager: LocalSecretsManager, **changes: object) -> None:
    """What Secrets Manager does in a rotation: the new password in the database first, then in the secret."""
    planted.project.query(f"ALTER ROLE {planted.user} PASSWORD '{ROTATED.replace(chr(39), chr(39) * 2)}'")
    manager.put(SECRET_ID, {**planted.secret, **changes, "password": ROTATED})


FORMS = ("attached", "managed by RDS", "an object with a URL", "a plain URL", "of the console")


def form_of(planted: Planted, form: str) -> tuple[str | dict[str, Any], dict[str, str]]:
    """A secret of the form, and the settings that say what it lacks."""
    secret = planted.secret
    match form:
        case "attached":
            return {**secret, "dbInstanceIdentifier": "shop-1"}, {}
        case "managed by RDS":
            place = {"MIGRATE_HOST": secret["host"], "MIGRATE_PORT": str(secret["port"])}
            login = {"username": secret["username"], "password": secret["password"]}
            return login, {**place, "MIGRATE_DBNAME": secret["dbname"]}
        case "an object with a URL":
            return {"DATABASE_URL": planted.url}, {}
        case "a plain URL":
            return planted.url, {}
        case _:
            return {**secret, "port": str(secret["port"])}, {}


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_of_every_form_leads_to_the_database(
    start: Start, planted: Planted, manager: LocalSecretsManager, form: str
) -> None:
    secret, variables = form_of(planted, form)
    manager.put(SECRET_ID, secret)

    outcome = outcome_of(start(MIGRATE_SECRET_ID=SECRET_ID, **variables).invoke({}))

    assert [migration["name"] for migration in outcome["applied"]] == [A, B]
    assert manager.operations == ("GetSecretValue",)


def test_a_secret_that_rds_manages_says_which_settings_are_missing(
    start: Start, planted: Planted, manager: LocalSecretsManager
) -> None:
    secret, variables = form_of(planted, "managed by RDS")
    manager.put(SECRET_ID, secret)
    del variables["MIGRATE_DBNAME"]

    message = refusal(start(MIGRATE_SECRET_ID=SECRET_ID, **variables).invoke({}), "SettingsInvalid", "M205")

    assert f"The secret {SECRET_ID} lacks dbname." in message
    assert "MIGRATE_DBNAME" in message


def test_a_secret_is_read_from_the_region_in_its_arn(
    start: Start, planted: Planted, manager: LocalSecretsManager
) -> None:
    arn = manager.put(SECRET_ID, planted.secret)

    for secret_id in (arn, SECRET_ID):
        outcome_of(start(MIGRATE_SECRET_ID=secret_id, AWS_REGION="eu-west-1").invoke({}))

    assert manager.regions == [REGION, "eu-west-1"]


def by_way_of(planted: Planted, proxy: CountingProxy) -> dict[str, Any]:
    return {**planted.secret, "host": "127.0.0.1", "port": proxy.port}


def test_a_password_that_is_rotated_between_reading_and_connecting_is_read_once_more(
    start: Start, planted: Planted, manager: LocalSecretsManager, counting_proxy: CountingProxy
) -> None:
    manager.put(SECRET_ID, by_way_of(planted, counting_proxy))
    rotations: list[None] = []

    def rotate_once() -> None:
        if not rotations:
            rotations.append(None)
            rotate(planted, manager, port=counting_proxy.port)

    counting_proxy.before_connection = rotate_once

    outcome = outcome_of(start(MIGRATE_SECRET_ID=SECRET_ID).invoke({}))

    assert outcome["status"] == "applied"
    assert manager.operations == ("GetSecretValue",) * 2


def test_a_password_that_is_rotated_during_the_run_is_read_anew_when_the_connection_is_lost(
    start: Start, planted: Planted, manager: LocalSecretsManager, counting_proxy: CountingProxy
) -> None:
    manager.put(SECRET_ID, by_way_of(planted, counting_proxy))
    counting_proxy.lose_answer = b"CREATE TABLE a"
    counting_proxy.before_reconnection = lambda: rotate(planted, manager, port=counting_proxy.port)

    outcome = outcome_of(start(MIGRATE_SECRET_ID=SECRET_ID).invoke({}))

    assert outcome["status"] == "applied"
    assert planted.project.tables() == {"a", "b"}
    assert manager.operations == ("GetSecretValue",) * 2


def test_a_password_that_is_simply_wrong_is_tried_no_more_often_than_there_are_passwords(
    start: Start, planted: Planted, manager: LocalSecretsManager, counting_proxy: CountingProxy
) -> None:
    connections: list[None] = []
    counting_proxy.before_connection = lambda: connections.append(None)
    manager.put(SECRET_ID, {**by_way_of(planted, counting_proxy), "password": "hunter2 but wrong"})

    message = refusal(start(MIGRATE_SECRET_ID=SECRET_ID).invoke({}), "SettingsInvalid", "P1000")

    assert "If it is just being rotated, run it again." in message
    assert manager.operations == ("GetSecretValue",) * 2
    assert len(connections) == 1, "the same password again would only count towards a lock-out"


def test_a_warm_function_reads_the_secret_anew(
    function: LambdaSandbox, planted: Planted, manager: LocalSecretsManager
) -> None:
    outcome_of(function.invoke({}))
    rotate(planted, manager)

    assert outcome_of(function.invoke({}))["status"] == "upToDate"
    assert manager.operations == ("GetSecretValue",) * 2


@pytest.fixture
def alternating(project: Project) -> Iterator[tuple[str, str, str]]:
    """Two users of one rotation, and the role that both are members of and that owns the schema."""
    owner = f"owner_{secrets.token_hex(4)}"
    users = (f"{owner}_app", f"{owner}_app_clone")
    project.query(f"CREATE ROLE {owner} NOLOGIN")
    for user in users:
        project.query(f"CREATE ROLE {user} LOGIN PASSWORD 'secret' IN ROLE {owner}")
    project.query(f"ALTER SCHEMA public OWNER TO {owner}")
    yield (*users, owner)
    project.query(f"REASSIGN OWNED BY {', '.join((*users, owner))} TO {project.server.address.user}")
    project.query(f"DROP OWNED BY {', '.join((*users, owner))} CASCADE")
    project.query(f"DROP ROLE {', '.join((*users, owner))}")


def test_with_alternating_users_an_owner_role_keeps_the_objects_in_one_hand(
    project: Project, alternating: tuple[str, str, str]
) -> None:
    app, clone, owner = alternating
    project.write(A, "CREATE TABLE a (id int);")
    project.run(settings=project.as_user(app, "secret", owner_role=owner))
    project.write(B, "ALTER TABLE a ADD COLUMN b int;")

    outcome = project.run(settings=project.as_user(clone, "secret", owner_role=owner))

    assert outcome.error is None
    assert [migration.name for migration in outcome.applied] == [B]


def test_with_alternating_users_and_no_owner_role_the_error_says_what_to_set(
    project: Project, alternating: tuple[str, str, str]
) -> None:
    app, clone, owner = alternating
    project.write(A, "CREATE TABLE a (id int);")
    project.run(settings=project.as_user(app, "secret"))
    project.query(f"GRANT ALL ON _prisma_migrations TO {owner}")
    project.write(B, "ALTER TABLE a ADD COLUMN b int;")

    outcome = project.run(settings=project.as_user(clone, "secret"))

    assert outcome.error is not None
    assert outcome.error.where.sqlstate == "42501"
    assert "MIGRATE_OWNER_ROLE" in outcome.error.next_step


AWS_KEY = Credentials("AKIDEXAMPLE", plant("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), plant("token/" + "x" * 700))


class IamLogin:
    """A function that logs in by IAM on a server that judges tokens as RDS does."""

    def __init__(self, iam: IamServer, authority: ServerAuthority, database: str) -> None:
        self.iam = iam
        self.database = database
        port = iam.server.address.port
        self.tokens = RdsTokens(RDS_HOST, port, "eu-central-1", AWS_KEY)
        iam.ldap.accepts = self.tokens
        self.variables = {
            "MIGRATE_AUTH": "iam",
            "MIGRATE_HOST": RDS_HOST,
            "MIGRATE_PORT": str(port),
            "MIGRATE_USER": iam.user,
            "MIGRATE_DBNAME": database,
            "MIGRATE_SSLROOTCERT": str(authority.ca_file),
            # Only where the name leads: it is still the one that is checked and signed.
            "PGHOSTADDR": "127.0.0.1",
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": AWS_KEY.access_key,
            "AWS_SECRET_ACCESS_KEY": AWS_KEY.secret_key,
            "AWS_SESSION_TOKEN": AWS_KEY.token,
        }


@pytest.fixture
def iam_login(iam_server: IamServer, authority: ServerAuthority) -> Iterator[IamLogin]:
    """A database of its own on the server with logins by token, owned by who logs in."""
    database = f"iam_{secrets.token_hex(4)}"
    iam_server.server.create_database(database)
    with iam_server.server.connect() as connection:
        connection.execute(f"ALTER DATABASE {database} OWNER TO {iam_server.user}".encode())
    yield IamLogin(iam_server, authority, database)
    iam_server.server.drop_database(database)


def test_with_iam_a_token_is_made_and_nothing_is_asked_of_aws(
    start: Start, manager: LocalSecretsManager, iam_login: IamLogin
) -> None:
    invocation = start(**iam_login.variables).invoke({})

    assert outcome_of(invocation)["status"] == "applied"
    [attempt] = iam_login.iam.ldap.attempts
    assert (attempt.user, attempt.accepted) == (iam_login.iam.user, True)
    assert len(attempt.password) > 1000
    assert iam_login.tokens.problems(attempt.user, attempt.password) == []
    assert attempt.password not in invocation.log
    assert manager.request_count == 0
    assert not any("M310" in message for message in messages(invocation))


def test_with_iam_every_connection_has_a_token_of_its_own(iam_login: IamLogin, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token holds for 15 minutes, and a migration may take longer than that before it has to connect again."""
    for name, value in iam_login.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # of tests before this one, with their credentials
    credentials = SettingsCredentials(Settings.from_env())

    first = credentials.target().password
    time.sleep(1.1)  # a token names the second that it was made in
    second = credentials.target().password

    assert first is not None
    assert second is not None
    assert first != second
    assert iam_login.tokens.problems(iam_login.iam.user, second) == []
    assert credentials.renewed() is None, "there is no other secret"


def test_with_iam_and_a_secret_the_secret_says_where_and_as_whom(
    start: Start, manager: LocalSecretsManager, iam_login: IamLogin
) -> None:
    variables = {
        key: value for key, value in iam_login.variables.items() if key not in ("MIGRATE_USER", "MIGRATE_PORT")
    }
    secret = {"username": iam_login.iam.user, "host": "elsewhere", "port": iam_login.tokens.port, "dbname": "x"}
    manager.put(SECRET_ID, secret)

    outcome = outcome_of(start(MIGRATE_SECRET_ID=SECRET_ID, **variables).invoke({}))

    assert outcome["database"] == f"{RDS_HOST}:{iam_login.tokens.port}/{iam_login.database}"
    assert [attempt.accepted for attempt in iam_login.iam.ldap.attempts] == [True]


def test_with_iam_through_a_forwarded_port_the_token_is_for_the_server_itself(
    start: Start, manager: LocalSecretsManager, iam_login: IamLogin
) -> None:
    own = RdsTokens(RDS_HOST, 5432, "eu-central-1", AWS_KEY)
    iam_login.iam.ldap.accepts = own
    manager.put(SECRET_ID, {"username": iam_login.iam.user, "host": RDS_HOST, "port": 5432})
    variables = {name: value for name, value in iam_login.variables.items() if name != "PGHOSTADDR"}
    forwarded = {**variables, "MIGRATE_HOST": "127.0.0.1", "MIGRATE_SECRET_ID": SECRET_ID}

    outcome = outcome_of(start(**forwarded).invoke({}))

    port = iam_login.iam.server.address.port
    assert port != own.port
    assert outcome["database"] == f"{RDS_HOST}:5432/{iam_login.database} through 127.0.0.1:{port}"
    [attempt] = iam_login.iam.ldap.attempts
    assert (attempt.accepted, own.problems(attempt.user, attempt.password)) == (True, [])
    assert iam_login.tokens.problems(attempt.user, attempt.password) != []


def test_with_iam_a_login_that_is_refused_names_what_rds_needs(start: Start, iam_login: IamLogin) -> None:
    iam_login.iam.ldap.accepts = lambda _user, _token: False

    message = refusal(start(**iam_login.variables).invoke({}), "SettingsInvalid", "P1000")

    assert f'GRANT rds_iam TO "{iam_login.iam.user}"' in message
    assert "rds-db:connect" in message
    assert len(iam_login.iam.ldap.attempts) == 1


def test_with_iam_and_no_region_or_credentials_it_says_so_within_seconds(start: Start, iam_login: IamLogin) -> None:
    for variable in ("AWS_REGION", "AWS_ACCESS_KEY_ID"):
        variables = {**iam_login.variables, "AWS_DEFAULT_REGION": "", "AWS_EC2_METADATA_DISABLED": "true", variable: ""}
        invocation = start(**variables).invoke({})
        assert refusal(invocation, "SettingsInvalid", "M216")
        assert invocation.elapsed_ms < 6_000
    assert iam_login.iam.ldap.attempts == []


def test_with_iam_a_token_is_not_sent_where_it_might_go_unencrypted(start: Start, iam_login: IamLogin) -> None:
    invocation = start(**iam_login.variables, MIGRATE_SSLMODE="prefer").invoke({})

    assert "sslmode is prefer" in refusal(invocation, "SettingsInvalid", "M215")
    assert iam_login.iam.ldap.attempts == []
