"""A URL by a slip in the place of a name: what AWS, boto3 and our own errors would repeat, password and all."""

import pytest

from lambda_fn.cli import main

SLIP = "postgresql://app:hunter2@db.internal/shop"
SLIPS = [
    ["explain", SLIP],
    ["invoke", SLIP, "status"],
    ["invoke", "--stack", SLIP, "status"],
    ["logs", SLIP],
    ["logs", "--stack", SLIP],
    ["logs", "--log-group", SLIP],
    ["logs", "migrate", "--region", SLIP],
    ["logs", "migrate", "--profile", SLIP],
    ["subnets", "subnet-0a1b2c3d", SLIP],
]


@pytest.mark.parametrize("arguments", SLIPS, ids=lambda arguments: " ".join(arguments).replace(SLIP, "URL"))
def test_it_is_refused_before_anything_is_asked_and_never_repeated(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2

    said = "".join(capsys.readouterr())
    assert said.startswith("ERROR: M104 ")
    assert " is not a name, without ://" in said
    assert "hunter2" not in said
