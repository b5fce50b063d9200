"""Names that are looked up for ever and addresses that say nothing: the invoker is told before Lambda kills us."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lambda_fn.aws import secrets
from lambda_fn.domain.outcome import Status
from lambda_fn.errors import SettingsInvalid
from local.invocation import Invocation
from local.runtime_api import LambdaSandbox
from local.secrets_manager import REGION, LocalSecretsManager
from tests.fixtures.functions import SECRET_ID, Planted, Start, outcome_of, refusal
from tests.fixtures.projects import ROOT, Project
from tests.fixtures.proxy import CountingProxy
from tests.fixtures.silence import EVERY_ADDRESS, LOOPBACK, resolver, silent_listener

RESERVE_S = "5"


@pytest.fixture
def elsewhere(start: Start, tmp_path: Path) -> Callable[..., LambdaSandbox]:
    """Starts a function in whose network some names lead to silence."""

    def started(**variables: str) -> LambdaSandbox:
        return start(PYTHONPATH=f"{resolver(tmp_path)}:{ROOT}", MIGRATE_RESERVE_S=RESERVE_S, **variables)

    return started


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that is silent on every address of loopback."""
    with silent_listener(EVERY_ADDRESS) as port:
        yield port


def told_in_time(invocation: Invocation, error_type: str, code: str, *, limit_s: float) -> str:
    """The error's text, which came in time."""
    assert invocation.elapsed_ms < limit_s * 1000
    return refusal(invocation, error_type, code)


def test_a_database_that_is_silent_on_several_addresses_is_given_up_within_the_limit(
    elsewhere: Callable[..., LambdaSandbox], silent_port: int
) -> None:
    """Each address had the whole of it: with three, 20 s became 60."""
    url = f"postgresql://app:password@3.silent.test:{silent_port}/shop"

    invocation = elsewhere(DATABASE_URL=url, MIGRATE_CONNECT_TIMEOUT_S="6").invoke({}, timeout_s=16.0)

    message = told_in_time(invocation, "DatabaseUnreachable", "P1001", limit_s=14)
    assert all(f"127.0.0.{number}: connection timeout expired" in message for number in (2, 3, 4))


def test_a_database_that_is_silent_is_given_up_before_the_time_is_up_whatever_the_limit(
    elsewhere: Callable[..., LambdaSandbox], silent_port: int
) -> None:
    url = f"postgresql://app:password@3.silent.test:{silent_port}/shop"

    invocation = elsewhere(DATABASE_URL=url).invoke({}, timeout_s=12.0)

    assert "3.silent.test" in told_in_time(invocation, "DatabaseUnreachable", "P1001", limit_s=12)


def test_a_name_that_is_looked_up_for_ever_is_given_up_within_the_limit(
    elsewhere: Callable[..., LambdaSandbox],
) -> None:
    url = "postgresql://app:password@slow.test:5432/shop"

    invocation = elsewhere(DATABASE_URL=url, MIGRATE_CONNECT_TIMEOUT_S="2").invoke({}, timeout_s=12.0)

    message = told_in_time(invocation, "DatabaseUnreachable", "P1001", limit_s=12)
    assert "no address was found for its name within 2 s" in message


def test_a_secrets_manager_that_is_silent_on_several_addresses_is_given_up_before_the_time_is_up(
    elsewhere: Callable[..., LambdaSandbox], silent_port: int
) -> None:
    endpoint = f"http://8.silent.test:{silent_port}"
    variables = {"AWS_ENDPOINT_URL_SECRETS_MANAGER": endpoint, "MIGRATE_SECRET_ID": SECRET_ID}

    invocation = elsewhere(**variables).invoke({}, timeout_s=11.0)

    message = told_in_time(invocation, "DeadlineExceeded", "M607", limit_s=11)
    assert "interface endpoint" in message


