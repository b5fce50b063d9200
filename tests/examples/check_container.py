"""The compose file."""

import sys
from pathlib import Path

from tests.examples.conftest import EXAMPLES
from tests.examples.programs import check_passed, run


def test_the_compose_file_has_the_form_of_one() -> None:
    path = EXAMPLES / "container-entrypoint" / "compose.yaml"
    command: list[str | Path] = [
        Path(sys.executable).parent / "check-jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        path,
    ]

    check_passed(run(command))
