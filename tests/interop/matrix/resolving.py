"""Resolving."""

from tests.interop.matrix.deploying import MENDED, a_failed_row_of_prisma, a_failed_script
from tests.interop.matrix.listed import NO_CODE, NO_SCRIPT
from tests.interop.matrix.scenario import Scenario
from tests.interop.matrix.sides import A, B, C, Side


def rolled_back_and_mended(side: Side) -> None:
    a_failed_row_of_prisma(side)
    side.resolve("--rolled-back", B)
    side.write(B, script=MENDED)
    side.deploy()


def rolled_back_twice(side: Side) -> None:
    a_failed_row_of_prisma(side)
    side.resolve("--rolled-back", B)
    side.resolve("--rolled-back", B)


def rolled_back_though_applied(side: Side) -> None:
    side.prepare(A)
    side.resolve("--rolled-back", A)


def rolled_back_though_never_run(side: Side) -> None:
    side.prepare(A)
    side.resolve("--rolled-back", B)


def rolled_back_without_a_history(side: Side) -> None:
    side.write(A)
    side.resolve("--rolled-back", A)


def rolled_back_with_two_failed_rows(side: Side) -> None:
    a_failed_row_of_prisma(side)
    side.project.query(
        "INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES (gen_random_uuid(), repeat('1', 64), %s)",
        B,
    )
    side.resolve("--rolled-back", B)


def rolled_back_behind_a_script_that_failed(side: Side) -> None:
    a_failed_script(side)
    side.resolve("--rolled-back", B)


def applied_though_never_run(side: Side) -> None:
    side.write(A, B)
    side.resolve("--applied", A)
    side.deploy()


def applied_though_tables_are_there(side: Side) -> None:
    """The baseline of a database that is in use."""
    side.write(A)
    side.project.query("CREATE TABLE a (id int)")
    side.resolve("--applied", A)
    side.status()


def applied_behind_a_failed_row(side: Side) -> None:
    a_failed_row_of_prisma(side)
    side.resolve("--applied", B)
    side.status()


def applied_behind_a_script_that_failed(side: Side) -> None:
    a_failed_script(side)
    side.resolve("--applied", B)
    side.status()


def applied_twice(side: Side) -> None:
    side.prepare(A)
    side.resolve("--applied", A)


def applied_without_a_directory(side: Side) -> None:
    side.prepare(A)
    side.resolve("--applied", C)


def applied_without_a_script(side: Side) -> None:
    side.prepare(A)
    (side.directory / B).mkdir()
    side.resolve("--applied", B)


def neither_applied_nor_rolled_back(side: Side) -> None:
    side.prepare(A)
    side.resolve()


def both_applied_and_rolled_back(side: Side) -> None:
    side.prepare(A)
    side.resolve("--applied", A, "--rolled-back", A)


SCENARIOS = (
    Scenario(rolled_back_and_mended, also_with_6=True),
    Scenario(rolled_back_twice),
    Scenario(rolled_back_though_applied),
    Scenario(rolled_back_though_never_run),
    Scenario(
        rolled_back_without_a_history,
        {
            NO_CODE: """
            resolve code: - | M501
            resolve names: a | -
            """
        },
    ),
    Scenario(rolled_back_with_two_failed_rows),
    Scenario(rolled_back_behind_a_script_that_failed),
    Scenario(applied_though_never_run),
    Scenario(applied_though_tables_are_there, also_with_6=True),
    Scenario(applied_behind_a_failed_row),
    Scenario(applied_behind_a_script_that_failed),
    Scenario(applied_twice),
    Scenario(applied_without_a_directory),
    Scenario(
        applied_without_a_script,
        {
            NO_SCRIPT: """
            resolve code: P3017 | P3015
            resolve says: could not be found | no migration file
            """
        },
    ),
    Scenario(
        neither_applied_nor_rolled_back,
        {
            NO_CODE: """
            resolve code: - | M105
            """
        },
    ),
    Scenario(
        both_applied_and_rolled_back,
        {
            NO_CODE: """
            resolve code: - | M105
            """
        },
    ),
)
