"""How the connection is secured."""

import pytest

from lambda_fn.domain.form import is_loopback
from lambda_fn.domain.target import Overrides, Place, SslMode, Target
from lambda_fn.domain.tls import secured, weakness
from lambda_fn.domain.url import target_from_url
from lambda_fn.errors import SettingsInvalid

BUNDLE = "/package/bundle.pem"
OTHER, LOCAL = "db.internal", "127.0.0.1"
FULL = {"sslmode": "verify-full", "sslrootcert": BUNDLE}


def tls_of(host: str, query: str = "", mode: SslMode | None = None, root: str | None = None) -> dict[str, str]:
    return dict(target(host, query, mode, root).parameters)


def target(host: str, query: str = "", mode: SslMode | None = None, root: str | None = None) -> Target:
    url = f"postgresql://u:p@{host}/d?{query}"
    return secured(target_from_url(url), sslmode=mode, sslrootcert=root, bundle=BUNDLE, iam=False)


DECISIONS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "nothing said": (tls_of(OTHER), FULL),
    "nothing said, on loopback": (tls_of(LOCAL), {"sslmode": "prefer"}),
    "what promises nothing does not weaken": (tls_of(OTHER, "sslmode=prefer"), FULL),
    "the URL": (tls_of(OTHER, "sslmode=require"), {"sslmode": "require"}),
    "the URL, strictly": (tls_of(OTHER, "sslmode=require&sslaccept=strict"), FULL),
    "the URL's own authority": (tls_of(OTHER, "sslcert=/ca.pem"), {**FULL, "sslrootcert": "/ca.pem"}),
    "verify-ca needs authorities too": (tls_of(OTHER, "sslmode=verify-ca"), {**FULL, "sslmode": "verify-ca"}),
    "an authority is there to be looked at": (
        tls_of(OTHER, "sslmode=require&sslcert=/ca.pem"),
        {"sslmode": "verify-ca", "sslrootcert": "/ca.pem"},
    ),
    "the setting wins": (tls_of(OTHER, "sslmode=disable", SslMode.VERIFY_FULL), FULL),
    "the setting weakens": (tls_of(OTHER, "sslmode=verify-full", SslMode.PREFER), {"sslmode": "prefer"}),
    "the setting's authority wins": (tls_of(OTHER, "sslcert=/ca.pem", None, "/x"), {**FULL, "sslrootcert": "/x"}),
    "the system's": (tls_of(OTHER, "", None, "system"), {**FULL, "sslrootcert": "system"}),
    "verification on loopback": (tls_of(LOCAL, "", SslMode.VERIFY_FULL), FULL),
}


@pytest.mark.parametrize(("decided", "expected"), DECISIONS.values(), ids=DECISIONS)
def test_the_decision(decided: dict[str, str], expected: dict[str, str]) -> None:
    assert decided == expected


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost.", "127.0.0.1", "127.8.9.1", "::1", "/var/run/postgresql", "@socket"]
)
def test_this_machine_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        *("localhost.example.com", "127.0.0.1.example.com", "10.0.0.1", "::2", "", "localhost,db.internal"),
        *("my/localhost", "/tmp,db.internal", "@x,db.internal", "/tmp, db.internal", "@x@db.internal", "[::1]"),
        *("localhost:5432", "::1,::2"),
    ],
)
def test_what_only_looks_like_it_is_not(host: str) -> None:
    assert not is_loopback(host)


LED: dict[str, tuple[str, str, dict[str, str]]] = {
    "localhost that leads elsewhere": ("localhost", "10.0.0.1", FULL),
    "a loopback address that leads elsewhere": ("127.0.0.1", "10.0.0.1", FULL),
    "a socket directory that leads elsewhere": ("%2Ftmp", "10.0.0.1", FULL),
    "localhost by its address": ("localhost", "127.0.0.1", {"sslmode": "prefer"}),
    "a forwarded port keeps the name": (OTHER, "127.0.0.1", FULL),
}


