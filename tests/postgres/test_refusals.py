"""What is refused before anything runs: the error says what and where, and nothing was changed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.errors import MigrateError
from tests.fixtures.projects import Project

NAME = "20240102000000_b"


def refusal(project: Project, outcome: Outcome) -> MigrateError:
    """The error of a refused deploy, after a look that nothing at all was changed."""
    assert outcome.status is Status.FAILED
    assert outcome.error is not None
    assert outcome.lock_wait_ms is None
    assert project.tables_with_history() == set()
    return outcome.error


SCRIPTS = {
    "NUL byte": ("SELECT 1;\n\0", 2, "NUL byte"),
    "psql meta-command": ("SELECT 1;\n\\set x 1\nSELECT 2;", 2, "a psql meta-command"),
    "pg_dump's restrict": ("\\restrict abc\nSELECT 2;", 1, "a psql meta-command"),
    "COPY FROM STDIN": ("CREATE TABLE t (id int);\nCOPY t FROM STDIN;\n1\n\\.\n", 2, "COPY … FROM STDIN"),
    "COPY TO STDOUT": ("COPY pg_class TO STDOUT;", 1, "COPY … TO STDOUT"),
    "DISCARD ALL": ("SELECT 1;\n\n  DISCARD ALL;", 3, "DISCARD ALL"),
    "PREPARE TRANSACTION": ("PREPARE TRANSACTION 'x';", 1, "two-phase"),
    "COMMIT PREPARED": ("COMMIT PREPARED 'x';", 1, "two-phase"),
    "ROLLBACK PREPARED": ("ROLLBACK PREPARED 'x';", 1, "two-phase"),
    "SET TRANSACTION READ ONLY": ("SET TRANSACTION READ ONLY;", 1, "READ ONLY"),
    "BEGIN READ ONLY": ("BEGIN READ ONLY; COMMIT;", 1, "READ ONLY"),
    "default_transaction_read_only": ("SET default_transaction_read_only = on;", 1, "READ ONLY"),
    "standard_conforming_strings": ("SET standard_conforming_strings = off;", 1, "standard_conforming_strings"),
    "client_encoding": ("SET client_encoding = 'LATIN1';", 1, "client_encoding"),
    "an unclosed BEGIN": ("SELECT 1;\nBEGIN;\nCREATE TABLE b (id int);", 2, "BEGIN is never followed by a COMMIT"),
    "COMMIT without BEGIN": ("SELECT 1;\nCOMMIT;", 2, "COMMIT does not fit here"),
    "ROLLBACK": ("BEGIN;\nSELECT 1;\nROLLBACK;", 3, "ROLLBACK does not fit here"),
    "COMMIT AND CHAIN": ("BEGIN;\nCOMMIT AND CHAIN;\nCOMMIT;", 2, "COMMIT AND CHAIN does not fit here"),
    "an unclosed string": ("SELECT 1;\nSELECT 'x;\n", 2, "never closed"),
    "an unclosed comment": ("SELECT 1; /* x;\n", 1, "never closed"),
    "an unknown directive": ("-- migrate: sideways\nSELECT 1;", 1, "`migrate: sideways`"),
}


@pytest.mark.parametrize(("script", "line", "says"), SCRIPTS.values(), ids=SCRIPTS)
def test_a_script_that_cannot_be_run_safely_is_refused(project: Project, script: str, line: int, says: str) -> None:
    project.write("20240101000000_a", "CREATE TABLE a (id int);")
    project.write(NAME, script)

    error = refusal(project, project.run())

    assert (error.code, type(error).__name__, error.exit_code) == ("M211", "SettingsInvalid", 2)
    assert (error.where.migration, error.where.line) == (NAME, line)
    assert says in error.headline
    assert error.next_step
    assert project.run("plan").error is not None


NO_STEPS = {
    "a concurrent index between BEGIN and COMMIT": "BEGIN;\nCREATE INDEX CONCURRENTLY i ON b(id);\nCOMMIT;",
    "a temporary table beside VACUUM": "VACUUM;\nCREATE TEMP TABLE c (id int);",
    "a concurrent index that is to be atomic": "-- migrate: atomic\nCREATE INDEX CONCURRENTLY i ON b(id);",
}


@pytest.mark.parametrize("script", NO_STEPS.values(), ids=NO_STEPS)
def test_a_script_that_cannot_be_run_as_it_wants_is_refused_before_anything_runs(project: Project, script: str) -> None:
    project.write("20240101000000_a", "CREATE TABLE a (id int);")
    project.write(NAME, script)

    error = refusal(project, project.run())

    assert (error.code, error.where.migration, error.where.line) == ("M212", NAME, 2)
    assert error.next_step


def test_a_script_that_was_applied_long_ago_is_not_looked_at_again(project: Project) -> None:
    project.write("20240101000000_a", "SELECT 1;")
    project.run()
    project.write("20240101000000_a", "COPY t FROM STDIN;")

    assert project.run().status is Status.UP_TO_DATE


def _remove(directory: Path) -> None:
    shutil.rmtree(directory)


def _empty(directory: Path) -> None:
    shutil.rmtree(directory)
    directory.mkdir()


def _stray_files_only(directory: Path) -> None:
    _empty(directory)
    (directory / "20240101000000_a.sql").write_text("SELECT 1;")


def _halve(directory: Path) -> None:
    (directory / "20240101000000_a" / "migration.sql").unlink()


def _link(directory: Path) -> None:
    (directory / "20240103000000_c").symlink_to(directory / "20240101000000_a", target_is_directory=True)


def _name_another_provider(directory: Path) -> None:
    (directory / "migration_lock.toml").write_text('provider = "mysql"\n')


DIRECTORIES: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "missing": (_remove, "M206", "There is no migrations directory"),
    "empty": (_empty, "M206", "holds no migration"),
    "only stray files": (_stray_files_only, "M206", "holds no migration"),
    "a directory without its file": (_halve, "P3015", "20240101000000_a/migration.sql"),
    "a symbolic link": (_link, "M208", "is a symbolic link"),
    "another provider": (_name_another_provider, "P3019", "`mysql`"),
}


@pytest.mark.parametrize("action", ["deploy", "status", "plan", "verify"])
@pytest.mark.parametrize(("spoil", "code", "says"), DIRECTORIES.values(), ids=DIRECTORIES)
def test_a_spoilt_directory_changes_nothing(
    one_project: Project, action: str, spoil: Callable[[Path], None], code: str, says: str
) -> None:
    one_project.write("20240101000000_a", "CREATE TABLE a (id int);")
    one_project.write(NAME, "CREATE TABLE b (id int);")
    spoil(one_project.directory)

    error = refusal(one_project, one_project.run(action))

    assert (error.code, error.exit_code) == (code, 2)
    assert says in error.headline


def test_a_schema_with_tables_and_no_history_is_refused_until_it_is_baselined(project: Project) -> None:
    project.query("CREATE TABLE users (id int)")
    project.write("20240101000000_a", "CREATE TABLE users (id int);")
    project.write(NAME, "CREATE TABLE b (id int);")

    for action in ("deploy", "plan"):
        error = project.run(action).error
        assert error is not None
        assert (error.code, error.exit_code) == ("P3005", 4)
        assert "`migrate-lambda baseline --to 20240101000000_a`" in error.next_step
    assert project.tables_with_history() == {"users"}

    assert project.run("resolve", applied=["20240101000000_a"]).status is Status.PENDING
    assert [migration.name for migration in project.run().applied] == [NAME]


def test_a_table_of_that_name_and_another_shape_is_refused(project: Project) -> None:
    project.query("CREATE TABLE _prisma_migrations (id int, name text)")
    project.write("20240101000000_a", "CREATE TABLE a (id int);")

    error = project.run().error

    assert error is not None
    assert (error.code, type(error).__name__) == ("M505", "HistoryBlocked")
    assert project.tables() == set()
