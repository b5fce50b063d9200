"""A place found from a landmark is the place that is found from the beginning, and much less is read for it."""

import sys
from collections.abc import Callable
from functools import partial
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_fn.domain.execution import CHUNK_BYTES, falls_back, plan_execution
from lambda_fn.domain.landmark import Landmark, Landmarks, landmark_before
from lambda_fn.domain.location import of_error, statement_at
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.statements import split
from lambda_fn.domain.tokens import lexeme_at
from lambda_fn.errors import SettingsInvalid

NAME = "20240101000000_a"
SECRET = "hunter2hunter2"
BYTE_ORDER_MARK = "\ufeff"

STATEMENTS = st.sampled_from(
    [
        "BEGIN;",
        "COMMIT;",
        "SELECT 1;",
        "SELECT 'Zoë 🐢', oops ;",
        f"SELECT '{'ü' * 90}{'x' * 200}';",
        f"ALTER ROLE a PASSWORD '{SECRET}';",
        f"ALTER ROLE a\nPASSWORD $x${SECRET}\n{SECRET}$x$;",
        f"CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (x '{SECRET}{'y' * 200}') ;",
        "CREATE TABLE token (a text DEFAULT 'b');",
        "SELECT\r\n 'a;\r\nb'\r\n;",
        f"{BYTE_ORDER_MARK}SELECT 2;",
        "/* a comment ; of 'two\nlines */ SELECT 3 -- password ;\n;",
    ]
)
BETWEEN = st.sampled_from(["", " ", "\n", "\r\n", "; ;", "\t-- password\n", "-- 🐢 of 'a\r\n", " " * 200])
LAST = st.sampled_from(["", "SELECT 4", "-- the end", "SELECT 'open", f"ALTER ROLE a PASSWORD '{SECRET}", "oops )"])


def landmarks_everywhere(text: bytes) -> Landmarks:
    """One behind every statement that a semicolon ends."""
    found: list[Landmark] = []
    try:
        for number, statement in enumerate(split(text), 1):
            if text[statement.stop - 1 : statement.stop] == b";":
                found.append(Landmark(statement.stop, number))
    except ValueError:
        pass
    return tuple(found)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(BETWEEN, STATEMENTS), max_size=6), LAST, st.data())
def test_every_place_is_the_same_from_any_landmarks(
    parts: list[tuple[str, str]], last: str, data: st.DataObject
) -> None:
    text = ("".join(between + statement for between, statement in parts) + last).encode()
    everywhere = landmarks_everywhere(text)
    some = tuple(landmark for landmark in everywhere if data.draw(st.booleans()))

    for offset in range(len(text) + 1):
        expected = of_error(NAME, text, offset=offset, sqlstate="42601")
        assert SECRET not in (expected.excerpt or "")
        for landmarks in (everywhere, some):
            assert of_error(NAME, text, offset=offset, sqlstate="42601", landmarks=landmarks) == expected
            assert statement_at(text, offset, landmarks) == statement_at(text, offset)


def test_what_looks_like_a_byte_order_mark_behind_a_landmark_is_a_part_of_its_statement() -> None:
    text = f"SELECT 1;{BYTE_ORDER_MARK}SELECT 2;".encode()

    assert statement_at(text, 15, (Landmark(9, 1),)) == statement_at(text, 15)


def test_a_place_right_behind_a_semicolon_is_still_one_of_that_statement() -> None:
    landmarks = (Landmark(9, 1), Landmark(18, 2))

    found = [landmark_before(landmarks, offset).statements for offset in (0, 8, 9, 10, 18, 19, 99)]

    assert found == [0, 0, 0, 1, 1, 2, 2]


def script(statements: int, *, end: str = "\n", mode: str = "") -> bytes:
    """A script with a transaction of its own in front; its statements are 64 bytes long."""
    lines = (f"INSERT INTO a VALUES ({number:8}, 'ż');".ljust(62) + end for number in range(statements))
    return f"{mode}BEGIN;{end}INSERT INTO a VALUES (0);{end}COMMIT;{end}{''.join(lines)}".encode()


@pytest.mark.parametrize("mode", ["", "-- migrate: stepwise\n"])
def test_landmarks_stand_about_every_256_kib_and_count_all_statements_before_them(mode: str) -> None:
    text = script(20_000, mode=mode)

    landmarks = plan_execution(Migration(NAME, text)).landmarks

    number_at = {statement.stop: number for number, statement in enumerate(split(text), 1)}
    assert [number_at[landmark.offset] for landmark in landmarks] == [landmark.statements for landmark in landmarks]
    offsets = [0, *(landmark.offset for landmark in landmarks)]
    gaps = [stop - start for start, stop in zip(offsets, [*offsets[1:], len(text)], strict=True)]
    assert len(gaps) == len(text) // CHUNK_BYTES + 1
    assert max(gaps) < CHUNK_BYTES + 64


def test_a_place_near_the_end_of_5_mb_has_its_statement_line_and_column() -> None:
    text = script(80_000)
    assert len(text) > 5_000_000
    landmarks = plan_execution(Migration(NAME, text)).landmarks

    where = of_error(NAME, text, offset=text.index(b"VALUES (   79990"), sqlstate="23505", landmarks=landmarks)

    assert (where.statement, where.line, where.column) == (3 + 79_991, 3 + 79_991, 15)
    assert where == of_error(NAME, text, offset=text.index(b"VALUES (   79990"), sqlstate="23505")


@pytest.mark.parametrize("end", ["\n", " "], ids=["in lines", "in one line"])
def test_of_a_large_script_no_more_is_read_than_a_chunk_for_the_statement_and_one_for_the_line(end: str) -> None:
    text = script(20_000, end=end)
    landmarks = plan_execution(Migration(NAME, text)).landmarks
    a_chunk = lexemes_read(lambda: list(split(text))) / (len(text) / CHUNK_BYTES)
    step = len(text) // 11

    read = [
        lexemes_read(partial(of_error, NAME, text, offset=offset, sqlstate="42601", landmarks=landmarks))
        for offset in range(0, len(text), step)
    ]

    assert max(read) < 2.1 * a_chunk
    assert max(read) > a_chunk, "what is counted is what is read"


def test_whether_a_script_falls_back_is_found_from_a_landmark_too() -> None:
    text = script(20_000) + b"REINDEX TABLE a;"
    execution = plan_execution(Migration(NAME, text))
    a_chunk = lexemes_read(lambda: list(split(text))) / (len(text) / CHUNK_BYTES)
    answers: list[bool] = []

    read = lexemes_read(lambda: answers.append(falls_back(execution, "25001", text.index(b"REINDEX"))))

    assert answers == [True]
    assert read < 1.1 * a_chunk


def test_a_refusal_at_the_end_of_a_large_script_does_not_read_it_a_second_time() -> None:
    text = script(20_000)
    a_chunk = lexemes_read(lambda: list(split(text))) / (len(text) / CHUNK_BYTES)
    refused: list[SettingsInvalid] = []

    def plan() -> None:
        with pytest.raises(SettingsInvalid) as raised:
            plan_execution(Migration(NAME, text + b"ROLLBACK;"))
        refused.append(raised.value)

    read = lexemes_read(plan)

    assert refused[0].where.line == 20_004
    assert read < 1.1 * a_chunk


def lexemes_read(reading: Callable[[], object]) -> int:
    """How many lexemes the lexer is asked for."""
    count = 0

    def look(frame: FrameType, event: str, _: object) -> None:
        nonlocal count
        count += event == "call" and frame.f_code is lexeme_at.__code__

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        reading()
    finally:
        sys.setprofile(before)
    return count
