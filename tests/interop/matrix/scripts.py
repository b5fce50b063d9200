"""What a script may hold."""

from tests.interop.matrix.listed import (
    INVALID_INDEX,
    LOST_SESSION,
    NOT_FOR_SERVERS,
    NOTICES,
    OWN_TRANSACTION,
    SESSION_STATE,
    STEPWISE,
    UNCOMMITTED,
)
from tests.interop.matrix.scenario import Scenario
from tests.interop.matrix.sides import A, B, C, Side

INDEX = "CREATE INDEX CONCURRENTLY i ON a (id);"
FUNCTION = """\
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $body$
BEGIN
  RAISE NOTICE 'called; with %', n;
  RETURN n * 2;
END;
$body$;
DO $$ BEGIN PERFORM twice(1); END; $$;
"""


def a_concurrent_index_alone(side: Side) -> None:
    _behind_a_table(side, INDEX)


def a_concurrent_index_with_a_comment(side: Side) -> None:
    _behind_a_table(side, f"-- CreateIndex\n{INDEX}\n")


def a_concurrent_index_with_others(side: Side) -> None:
    _behind_a_table(side, f"ALTER TABLE a ADD COLUMN c int;\n{INDEX}")


def a_concurrent_index_that_fails(side: Side) -> None:
    side.prepare(A)
    side.project.query("INSERT INTO a VALUES (1), (1)")
    side.write(B, script="CREATE UNIQUE INDEX CONCURRENTLY i ON a (id);")
    side.deploy()


def a_new_enum_value_that_is_used(side: Side) -> None:
    side.write(A, script="CREATE TYPE e AS ENUM ('one');")
    side.prepare()
    side.write(B, script="ALTER TYPE e ADD VALUE 'two';\nCREATE TABLE b (e e DEFAULT 'two');")
    side.deploy()


def a_transaction_of_its_own(side: Side) -> None:
    """As the engine writes it, to change an enum."""
    _behind_a_table(side, "BEGIN;\nALTER TABLE a ADD COLUMN c int;\nCOMMIT;")


def a_transaction_of_its_own_and_an_error_behind_it(side: Side) -> None:
    _behind_a_table(side, "BEGIN;\nCREATE TABLE b (id int);\nCOMMIT;\nSELECT 1 / 0;")


def a_transaction_of_its_own_and_an_error_in_it(side: Side) -> None:
    _behind_a_table(side, "BEGIN;\nCREATE TABLE b (id int);\nSELECT 1 / 0;\nCOMMIT;")


def a_transaction_that_is_never_committed(side: Side) -> None:
    side.write(A, script="BEGIN;\nCREATE TABLE a (id int);")
    side.write(B)
    side.deploy()
    side.deploy()


def a_function_and_a_block(side: Side) -> None:
    side.write(A, script=FUNCTION)
    side.deploy()


def copy_with_data(side: Side) -> None:
    _behind_a_table(side, "COPY a FROM stdin;\n1\n2\n\\.\n")


def a_command_of_psql(side: Side) -> None:
    _behind_a_table(side, "\\set n 1\nINSERT INTO a VALUES (:n);")


def an_emptied_search_path(side: Side) -> None:
    """As `pg_dump` begins."""
    side.write(A, script="SELECT pg_catalog.set_config('search_path', '', false);\nCREATE TABLE public.a (id int);")
    side.write(B)
    side.deploy()
    side.deploy()


def another_search_path(side: Side) -> None:
    side.write(A, script="CREATE SCHEMA other;\nSET search_path = other;\nCREATE TABLE a (id int);")
    side.write(B)
    side.deploy()


def a_setting_that_leaks(side: Side) -> None:
    side.write(A, script="SET statement_timeout = '500ms';\nCREATE TABLE a (id int);")
    side.write(B, script="SELECT pg_sleep(1);\nCREATE TABLE b (id int);")
    side.deploy()


def a_role_that_leaks(side: Side) -> None:
    side.write(A, script="CREATE TABLE a (id int);\nSET ROLE pg_read_all_data;")
    side.write(B)
    side.deploy()


