"""The look-out for planted secrets would see one."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from tests.fixtures.planted import PASSWORD, SIGNATURE, check_said, leaks, plant
from tests.fixtures.projects import ROOT

pytest_plugins = ["pytester"]

FORMS = {
    "as it is": PASSWORD,
    "percent-encoded": quote(PASSWORD, safe=""),
    "as a form field": quote_plus(PASSWORD),
    "as JSON": json.dumps(PASSWORD),
    "as Python writes it": repr(PASSWORD),
    "in base64": base64.b64encode(PASSWORD.encode()).decode(),
    "the signature of a URL": f"?X-Amz-Signature={SIGNATURE}",
    "any signature of a URL": "?X-Amz-Signature=abc",
    "a login in a URL": "postgresql://app:anything@db.internal/shop",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_secret_is_seen_in_every_form(form: str) -> None:
    with pytest.raises(AssertionError) as seen:
        check_said(f"before {form} behind")

    assert PASSWORD not in str(seen.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "postgresql://user:password@host:5432/database",
        "https://bucket/key?X-Amz-Signature=REDACTED",
        "db.internal:5432/shop",
    ],
)
def test_what_is_no_secret_is_not_taken_for_one(text: str) -> None:
    assert leaks(text) == []


def test_what_is_planted_later_is_seen_from_then_on() -> None:
    assert leaks("a brand new secret, by itself") == []

    plant("a brand new secret")

    assert leaks("a brand new secret, by itself") != []


def test_a_test_that_prints_a_secret_has_failed(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest('pytest_plugins = ["tests.fixtures.planted"]')
    pytester.makepyfile(
        "from tests.fixtures.planted import PASSWORD\n"
        "def test_prints(): print(PASSWORD)\n"
        "def test_is_quiet(): print('nothing')\n"
    )

    result = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:xdist")

    result.assert_outcomes(passed=1, failed=1)
    assert "a secret stands in what was printed or logged" in result.stdout.str()
    assert PASSWORD not in result.stdout.str()
