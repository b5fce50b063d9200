"""A large BEGIN … COMMIT of a file that is run step by step is one step of several messages."""

import pytest

from lambda_fn.domain.chunks import CHUNK_BYTES, CHUNKED_ABOVE_BYTES
from lambda_fn.domain.steps import NoStep, Step, plan_steps

ROW = "INSERT INTO t VALUES ('" + "x" * 1000 + "');\n"
ROWS = CHUNKED_ABOVE_BYTES // len(ROW)


def only_step(script: str) -> Step:
    [step] = plan_steps(script.encode()).steps
    return step


@pytest.mark.parametrize(
    "other", ["", "SET a.b = 1;\n", "SELECT set_config('a.b', '1', false);\n"], ids=["ordinary", "SET", "each read"]
)
def test_a_group_above_one_mebibyte_is_sent_in_parts_of_whole_statements(other: str) -> None:
    script = f"-- c\nBEGIN;\n{other}{ROW * (ROWS + 1)}COMMIT; -- d"

    step = only_step(script)

    assert step.parts[0][0] == step.start == 5
    assert step.parts[-1][1] == step.stop == len(script) - 5
    texts = [script[start:stop] for start, stop in step.parts]
    assert "".join(texts) == script[step.start : step.stop]
    assert all(text.endswith(");") for text in texts[:-1])
    assert all(CHUNK_BYTES <= len(text) < CHUNK_BYTES + len(ROW) for text in texts[:-1])
    assert len(texts) == 4


def test_a_group_up_to_one_mebibyte_is_sent_at_once() -> None:
    step = only_step(f"BEGIN;\n{ROW * (ROWS - 1)}COMMIT;")

    assert step.parts == ((step.start, step.stop),)


def test_a_statement_of_its_own_is_sent_at_once() -> None:
    step = only_step(f"INSERT INTO t VALUES ('{'x' * CHUNKED_ABOVE_BYTES}');")

    assert step.parts == ((step.start, step.stop),)


def test_the_parts_of_one_group_are_none_of_the_next() -> None:
    first, second = plan_steps(f"BEGIN; {ROW * (ROWS + 1)} COMMIT; BEGIN; SELECT 1; COMMIT;".encode()).steps

    assert len(first.parts) > 1
    assert second.parts == ((second.start, second.stop),)


def test_the_statements_of_a_group_that_are_passed_over_are_counted() -> None:
    steps = plan_steps(b"BEGIN; INSERT INTO t VALUES (1); UPDATE t SET a = 1; COMMIT; VACUUM; BEGIN; SELECT 1; COMMIT;")

    assert [step.statement for step in steps.steps] == [1, 5, 6]


def test_a_group_that_mentions_set_config_is_read_as_ever() -> None:
    script = "BEGIN; INSERT INTO t VALUES (1); SELECT set_config('a.b', '1', false); COMMIT; SELECT 2;"
    steps = plan_steps(script.encode())

    [(start, stop)] = steps.state_of(steps.steps[1])

    assert script[start:stop] == "SELECT set_config('a.b', '1', false);"
    with pytest.raises(NoStep, match="mentions set_config"):
        plan_steps(b"BEGIN; INSERT INTO t SELECT set_config('a.b', b, false) FROM u; COMMIT;")
