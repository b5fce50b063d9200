"""What may lie in a migrations directory."""

import shutil

from tests.interop.matrix.listed import BYTE_ORDER, BYTE_ORDER_MARK, NO_MIGRATIONS, NO_SCRIPT, NOT_FOR_SERVERS
from tests.interop.matrix.scenario import Scenario
from tests.interop.matrix.sides import LOCK_FILE_NAME, A, B, C, Side


def an_empty_directory(side: Side) -> None:
    side.deploy()
    side.status()


def no_directory(side: Side) -> None:
    shutil.rmtree(side.directory)
    side.deploy()
    side.status()


def a_migration_without_a_script(side: Side) -> None:
    side.write(A, C)
    (side.directory / B).mkdir()
    side.deploy()


def a_script_that_was_restored(side: Side) -> None:
    side.write(A, C)
    (side.directory / B).mkdir()
    side.fail()
    side.write(B)
    side.deploy()


def stray_files(side: Side) -> None:
    side.write(A)
    for path in (".DS_Store", "README.md", "20240102000000_file", f"{A}/README.md"):
        (side.directory / path).write_text("no migration")
    side.deploy()


def a_hidden_directory_without_a_script(side: Side) -> None:
    side.write(A)
    (side.directory / "__pycache__").mkdir()
    side.deploy()


def directories_without_a_timestamp(side: Side) -> None:
    side.write(A, "notimestamp_n", ".hidden_h")
    side.deploy()


def names_in_order(side: Side) -> None:
    """Of the same second, and of an alphabet in which every order is the same."""
    side.write("20240101000000_b", "20240101000000_ab", "20240101000000_a")
    side.deploy()


def names_whose_order_depends_on_the_language(side: Side) -> None:
    for name in ("_a", "_a_b", "_a-c", "_ab", "_B", "_Z"):
        side.write(f"20240101000000{name}", script=f'CREATE TABLE "{name}" (id int);')
    side.deploy()


def a_script_with_nothing_in_it(side: Side) -> None:
    side.write(A, script="")
    side.write(B, script="\n\n  \n")
    side.write(C, script="-- nothing yet")
    side.write("20240104000000_d", script=";;")
    side.deploy()


def windows_line_ends(side: Side) -> None:
    side.write(A, script="CREATE TABLE a (\r\n  id int\r\n);\r\n")
    side.deploy()


def a_byte_order_mark(side: Side) -> None:
    side.write(A, script="\ufeffCREATE TABLE a (id int);")
    side.deploy()


def bytes_that_are_no_utf8(side: Side) -> None:
    side.write(A, script=b"CREATE TABLE a (id int); -- caf\xe9")
    side.deploy()


def a_nul_byte(side: Side) -> None:
    side.write(A, script="CREATE TABLE a (id int);\0")
    side.deploy()


def a_lock_file_of_another_database(side: Side) -> None:
    _lock(side, 'provider = "mysql"\n')
    side.status()
    side.resolve("--applied", A)


def no_lock_file(side: Side) -> None:
    side.write(A)
    (side.directory / LOCK_FILE_NAME).unlink()
    side.deploy()


def an_empty_lock_file(side: Side) -> None:
    _lock(side, "")


def a_lock_file_that_is_none(side: Side) -> None:
    _lock(side, "what is this?\n")


def a_lock_file_in_single_quotes(side: Side) -> None:
    _lock(side, "provider = 'postgresql'\n")


def a_lock_file_that_says_postgres(side: Side) -> None:
    _lock(side, 'provider = "postgres"\n')


def _lock(side: Side, content: str) -> None:
    side.write(A)
    (side.directory / LOCK_FILE_NAME).write_text(content)
    side.deploy()


SCENARIOS = (
    Scenario(
        an_empty_directory,
        {
            NO_MIGRATIONS: """
            deploy exit: succeeds | fails
            deploy code: - | M206
            deploy says: no migration found; no pending migrations | -
            status exit: succeeds | fails
            status code: - | M206
            status says: no migration found; up to date | -
            schema: CONSTRAINT _prisma_migrations _prisma_migrations_pkey in public (a86995) | -
            schema: TABLE _prisma_migrations in public (bbffaf) | -
            """
        },
    ),
    Scenario(
        no_directory,
        {
            NO_MIGRATIONS: """
            deploy exit: succeeds | fails
            deploy code: - | M206
            deploy says: no migration found; no pending migrations | -
            status exit: succeeds | fails
            status code: - | M206
            status says: no migration found; up to date | -
            schema: CONSTRAINT _prisma_migrations _prisma_migrations_pkey in public (a86995) | -
            schema: TABLE _prisma_migrations in public (bbffaf) | -
            """
        },
    ),
    Scenario(
        a_migration_without_a_script,
        {
            NO_SCRIPT: """
            deploy names: - | b
            row: 20240101000000_a, finished, steps 1, no logs, checksum 168f4af7 | -
            schema: CONSTRAINT _prisma_migrations _prisma_migrations_pkey in public (a86995) | -
            schema: TABLE _prisma_migrations in public (bbffaf) | -
            schema: TABLE a in public: CREATE TABLE public.a ( id integer ); | -
            """
        },
    ),
    Scenario(
        a_script_that_was_restored,
        {
            NO_SCRIPT: """
            deploy names: b c | a b c
            """
        },
    ),
    Scenario(stray_files),
    Scenario(
        a_hidden_directory_without_a_script,
        {
            NO_SCRIPT: """
            schema: CONSTRAINT _prisma_migrations _prisma_migrations_pkey in public (a86995) | -
            schema: TABLE _prisma_migrations in public (bbffaf) | -
            """
        },
    ),
    Scenario(directories_without_a_timestamp),
    Scenario(
        names_in_order,
        {
            BYTE_ORDER: """
            deploy warns: - | M512
            """
        },
    ),
    Scenario(
        names_whose_order_depends_on_the_language,
        {
            BYTE_ORDER: """
            deploy warns: - | M512
            rows: in another order
            """
        },
        also_with_6=True,
    ),
    Scenario(a_script_with_nothing_in_it),
    Scenario(windows_line_ends),
    Scenario(
        a_byte_order_mark,
        {
            BYTE_ORDER_MARK: """
            deploy exit: fails | succeeds
            deploy code: P3018 | -
            deploy SQLSTATE: 42601 | -
            deploy says: a migration failed to apply | successfully applied
            row: 20240101000000_a, unfinished, steps 0, logs, checksum 54e9494a | -
            row: - | 20240101000000_a, finished, steps 1, no logs, checksum 54e9494a
            schema: - | TABLE a in public: CREATE TABLE public.a ( id integer );
            """
        },
    ),
    Scenario(bytes_that_are_no_utf8),
    Scenario(
        a_nul_byte,
        {
            NOT_FOR_SERVERS: """
            deploy code: P3018 | M211
            deploy SQLSTATE: 08P01 | -
            deploy says: a migration failed to apply | -
            row: 20240101000000_a, unfinished, steps 0, logs, checksum 4684b53f | -
            schema: CONSTRAINT _prisma_migrations _prisma_migrations_pkey in public (a86995) | -
            schema: TABLE _prisma_migrations in public (bbffaf) | -
            """
        },
    ),
    Scenario(a_lock_file_of_another_database),
    Scenario(no_lock_file),
    Scenario(an_empty_lock_file),
    Scenario(a_lock_file_that_is_none),
    Scenario(a_lock_file_in_single_quotes),
    Scenario(a_lock_file_that_says_postgres),
)
