"""Which session statements of a script hold before a step, and which calls of set_config() are among them."""

import pytest

from lambda_fn.domain.steps import NoStep, plan_steps


def states(script: str) -> list[list[str]]:
    """The session statements before each step, without their semicolons."""
    text = script.encode()
    steps = plan_steps(text)
    return [[text[start:stop].decode().rstrip(";") for start, stop in steps.state_of(step)] for step in steps.steps]


def refusal(script: str) -> NoStep:
    with pytest.raises(NoStep) as refused:
        plan_steps(script.encode())
    return refused.value


HOLDS = {
    "a later one of the same name": ("SET a = 1; SET b = 1; SET \"A\" TO 2", "SET b = 1; SET \"A\" TO 2"),
    "another name": ("SET a = 1; SET a.b = 1", "SET a = 1; SET a.b = 1"),
    "a reset": ("SET a = 1; RESET a; SET b = 1", "RESET a; SET b = 1"),
    "a default": ("SET SESSION a = 1; SET a TO DEFAULT", "SET a TO DEFAULT"),
    "all reset": ("SET ROLE r; SET a = 1; RESET b; RESET ALL; SET a = 2", "SET ROLE r; RESET ALL; SET a = 2"),
    "a time zone": ("SET timezone = 'a'; SET TIME ZONE 'b'; RESET TIME ZONE", "RESET TIME ZONE"),
    "a schema": ("SET search_path = x; SET SCHEMA 'y'", "SET SCHEMA 'y'"),
    "names": ("SET NAMES 'UTF8'; SET client_encoding = 'UTF8'", "SET client_encoding = 'UTF8'"),
    "an XML option": ("SET XML OPTION DOCUMENT; SET xmloption = content", "SET xmloption = content"),
    "set_config()": ("SET Search_Path = x; SELECT set_config('SEARCH_PATH', '', false)",
                     "SELECT set_config('SEARCH_PATH', '', false)"),
    "parts of a date's style": ("SET datestyle = 'ISO'; SET datestyle = 'DMY'; SET datestyle = 'ISO'",
                                "SET datestyle = 'DMY'; SET datestyle = 'ISO'"),
    "a date's style reset": ("SET datestyle = 'ISO'; SET datestyle = 'DMY'; RESET datestyle", "RESET datestyle"),
    "a role": ("SET ROLE r; SET search_path = x; SET SESSION ROLE s; RESET ROLE", "SET search_path = x; RESET ROLE"),
    "a role of none": ("SET ROLE r; SET role = 's'; SET ROLE NONE", "SET ROLE NONE"),
    "a role that another setting may need": ("SET ROLE r; SET session_replication_role = replica; RESET ROLE",
                                             "SET ROLE r; SET session_replication_role = replica; RESET ROLE"),
    "a setting that needed its role": (
        "SET ROLE r; SET log_statement = 'all'; SET ROLE s; SET log_statement = 'none'; RESET ROLE",
        "SET ROLE s; SET log_statement = 'none'; RESET ROLE"),
    "an authorization": ("SET SESSION AUTHORIZATION r; SET ROLE s; SET SESSION AUTHORIZATION t",
                         "SET SESSION AUTHORIZATION t"),
    "an authorization reset": ("SET SESSION AUTHORIZATION r; SET ROLE s; RESET SESSION AUTHORIZATION",
                               "RESET SESSION AUTHORIZATION"),
    "an authorization for a role": ("SET SESSION AUTHORIZATION r; SET ROLE s; SET ROLE t",
                                    "SET SESSION AUTHORIZATION r; SET ROLE t"),
    "a path for a PREPARE": ("SET search_path = x; PREPARE p AS TABLE t; SET search_path = y",
                             "SET search_path = x; PREPARE p AS TABLE t; SET search_path = y"),
    "a path for a PREPARE that is gone": (
        "SET search_path = x; PREPARE p AS TABLE t; SET search_path = y; DEALLOCATE p", "SET search_path = y"),
    "a name in quotes": ('PREPARE "P" AS SELECT 1; PREPARE P AS SELECT 1; DEALLOCATE p', 'PREPARE "P" AS SELECT 1'),
    "all of them": ('PREPARE "P" AS SELECT 1; PREPARE U&"x" AS SELECT 1; DEALLOCATE PREPARE ALL', ""),
    "one that is called all": ('PREPARE p AS SELECT 1; PREPARE "ALL" AS SELECT 1; DEALLOCATE "ALL"',
                               "PREPARE p AS SELECT 1"),
    "one prepared twice": ("PREPARE p AS SELECT 1; PREPARE p AS SELECT 1",
                           "PREPARE p AS SELECT 1; PREPARE p AS SELECT 1"),
    "a library": ("LOAD 'x'; LOAD 'x'; RESET ALL", "LOAD 'x'; LOAD 'x'; RESET ALL"),
    "an escape in a name": ('SET U&"\\0061" = 1; SET a = 2; SET U&"\\0061" = 3',
                            'SET U&"\\0061" = 1; SET a = 2; SET U&"\\0061" = 3'),
    "a name of a setting like a keyword": ("SET session.x = 1; SET session.x = 2; SET local.y = 1",
                                           "SET session.x = 2; SET local.y = 1"),
}  # fmt: skip


