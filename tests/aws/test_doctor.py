"""Doctor and AWS: the secret, of which nothing is told ever, and the way to CodeDeploy, which is asked nothing."""

import json
import os
import socket
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from lambda_fn.account.answer import Answer, outcome_of
from lambda_fn.aws.endpoint import Endpoint, endpoint_of
from lambda_fn.deadline import Deadline
from lambda_fn.domain.check import CheckName, Doubt
from lambda_fn.domain.hook import HookAction
from lambda_fn.domain.outcome import to_json
from lambda_fn.domain.reply import Service
from lambda_fn.domain.request import Action
from lambda_fn.settings import Settings
from local.secrets_manager import LocalSecretsManager
from tests.fixtures.examined import ALWAYS, after, examine_at
from tests.fixtures.functions import SECRET_ID, BreakImports, Planted
from tests.fixtures.planted import check_said, plant
from tests.fixtures.projects import ROOT
from tests.fixtures.results import DeploymentServices
from tests.fixtures.silence import EVERY_ADDRESS, resolver, silent_listener
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
    assert tuple(checks(ended)) == ALWAYS, "nothing is said of CodeDeploy to who has no hooks"
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


@pytest.fixture
def examine_hooks(examine: Examine, planted: Planted, manager: LocalSecretsManager) -> Examine:
    """Runs doctor as for a function that CodeDeploy's hooks invoke, with everything else in order."""
    manager.put(SECRET_ID, planted.secret)

    def examine_hooks(endpoint_url: str, **variables: str) -> Finished:
        set_up = {"MIGRATE_HOOK_ACTION": "verify", "NO_PROXY": "127.0.0.1,.test,.invalid"}
        return examine(**{**set_up, "AWS_ENDPOINT_URL_CODEDEPLOY": endpoint_url, **variables})

    return examine_hooks


def not_reached(ended: Finished) -> str:
    """What was found on the way to CodeDeploy, where nothing else failed; what to do is told with it."""
    assert (ended.exit_code, results(ended)) == (2, {"codeDeploy": "M331"})
    check = checks(ended)["codeDeploy"]
    assert "com.amazonaws.REGION.codedeploy with private DNS" in check["nextStep"]
    assert "CodeDeployEndpoint" in check["nextStep"]
    return str(check["message"])


@pytest.mark.parametrize("action", HookAction)
def test_with_hooks_the_way_to_codedeploy_is_tried_last_and_nothing_is_asked_there(
    examine_hooks: Examine, services: DeploymentServices, action: HookAction
) -> None:
    url = services.environment["AWS_ENDPOINT_URL_CODEDEPLOY"]

    ended = examine_hooks(url, MIGRATE_HOOK_ACTION=action)

    assert (ended.exit_code, results(ended)) == (0, {})
    assert list(checks(ended)) == [*ALWAYS, "codeDeploy"]
    assert checks(ended)["codeDeploy"]["message"] == f"127.0.0.1 takes connections at {url.removeprefix('http://')}"
    assert services.requests == ()


def test_a_closed_port_of_codedeploys_is_told_and_read_back_from_the_functions_answer(examine_hooks: Examine) -> None:
    ended = examine_hooks("https://127.0.0.1:1")

    assert not_reached(ended) == (
        "CodeDeploy cannot be reached at 127.0.0.1:1, so that its hooks would not be answered. "
        "Nothing listens at 127.0.0.1:1: connections are refused."
    )
    read = outcome_of(Answer("migrate", json.dumps(ended.outcome)), Action.DOCTOR)
    assert read.checks[-1].name is CheckName.CODE_DEPLOY
    assert to_json(read) == ended.outcome


def test_a_codedeploy_that_never_answers_is_given_up_in_seconds(examine_hooks: Examine, tmp_path: Path) -> None:
    """As in a subnet without a way out, where its name has several public addresses."""
    with silent_listener(EVERY_ADDRESS) as port:
        started_s = time.monotonic()
        ended = examine_hooks(f"https://3.silent.test:{port}", PYTHONPATH=f"{resolver(tmp_path)}:{ROOT}")

    assert time.monotonic() - started_s < 15, "an address alone would take more than two minutes"
    assert not_reached(ended).endswith(f"No answer came from 127.0.0.4:{port} within 1.66667 s.")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nosuch.invalid", "The host name nosuch.invalid cannot be resolved: "),
        ("slow.test", "The DNS server gave no answer for slow.test within 5 s."),
    ],
)
def test_a_name_of_codedeploys_that_leads_nowhere_is_told_in_seconds(
    examine_hooks: Examine, tmp_path: Path, name: str, told: str
) -> None:
    started_s = time.monotonic()
    ended = examine_hooks(f"https://{name}", PYTHONPATH=f"{resolver(tmp_path)}:{ROOT}")

    assert time.monotonic() - started_s < 15
    assert f"cannot be reached at {name}:443, " in not_reached(ended)
    assert told in checks(ended)["codeDeploy"]["message"]


