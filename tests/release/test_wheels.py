"""What of a wheel ships, and that pip's refusals are told."""

from pathlib import Path

import pytest

from release.lock import Requirement
from release.refusal import Refused
from release.target import Architecture, Target
from release.wheels import place_of, read_wheels


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("psycopg/__init__.py", "psycopg/__init__.py"),
        ("psycopg_binary.libs/libpq-53e4e5f8.so.5.18", "psycopg_binary.libs/libpq-53e4e5f8.so.5.18"),
        ("psycopg-3.3.9.dist-info/METADATA", "psycopg-3.3.9.dist-info/METADATA"),
        ("psycopg-3.3.9.dist-info/licenses/LICENSE.txt", "psycopg-3.3.9.dist-info/licenses/LICENSE.txt"),
        ("psycopg-3.3.9.dist-info/RECORD", None),
        ("psycopg-3.3.9.dist-info/WHEEL", None),
        ("psycopg_binary/_psycopg.pyi", None),
        ("jmespath-1.1.0.data/scripts/jp.py", None),
        ("a-1.0.data/purelib/a/b.py", "a/b.py"),
        ("a-1.0.data/platlib/a.so", "a.so"),
        ("a-1.0.data/headers/a.h", None),
        ("aws_lambda_powertools/event_handler/openapi/swagger_ui/swagger-ui.min.css", None),
        ("aws_lambda_powertools/logging/logger.py", "aws_lambda_powertools/logging/logger.py"),
    ],
)
def test_what_an_installer_or_a_type_checker_needs_stays_behind(name: str, place: str | None) -> None:
    assert place_of(name) == place


def test_a_wheel_with_another_hash_than_the_lock_files_is_refused(
    wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    wrong = Requirement("jmespath==1.1.0", "", f" --hash=sha256:{'0' * 64}")

    with pytest.raises(Refused, match="HASH"):
        read_wheels([wrong], Target(14, Architecture.ARM64))


def test_pips_own_words_say_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    absent = Requirement("psycopg==3.3.9", "", f" --hash=sha256:{'0' * 64}")

    with pytest.raises(Refused, match=r"python3\.14 on arm64:\n(.*\n)*.*psycopg==3\.3\.9"):
        read_wheels([absent], Target(14, Architecture.ARM64))