@pytest.mark.parametrize(("before", "held"), HOLDS.values(), ids=HOLDS)
def test_what_a_later_statement_replaces_is_not_repeated(before: str, held: str) -> None:
    assert states(f"{before}; SELECT 1") == [[statement for statement in held.split("; ") if statement]]


@pytest.mark.parametrize(
    ("before", "held"), [pair for pair in HOLDS.values() if "PREPARE" not in pair[0] and "LOAD" not in pair[0]]
)
def test_what_a_later_statement_in_a_group_replaces_is_not_repeated_behind_it(before: str, held: str) -> None:
    script = f"BEGIN; {before}; COMMIT; SELECT 1"

    assert states(script) == [[], [statement for statement in held.split("; ") if statement]]


def test_a_deallocate_in_a_group_is_of_what_was_prepared_before_it() -> None:
    assert states("PREPARE p AS TABLE t; BEGIN; DEALLOCATE p; COMMIT; SELECT 1")[-1] == []


SET_CONFIGS = [
    "SELECT set_config('a', 'b', false), 1", "SELECT set_config('a', f(), false)", "SELECT set_config('a', 'b', f())",
    "SELECT set_config('a', $$b$$, false)", "SELECT \"set_config\"('a', 'b', false)",
    "SELECT f(set_config('a', 'b', false))",
    "SELECT my.set_config('a', 'b', false)", "select SET_CONFIG('a', E'b', false)",
    "CALL p(set_config('a', 'b', false))",
    "DO $$ BEGIN PERFORM set_config('a', 'b', false); END $$",
    "INSERT INTO t SELECT pg_catalog.set_config('a', 'b', true)",
    "PREPARE p AS SELECT set_config('a', 'b', false)", "SELECT set_config('a', 'b', false) WHERE false",
    "CREATE TABLE t AS SELECT set_config('a', 'b', false)",
]  # fmt: skip


@pytest.mark.parametrize("statement", SET_CONFIGS)
def test_a_set_config_that_is_no_plain_set_is_refused(statement: str) -> None:
    for script in (f"SELECT 1; {statement};", f"BEGIN; {statement}; COMMIT;"):
        error = refusal(script)

        assert "set_config()" in error.problem
        assert "Write SET" in error.next_step
        assert script[error.statement.start :].startswith(statement)


def test_a_set_config_for_a_transaction_is_as_set_local() -> None:
    statement = "SELECT pg_catalog . SET_CONFIG ( 'a.b' , 'it''s' ,\n true );"

    assert "lasts no longer than its transaction" in refusal(statement).problem
    assert states(f"BEGIN; {statement} COMMIT; SELECT 1;") == [[], []]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT set_config('a', 'b', false) $$",
        "create or replace procedure p() LANGUAGE sql AS $$ SELECT set_config('a', 'b', false) $$",
        "CREATE VIEW v AS SELECT set_config('a', 'b', false)",
        "COMMENT ON TABLE t IS 'see set_config'",
        "SELECT my_set_config('a'), set_configuration()",
        "/* set_config */ SELECT 1",
    ],
)
def test_what_only_speaks_of_set_config_is_a_step(statement: str) -> None:
    assert states(statement) == [[]]