def a_session_that_ends_itself(side: Side) -> None:
    side.write(A, script="CREATE TABLE a (id int);\nSELECT pg_terminate_backend(pg_backend_pid());")
    side.write(B)
    side.deploy()


def changes_of_a_table(side: Side) -> None:
    side.prepare(A)
    side.write(B, script="ALTER TABLE a ADD COLUMN c int; ALTER TABLE a ALTER COLUMN c SET NOT NULL;")
    side.write(C, script="DROP TABLE a;")
    side.deploy()


def _behind_a_table(side: Side, script: str) -> None:
    side.prepare(A)
    side.write(B, script=script)
    side.deploy()


SCENARIOS = (
    Scenario(a_concurrent_index_alone),
    Scenario(a_concurrent_index_with_a_comment),
    Scenario(
        a_concurrent_index_with_others,
        {
            STEPWISE: """
            deploy exit: fails | succeeds
            deploy code: P3018 | -
            deploy SQLSTATE: 25001 | -
            deploy says: a migration failed to apply | successfully applied
            row: 20240102000000_b, unfinished, steps 0, logs, checksum a2b4b439 | -
            row: - | 20240102000000_b, finished, steps 1, no logs, checksum a2b4b439
            schema: TABLE a in public: CREATE TABLE public.a ( id integer ); | -
            schema: - | INDEX i in public: CREATE INDEX i ON public.a USING btree (id);
            schema: - | TABLE a in public: CREATE TABLE public.a ( id integer, c integer );
            """
        },
    ),
    Scenario(
        a_concurrent_index_that_fails,
        {
            INVALID_INDEX: """
            deploy says: a migration failed to apply | the migration failed to apply
            row: 20240102000000_b, unfinished, steps 0, logs, checksum 9aba9b2a | -
            row: - | 20240102000000_b, unfinished, steps 0, logs, rolled back, checksum 9aba9b2a
            schema: INVALID INDEX i | -
            """
        },
    ),
    Scenario(
        a_new_enum_value_that_is_used,
        {
            STEPWISE: """
            deploy exit: fails | succeeds
            deploy code: P3018 | -
            deploy SQLSTATE: 55P04 | -
            deploy says: a migration failed to apply | successfully applied
            row: 20240102000000_b, unfinished, steps 0, logs, checksum 24972c71 | -
            row: - | 20240102000000_b, finished, steps 1, no logs, checksum 24972c71
            schema: TYPE e in public: CREATE TYPE public.e AS ENUM ( 'one' ); | -
            schema: - | TABLE b in public: CREATE TABLE public.b ( e public.e DEFAULT 'two'::public.e );
            schema: - | TYPE e in public: CREATE TYPE public.e AS ENUM ( 'one', 'two' );
            """
        },
    ),
    Scenario(a_transaction_of_its_own),
    Scenario(
        a_transaction_of_its_own_and_an_error_behind_it,
        {
            OWN_TRANSACTION: """
            deploy says: a migration failed to apply | the migration failed to apply
            row: 20240102000000_b, unfinished, steps 0, logs, checksum f2e8609d | -
            row: - | 20240102000000_b, unfinished, steps 0, logs, rolled back, checksum f2e8609d
            schema: TABLE b in public: CREATE TABLE public.b ( id integer ); | -
            """
        },
    ),
    Scenario(
        a_transaction_of_its_own_and_an_error_in_it,
        {
            OWN_TRANSACTION: """
            deploy code: - | P3018
            deploy SQLSTATE: - | 22012
            deploy says: - | the migration failed to apply
            row: 20240102000000_b, unfinished, steps 0, no logs, checksum 0d8dfda0 | -
            row: - | 20240102000000_b, unfinished, steps 0, logs, rolled back, checksum 0d8dfda0
            """
        },
    ),
    Scenario(
        a_transaction_that_is_never_committed,
        {
            UNCOMMITTED: """
            deploy exit: succeeds | fails
            deploy code: - | M211
            deploy says: successfully applied | -
            deploy names: a b | a
            deploy 2 code: P3009 | M211
            deploy 2 says: found failed migrations | -
            row: 20240101000000_a, unfinished, steps 0, no logs, checksum 28914e32 | -
            schema: CONSTRAINT _prisma_migrations _prisma_migrations_pkey in public (a86995) | -
            schema: TABLE _prisma_migrations in public (bbffaf) | -
            """
        },
    ),
    Scenario(
        a_function_and_a_block,
        {
            NOTICES: """
            deploy notices: - | some
            """
        },
    ),
    Scenario(
        copy_with_data,
        {
            NOT_FOR_SERVERS: """
            deploy code: P3018 | M211
            deploy SQLSTATE: 42601 | -
            deploy says: a migration failed to apply | -
            row: 20240102000000_b, unfinished, steps 0, logs, checksum 463cd282 | -
            """
        },
    ),
    Scenario(
        a_command_of_psql,
        {
            NOT_FOR_SERVERS: """
            deploy code: P3018 | M211
            deploy SQLSTATE: 42601 | -
            deploy says: a migration failed to apply | -
            row: 20240102000000_b, unfinished, steps 0, logs, checksum 1495f578 | -
            """
        },
    ),
    Scenario(
        an_emptied_search_path,
        {
            SESSION_STATE: """
            deploy exit: fails | succeeds
            deploy code: P1014 | -
            deploy says: - | successfully applied
            deploy names: - | a b
            deploy 2 exit: fails | succeeds
            deploy 2 code: P3009 | -
            deploy 2 says: found failed migrations | no pending migrations
            deploy 2 names: a | -
            row: 20240101000000_a, unfinished, steps 0, no logs, checksum b0be16c4 | -
            row: - | 20240101000000_a, finished, steps 1, no logs, checksum b0be16c4
            row: - | 20240102000000_b, finished, steps 1, no logs, checksum 4bb1b96d
            schema: - | TABLE b in public: CREATE TABLE public.b ( id integer );
            """
        },
    ),
    Scenario(
        another_search_path,
        {
            SESSION_STATE: """
            deploy exit: fails | succeeds
            deploy code: P1014 | -
            deploy says: - | successfully applied
            deploy names: - | a b
            row: 20240101000000_a, unfinished, steps 0, no logs, checksum e01d9031 | -
            row: - | 20240101000000_a, finished, steps 1, no logs, checksum e01d9031
            row: - | 20240102000000_b, finished, steps 1, no logs, checksum 4bb1b96d
            schema: - | TABLE b in public: CREATE TABLE public.b ( id integer );
            """
        },
    ),
    Scenario(
        a_setting_that_leaks,
        {
            SESSION_STATE: """
            deploy exit: fails | succeeds
            deploy code: P3018 | -
            deploy SQLSTATE: 57014 | -
            deploy says: a migration failed to apply | successfully applied
            deploy names: b | a b
            row: 20240102000000_b, unfinished, steps 0, logs, checksum c5033577 | -
            row: - | 20240102000000_b, finished, steps 1, no logs, checksum c5033577
            schema: - | TABLE b in public: CREATE TABLE public.b ( id integer );
            """
        },
    ),
    Scenario(
        a_role_that_leaks,
        {
            SESSION_STATE: """
            deploy exit: fails | succeeds
            deploy says: - | successfully applied
            deploy names: a | a b
            row: 20240101000000_a, unfinished, steps 0, no logs, checksum 5ed59216 | -
            row: - | 20240101000000_a, finished, steps 1, no logs, checksum 5ed59216
            row: - | 20240102000000_b, finished, steps 1, no logs, checksum 4bb1b96d
            schema: - | TABLE b in public: CREATE TABLE public.b ( id integer );
            """
        },
    ),
    Scenario(
        a_session_that_ends_itself,
        {
            LOST_SESSION: """
            deploy code: - | P1017
            deploy names: - | a
            row: 20240101000000_a, unfinished, steps 0, no logs, checksum d1b6f789 | -
            """
        },
    ),
    Scenario(changes_of_a_table),
)
