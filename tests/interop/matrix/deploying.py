"""Deploying, and asking for the status."""

from tests.interop.matrix.listed import AHEAD, DRIFT, FAILED_AND_PENDING, ROLLED_BACK
from tests.interop.matrix.scenario import Scenario
from tests.interop.matrix.sides import A, B, C, Side

FAILING = """\
CREATE TABLE b (id int);
INSERT INTO b VALUES (1);
ALTER TABLE nothing ADD COLUMN c int;
CREATE TABLE more (id int);
"""
MENDED = "CREATE TABLE b (id int);"


def a_first_deploy(side: Side) -> None:
    side.write(A, B, C)
    side.deploy()


def a_deploy_with_nothing_pending(side: Side) -> None:
    side.prepare(A, B, C)
    side.deploy()


def a_deploy_of_what_is_new(side: Side) -> None:
    side.prepare(A)
    side.write(B, C)
    side.deploy()


def status_with_one_pending(side: Side) -> None:
    side.prepare(A)
    side.write(B)
    side.status()


def status_with_several_pending(side: Side) -> None:
    side.write(A, B, C)
    side.status()


def status_with_nothing_pending(side: Side) -> None:
    side.prepare(A, B)
    side.status()


def a_script_that_fails(side: Side) -> None:
    side.prepare(A)
    side.write(B, script=FAILING)
    side.write(C)
    side.deploy()


def a_deploy_behind_a_failed_script(side: Side) -> None:
    a_failed_script(side)
    side.deploy()


def a_deploy_behind_a_failed_script_that_was_mended(side: Side) -> None:
    a_failed_script(side)
    side.write(B, script=MENDED)
    side.deploy()


def a_deploy_behind_a_failed_script_that_was_deleted(side: Side) -> None:
    a_failed_script(side)
    side.project.remove(B)
    side.deploy()


def status_behind_a_failed_script(side: Side) -> None:
    a_failed_script(side)
    side.status()


def status_behind_a_failed_script_with_others_pending(side: Side) -> None:
    a_failed_script(side)
    side.write(C)
    side.status()


def a_failed_script(side: Side) -> None:
    side.prepare(A)
    side.write(B, script=FAILING)
    side.fail()


def a_failed_row_of_prisma(side: Side) -> None:
    """As the real one leaves it, on both sides."""
    side.prepare(A)
    side.write(B, script=FAILING)
    side.project.query(
        "INSERT INTO _prisma_migrations (id, checksum, migration_name, logs) "
        "VALUES (gen_random_uuid(), repeat('0', 64), %s, 'A migration failed to apply.')",
        B,
    )


def a_deploy_behind_a_failed_row(side: Side) -> None:
    a_failed_row_of_prisma(side)
    side.deploy()


def a_deploy_behind_a_failed_row_without_a_directory(side: Side) -> None:
    a_failed_row_of_prisma(side)
    side.project.remove(B)
    side.deploy()


def a_deploy_behind_a_failed_row_of_a_name_that_is_applied(side: Side) -> None:
    a_failed_row_of_prisma(side)
    side.project.query("UPDATE _prisma_migrations SET migration_name = %s", A)
    side.project.remove(B)
    side.deploy()


def status_with_a_failed_row(side: Side) -> None:
    a_failed_row_of_prisma(side)
    side.status()


def status_with_a_failed_row_and_others_pending(side: Side) -> None:
    a_failed_row_of_prisma(side)
    side.write(C)
    side.status()


def a_row_that_is_finished_and_rolled_back(side: Side) -> None:
    side.prepare(A)
    side.project.query("DROP TABLE a; UPDATE _prisma_migrations SET rolled_back_at = now()")
    side.deploy()


def an_edited_migration(side: Side) -> None:
    side.prepare(A, B)
    side.write(A, script="CREATE TABLE a (id bigint);")
    side.deploy()
    side.status()


def a_deleted_migration(side: Side) -> None:
    side.prepare(A, B)
    side.project.remove(A)
    side.deploy()
    side.status()


def a_newest_migration_that_was_deleted(side: Side) -> None:
    side.prepare(A, B)
    side.project.remove(B)
    side.deploy()
    side.status()


def an_older_migration_that_was_added_later(side: Side) -> None:
    side.prepare(A, C)
    side.write(B)
    side.status()
    side.deploy()


def an_older_migration_added_and_another_deleted(side: Side) -> None:
    side.prepare(A, C)
    side.write(B)
    side.project.remove(C)
    side.status()
    side.deploy()


