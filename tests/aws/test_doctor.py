"""Doctor and the secret: what is told when it cannot be had, and that nothing of it is told ever."""

import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from lambda_fn.deadline import Deadline
from lambda_fn.domain.check import CheckName
from lambda_fn.settings import Settings
from local.secrets_manager import LocalSecretsManager
from tests.fixtures.examined import after, examine_at
from tests.fixtures.functions import SECRET_ID, BreakImports, Planted
from tests.fixtures.planted import check_said
from tests.fixtures.terminal import Finished, finish, start

Examine = Callable[..., Finished]


@pytest.fixture
def examine(planted: Planted, manager: LocalSecretsManager) -> Examine:
    """Runs doctor in a process of its own, which finds the secret in Secrets Manager."""

    def examine(**variables: str) -> Finished:
        surroundings = {"MIGRATE_SECRET_ID": SECRET_ID, "MIGRATE_DIR": str(planted.project.directory)}
        ended = finish(start("doctor", "--json", **{**manager.environment, **surroundings, **variables}))
        check_said(ended.stdout, ended.stderr)
        return ended

    return examine


def checks(ended: Finished) -> dict[str, dict[str, Any]]:
    """The checks by their names."""
    return {check["name"]: check for check in ended.outcome["checks"]}


def results(ended: Finished) -> dict[str, str]:
    """What did not pass: the code of what failed, the result of all else."""
    return {
        check["name"]: check["code"] or check["result"]
        for check in ended.outcome["checks"]
        if check["result"] != "passed"
    }


def unknown(names: Iterable[str]) -> dict[str, str]:
    """Results of checks that are unknown."""
    return dict.fromkeys(map(str, names), "unknown")


def test_with_a_secret_all_is_in_order_and_the_secret_is_named(
    examine: Examine, planted: Planted, manager: LocalSecretsManager
) -> None:
    manager.put(SECRET_ID, planted.secret)

    ended = examine()

    assert (ended.exit_code, results(ended)) == (0, {})
    told = f"user {planted.user} with the password of the secret {SECRET_ID}, for "
    assert checks(ended)["secret"]["message"].startswith(told)
    assert manager.operations == ("GetSecretValue",)


def test_a_secret_that_cannot_be_had_leaves_unknown_what_it_would_have_told(
    examine: Examine, planted: Planted, manager: LocalSecretsManager
) -> None:
    absent = examine()
    manager.put(SECRET_ID, {"username": "app", "password": "hunter2"})
    incomplete = examine()
    manager.behave("deny")
    denied = examine()

    rest = unknown(after(CheckName.SECRET))
    assert [results(ended) for ended in (absent, incomplete, denied)] == [
        {"secret": code, **rest} for code in ("M204", "M205", "M204")
    ]
    assert {ended.exit_code for ended in (absent, incomplete, denied)} == {2}
    assert "secretsmanager:GetSecretValue" in checks(denied)["secret"]["nextStep"]
    assert "MIGRATE_HOST" in checks(incomplete)["secret"]["nextStep"]


def test_a_secrets_manager_that_never_answers_is_given_up_and_the_database_is_looked_for_all_the_same(
    examine: Examine, planted: Planted, manager: LocalSecretsManager
) -> None:
    manager.behave("stall")
    address = planted.project.server.address

    started_s = time.monotonic()
    ended = examine(MIGRATE_HOST=address.host, MIGRATE_PORT=str(address.port))

    assert time.monotonic() - started_s < 30
    assert results(ended) == {"secret": "M204", **unknown(after(CheckName.PORT))}
    assert "com.amazonaws.<region>.secretsmanager" in checks(ended)["secret"]["nextStep"]
    assert checks(ended)["tls"]["message"] == "not looked at: needs secret"


def test_a_host_without_a_port_is_looked_up_and_no_port_is_guessed(examine: Examine) -> None:
    ended = examine(MIGRATE_HOST="127.0.0.1")

    assert results(ended) == {"secret": "M204", **unknown(after(CheckName.DNS))}


def test_a_rotated_password_is_read_once_more(examine: Examine, planted: Planted, manager: LocalSecretsManager) -> None:
    manager.put(SECRET_ID, {**planted.secret, "password": "hunter2 as it was"})

    ended = examine()

    assert results(ended)["login"] == "P1000"
    assert manager.operations == ("GetSecretValue",) * 2


def test_a_package_without_psycopg_is_told_at_the_login(
    examine: Examine, planted: Planted, manager: LocalSecretsManager, broken_imports: BreakImports
) -> None:
    manager.put(SECRET_ID, planted.secret)

    ended = examine(PYTHONPATH=broken_imports("psycopg"))

    rest = unknown((CheckName.TLS, *after(CheckName.LOGIN)))
    assert (ended.exit_code, results(ended)) == (70, {"login": "M902", **rest})
    assert "psycopg" in checks(ended)["login"]["message"]


def test_a_secret_is_not_waited_for_beyond_the_invocations_time(
    planted: Planted, manager: LocalSecretsManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in manager.environment.items():
        monkeypatch.setenv(name, value)
    manager.behave("stall")
    settings = Settings(secret_id=SECRET_ID, directory=str(planted.project.directory))

    examined = examine_at(planted.project, settings, deadline=Deadline.within(1.5, 0))

    assert "no answer came" in examined.error(CheckName.SECRET, "M204").problem
    assert set(examined.unknown.values()) == {"not looked at: the invocation's time was up."}