@pytest.mark.parametrize(("host", "hostaddr", "expected"), LED.values(), ids=LED)
def test_loopback_is_where_name_and_address_both_are(host: str, hostaddr: str, expected: dict[str, str]) -> None:
    led = target_from_url(f"postgresql://u:p@{host}/d").with_parameters({"hostaddr": hostaddr})

    decided = secured(led, sslmode=None, sslrootcert=None, bundle=BUNDLE, iam=False)

    assert decided.parameters == {**expected, "hostaddr": hostaddr}
    weak = weakness(led.with_parameters({"sslmode": "disable"}))
    assert (weak is None) is (expected == {"sslmode": "prefer"})


@pytest.mark.parametrize("mode", [mode for mode in SslMode if mode is not SslMode.VERIFY_FULL])
def test_whatever_is_weaker_is_warned_of(mode: SslMode) -> None:
    by_setting = weakness(target(OTHER, mode=mode))

    assert by_setting is not None
    assert by_setting.code == "M310"
    assert f"sslmode={mode}:" in by_setting.message
    assert OTHER in by_setting.message


def test_the_warning_says_what_is_not_checked() -> None:
    def said(mode: SslMode) -> str:
        warning = weakness(target(OTHER, mode=mode))
        assert warning is not None
        return warning.message

    assert ": the server's name is not checked," in said(SslMode.VERIFY_CA)
    assert ": nothing of the server is checked," in said(SslMode.REQUIRE)
    assert ": the connection may be unencrypted, and nothing of the server is checked," in said(SslMode.DISABLE)


def test_a_weak_mode_of_the_url_is_warned_of_too() -> None:
    assert weakness(target(OTHER, "sslmode=require")) is not None


@pytest.mark.parametrize("weak", [None, SslMode.DISABLE, SslMode.REQUIRE])
def test_on_loopback_nothing_is_warned_of(weak: SslMode | None) -> None:
    assert weakness(target(LOCAL, mode=weak)) is None


def test_what_is_checked_wholly_is_not_warned_of() -> None:
    assert weakness(target(OTHER)) is None


@pytest.mark.parametrize("mode", SslMode)
def test_a_token_does_not_go_over_what_may_be_unencrypted(mode: SslMode) -> None:
    login = Target(LOCAL, 5432, "u", None, "d")
    encrypts = mode in (SslMode.REQUIRE, SslMode.VERIFY_CA, SslMode.VERIFY_FULL)

    if encrypts:
        assert secured(login, sslmode=mode, sslrootcert=None, bundle=BUNDLE, iam=True).parameters["sslmode"] == mode
        return
    with pytest.raises(SettingsInvalid) as refused:
        secured(login, sslmode=mode, sslrootcert=None, bundle=BUNDLE, iam=True)
    assert refused.value.code == "M215"
    assert "by --host, and the port by --through" in refused.value.next_step


def unnamed(host: str = "localhost", mode: SslMode | None = None) -> Target:
    """Of a secret without a host, with a forwarded port."""
    found = Target("", 5432, "u", "p", "d").overridden(Overrides(host, 15432))
    return secured(found, sslmode=mode, sslrootcert=None, bundle=BUNDLE, iam=False)


@pytest.mark.parametrize("mode", [mode for mode in SslMode if mode is not SslMode.VERIFY_FULL] + [None])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_forwarded_port_behind_which_nothing_names_the_server_is_warned_of(host: str, mode: SslMode | None) -> None:
    warning = weakness(unnamed(host, mode))

    assert warning is not None
    assert warning.code == "M311"
    assert "nothing of it is checked" in warning.message
    assert f"--host ENDPOINT --through {host}:15432." in warning.message


def test_it_is_not_where_it_is_checked_by_that_name_all_the_same() -> None:
    assert weakness(unnamed(mode=SslMode.VERIFY_FULL)) is None


def test_a_port_of_another_machine_is_no_loopback_whatever_the_server_is_called() -> None:
    led = target_from_url("postgresql://u:p@localhost/d").overridden(
        Overrides(through=Place("host.docker.internal", 15432))
    )

    decided = secured(led, sslmode=None, sslrootcert=None, bundle=BUNDLE, iam=False)
    weak = weakness(secured(led, sslmode=SslMode.REQUIRE, sslrootcert=None, bundle=BUNDLE, iam=False))

    assert decided.parameters == FULL
    assert weakness(decided) is None
    assert weak is not None
