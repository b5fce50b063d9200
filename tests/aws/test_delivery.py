"""Delivery of the answer, by HTTPS to a stand-in for CloudFormation's bucket."""

import functools
import json
import re
import socket
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lambda_fn.aws.delivery import put
from lambda_fn.domain.reply import Put
from lambda_fn.errors import SettingsInvalid
from lambda_fn.invokers.cloudformation import CloudFormation
from local.http_server import LocalHttpServer, QuietHandler, serve
from tests.fixtures.certificates import Authority
from tests.fixtures.custom_resources import FUNCTION, applied, event_of
from tests.fixtures.response_bucket import HOST, Behaviour, ResponseBucket

BODY = '{"Status":"SUCCESS","Reason":"ä€😀"}'.encode()
SHORT_S = 0.3  # for what is stalled
LONG_S = 20.0  # for what is answered, however busy the machine
PAUSES_S = (0.01, 0.02)
SECRETS = ("hush", "X-Amz", "arn%3A", "arn:aws", "stack/shop")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority that the client trusts only by SSL_CERT_FILE."""
    return Authority(tmp_path)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of the machine's environment takes part."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def bucket(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[ResponseBucket]:
    """The bucket, which the client trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
    with ResponseBucket(authority) as running:
        yield running


class Clock:
    """A time limit that begins to run with the first question."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._started_s: float | None = None

    def __call__(self) -> float:
        self._started_s = self._started_s or time.monotonic()
        return self._limit_s - (time.monotonic() - self._started_s)


def deliver(
    url: str,
    *,
    limit_s: float = 60.0,
    timeout_s: float = LONG_S,
    pauses_s: tuple[float, ...] = PAUSES_S,
    body: bytes = BODY,
) -> None:
    put(Put(url, body, {}), time_left_s=Clock(limit_s), timeout_s=timeout_s, pauses_s=pauses_s)


def refusal(url: str, **options: Any) -> SettingsInvalid:
    """The error of a delivery that failed; nowhere in it or its traceback is anything of the URL but the host."""
    with pytest.raises(SettingsInvalid) as refused:
        deliver(url, **options)
    error = refused.value
    told = "".join([*traceback.format_exception(error), error.text, repr(error), repr(vars(error))])
    assert not [secret for secret in SECRETS if secret in told]
    assert error.__context__ is None
    assert error.__cause__ is None
    assert error.code == "M701"
    return error


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def test_the_body_arrives_as_it_is_by_put_and_without_a_content_type(bucket: ResponseBucket) -> None:
    url = bucket.url("hush")

    deliver(url)

    (request,) = bucket.requests
    assert request.method == "PUT"
    assert f"{bucket.origin}{request.path}" == url, "with every percent sign as it was signed"
    assert request.body == BODY
    assert request.header("Content-Type") == [""]
    assert request.header("Content-Length") == [str(len(BODY))]
    assert request.header("Host") == [bucket.origin.removeprefix("https://")], "it is signed, too"
    assert request.header("Transfer-Encoding") == []


def test_the_answer_of_an_invoker_arrives_byte_for_byte(bucket: ResponseBucket) -> None:
    event = {**event_of("cloudformation-create.json"), "ResponseURL": bucket.url("hush")}
    reply = CloudFormation(event, FUNCTION).reply(applied("20240101000000_ä😀"))

    put(reply, time_left_s=lambda: 60.0)

    assert [request.body for request in bucket.requests] == [reply.body]
    assert json.loads(bucket.requests[0].body)["RequestId"] == event["RequestId"]


@pytest.mark.parametrize(
    "behaviours",
    [
        [200],
        [204],
        [500, 200],
        [503, 503, 200],
        [408, 200],
        [429, 200],
        ["drop", 200],
        ["drop", 500, 200],
    ],
    ids=str,
)
def test_a_failed_put_is_tried_again_until_it_is_taken(bucket: ResponseBucket, behaviours: list[Behaviour]) -> None:
    bucket.behave(*behaviours)

    deliver(bucket.url())

    assert len(bucket.requests) == len(behaviours)
    assert {(request.method, request.body) for request in bucket.requests} == {("PUT", BODY)}
    assert len({request.path for request in bucket.requests}) == 1


def test_a_put_without_an_answer_is_tried_again(bucket: ResponseBucket) -> None:
    bucket.behave("stall", 200)

    deliver(bucket.url(), timeout_s=2.0)

    assert len(bucket.requests) == 2


@pytest.mark.parametrize("status", [400, 403, 404, 411, 304])
def test_a_refusal_is_final_at_once(bucket: ResponseBucket, status: int) -> None:
    bucket.behave(status)

    error = refusal(bucket.url("hush"))

    assert f"could not be delivered to {HOST}: HTTP status {status}." in error.problem
    assert len(bucket.requests) == 1


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_three_failures_are_the_end(bucket: ResponseBucket, status: int) -> None:
    bucket.behave(*[status] * 5)

    error = refusal(bucket.url("hush"))

    assert f"{HOST}: HTTP status {status}." in error.problem
    assert len(bucket.requests) == 3


def test_three_dropped_connections_are_the_end(bucket: ResponseBucket) -> None:
    bucket.behave("drop", "drop", "drop", "drop")

    assert HOST in refusal(bucket.url("hush")).problem
    assert len(bucket.requests) == 3


def test_three_silences_are_the_end_and_each_is_bounded(bucket: ResponseBucket) -> None:
    bucket.behave("stall", "stall", "stall", "stall")
    started_s = time.monotonic()

    error = refusal(bucket.url("hush"), timeout_s=SHORT_S)

    assert "no answer within 0.3 s" in error.problem
    assert 3 * SHORT_S <= time.monotonic() - started_s < 10


def test_the_next_step_names_what_the_way_to_the_bucket_needs(bucket: ResponseBucket) -> None:
    bucket.behave(403)

    error = refusal(bucket.url("hush"))

    for needed in ("S3 gateway endpoint", "443", "s3:PutObject", "cloudformation-custom-resource-response-REGION"):
        assert needed in error.next_step


def test_a_refused_connection_is_tried_again_and_told() -> None:
    error = refusal(f"https://{HOST}:{free_port()}/arn%3Aaws?X-Amz-Signature=hush")

    assert f"{HOST}: Connection refused." in error.problem


def test_a_host_without_a_name_is_told() -> None:
    url = "https://no-such-host.invalid/arn%3Aaws?X-Amz-Signature=hush"

    assert "delivered to no-such-host.invalid: " in refusal(url, pauses_s=()).problem


@pytest.mark.parametrize("pauses_s", [(0.0, 0.0), (30.0, 30.0)])
def test_delivery_gives_up_in_time(bucket: ResponseBucket, pauses_s: tuple[float, float]) -> None:
    bucket.behave("stall", "stall", "stall", "stall")
    started_s = time.monotonic()

    error = refusal(bucket.url("hush"), limit_s=SHORT_S, pauses_s=pauses_s)

    assert "no answer within " in error.problem
    assert time.monotonic() - started_s < 5


def test_there_is_no_attempt_for_which_no_time_is_left(bucket: ResponseBucket) -> None:
    bucket.behave(500)

    assert "HTTP status 500" in refusal(bucket.url("hush"), limit_s=10.0, pauses_s=(60.0,)).problem
    assert len(bucket.requests) == 1
    for limit_s in (0.0, -3.0):
        assert "no time was left for it" in refusal(bucket.url("hush"), limit_s=limit_s).problem
    assert len(bucket.requests) == 1


def test_the_attempts_are_three_with_growing_pauses(bucket: ResponseBucket) -> None:
    bucket.behave(500, 500, 200)
    started_s = time.monotonic()

    put(Put(bucket.url(), BODY, {}), time_left_s=lambda: 60.0)

    assert len(bucket.requests) == 3
    assert 1.5 <= time.monotonic() - started_s < 20


def test_an_authority_that_is_not_trusted_is_final(
    bucket: ResponseBucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(Authority(tmp_path / "other").ca_file))

    error = refusal(bucket.url("hush"))

    assert re.search(r"localhost: its certificate does not hold \(.*issuer certificate.*\)", error.problem)
    assert bucket.requests == ()


def test_a_certificate_of_another_host_is_final(bucket: ResponseBucket) -> None:
    error = refusal(bucket.url("hush").replace("localhost", "127.0.0.1", 1))

    assert re.search(r"127\.0\.0\.1: its certificate does not hold \(.*mismatch.*\)", error.problem)
    assert bucket.requests == ()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(bucket: ResponseBucket, status: int) -> None:
    bucket.behave(status)

    error = refusal(bucket.url("hush"))

    assert f"HTTP status {status}." in error.problem
    assert [request.method for request in bucket.requests] == ["PUT"]
    assert "elsewhere" not in bucket.requests[0].path


@pytest.mark.parametrize("scheme", ["file", "ftp", "data", "gopher"])
def test_any_scheme_but_http_and_https_is_refused_before_anything_is_opened(tmp_path: Path, scheme: str) -> None:
    file = tmp_path / "target"
    file.write_bytes(b"as it was")

    error = refusal(f"{scheme}://{HOST}{file}?X-Amz-Signature=hush")

    assert f"its URL is of the scheme {scheme}." in error.problem
    assert file.read_bytes() == b"as it was"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://localhost:1/arn%3Aaws key?X-Amz-Signature=hush", HOST),
        ("https://localhost:1/arn%3Aaws\r\nX-Amz: hush", HOST),
        ("https://localhost:1/ä?X-Amz-Signature=hush", HOST),
        ("https://localhost:1/\ud800?X-Amz-Signature=hush", HOST),
        ("https://localhost:hush/arn%3Aaws", HOST),
        ("https:///arn%3Aaws?X-Amz-Signature=hush", "a URL without a host"),
        ("https://[hush/arn%3Aaws", "a URL without a host"),
        ("arn%3Aaws?X-Amz-Signature=hush", "a URL without a host"),
        ("", "a URL without a host"),
    ],
)
def test_a_url_that_is_none_fails_without_being_repeated(url: str, host: str) -> None:
    assert f"could not be delivered to {host}: " in refusal(url).problem


def test_a_failed_delivery_prints_nothing(bucket: ResponseBucket, capfd: pytest.CaptureFixture[str]) -> None:
    bucket.behave(500, "drop", 403)

    assert refusal(bucket.url("hush")).code == "M701"
    assert capfd.readouterr() == ("", "")


class _Listening(QuietHandler):
    """Keeps the lines of what it is asked for, and answers to each with the same status."""

    def __init__(self, status: int, asked: list[str], *args: Any) -> None:
        self._status = status
        self._asked = asked
        super().__init__(*args)

    def _answer(self) -> None:
        self._asked.append(self.requestline)
        self.reply(self._status, b"", {})

    do_CONNECT = do_PUT = _answer  # noqa: N815  http.server looks for these names


def test_plain_http_does_as_well() -> None:
    asked: list[str] = []
    with serve(functools.partial(_Listening, 200, asked)) as server:
        deliver(f"http://{server.authority}/key?query")

    assert asked == ["PUT /key?query HTTP/1.1"]


@pytest.fixture
def proxy() -> Iterator[tuple[LocalHttpServer, list[str]]]:
    """A proxy that lets nobody through, and what it was asked for."""
    asked: list[str] = []
    with serve(functools.partial(_Listening, 403, asked)) as server:
        yield server, asked


def test_the_proxy_of_the_environment_is_used_and_sees_only_host_and_port(
    bucket: ResponseBucket, proxy: tuple[LocalHttpServer, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, asked = proxy
    monkeypatch.setenv("HTTPS_PROXY", f"http://hush:hush@{server.authority}")

    error = refusal(bucket.url("hush"), pauses_s=())

    assert f"delivered to {HOST} through the proxy of HTTPS_PROXY: Tunnel connection failed: 403" in error.problem
    assert "NO_PROXY" in error.next_step
    assert [line.split()[:2] for line in asked] == [["CONNECT", bucket.origin.removeprefix("https://")]]
    assert bucket.requests == ()

    monkeypatch.setenv("NO_PROXY", HOST)
    deliver(bucket.url())
    assert (len(asked), len(bucket.requests)) == (1, 1)
    bucket.behave(403)
    assert "proxy" not in refusal(bucket.url("hush")).problem, "none was used"


def test_the_proxy_of_plain_http_is_named_by_its_own_variable(
    proxy: tuple[LocalHttpServer, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, asked = proxy
    monkeypatch.setenv("HTTP_PROXY", f"http://{server.authority}")

    error = refusal("http://bucket.invalid/key?X-Amz-Signature=hush")

    assert "to bucket.invalid through the proxy of HTTP_PROXY: HTTP status 403." in error.problem
    assert len(asked) == 1


def test_a_name_that_leads_to_many_silent_addresses_takes_one_timeout_an_attempt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where no route leads to the bucket, each of its addresses would take the whole timeout."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as silent:
        port = silent.getsockname()[1]
        addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))] * 20
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
        fillers = _fill_backlog(port)
        started_s = time.monotonic()
        try:
            error = refusal("https://bucket.test/arn%3Aaws?X-Amz-Signature=hush", timeout_s=SHORT_S, pauses_s=())
        finally:
            for filler in fillers:
                filler.close()

    assert "no answer within 0.3 s" in error.problem
    assert time.monotonic() - started_s < 4


def _fill_backlog(port: int) -> list[socket.socket]:
    """Connections that leave no room in the queue of a listener that accepts none."""
    fillers = [socket.socket() for _ in range(4)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(("127.0.0.1", port))
    return fillers
