"""How a script is divided into steps, and by what hash an edited one is told."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lambda_fn.domain.recheck import IndexCreated, Repeatable, Unknowable
from lambda_fn.domain.statements import UnreadableScript, split
from lambda_fn.domain.steps import NoStep, Step, StepKind, Steps, plan_steps

TRANSACTION, EITHER, OUTSIDE = StepKind.TRANSACTION, StepKind.EITHER, StepKind.OUTSIDE


def plan(script: str) -> Steps:
    return plan_steps(script.encode())


def text_of(script: str, step: Step) -> str:
    return script.encode()[step.start : step.stop].decode()


def parts(script: str) -> list[tuple[StepKind, str]]:
    return [(step.kind, text_of(script, step)) for step in plan(script).steps]


def states(script: str) -> list[list[str]]:
    """The session statements before each step."""
    steps, text = plan(script), script.encode()
    return [[text[start:stop].decode() for start, stop in steps.state_of(step)] for step in steps.steps]


def refusal(script: str) -> NoStep:
    with pytest.raises(NoStep) as refused:
        plan(script)
    return refused.value


def test_every_statement_is_a_step_and_comments_are_none() -> None:
    script = "-- one\nSELECT 'ü;';\n/* two */ ;; VACUUM; -- three\nCALL p(); REINDEX TABLE t;\nSELECT 2"

    assert parts(script) == [
        (TRANSACTION, "SELECT 'ü;';"),
        (OUTSIDE, "VACUUM;"),
        (EITHER, "CALL p();"),
        (EITHER, "REINDEX TABLE t;"),
        (TRANSACTION, "SELECT 2"),
    ]
    assert [step.number for step in plan(script).steps] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("script", ["", " \n", ";;", "-- only a comment", "SET a.b = 1; RESET ALL;"])
def test_a_script_that_changes_nothing_has_no_steps(script: str) -> None:
    assert plan(script).steps == ()


RECHECKS = {
    "CREATE INDEX CONCURRENTLY i ON t (a);": IndexCreated("i", "t"),
    "VACUUM t;": Repeatable(),
    "REINDEX TABLE t;": Repeatable(),
    "CLUSTER i ON t;": Repeatable(),
    "CALL p();": Unknowable("it commits by itself"),
    "DO $$ BEGIN END $$;": Unknowable("it commits by itself"),
    "SELECT 1;": Unknowable("it runs in a transaction"),
    "BEGIN; SELECT 1; COMMIT;": Unknowable("it runs in a transaction"),
}


@pytest.mark.parametrize("script", RECHECKS)
def test_each_step_knows_how_to_find_out_whether_it_was_done(script: str) -> None:
    [step] = plan(script).steps

    assert step.recheck == RECHECKS[script]


@pytest.mark.parametrize(
    "group",
    [
        "BEGIN; SELECT 1; SELECT 2; COMMIT;",
        "START TRANSACTION;\n-- a comment\nCALL p(); REINDEX TABLE t;\nEND",
        "BEGIN; CREATE TEMP TABLE t (a int); SELECT * INTO TEMP u FROM t; COMMIT;",
        "BEGIN; SET LOCAL a.b = 1; LOCK TABLE t; SAVEPOINT s; SELECT 1; RELEASE s; COMMIT;",
        "BEGIN; COMMIT;",
    ],
)
def test_an_authors_own_begin_and_commit_is_one_step_whatever_stands_in_it(group: str) -> None:
    assert parts(group) == [(TRANSACTION, group)]


def test_groups_end_with_their_commit() -> None:
    script = "BEGIN; SELECT 1; COMMIT; SELECT 2; BEGIN; SELECT 3; COMMIT;"

    assert parts(script) == [
        (TRANSACTION, "BEGIN; SELECT 1; COMMIT;"),
        (TRANSACTION, "SELECT 2;"),
        (TRANSACTION, "BEGIN; SELECT 3; COMMIT;"),
    ]


def test_a_step_has_the_session_statements_before_it_and_no_others() -> None:
    script = "SELECT 1; SET a.b = 1; PREPARE p AS SELECT 2; EXECUTE p; SET c.d = 1; VACUUM; LOAD 'x'"

    assert parts(script) == [(TRANSACTION, "SELECT 1;"), (TRANSACTION, "EXECUTE p;"), (OUTSIDE, "VACUUM;")]
    before = ["SET a.b = 1;", "PREPARE p AS SELECT 2;"]
    assert states(script) == [[], before, [*before, "SET c.d = 1;"]]


def test_what_a_group_sets_holds_for_the_steps_behind_it() -> None:
    """As it would if the file were run by psql: SET outlives its transaction, SET LOCAL does not."""
    script = (
        "SET a.x = 1; BEGIN; SET a.y = 2; SET LOCAL a.z = 3; RESET a.x; SELECT 1; COMMIT; SELECT 2;"
        "BEGIN; SELECT 3; COMMIT; VACUUM;"
    )

    first = ["SET a.x = 1;"]
    behind = ["SET a.y = 2;", "RESET a.x;"]
    assert states(script) == [first, behind, behind, behind]


@pytest.mark.parametrize(
    "inside",
    [
        "PREPARE p AS SELECT * FROM gone;", "SELECT set_config('a.b', '1', true);", "DEALLOCATE p;",
        "SET LOCAL a.b = 1;", "LOAD 'x';",
    ],
)  # fmt: skip
def test_what_may_be_for_a_group_alone_is_not_repeated_behind_it(inside: str) -> None:
    assert states(f"BEGIN; {inside} COMMIT; SELECT 1;") == [[], []]


def test_all_session_statements_count_for_the_chain_also_those_that_are_replaced() -> None:
    assert chain("SET a = 1; SET a = 2; SELECT 1", 1) != chain("SET a = 2; SELECT 1", 1)
    assert chain("PREPARE p AS TABLE t; DEALLOCATE p; SELECT 1", 1) != chain("SELECT 1", 1)


def test_steps_share_what_holds_before_them() -> None:
    """Ten thousand steps behind a hundred settings are not a million ranges."""
    steps = plan("SET a = 1; SET b = 1;" + "SELECT 1; SELECT 2;" * 3 + "SET a = 2; SELECT 1;").steps

    assert len({id(step.session) for step in steps}) == 2
    assert {len(step.session) for step in steps} == {2}


def test_a_step_knows_the_number_of_its_first_statement() -> None:
    script = "SET a.b = 1; SELECT 1; BEGIN; SELECT 2; SELECT 3; COMMIT;; VACUUM; RESET ALL; CALL p()"
    numbers = {statement.start: number for number, statement in enumerate(split(script.encode()), 1)}

    assert [step.statement for step in plan(script).steps] == [2, 3, 7, 9]
    assert [numbers[step.start] for step in plan(script).steps] == [2, 3, 7, 9]


NO_STEPS = {
    "CREATE TEMP TABLE t (a int);": ("makes something temporary", "Put BEGIN; and COMMIT; round it"),
    "SELECT 1 INTO TEMP t;": ("makes something temporary", "Put BEGIN; and COMMIT; round it"),
    "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1';": ("something temporary", "round it"),
    "SET LOCAL search_path = app;": ("lasts no longer than its transaction", "SET LOCAL may become SET."),
    "SET CONSTRAINTS ALL DEFERRED;": ("lasts no longer than its transaction", "all that it is for"),
    "LOCK TABLE t;": ("lasts no longer than its transaction", "all that it is for"),
    "SAVEPOINT a;": ("lasts no longer than its transaction", "all that it is for"),
    "DECLARE c CURSOR FOR SELECT 1;": ("lasts no longer than its transaction", "all that it is for"),
    "BEGIN; VACUUM; COMMIT;": ("cannot run inside the BEGIN … COMMIT", "Move it behind the COMMIT"),
}


@pytest.mark.parametrize("statement", NO_STEPS)
def test_what_can_be_no_step_is_refused_with_its_place_and_what_to_do(statement: str) -> None:
    problem, next_step = NO_STEPS[statement]
    script = f"SELECT 'ü';\n  {statement}\nSELECT 2;"

    error = refusal(script)

    assert problem in error.problem
    assert next_step in error.next_step
    at_fault = "VACUUM;" if statement.startswith("BEGIN") else statement
    assert error.statement.start == script.encode().index(at_fault.encode())


def test_what_cannot_be_read_is_said() -> None:
    with pytest.raises(UnreadableScript):
        plan("SELECT 1; 'never closed")


def test_the_time_is_asked_at_every_statement_that_is_read() -> None:
    asked: list[None] = []

    plan_steps(b"SELECT 1; SET a.b = 1; BEGIN; SET a.b = 2; COMMIT;", lambda: asked.append(None))

    assert len(asked) == 5


def chain(script: str, done: int) -> str:
    found = plan(script).chain_after(done)
    assert found is not None
    return found


def test_a_chain_is_32_hexadecimal_digits_or_nothing() -> None:
    steps = plan("SELECT 1; SELECT 2;")

    first, second = steps.chain_after(1), steps.chain_after(2)
    assert first is not None
    assert second is not None
    assert first != second
    assert {len(first), len(second)} == {32}
    assert set(first + second) <= set("0123456789abcdef")
    assert steps.chain_after(0) == ""
    assert steps.chain_after(3) is None


SCRIPT = "SET a.b = 1;\nINSERT INTO t VALUES ('x');\nBEGIN;\nSELECT 2;\nCOMMIT;\nVACUUM;\nSELECT 3"

SAME = {
    "other ends of lines": SCRIPT.replace("\n", "\r\n"),
    "comments between statements": SCRIPT.replace(";\nIN", ";\n-- one\n/* two */ IN").replace("\nVAC", "--\nVAC"),
    "white space between statements": "\n " + SCRIPT.replace(";\nVAC", ";VAC").replace(";\nIN", ";\n\n\tIN"),
    "a semicolon behind the last statement": SCRIPT + ";",
    "more semicolons": SCRIPT.replace("VACUUM;", "VACUUM ;;;") + " ;\n;",
    "more statements behind": SCRIPT + ";\nSELECT 4; SET a.b = 2;",
    "white space at the end": SCRIPT + " \r\n\n",
    "a comment in front": f"-- migrate: stepwise\n\n{SCRIPT}",
}  # fmt: skip


@pytest.mark.parametrize("script", SAME.values(), ids=SAME)
def test_what_is_no_edit_leaves_the_chain_as_it_is(script: str) -> None:
    for done in range(5):
        assert chain(script, done) == chain(SCRIPT, done)


EDITED: dict[str, tuple[str, int]] = {
    "a step": (SCRIPT.replace("'x'", "'y'"), 1),
    "a letter's case": (SCRIPT.replace("INSERT", "insert"), 1),
    "white space inside a statement": (SCRIPT.replace("INTO t", "INTO  t"), 1),
    "a session statement before it": (SCRIPT.replace("a.b = 1", "a.b = 2"), 1),
    "a session statement less": (SCRIPT.replace("SET a.b = 1;", ""), 1),
    "a session statement more": ("SET c.d = 1;" + SCRIPT, 1),
    "a session statement between": (SCRIPT.replace("BEGIN;", "SET c.d = 1; BEGIN;"), 2),
    "a statement of a group": (SCRIPT.replace("SELECT 2", "SELECT 9"), 2),
    "a group taken apart": (SCRIPT.replace("BEGIN;\n", "").replace("COMMIT;\n", ""), 2),
    "steps exchanged": (SCRIPT.replace("VACUUM", "x").replace("SELECT 3", "VACUUM").replace("x;", "SELECT 3;"), 3),
    "a step more": ("SELECT 0;" + SCRIPT, 1),
    "the last of them": (SCRIPT.replace("SELECT 3", "SELECT 4"), 4),
}


@pytest.mark.parametrize(("script", "first"), EDITED.values(), ids=EDITED)
def test_an_edited_step_changes_the_chain_from_there_on(script: str, first: int) -> None:
    for done in range(5):
        assert (chain(script, done) == chain(SCRIPT, done)) is (done < first)


def test_a_session_statement_behind_what_is_done_may_be_edited() -> None:
    """Nothing was run under it yet; whatever comes behind is."""
    before, after = "SELECT 1; SET a.b = 1; SELECT 2;", "SELECT 1; SET a.b = 2; SELECT 2;"

    assert chain(before, 1) == chain(after, 1)
    assert chain(before, 2) != chain(after, 2)


def test_what_stands_in_two_steps_is_not_what_stands_in_one() -> None:
    assert chain("SELECT 1; SELECT 2;", 2) != chain("SELECT 1\nSELECT 2;", 1)
    assert chain("SET a.b = 1; SELECT 1;", 1) != chain("SELECT 1;", 1)


PIECES = [
    "SELECT 1", "SELECT 2", "INSERT INTO t VALUES (';')", "SET a.b = 1", "SET a.b = 2", "VACUUM", "CALL p()",
    "CREATE INDEX CONCURRENTLY i ON t (a)", "BEGIN; SELECT 1; COMMIT", "BEGIN; SET a.b = 3; COMMIT", "SELECT 'é'",
]  # fmt: skip
BETWEEN = [";", ";\n", " ;\r\n", ";;", "; -- a comment; with a semicolon\n", ";/* and ' */\n"]
SCRIPTS = st.lists(st.sampled_from(PIECES), max_size=8)


def is_session(piece: str) -> bool:
    return piece.startswith("SET")


def written(pieces: list[str], choose: Callable[[], str]) -> str:
    return "".join(piece + choose() for piece in pieces)


@given(first=SCRIPTS, one=SCRIPTS, other=SCRIPTS, data=st.data())
def test_the_chain_of_the_first_steps_depends_on_nothing_behind_them(
    first: list[str], one: list[str], other: list[str], data: st.DataObject
) -> None:
    def choose() -> str:
        return data.draw(st.sampled_from(BETWEEN))

    done = sum(not is_session(piece) for piece in first)

    assert chain(written(first + one, choose), done) == chain(written(first + other, choose), done)


@given(one=SCRIPTS, other=SCRIPTS)
def test_different_beginnings_have_different_chains(one: list[str], other: list[str]) -> None:
    done = min(sum(not is_session(piece) for piece in pieces) for pieces in (one, other))
    beginnings = [beginning(pieces, done) for pieces in (one, other)]
    assume(beginnings[0] != beginnings[1])

    assert chain(";".join(one), done) != chain(";".join(other), done)


def beginning(pieces: list[str], done: int) -> list[str]:
    """Up to and with so many steps."""
    places = [place for place, piece in enumerate(pieces) if not is_session(piece)]
    return pieces[: places[done - 1] + 1] if done else []


@given(st.lists(st.sampled_from([*PIECES, ";", " ", "\n", "-- x\n"])))
def test_steps_are_in_order_and_cover_the_statements_once(pieces: list[str]) -> None:
    script = ";".join(pieces)
    steps = plan(script)

    ranges = [(step.start, step.stop) for step in steps.steps]
    assert all(before[1] <= after[0] for before, after in pairwise(ranges))
    for step in steps.steps:
        assert list(step.session) == sorted(set(step.session))
        assert all(stop <= step.start for _, stop in step.session)
        # One name is set in these scripts, so that one statement holds at most, and the last one does.
        sets = [place for place in places_of_sets(script) if place < step.start]
        assert [start for start, _ in step.session] == sets[-1:]
    assert len(steps.steps) == sum(piece in PIECES and not is_session(piece) for piece in pieces)


def places_of_sets(script: str) -> list[int]:
    statements = split(script.encode())
    return [statement.start for statement in statements if statement.tokens[:1] == ("SET",)]