def test_reading_a_secret_has_a_limit_of_its_own(manager: LocalSecretsManager, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a deadline too: each of eight silent addresses took six seconds."""
    for name, value in manager.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(secrets, "_LIMIT_S", 1.0)
    manager.behave("stall")
    started_s = time.monotonic()

    with pytest.raises(SettingsInvalid) as refused:
        secrets.read_secret(SECRET_ID, REGION)

    assert time.monotonic() - started_s < 4.5, "one attempt alone takes five seconds"
    assert refused.value.code == "M204"
    assert "no answer within 1 s" in refused.value.problem
    assert "interface endpoint" in refused.value.next_step


def leads_to(monkeypatch: pytest.MonkeyPatch, name: str, *addresses: str) -> None:
    """Let a name have these addresses, in this order."""
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *arguments: Any, **options: Any) -> list[Any]:
        hosts = addresses if host in (name, name.encode()) else (host,)
        return [each for address in hosts for each in real(address, port, *arguments, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def test_an_address_that_is_silent_leaves_time_for_the_next(
    one_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads_to(monkeypatch, "shop.test", "127.0.0.2", LOOPBACK)
    one_project.write("20240101000000_a", "CREATE TABLE a (id int);")
    url = one_project.url.replace("@127.0.0.1:", "@shop.test:") + "?connect_timeout=6&sslmode=disable"

    with silent_listener("127.0.0.2", one_project.server.address.port):
        outcome = one_project.run(settings=one_project.settings_for(url))

    assert outcome.error is None
    assert outcome.status is Status.APPLIED


def test_a_refused_password_is_not_tried_on_every_address(
    one_project: Project, counting_proxy: CountingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections: list[None] = []
    counting_proxy.before_connection = lambda: connections.append(None)
    leads_to(monkeypatch, "shop.test", LOOPBACK, "0.0.0.0")
    user, password = one_project.server.address.user, one_project.server.address.password
    url = counting_proxy.url(one_project.database).replace("@127.0.0.1:", "@shop.test:") + "?sslmode=disable"
    one_project.write("20240101000000_a", "SELECT 1;")

    outcome = one_project.run(settings=one_project.settings_for(url.replace(f"{user}:{password}", f"{user}:wrong")))

    assert outcome.error is not None
    assert outcome.error.code == "P1000"
    assert len(connections) == 1, "failed logins can lock a user out"


@pytest.mark.parametrize("second", ["deny", "malformed"])
def test_a_secret_that_cannot_be_read_a_second_time_does_not_hide_that_the_password_was_refused(
    start: Start, planted: Planted, manager: LocalSecretsManager, counting_proxy: CountingProxy, second: str
) -> None:
    secret = {**planted.secret, "host": LOOPBACK, "port": counting_proxy.port, "password": "wrong"}
    manager.put(SECRET_ID, secret)
    counting_proxy.before_connection = lambda: (
        manager.behave("deny") if second == "deny" else manager.put(SECRET_ID, {"username": "app"})
    )

    message = refusal(start(MIGRATE_SECRET_ID=SECRET_ID).invoke({}), "SettingsInvalid", "P1000")

    code = "M204" if second == "deny" else "M205"
    assert f"The secret could not be read a second time: {code} " in message
    assert "has been read a second time by now" not in message


def test_a_secret_that_is_slow_the_second_time_does_not_use_up_the_time(
    start: Start, planted: Planted, manager: LocalSecretsManager, counting_proxy: CountingProxy
) -> None:
    manager.put(SECRET_ID, {**planted.secret, "host": LOOPBACK, "port": counting_proxy.port, "password": "wrong"})
    counting_proxy.before_connection = lambda: manager.behave("stall")

    function = start(MIGRATE_SECRET_ID=SECRET_ID, MIGRATE_RESERVE_S=RESERVE_S)
    invocation = function.invoke({}, timeout_s=11.0)

    assert "M607" in told_in_time(invocation, "SettingsInvalid", "P1000", limit_s=11)
    manager.behave("answer")
    assert outcome_of_next(function, planted, manager) == "applied"


def outcome_of_next(function: LambdaSandbox, planted: Planted, manager: LocalSecretsManager) -> str:
    """The status of another invocation in the same process: a thread that was left behind does it no harm."""
    manager.put(SECRET_ID, planted.secret)
    status: str = outcome_of(function.invoke({}))["status"]
    return status
