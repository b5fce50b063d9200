"""The lines of a function's log: what they say to people, and which invocation they are of."""

import json

import pytest

from lambda_fn.account.log import Attribution, Followed, LogEvent, LogLine, read_line, sentences_of_tail, still_to_tell
from lambda_fn.domain.event import Level, Sentence

ID, OTHER = "6f1c8e0a-2b7d-4f0e-9c1a-3d5e7f9b1c2d", "00000000-2b7d-4f0e-9c1a-3d5e7f9b1c2d"
START = f"START RequestId: {ID} Version: $LATEST\n"


def record(message: str = "m", request_id: str = ID, **more: object) -> str:
    """A record as Powertools writes it."""
    return json.dumps({"level": "INFO", "message": message, "function_request_id": request_id, **more})


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (record("It began."), LogLine(Sentence("It began."), ID)),
        (record("Careful.", level="WARNING"), LogLine(Sentence("Careful.", Level.WARNING), ID)),
        (
            record("P3018 It failed.\n  3 | x", level="ERROR"),
            LogLine(Sentence("P3018 It failed.\n  3 | x", Level.ERROR), ID),
        ),
        (json.dumps({"level": "INFO", "message": "plain", "run_id": ID}), LogLine(Sentence("plain"), ID)),
        (START, LogLine(None, ID, begins=True)),
        (f"END RequestId: {ID}\n", LogLine(None, ID)),
        (f"REPORT RequestId: {ID}\tDuration: 1.00 ms\n", LogLine(None, ID)),
        ("INIT_START Runtime Version: python:3.13.v1\n", LogLine()),
        ("\n", LogLine()),
        (json.dumps({"_aws": {}, "Runs": [1.0], "function_request_id": ID}), LogLine(None, ID)),
        ("[ERROR] MigrationFailed: P3018 It failed.\nTraceback (most recent call last):\n", LogLine()),
        (
            json.dumps({"level": "ERROR", "errorType": "MigrationFailed", "message": "P3018", "requestId": ID}),
            LogLine(None, ID),
        ),
        (
            json.dumps({"level": "ERROR", "errorType": "KeyError", "message": "'x'", "requestId": ID}),
            LogLine(Sentence("'x'", Level.ERROR), ID),
        ),
        (
            json.dumps({"time": "t", "type": "platform.start", "record": {"requestId": ID, "version": "1"}}),
            LogLine(None, ID, begins=True),
        ),
        (json.dumps({"time": "t", "type": "platform.report", "record": {"requestId": ID}}), LogLine(None, ID)),
        (
            f"2026-11-22T21:05:40.123Z {ID} Task timed out after 3.00 seconds\n",
            LogLine(Sentence(f"2026-11-22T21:05:40.123Z {ID} Task timed out after 3.00 seconds"), ID),
        ),
        (
            f"RequestId: {ID} Error: Runtime exited with error: signal: killed",
            LogLine(Sentence(f"RequestId: {ID} Error: Runtime exited with error: signal: killed"), ID),
        ),
        ("printed by a library", LogLine(Sentence("printed by a library"))),
        ('{"cut', LogLine(Sentence('{"cut'))),
        ("[1, 2]", LogLine(Sentence("[1, 2]"))),
        ('{"no": "message"}', LogLine(Sentence('{"no": "message"}'))),
        ('{"message": 5}', LogLine(Sentence('{"message": 5}'))),
    ],
)
def test_a_line_is_read_as_what_it_says(message: str, line: LogLine) -> None:
    assert read_line(message) == line


def event(message: str, stream: str = "s") -> LogEvent:
    """An event of the log group."""
    return LogEvent(stream, 0, message)


def test_a_line_that_names_no_invocation_is_of_its_streams_last() -> None:
    attribution = Attribution()

    lines = [
        attribution.read(each)
        for each in (
            event("before"),
            event(START, "a"),
            event("x", "a"),
            event(record(request_id=OTHER), "b"),
            event("y", "b"),
        )
    ]

    assert [line.request_id for line in lines] == [None, ID, ID, OTHER, OTHER]


def test_lines_of_the_only_invocation_that_began_are_given_at_once_and_once() -> None:
    followed = Followed()

    assert list(followed.take([event(record("of another", OTHER), "b")])) == []
    assert list(followed.take([event(START), event(record("first"))])) == [Sentence("first")]
    assert list(followed.take([event(record("second")), event(record("of another", OTHER), "b")])) == [
        Sentence("second")
    ]
    assert followed.request_id == ID
    assert list(followed.answered(ID)) == []


def test_where_two_began_nothing_is_given_before_the_answer_says_which_is_ours() -> None:
    followed = Followed()
    other_start = START.replace(ID, OTHER)

    assert (
        list(
            followed.take(
                [event(other_start, "b"), event(START), event(record("ours")), event(record("o", OTHER), "b")]
            )
        )
        == []
    )
    assert followed.request_id is None
    assert list(followed.answered(ID)) == [Sentence("ours")]


def test_lines_that_were_given_of_another_are_told_with_the_answer() -> None:
    followed = Followed()
    assert list(followed.take([event(START.replace(ID, OTHER), "b"), event(record("o", OTHER), "b")])) == [
        Sentence("o")
    ]
    assert not followed.is_of_another(OTHER)
    assert followed.is_of_another(ID)
    assert list(followed.take([event(START), event(record("ours"))])) == []

    warning, *ours = followed.answered(ID)

    assert (warning.level, OTHER in warning.text, ours) == (Level.WARNING, True, [Sentence("ours")])


def test_the_end_of_the_log_gives_records_and_no_line_that_cannot_be_told_from_its_next() -> None:
    tail = "\n".join(
        ['e": "cut"}', START.strip(), record("a"), "[ERROR] KeyError: x", "Traceback", record("b", level="ERROR")]
    )

    assert list(sentences_of_tail(tail)) == [Sentence("a"), Sentence("b", Level.ERROR)]


@pytest.mark.parametrize(
    ("shown", "tail", "known", "told"),
    [
        ("", "", "abc", "abc"),
        ("", "abc", "abc", "abc"),
        ("", "xbc", "abc", "axbc"),  # x stands in the log only, a before its end
        ("a", "xbc", "abc", "xbc"),
        ("", "xx", "ab", "xxab"),
        ("x", "xy", "ab", "yab"),
        ("abc", "bc", "abc", ""),
        ("", "c", "abcd", "abcd"),
    ],
)
def test_what_was_not_shown_is_told_in_the_order_of_the_run(shown: str, tail: str, known: str, told: str) -> None:
    sentences = still_to_tell(set(shown), [*map(Sentence, tail)], [*map(Sentence, known)])

    assert "".join(sentence.text for sentence in sentences) == told