def test_codedeploy_is_looked_for_also_where_nothing_of_the_database_is_known(
    examine: Examine, services: DeploymentServices
) -> None:
    led = {"AWS_ENDPOINT_URL_CODEDEPLOY": services.environment["AWS_ENDPOINT_URL_CODEDEPLOY"]}

    ended = examine(MIGRATE_HOOK_ACTION="deploy", **led)

    assert results(ended) == {"secret": "M204", **unknown(after(CheckName.SECRET))}
    assert checks(ended)["codeDeploy"]["result"] == "passed"


def test_through_a_proxy_the_way_to_codedeploy_is_unknown_and_nothing_of_the_proxy_is_told(
    examine_hooks: Examine,
) -> None:
    proxy = f"http://app:{plant('password-of-the-proxy-77c1')}@127.0.0.1:1"

    ended = examine_hooks("https://codedeploy.test:1", HTTPS_PROXY=proxy, NO_PROXY="127.0.0.1")

    assert (ended.exit_code, results(ended)) == (0, {"codeDeploy": "unknown"})
    assert checks(ended)["codeDeploy"]["message"] == (
        "not looked at: codedeploy.test is asked through the proxy of HTTPS_PROXY."
    )
    assert "codedeploy.test" in checks(ended)["codeDeploy"]["nextStep"]


def test_codedeploy_is_not_waited_for_beyond_the_invocations_time(
    planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, left_s = planted.project, 1.5
    settings = Settings(
        directory=str(project.directory), hook_action=HookAction.VERIFY, region="eu-central-1", database_url=project.url
    )
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with silent_listener() as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CODEDEPLOY", f"http://127.0.0.1:{port}")
        started_s = time.monotonic()
        examined = examine_at(project, settings, deadline=Deadline.within(left_s, 0))

    assert time.monotonic() - started_s < left_s + 2
    assert examined.failed == {}
    assert examined[CheckName.CODE_DEPLOY].message == "not looked at: the invocation's time was up."


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment in which nothing says of AWS where it is or who asks."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("NO_PROXY", "*")
    return monkeypatch


@pytest.mark.parametrize(
    ("region", "endpoint"),
    [
        ("eu-central-1", Endpoint("codedeploy.eu-central-1.amazonaws.com", 443)),
        ("cn-north-1", Endpoint("codedeploy.cn-north-1.amazonaws.com.cn", 443)),
    ],
)
def test_the_endpoint_is_boto3s_own_in_each_partition(
    surroundings: pytest.MonkeyPatch, region: str, endpoint: Endpoint
) -> None:
    assert endpoint_of(Service.CODE_DEPLOY, region) == endpoint
    surroundings.setenv("AWS_DEFAULT_REGION", region)
    assert endpoint_of(Service.CODE_DEPLOY, None) == endpoint


def test_a_url_without_a_port_means_the_port_of_its_scheme_and_is_asked_directly_where_no_proxy_says_so(
    surroundings: pytest.MonkeyPatch,
) -> None:
    surroundings.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    surroundings.setenv("AWS_ENDPOINT_URL_CODEDEPLOY", "http://codedeploy.test")

    assert endpoint_of(Service.CODE_DEPLOY, "eu-central-1") == Endpoint("codedeploy.test", 80)
    surroundings.setenv("NO_PROXY", "codedeploy.test")
    assert endpoint_of(Service.CODE_DEPLOY, "eu-central-1") == Endpoint("codedeploy.test", 80)
    surroundings.setenv("NO_PROXY", "other.test")
    assert isinstance(endpoint_of(Service.CODE_DEPLOY, "eu-central-1"), Doubt)


@pytest.mark.parametrize(
    ("region", "url", "reason"),
    [
        (None, "", "NoRegionError"),
        ("no region", "", "InvalidRegionError"),
        ("eu-central-1", "nowhere", "ValueError"),
        ("eu-central-1", "http://127.0.0.1:99999", "ValueError"),
    ],
)
def test_an_endpoint_that_boto3_does_not_find_is_a_doubt(
    surroundings: pytest.MonkeyPatch, region: str | None, url: str, reason: str
) -> None:
    if url:
        surroundings.setenv("AWS_ENDPOINT_URL_CODEDEPLOY", url)

    doubt = endpoint_of(Service.CODE_DEPLOY, region)

    assert isinstance(doubt, Doubt)
    assert doubt.message == f"not known: boto3 finds no endpoint of codedeploy ({reason})."
    assert "AWS_REGION" in doubt.next_step
    assert "AWS_ENDPOINT_URL_CODEDEPLOY" in doubt.next_step


def test_an_endpoint_is_found_without_a_look_for_credentials(surroundings: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as metadata:
        metadata.setblocking(False)
        surroundings.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{metadata.getsockname()[1]}")

        assert isinstance(endpoint_of(Service.CODE_DEPLOY, "eu-central-1"), Endpoint)

        with pytest.raises(BlockingIOError):
            metadata.accept()
