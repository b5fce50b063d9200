"""How a script will be run, and what is refused before anything runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fn.domain.directive import Mode
from lambda_fn.domain.execution import CHUNK_BYTES, CHUNKED_ABOVE_BYTES, Execution, falls_back, plan_execution
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.steps import StepKind
from lambda_fn.errors import SettingsInvalid, Whereabouts

NAME = "20240101000000_a"


def plan(script: str | bytes) -> Execution:
    return plan_execution(Migration(NAME, script.encode() if isinstance(script, str) else script))


def refusal(script: str | bytes) -> SettingsInvalid:
    with pytest.raises(SettingsInvalid) as refused:
        plan(script)
    return refused.value


BEFORE = "SELECT 1;\n\n  "  # what follows stands in line 3, column 3
REFUSED = {
    "\\connect other": ("a psql meta-command is for psql", "begins with a backslash"),
    "\\restrict abc": ("a psql meta-command is for psql", "pg_dump writes"),
    "COPY t (a, b) FROM STDIN;\n1\t2\n\\.\n": ("COPY … FROM STDIN needs a client", "INSERT statements"),
    "COPY t FROM STDIN": ("COPY … FROM STDIN needs a client", "INSERT statements"),
    "copy (SELECT 1) to stdout;": ("COPY … TO STDOUT needs a client", "outside of migrations"),
    "DISCARD ALL;": ("DISCARD ALL would release the advisory lock", "DISCARD TEMP"),
    "PREPARE TRANSACTION 'x';": ("a two-phase commit command would take", "Remove it"),
    "COMMIT PREPARED 'x';": ("a two-phase commit command would take", "Remove it"),
    "ROLLBACK PREPARED 'x';": ("a two-phase commit command would take", "Remove it"),
    "SET TRANSACTION READ ONLY;": ("READ ONLY would keep the migration from being recorded", "Remove READ ONLY"),
    "SET default_transaction_read_only = on;": ("READ ONLY would keep", "transaction_read_only"),
    "BEGIN READ ONLY; COMMIT;": ("READ ONLY would keep", "Remove READ ONLY"),
    "SET standard_conforming_strings = off;": ("a change of standard_conforming_strings would", "E'…'"),
    "SET client_encoding = 'LATIN1';": ("a change of client_encoding does not fit", "Save the file as UTF-8"),
    "SET NAMES 'LATIN1';": ("a change of client_encoding does not fit", "Save the file as UTF-8"),
    "BEGIN; SELECT 2;": ("this BEGIN is never followed by a COMMIT", "Add COMMIT"),
    "COMMIT;": ("COMMIT does not fit here", "Remove it"),
    "END;": ("COMMIT does not fit here", "Remove it"),
    "ROLLBACK;": ("ROLLBACK does not fit here", "Remove it"),
    "ABORT;": ("ROLLBACK does not fit here", "Remove it"),
    "COMMIT AND CHAIN;": ("COMMIT AND CHAIN does not fit here", "Remove it"),
    "BEGIN ISOLATION LEVEL SERIALIZABLE;": ("BEGIN with transaction modes does not fit here", "Remove it"),
    "'never closed": ("the string that begins here is never closed", "Mend the file"),
    "$$ never closed": ("the dollar-quoted string that begins here is never closed", "Mend the file"),
    "/* never closed": ("the comment that begins here is never closed", "Mend the file"),
    "(never closed": ("the parenthesis that opens here is never closed", "Mend the file"),
    ")": ("this closing parenthesis has no opening one", "Mend the file"),
    "\0": ("it holds a NUL byte", "Save the file as UTF-8"),
}


@pytest.mark.parametrize(("statement", "said"), REFUSED.items(), ids=[repr(statement) for statement in REFUSED])
def test_a_refusal_says_what_and_where_and_what_to_do(statement: str, said: tuple[str, str]) -> None:
    problem, next_step = said

    error = refusal(BEFORE + statement)

    assert error.code == "M211"
    assert error.problem.startswith(f"Migration {NAME} was not run: ")
    assert problem in error.problem
    assert error.problem.endswith(" (line 3, column 3).")
    assert next_step in error.next_step
    assert (error.where.migration, error.where.line, error.where.column) == (NAME, 3, 3)
    assert error.where.excerpt is not None
    assert error.where.excerpt.splitlines()[1] == " " * (len("    3 | ") + 2) + "^"


def test_the_statement_at_fault_is_pointed_at_and_not_a_string_that_looks_like_it() -> None:
    error = refusal("SELECT 'DISCARD ALL;'; -- DISCARD ALL;\nDISCARD ALL;")

    assert (error.where.line, error.where.column) == (2, 1)


def test_the_first_of_two_unbalanced_begins_is_not_the_one_pointed_at() -> None:
    """A second BEGIN within a transaction is what does not fit; the first may be well balanced."""
    error = refusal("BEGIN;\nBEGIN;\nCOMMIT;")

    assert (error.where.line, "BEGIN does not fit here" in error.problem) == (2, True)


SECRET = "hunter2hunter2"


@pytest.mark.parametrize(
    "script",
    [
        f"ALTER ROLE app PASSWORD '{SECRET}'; DISCARD ALL;",
        f"DISCARD ALL; ALTER ROLE app PASSWORD '{SECRET}';",
        f"ALTER ROLE app PASSWORD '{SECRET}' \\gexec\n",
        f"ALTER ROLE app PASSWORD '{SECRET}",
        f"BEGIN; ALTER ROLE app PASSWORD '{SECRET}';",
        f"-- migrate: atomic\nALTER ROLE app PASSWORD '{SECRET}'; VACUUM;",
        f"ALTER ROLE app PASSWORD '{SECRET}'; SELECT 'x",
    ],
)
def test_a_refusal_does_not_show_the_password_that_stands_in_the_same_line(script: str) -> None:
    assert SECRET not in refusal(script).text


NON_TRANSACTIONAL = [
    "CREATE INDEX CONCURRENTLY i ON t (a)",
    "VACUUM t",
    "ALTER SYSTEM SET work_mem = '1MB'",
    "REINDEX TABLE CONCURRENTLY t",
    "DROP INDEX CONCURRENTLY i",
]


@pytest.mark.parametrize("statement", NON_TRANSACTIONAL)
def test_a_statement_that_cannot_share_a_transaction_runs_alone(statement: str) -> None:
    script = f"-- a comment\n{statement};\n/* and another */\n"

    execution = plan(script)

    assert (execution.mode, execution.text, execution.statements) == (Mode.ALONE, script.encode(), 1)
    assert execution.steps is not None
    [step] = execution.steps.steps
    assert (step.kind, script[step.start : step.stop]) == (StepKind.OUTSIDE, f"{statement};")


@pytest.mark.parametrize("statement", NON_TRANSACTIONAL)
@pytest.mark.parametrize("others", ["SELECT 1;\n{};", "{};\nSELECT 1;", "{0};\n{0};", "SET a.b = 1;\n{};"])
def test_a_statement_that_cannot_share_a_transaction_makes_its_file_run_step_by_step(
    statement: str, others: str
) -> None:
    execution = plan(others.format(statement))

    assert (execution.mode, execution.statements) == (Mode.STEPWISE, 2)
    assert execution.steps is not None
    assert StepKind.OUTSIDE in [step.kind for step in execution.steps.steps]


@pytest.mark.parametrize("statement", NON_TRANSACTIONAL)
def test_a_statement_that_cannot_share_a_transaction_is_refused_in_one(statement: str) -> None:
    for script in (f"BEGIN;\n{statement};\nCOMMIT;", f"-- migrate: atomic\n{statement};"):
        error = refusal(script)

        assert (error.code, error.where.line) == ("M212", 2)
        assert f"`{statement.split(maxsplit=1)[0]} " in error.problem


def test_a_file_that_asks_to_be_run_step_by_step_is() -> None:
    execution = plan("-- A comment.\n\n--migrate:  stepwise \nSELECT 1;\nBEGIN; SELECT 2; SELECT 3; COMMIT;")

    assert (execution.mode, execution.statements) == (Mode.STEPWISE, 3)
    assert execution.steps is not None
    assert [step.kind for step in execution.steps.steps] == [StepKind.TRANSACTION] * 2


def test_a_file_without_a_statement_has_no_steps() -> None:
    assert plan("-- migrate: stepwise\n").mode is Mode.ATOMIC


@pytest.mark.parametrize("script", ["SET a.b = 1;", "SET ROLE r; RESET ROLE; PREPARE p AS SELECT 1;"])
def test_a_file_that_sets_its_session_only_has_no_steps_though_it_asks_for_them(script: str) -> None:
    asking = plan(f"-- migrate: stepwise\n{script}")
    decided = plan_execution(Migration(NAME, script.encode()), stepwise=True)

    assert {(each.mode, each.steps, each.fallbacks) for each in (asking, decided)} == {(Mode.ATOMIC, None, frozenset())}


FALLBACKS = {
    "CREATE TYPE e AS ENUM ('a');": set(),
    "ALTER TYPE e ADD VALUE 'b'; SELECT 1;": {"55P04"},
    "SELECT 1; CALL p();": {"2D000"},
    "DO $$ BEGIN END $$;": {"2D000"},
    "CLUSTER t USING i; REINDEX TABLE t; ALTER TYPE e ADD VALUE 'b';": {"25001", "55P04"},
    "-- migrate: atomic\nCALL p(); ALTER TYPE e ADD VALUE 'b';": set(),
    "-- migrate: stepwise\nCALL p(); ALTER TYPE e ADD VALUE 'b';": set(),
}


@pytest.mark.parametrize("script", FALLBACKS)
def test_only_what_can_work_no_other_way_may_be_run_step_by_step_after_all(script: str) -> None:
    assert plan(script).fallbacks == FALLBACKS[script]


def test_a_fallback_needs_the_statement_that_it_is_for() -> None:
    script = "REINDEX TABLE t; CALL p(); CREATE TABLE x (id int); ALTER TYPE e ADD VALUE 'b';"
    execution = plan(script)

    assert falls_back(execution, "25001", script.index("REINDEX"))
    assert falls_back(execution, "2D000", script.index("CALL"))
    assert falls_back(execution, "55P04", None)
    assert not falls_back(execution, "25001", script.index("CREATE")), "an event trigger may raise it"
    assert not falls_back(execution, "2D000", script.index("REINDEX"))
    assert not falls_back(execution, "2D000", None)
    assert not falls_back(execution, "23505", script.index("CALL"))


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ("sideways", "`migrate: sideways`, which does not exist"),
        ("Atomic", "`migrate: Atomic`, which does not exist"),
        ("stepwise, please", "`migrate: stepwise,`, which does not exist"),
        ("", "`migrate: `, which does not exist"),
        ("atomic stepwise", "both `migrate: atomic` and `migrate: stepwise`"),
        ("lock_wait=3s", "`migrate: lock_wait=3s`, which does not exist"),
    ],
)
def test_an_unknown_directive_is_refused(wish: str, said: str) -> None:
    error = refusal(f"-- migrate: {wish}\nSELECT 1;")

    assert error.code == "M211"
    assert f"it asks for {said} (line 1, column 1)." in error.problem
    assert "`-- migrate: atomic`" in error.next_step


@pytest.mark.parametrize(
    "script",
    [
        "-- migrate: atomic\nSELECT 1;",
        "--migrate:atomic\r\nSELECT 1;",
        "\ufeff-- migrate: atomic\nSELECT 1;",
        "SELECT 1;\n-- migrate: stepwise\n",
        "-- how to migrate: stepwise\nSELECT 1;",
        "SELECT '\n-- migrate: stepwise\n';",
    ],
)
def test_a_directive_stands_in_the_leading_comment(script: str) -> None:
    assert plan(script).mode is Mode.ATOMIC


def test_a_statement_of_any_kind_but_these_is_run_atomically_as_it_stands() -> None:
    script = (
        "SET search_path = x; SELECT set_config('search_path', '', false); SET ROLE x; RESET ALL;\n"
        "SAVEPOINT a; ROLLBACK TO a; RELEASE a; LOCK TABLE t;\n"
        "CREATE INDEX i ON t (a); COPY t FROM '/tmp/x'; COPY t TO PROGRAM 'cat';\n"
        "SET standard_conforming_strings = on; SET client_encoding = 'UTF8'; DISCARD TEMP;\n"
        "DO $$ BEGIN COMMIT; END $$; CALL p(); ALTER TYPE mood ADD VALUE 'x'"
    )

    execution = plan(script)

    assert (execution.mode, execution.text, execution.statements) == (Mode.ATOMIC, script.encode(), 17)
    assert execution.chunks == ((0, len(script)),)


def test_the_authors_own_begin_and_commit_become_blanks_and_all_else_keeps_its_place() -> None:
    script = "SELECT 1;\nBEGIN;\nSELECT 'BEGIN;', 'ü';\nCOMMIT;\nSTART TRANSACTION;SELECT 2;END ;\nSELECT 3"

    execution = plan(script)

    assert execution.text.decode() == (
        "SELECT 1;\n      \nSELECT 'BEGIN;', 'ü';\n       \n                  SELECT 2;     \nSELECT 3"
    )
    assert (execution.mode, execution.statements) == (Mode.ATOMIC, 4)


def test_lines_stay_lines_where_a_begin_goes_over_several() -> None:
    script = "BEGIN\n  WORK -- ours\n;\nSELECT 1;\nCOMMIT;"

    assert plan(script).text == b"     \n              \n \nSELECT 1;\n       "


def test_what_prisma_writes_for_a_changed_enum_runs_atomically() -> None:
    script = (
        "-- AlterEnum\nBEGIN;\nCREATE TYPE \"Role_new\" AS ENUM ('A', 'B');\n"
        'ALTER TABLE "User" ALTER COLUMN "role" TYPE "Role_new" USING ("role"::text::"Role_new");\n'
        'ALTER TYPE "Role" RENAME TO "Role_old";\nALTER TYPE "Role_new" RENAME TO "Role";\n'
        'DROP TYPE "Role_old";\nCOMMIT;\n'
    )

    execution = plan(script)

    assert (execution.mode, execution.statements) == (Mode.ATOMIC, 5)
    assert b"BEGIN" not in execution.text
    assert len(execution.text) == len(script)


@pytest.mark.parametrize(
    ("script", "statements"),
    [
        ("", 0),
        (" \n\t", 0),
        (";;;", 0),
        ("-- only a comment", 0),
        ("/* only */ /* comments */", 0),
        ("\ufeff", 0),
        ("BEGIN; COMMIT;", 0),
        ("SELECT 1", 1),
        ("SELECT 1;;SELECT 2;", 2),
        ("BEGIN; SELECT 1; COMMIT; BEGIN; SELECT 2; END;", 2),
    ],
)
def test_statements_are_counted_without_empty_ones_and_without_begin_and_commit(script: str, statements: int) -> None:
    execution = plan(script)

    assert (execution.mode, execution.statements) == (Mode.ATOMIC, statements)


def test_a_byte_order_mark_is_not_sent() -> None:
    execution = plan("\ufeffSELECT 1;")

    assert (execution.text, execution.chunks) == (b"SELECT 1;", ((0, 9),))
    assert refusal("\ufeffCOMMIT;").where.column == 1


def test_bytes_that_are_not_utf_8_are_sent_as_prisma_reads_them() -> None:
    assert plan(b"SELECT '\xe9';").text == "SELECT '\N{REPLACEMENT CHARACTER}';".encode()


def assert_whole_statements(execution: Execution, script: bytes) -> None:
    """The chunks follow one another from the first byte to the last, and each ends with a statement."""
    assert b"".join(execution.text[start:stop] for start, stop in execution.chunks) == script
    assert all(execution.text[stop - 1 : stop] == b";" for _, stop in execution.chunks[:-1])


def test_a_script_up_to_one_mebibyte_is_one_chunk() -> None:
    row = b"INSERT INTO t VALUES (1);\n"
    script = row * (CHUNKED_ABOVE_BYTES // len(row))

    execution = plan(script + b" " * (CHUNKED_ABOVE_BYTES - len(script)))

    assert execution.chunks == ((0, CHUNKED_ABOVE_BYTES),)


def test_a_larger_script_is_cut_between_statements() -> None:
    row = b"INSERT INTO t VALUES (1);\n"
    script = row * (CHUNKED_ABOVE_BYTES // len(row) + 1)

    execution = plan(script)

    assert_whole_statements(execution, script)
    lengths = [stop - start for start, stop in execution.chunks]
    assert len(lengths) == 4
    assert all(CHUNK_BYTES <= length < CHUNK_BYTES + len(row) for length in lengths[:-1])
    assert execution.statements == len(script) // len(row)


def test_a_statement_larger_than_a_chunk_stays_whole() -> None:
    large = b"SELECT '" + b"x" * (CHUNKED_ABOVE_BYTES + 1) + b"';"
    script = b"SELECT 1;" + large + b"SELECT 2;"

    execution = plan(script)

    assert_whole_statements(execution, script)
    assert execution.chunks == ((0, 9 + len(large)), (9 + len(large), len(script)))


def test_a_large_script_ends_with_its_last_comment() -> None:
    script = b"SELECT 1;" + b"-- " + b"x" * CHUNKED_ABOVE_BYTES

    assert_whole_statements(plan(script), script)


def test_begin_and_commit_in_a_large_script_stand_between_the_chunks_so_that_there_is_no_second_text() -> None:
    half = b"SELECT 1;" * (CHUNKED_ABOVE_BYTES // 18 + 1)
    migration = Migration(NAME, b"BEGIN;" + half + b"COMMIT; BEGIN;" + half + b"COMMIT; -- done")

    execution = plan_execution(migration)

    assert execution.text is migration.script
    chunks = [execution.text[start:stop] for start, stop in execution.chunks]
    assert max(map(len, chunks)) < CHUNK_BYTES + 9
    assert b"".join(chunks) == half + b" " + half + b" -- done"


def test_of_many_begins_and_commits_in_a_large_script_each_is_blanked_so_that_the_chunks_stay_large() -> None:
    script = b"BEGIN; SELECT 1; COMMIT;\n" * (CHUNKED_ABOVE_BYTES // 25 + 100)

    execution = plan(script)

    assert execution.text == b"       SELECT 1;        \n" * script.count(b"\n")
    assert len(execution.chunks) == 5


def test_a_script_is_not_in_the_repr_of_its_execution() -> None:
    assert "hunter2" not in repr(plan("ALTER ROLE app PASSWORD 'hunter2'"))


FRAGMENTS = st.sampled_from(
    [
        "BEGIN;",
        "COMMIT;",
        "SELECT 1;",
        "VACUUM;",
        "'",
        "$$",
        "--",
        "/*",
        "*/",
        "\n",
        "\0",
        "(",
        ")",
        ";",
        "\\x",
        "ü",
        "e'",
    ]
)


@given(st.lists(FRAGMENTS).map("".join) | st.binary())
def test_every_script_is_made_ready_or_refused_with_its_place(script: str | bytes) -> None:
    try:
        execution = plan(script)
    except SettingsInvalid as error:
        where = error.where
    else:
        where = Whereabouts(NAME, line=1)
        sent = Migration(NAME, script.encode() if isinstance(script, str) else script).text
        assert len(execution.text) == len(sent)
        assert execution.text.count(b"\n") == sent.count(b"\n")
        assert execution.chunks == ((0, len(sent)),)
    assert (where.migration, where.line is not None) == (NAME, True)