SCENARIOS = (
    Scenario(a_first_deploy, also_with_6=True),
    Scenario(a_deploy_with_nothing_pending, also_with_6=True),
    Scenario(a_deploy_of_what_is_new),
    Scenario(status_with_one_pending),
    Scenario(status_with_several_pending, also_with_6=True),
    Scenario(status_with_nothing_pending, also_with_6=True),
    Scenario(
        a_script_that_fails,
        {
            ROLLED_BACK: """
            deploy says: a migration failed to apply | the migration failed to apply
            row: 20240102000000_b, unfinished, steps 0, logs, checksum 20336458 | -
            row: - | 20240102000000_b, unfinished, steps 0, logs, rolled back, checksum 20336458
            """
        },
        also_with_6=True,
    ),
    Scenario(
        a_deploy_behind_a_failed_script,
        {
            ROLLED_BACK: """
            deploy code: P3009 | P3018
            deploy SQLSTATE: - | 42P01
            deploy says: found failed migrations | the migration failed to apply
            row: 20240102000000_b, unfinished, steps 0, logs, checksum 20336458 | -
            row: - | 20240102000000_b, unfinished, steps 0, logs, rolled back, checksum 20336458
            """
        },
    ),
    Scenario(
        a_deploy_behind_a_failed_script_that_was_mended,
        {
            ROLLED_BACK: """
            deploy exit: fails | succeeds
            deploy code: P3009 | -
            deploy says: found failed migrations | successfully applied
            row: 20240102000000_b, unfinished, steps 0, logs, checksum 20336458 | -
            row: - | 20240102000000_b, finished, steps 1, no logs, checksum 4bb1b96d
            row: - | 20240102000000_b, unfinished, steps 0, logs, rolled back, checksum 20336458
            schema: - | TABLE b in public: CREATE TABLE public.b ( id integer );
            """
        },
    ),
    Scenario(
        a_deploy_behind_a_failed_script_that_was_deleted,
        {
            ROLLED_BACK: """
            deploy exit: fails | succeeds
            deploy code: P3009 | -
            deploy says: found failed migrations | no pending migrations
            deploy names: b | -
            row: 20240102000000_b, unfinished, steps 0, logs, checksum 20336458 | -
            row: - | 20240102000000_b, unfinished, steps 0, logs, rolled back, checksum 20336458
            """
        },
    ),
    Scenario(
        status_behind_a_failed_script,
        {
            ROLLED_BACK: """
            status says: have failed | have not yet been applied
            row: 20240102000000_b, unfinished, steps 0, logs, checksum 20336458 | -
            row: - | 20240102000000_b, unfinished, steps 0, logs, rolled back, checksum 20336458
            """
        },
    ),
    Scenario(
        status_behind_a_failed_script_with_others_pending,
        {
            ROLLED_BACK: """
            status names: c | b c
            row: 20240102000000_b, unfinished, steps 0, logs, checksum 20336458 | -
            row: - | 20240102000000_b, unfinished, steps 0, logs, rolled back, checksum 20336458
            """
        },
    ),
    Scenario(a_deploy_behind_a_failed_row, also_with_6=True),
    Scenario(a_deploy_behind_a_failed_row_without_a_directory),
    Scenario(a_deploy_behind_a_failed_row_of_a_name_that_is_applied),
    Scenario(status_with_a_failed_row, also_with_6=True),
    Scenario(
        status_with_a_failed_row_and_others_pending,
        {
            FAILED_AND_PENDING: """
            status says: have not yet been applied | have not yet been applied; have failed
            status names: c | b c
            """
        },
    ),
    Scenario(a_row_that_is_finished_and_rolled_back),
    Scenario(
        an_edited_migration,
        {
            DRIFT: """
            deploy warns: - | M510
            deploy names: - | a
            status warns: - | M510
            status names: - | a
            """
        },
    ),
    Scenario(
        a_deleted_migration,
        {
            DRIFT: """
            deploy warns: - | M513
            deploy names: - | a
            status warns: - | M513
            status names: - | a
            """
        },
    ),
    Scenario(a_newest_migration_that_was_deleted),
    Scenario(
        an_older_migration_that_was_added_later,
        {
            DRIFT: """
            status warns: - | M511
            deploy warns: - | M511
            """
        },
    ),
    Scenario(
        an_older_migration_added_and_another_deleted,
        {
            AHEAD: """
            status says: history and table are different | have not yet been applied
            status warns: - | M511
            status names: a b c | b
            deploy warns: - | M511
            """
        },
    ),
)
