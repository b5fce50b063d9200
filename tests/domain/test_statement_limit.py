"""A statement that is too large for the server is refused, wherever it stands and whatever it is."""

import pytest

from lambda_fn.domain.execution import plan_execution
from lambda_fn.domain.migration import Migration
from lambda_fn.errors import SettingsInvalid

NAME = "20240101000000_a"
MEBIBYTE = 1024 * 1024


def statement(head: str, size_bytes: int) -> str:
    """A statement of so many bytes, which begins so and ends with a string."""
    return head + "x" * (size_bytes - len(head) - 1) + "'"


def refusal(script: str, max_statement_mib: int) -> SettingsInvalid:
    with pytest.raises(SettingsInvalid) as refused:
        plan_execution(Migration(NAME, script.encode()), max_statement_mib=max_statement_mib)
    return refused.value


BEFORE = "-- A comment.\nSELECT 1;\n\n  "  # what follows stands in line 4, column 3


@pytest.mark.parametrize("head", ["INSERT INTO t SELECT '", "SET a.b = '", "VACUUM '", "DO '"])
@pytest.mark.parametrize("end", [";", "\n\n;\n-- done", ""])
def test_a_statement_above_the_limit_is_refused_with_its_place_and_what_to_do(head: str, end: str) -> None:
    error = refusal(f"{BEFORE}{statement(head, MEBIBYTE + 1)}{end}", 1)

    assert error.code == "M223"
    assert error.problem == (
        f"Migration {NAME} was not run: its statement in line 4 has 1.1 MiB, and the limit is 1 MiB: the server takes "
        "about 20 times that in memory."
    )
    assert error.next_step.startswith("Write several statements")
    assert "MIGRATE_MAX_STATEMENT_MIB" in error.next_step
    assert (error.where.migration, error.where.line, error.where.column) == (NAME, 4, 3)
    assert error.where.excerpt is not None
    assert error.where.excerpt.splitlines()[0].startswith(f"    4 |   {head}xxx")


@pytest.mark.parametrize("head", ["INSERT INTO t SELECT '", "SET a.b = '", "PREPARE p AS SELECT '"])
def test_a_statement_of_the_limit_itself_is_run_with_as_many_comments_and_others_round_it(head: str) -> None:
    large = statement(head, MEBIBYTE)
    script = f"-- {'c' * MEBIBYTE}\n{large};\n{large}; /* {'c' * MEBIBYTE} */ {large}"

    assert plan_execution(Migration(NAME, script.encode()), max_statement_mib=1).statements == 3


def test_sixteen_mebibytes_are_the_limit_where_nothing_is_said() -> None:
    large = statement("SELECT '", 16 * MEBIBYTE)

    assert plan_execution(Migration(NAME, f"{large};".encode())).statements == 1
    with pytest.raises(SettingsInvalid, match="has 16\\.1 MiB, and the limit is 16 MiB"):
        plan_execution(Migration(NAME, f"{large}'';".encode()))


def test_the_password_in_a_statement_above_the_limit_is_not_shown() -> None:
    error = refusal(statement("ALTER ROLE app PASSWORD 'hunter2", MEBIBYTE + 1), 1)

    assert error.code == "M223"
    assert "hunter2" not in error.text
