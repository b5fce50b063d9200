"""What may be in a database, and what may be missing."""

import contextlib
import secrets
from collections.abc import Iterator

from lambda_fn.postgres.sql import ADVISORY_LOCK_KEY
from tests.interop.matrix.listed import ABSENT_DATABASE, ABSENT_SCHEMA, BASELINE, IDLE_LOCK, NO_CODE
from tests.interop.matrix.scenario import Scenario
from tests.interop.matrix.sides import A, B, Side


def a_table_and_no_history(side: Side) -> None:
    side.project.query("CREATE TABLE before (id int)")
    side.write(A)
    side.deploy()
    side.status()


def a_view_and_no_history(side: Side) -> None:
    _deploy_onto(side, "CREATE VIEW before AS SELECT 1 AS one")


def an_enum_and_no_history(side: Side) -> None:
    _deploy_onto(side, "CREATE TYPE before AS ENUM ('one')")


def a_partitioned_table_and_no_history(side: Side) -> None:
    _deploy_onto(side, "CREATE TABLE before (id int) PARTITION BY LIST (id)")


def a_table_elsewhere_and_no_history(side: Side) -> None:
    _deploy_onto(side, "CREATE SCHEMA elsewhere CREATE TABLE before (id int)")


def postgis_and_no_history(side: Side) -> None:
    _deploy_onto(side, "CREATE TABLE spatial_ref_sys (srid int)")


def a_history_of_another_shape(side: Side) -> None:
    _deploy_onto(side, "CREATE TABLE _prisma_migrations (id int)")


def a_history_with_more_columns(side: Side) -> None:
    side.prepare(A)
    side.project.query("ALTER TABLE _prisma_migrations ADD COLUMN note text")
    side.write(B)
    side.deploy()


def ids_that_are_no_uuids(side: Side) -> None:
    side.prepare(A)
    side.project.query("UPDATE _prisma_migrations SET id = 'not-a-uuid'")
    side.write(B)
    side.deploy()


def a_schema_that_is_absent(side: Side) -> None:
    side.url += "?schema=shop"
    side.write(A)
    side.deploy()


def a_schema_that_is_absent_beside_one_with_tables(side: Side) -> None:
    side.project.query("CREATE TABLE before (id int)")
    side.url += "?schema=shop"
    side.write(A)
    side.deploy()


def a_schema_with_tables_and_no_history(side: Side) -> None:
    side.project.query("CREATE SCHEMA shop CREATE TABLE before (id int)")
    side.url += "?schema=shop"
    side.write(A)
    side.deploy()


def status_of_a_schema_that_is_absent(side: Side) -> None:
    side.url += "?schema=shop"
    side.write(A)
    side.status()


def a_database_that_is_absent(side: Side) -> None:
    side.url += "_absent"
    side.write(A)
    side.deploy()


def status_and_resolve_of_a_database_that_is_absent(side: Side) -> None:
    side.url += "_absent"
    side.write(A)
    side.status()
    side.resolve("--applied", A)


def a_role_that_may_not_create(side: Side) -> None:
    """In the schema, where it may create no table, and owns none."""
    with _role_without_rights(side):
        side.write(A)
        side.deploy()


def another_runner_that_holds_the_lock(side: Side) -> None:
    """For longer than either waits: Prisma 10 s, here what was asked for."""
    side.prepare(A)
    side.write(B)
    with side.project.connect() as other:
        other.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK_KEY])
        side.deploy(ours=("--lock-wait-s", "1"))


def resolving_while_another_runner_holds_the_lock(side: Side) -> None:
    side.write(A)
    with side.project.connect() as other:
        other.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK_KEY])
        side.resolve("--applied", A, ours=("--lock-wait-s", "1"))


def nothing_to_do_while_another_runner_holds_the_lock(side: Side) -> None:
    side.prepare(A)
    with side.project.connect() as other:
        other.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK_KEY])
        side.status()
        side.deploy(ours=("--lock-wait-s", "1"))


@contextlib.contextmanager
def _role_without_rights(side: Side) -> Iterator[None]:
    role, url = f"nobody_{secrets.token_hex(4)}", side.url
    side.project.query(f"CREATE ROLE {role} LOGIN PASSWORD '{side.project.server.address.password}'")
    side.url = url.replace(f"//{side.project.server.address.user}:", f"//{role}:")
    try:
        yield
    finally:
        side.url = url
        side.project.query(f"DROP OWNED BY {role}; DROP ROLE {role}")


def _deploy_onto(side: Side, statement: str) -> None:
    side.project.query(statement)
    side.write(A)
    side.deploy()


SCENARIOS = (
    Scenario(
        a_table_and_no_history,
        {
            BASELINE: """
            deploy names: - | a
            """
        },
        also_with_6=True,
    ),
    Scenario(a_view_and_no_history),
    Scenario(an_enum_and_no_history),
    Scenario(a_partitioned_table_and_no_history),
    Scenario(a_table_elsewhere_and_no_history),
    Scenario(postgis_and_no_history),
    Scenario(
        a_history_of_another_shape,
        {
            NO_CODE: """
            deploy code: - | M505
            """
        },
    ),
    Scenario(a_history_with_more_columns),
    Scenario(ids_that_are_no_uuids),
    Scenario(a_schema_that_is_absent),
    Scenario(a_schema_that_is_absent_beside_one_with_tables),
    Scenario(
        a_schema_with_tables_and_no_history,
        {
            BASELINE: """
            deploy names: - | a
            """
        },
    ),
    Scenario(
        status_of_a_schema_that_is_absent,
        {
            ABSENT_SCHEMA: """
            schema: SCHEMA shop in -: CREATE SCHEMA shop; | -
            """
        },
    ),
    Scenario(
        a_database_that_is_absent,
        {
            ABSENT_DATABASE: """
            deploy exit: succeeds | fails
            deploy code: - | P1003
            deploy says: successfully applied; database created | does not exist
            deploy names: a | -
            database: made_absent | -
            """
        },
    ),
    Scenario(status_and_resolve_of_a_database_that_is_absent),
    Scenario(
        a_role_that_may_not_create,
        {
            NO_CODE: """
            deploy code: - | M307
            """
        },
    ),
    Scenario(another_runner_that_holds_the_lock),
    Scenario(resolving_while_another_runner_holds_the_lock),
    Scenario(
        nothing_to_do_while_another_runner_holds_the_lock,
        {
            IDLE_LOCK: """
            deploy exit: fails | succeeds
            deploy code: P1002 | -
            deploy says: - | no pending migrations
            """
        },
    ),
)
